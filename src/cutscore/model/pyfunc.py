"""A saved model as MLflow's python_function: data frame in, scores and decisions out.

MLflow calls `_load_pyfunc` when `MLmodel` names this module as its `loader_module`. It is not
needed here for anything else and does not import mlflow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutscore.errors import Fault, RequestError, StoreError, listed, nearest
from cutscore.model import Fitted, load_fitted
from cutscore.model.saved import columns_of, read_description
from cutscore.preparation import Preparation, PreparedColumn
from cutscore.records import Column, Table, Values

if TYPE_CHECKING:
    import pandas as pd

THRESHOLD_JSON = "threshold.json"


@dataclass(frozen=True, eq=False)
class Scorer:
    """A fitted classifier with its preparation and, where there is one, its threshold."""

    fitted: Fitted
    preparation: Preparation
    threshold: float | None

    def predict(
        self, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None
    ) -> pd.DataFrame:
        """Score rows.

        Parameters
        ----------
        model_input : DataFrame
            One column per feature, by name, in any order; other columns are ignored. Missing
            values are allowed. A category that was not there in training counts as missing.
        params : mapping, optional
            Must be empty: the threshold belongs to the model.

        Returns
        -------
        DataFrame
            `score` (probability of class 1) and, if the model has a threshold, `flagged`
            (score >= threshold), with the index of the input.

        Raises
        ------
        RequestError
            For missing columns (with the nearest), values that are no finite numbers in a numeric
            column, and parameters. All that are found are reported together.
        """
        import pandas as pd

        if params:
            raise RequestError(
                Fault("params", f"none are known, got {listed(sorted(params))}.", "Leave them out.")
            )
        table = table_of(model_input, self.preparation.inputs)
        scores = self.fitted.scores(self.preparation.transform(table))
        result = pd.DataFrame({"score": scores}, index=model_input.index)
        if self.threshold is not None:
            result["flagged"] = scores >= self.threshold
        return result


def table_of(frame: pd.DataFrame, columns: tuple[Column, ...]) -> Table:
    """Return the frame's rows as a table with the columns of a model.

    Raises
    ------
    RequestError
        See `Scorer.predict`.
    """
    present = [str(name) for name in frame.columns]
    faults = [
        Fault(name, f"the column is missing.{nearest(name, present)}")
        for name in (column.name for column in columns)
        if name not in present
    ]
    repeated = sorted({name for name in present if present.count(name) > 1})
    faults += [Fault(name, "the column is there more than once.") for name in repeated]
    if faults:
        raise RequestError(faults)
    values = np.empty((len(frame), len(columns)), dtype=np.float32)
    for position, column in enumerate(columns):
        series = frame.iloc[:, present.index(column.name)]
        if column.levels is None:
            faults += _read_numbers(column.name, series, values[:, position])
        else:
            _read_categories(column.levels, series, values[:, position])
    if faults:
        raise RequestError(faults)
    return Table(columns, values)


def _read_numbers(name: str, series: pd.Series[Any], out: Values) -> list[Fault]:
    """Write a column's numbers to `out`, or say what is wrong with them."""
    import pandas as pd

    numbers = pd.to_numeric(series, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    not_numbers = np.flatnonzero(np.isnan(numbers) & series.notna().to_numpy())
    infinite = np.flatnonzero(np.isinf(numbers))
    for rows, problem in ((not_numbers, "numbers are needed"), (infinite, "must be finite")):
        if len(rows):
            first = series.iloc[int(rows[0])]
            return [Fault(name, f"{problem}, got {first!r} in {len(rows)} row(s).")]
    out[:] = numbers
    return []


def _read_categories(levels: tuple[str, ...], series: pd.Series[Any], out: Values) -> None:
    """Write the positions of a column's levels to `out`; unknown ones are missing."""
    import pandas as pd

    text = [None if missing else str(v) for v, missing in zip(series, series.isna(), strict=True)]
    codes = pd.Index(levels, dtype=object).get_indexer(pd.Index(text, dtype=object))
    out[:] = np.where(codes >= 0, codes, np.nan)


def _load_pyfunc(path: str) -> Scorer:
    """Load a model folder; the name and signature are MLflow's."""
    folder = Path(path)
    description = read_description(folder)
    state = description["preparation"]
    preparation = (
        Preparation(tuple(PreparedColumn(column) for column in columns_of(description)))
        if state is None
        else Preparation.from_json(state)
    )
    return Scorer(load_fitted(folder), preparation, _read_threshold(folder / THRESHOLD_JSON))


def _read_threshold(path: Path) -> float | None:
    """Return the threshold in `path`, None if there is no such file."""
    if not path.is_file():
        return None
    try:
        return float(json.loads(path.read_text(encoding="utf-8"))["threshold"])
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(f'{path} must hold {{"threshold": a number}}: {error}.') from error
