"""XGBoost, histogram method, on missing values and categories as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cutscore.errors import StoreError
from cutscore.model import TableToFit
from cutscore.model.boosting import BoostedTrees
from cutscore.model.column_lists import INTERACTIONS, MONOTONE, with_lists
from cutscore.model.contributions import Contributions, of_trees
from cutscore.model.parameters import Vocabulary
from cutscore.model.saved import ModelForm, write_description
from cutscore.model.stopping import Stopping, stopping_loss
from cutscore.model.training import training_arrays, values_at
from cutscore.model.xgboost_parameters import VOCABULARY
from cutscore.records import Column, Rows, Scores, Table, Target, TrainingRows, Values

if TYPE_CHECKING:
    import xgboost as xgb

_FORM = ModelForm("xgboost", "model.ubj", ("xgboost-cpu",))


@dataclass(frozen=True)
class XGBoost(BoostedTrees):
    """Boosted trees of XGBoost."""

    vocabulary: ClassVar[Vocabulary] = VOCABULARY

    def session(self, data: TableToFit) -> XGBoostSession:
        """Open a session."""
        given = with_lists(self.params, VOCABULARY)
        params = {VOCABULARY.canonical[name]: value for name, value in given.items()}
        if isinstance(signs := params.get(MONOTONE), list):  # without names XGBoost takes texts
            params[MONOTONE] = f"({','.join(map(str, signs))})"
        if isinstance(groups := params.get(INTERACTIONS), list):
            params[INTERACTIONS] = str(groups)
        rounds = int(params.pop("n_estimators", 100))
        params |= {"objective": "binary:logistic", "nthread": data.threads, "verbosity": 0}
        return XGBoostSession(params, rounds, data.target, data.threads, self.stopping)

    def _never_stops(self) -> str | None:
        booster = VOCABULARY.value(self.params, "booster", "gbtree")
        if booster == "gbtree":
            return None
        return f"booster={booster}: only plain trees can be cut back to the best round"


@dataclass(frozen=True, eq=False)
class XGBoostSession:
    """The native parameters, the target of all rows, and when to stop."""

    params: Mapping[str, Any]
    rounds: int
    target: Target
    threads: int
    stopping: Stopping | None = None

    def fit(self, training: TrainingRows, table: Table) -> XGBoostFitted:
        """Fit on the training rows, binned for this fit.

        Raises
        ------
        ValueError
            If rows are synthetic and some are held back to stop on.
        """
        import xgboost as xgb

        if self.stopping is not None:
            booster = self._fit_until(self.stopping, training, table)
        else:
            data = self._binned(training, table)
            booster = xgb.train(dict(self.params), data, num_boost_round=self.rounds)
        return XGBoostFitted(table.columns, booster, self.threads)

    def boost(self, training: TrainingRows, table: Table, watched: Rows) -> XGBoostBoosting:
        """Begin a fit that goes on as far as it is asked to."""
        import xgboost as xgb

        data = self._binned(training, table)
        seen = self._binned(TrainingRows(watched), table, data)
        booster = xgb.Booster(dict(self.params), [data, seen])
        return XGBoostBoosting(table.columns, booster, self.threads, data, seen)

    def _fit_until(self, stopping: Stopping, training: TrainingRows, table: Table) -> xgb.Booster:
        """Boost until the rows held back gain no more, and keep what came before.

        XGBoost's own stopping sees a metric of ours rounded to six decimals.
        """
        import xgboost as xgb

        training, held_back = stopping.part(training, self.target)
        data = self._binned(training, table)
        watched = self._binned(held_back, table, data)
        loss = stopping_loss(held_back, self.target)
        booster = xgb.Booster(dict(self.params), [data, watched])
        best, least = 0, np.inf
        for done in range(1, self.rounds + 1):
            booster.update(data, done - 1)
            now = loss.of(booster.predict(watched))
            if now < least:
                best, least = done, now
            if done - best >= stopping.rounds:
                break
        return booster[:best]

    def _binned(
        self, training: TrainingRows, table: Table, like: xgb.QuantileDMatrix | None = None
    ) -> xgb.QuantileDMatrix:
        """Return the rows binned by their own bins, or by those of `like`."""
        import xgboost as xgb

        arrays = training_arrays(training, table, self.target)
        return xgb.QuantileDMatrix(
            arrays.values,
            label=arrays.target,
            weight=arrays.weights,
            feature_types=_feature_types(table.columns),
            enable_categorical=True,
            max_bin=int(self.params.get("max_bin", 256)),
            nthread=self.threads,
            ref=like,
        )


@dataclass(eq=False)
class XGBoostBoosting:
    """A booster on its way, which keeps the scores of `watched` up to date."""

    columns: tuple[Column, ...]
    booster: xgb.Booster
    threads: int
    data: xgb.QuantileDMatrix
    watched: xgb.QuantileDMatrix

    def grow(self, rounds: int) -> Scores:
        """Boost on to so many rounds."""
        for done in range(self.booster.num_boosted_rounds(), rounds):
            self.booster.update(self.data, done)
        return np.asarray(self.booster.predict(self.watched), dtype=np.float64)

    def first(self, rounds: int) -> XGBoostFitted:
        """Return the model as it was after so many rounds."""
        return XGBoostFitted(self.columns, self.booster[:rounds], self.threads)


@dataclass(frozen=True, eq=False)
class XGBoostFitted:
    """A fitted booster."""

    columns: tuple[Column, ...]
    booster: xgb.Booster
    threads: int = 1

    def __post_init__(self) -> None:
        """Configure the booster once, and not when it predicts: threads may share it."""
        self.booster.set_param({"nthread": self.threads})
        self.booster.save_config()  # does now what the first prediction would do

    @property
    def trees(self) -> int:
        """The number of rounds."""
        return int(self.booster.num_boosted_rounds())

    def scores(self, table: Table, rows: Rows | None = None) -> Scores:
        """Return the probability of class 1; for all rows the table's array is not copied."""
        return np.asarray(self.booster.inplace_predict(values_at(table, rows)), dtype=np.float64)

    def importance(self) -> dict[str, float]:
        """Return each column's total gain; 0 for a column that no tree uses."""
        gains = self.booster.get_score(importance_type="total_gain")
        return {
            column.name: float(gains.get(f"f{position}", 0.0))
            for position, column in enumerate(self.columns)
        }

    def contributions(self, table: Table, _typical: Values, /) -> Contributions:
        """Return XGBoost's own Shapley values."""
        import xgboost as xgb

        rows = xgb.DMatrix(
            table.values,
            feature_types=_feature_types(self.columns),
            enable_categorical=True,
            nthread=self.threads,
        )
        return of_trees(self.booster.predict(rows, pred_contribs=True))

    def save(self, folder: Path, preparation: Mapping[str, Any] | None = None) -> None:
        """Write the booster as UBJSON, and `model.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        self.booster.save_model(str(folder / _FORM.file))
        write_description(folder, _FORM, self.columns, preparation)


def load_ubjson(file: Path, columns: tuple[Column, ...]) -> XGBoostFitted:
    """Load a booster from UBJSON.

    Raises
    ------
    StoreError
        If XGBoost cannot read it.
    """
    import xgboost as xgb

    booster = xgb.Booster()
    try:
        booster.load_model(str(file))
    except xgb.core.XGBoostError as error:
        reason = str(error).strip().splitlines()[0]
        raise StoreError(f"{file} is not an XGBoost model: {reason}") from error
    return XGBoostFitted(columns, booster)


def _feature_types(columns: tuple[Column, ...]) -> list[str]:
    return ["c" if column.categorical else "q" for column in columns]
