"""A kept model as callers use it: a notebook, a batch and a service ask the same object."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from cutscore.data.relational.kept_plan import TableFeatures
from cutscore.data.relational.new_rows import TableInputs
from cutscore.errors import Fault, RequestError
from cutscore.records import RawColumn
from cutscore.scoring.answer import Answer
from cutscore.scoring.door import CheckedRows, Door
from cutscore.scoring.explaining import Explanation
from cutscore.scoring.kept_model import KeptModel
from cutscore.scoring.reasons import ReasonsFor

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    Record = Mapping[str, Any]
    Frame: TypeAlias = pa.Table | pa.RecordBatch | pd.DataFrame
    Rows: TypeAlias = Record | Sequence[Record] | TableFeatures | Frame


class Scorer:
    """Scores and decides raw rows.

    Parameters
    ----------
    model : KeptModel
        The whole line from raw row to decision.
    name : str
        What it was asked for by.
    tags : mapping of str to str
        Where it comes from: the run, the data's digest, the version in a registry.

    It may be shared by threads.
    """

    def __init__(
        self, model: KeptModel, name: str = "", tags: Mapping[str, str] | None = None
    ) -> None:
        self.model, self.name, self.tags = model, name, dict(tags or {})
        self._doors: dict[tuple[bool, ...], Door] = {}

    @property
    def version(self) -> str:
        """What the model is called: its version in the registry, else its run, else its name."""
        return self.tags.get("version") or self.tags.get("run_id") or self.name

    @property
    def columns(self) -> tuple[RawColumn, ...]:
        """The columns that a row must have, costs apart; see `cost_columns`."""
        return self.model.inputs.raw.columns

    @property
    def columns_taken(self) -> tuple[str, ...]:
        """The names of all columns that a row may have, those of costs and ids among them."""
        return self._door(strict=False, ignore_unknown=False, priced=False).wanted

    @property
    def cost_columns(self) -> tuple[str, ...]:
        """The columns that rows are priced by, if they are decided by their own costs."""
        return self.model.cost_columns

    @property
    def id_column(self) -> str | None:
        """The column of ids; rows may have it, and answers keep it."""
        return self.model.inputs.raw.id_column

    @property
    def tables(self) -> TableInputs | None:
        """How columns are made of several tables; None for a model of one."""
        return self.model.inputs.tables

    @property
    def threshold(self) -> float | None:
        """The threshold on calibrated scores; None where rows are decided by their own costs."""
        decision = self.model.decision
        return None if decision is None else decision.rule.threshold

    def decide(
        self,
        rows: Rows,
        *,
        strict: bool = False,
        ignore_unknown: bool = False,
        expected_cost: bool = False,
        reasons: int = 0,
        reasons_for: ReasonsFor = "flagged",
    ) -> Answer:
        """Score and decide raw rows, as the run did.

        Parameters
        ----------
        rows : dict, sequence of dicts, Arrow table, or data frame
            The raw columns by name, in any order; None and NaN are missing values. A model of
            several tables also takes a dict of tables by name, each in any of these forms: the
            applicants and the rows that belong to them, `[]` where there are none; or what
            `features` made of it.
        strict : bool
            Refuse values outside the range of training and categories that it did not meet.
        ignore_unknown : bool
            Pass over columns that training did not have.
        expected_cost : bool
            Say what each decision costs on average, by the calibrated score.
        reasons : int
            Say which columns speak most against a row, at most so many; see `explain`.
        reasons_for : {"flagged", "all"}
            Which rows are explained; it takes longer than scoring them.

        Returns
        -------
        Answer
            One entry a row, in the order given.

        Raises
        ------
        RequestError
            With all that is wrong with any row.
        """
        if reasons < 0:
            raise RequestError(Fault("reasons", f"a number from 0 is needed, got {reasons!r}."))
        if reasons_for not in get_args(ReasonsFor):
            known = " or ".join(get_args(ReasonsFor))
            raise RequestError(Fault("reasons_for", f"{known} is needed, got {reasons_for!r}."))
        checked = self.check(
            rows, strict=strict, ignore_unknown=ignore_unknown, priced=expected_cost
        )
        return self.model.answer(
            checked, expected_cost=expected_cost, reasons=reasons, reasons_for=reasons_for
        )

    def features(
        self, tables: Mapping[str, Any], *, ignore_unknown: bool = False, priced: bool = False
    ) -> TableFeatures:
        """Return the columns that the model takes, by the SQL of training; see `decide`.

        `priced` asks for what costs are made of, too.

        Raises
        ------
        RequestError
            With all that is wrong with the tables, or if the model is of one table.
        """
        if self.tables is None:
            problem = "this model was trained on one table."
            raise RequestError(Fault("tables", problem, "Give rows with its columns."))
        door = self._door(strict=False, ignore_unknown=False, priced=priced)
        return self.tables.features_for(tables, door.wanted, ignore_unknown=ignore_unknown)

    def explain(
        self, rows: Rows, *, strict: bool = False, ignore_unknown: bool = False
    ) -> Explanation:
        """Say what each column adds to each row's score, against the model's reference group.

        See `decide` for the parameters and what is raised. Costs are not needed.
        """
        door = Door(self.model.inputs, strict=strict, ignore_unknown=ignore_unknown)
        return self.model.explain(self._let_in(door, rows))

    def check(
        self,
        rows: Rows,
        *,
        strict: bool = False,
        ignore_unknown: bool = False,
        priced: bool = False,
    ) -> CheckedRows:
        """Return rows as the model takes them; see `decide`."""
        return self._let_in(self._door(strict, ignore_unknown, priced), rows)

    def _door(self, strict: bool, ignore_unknown: bool, priced: bool) -> Door:
        key = (strict, ignore_unknown, priced)
        if key not in self._doors:
            prices = self.model.prices
            if priced and prices is None:
                problem = "this model was kept without costs, so none can be expected."
                raise RequestError(Fault("expected_cost", problem))
            amounts = prices.columns if priced and prices is not None else self.cost_columns
            self._doors[key] = Door(
                self.model.inputs, amounts, strict=strict, ignore_unknown=ignore_unknown
            )
        return self._doors[key]

    def _let_in(self, door: Door, rows: Rows) -> CheckedRows:
        """Check rows in whatever form they come."""
        if isinstance(rows, Mapping) and self.tables is not None and self.tables.base in rows:
            rows = self.tables.features_for(rows, door.wanted, ignore_unknown=door.ignore_unknown)
        if isinstance(rows, TableFeatures):
            checked = door.arrow(rows.rows)
            return replace(checked, infinite=rows.infinite, orphans=rows.orphans)
        return _let_in(door, rows)


def _let_in(door: Door, rows: Record | Sequence[Record] | Frame) -> CheckedRows:
    """Check rows of one table in whatever form they come."""
    if isinstance(rows, Mapping):
        return door.records([rows])
    if isinstance(rows, Sequence):
        wrong = [at for at, row in enumerate(rows) if not isinstance(row, Mapping)]
        if wrong:
            problem = f"each row must be a mapping of columns to values; row {wrong[0]} is not."
            raise RequestError(Fault("rows", problem, rows=tuple(wrong)))
        return door.records(rows)
    if hasattr(rows, "num_rows"):
        return door.arrow(rows)
    if hasattr(rows, "iloc") and hasattr(rows, "columns"):
        return door.frame(rows)
    if hasattr(rows, "__arrow_c_stream__"):  # Polars, DuckDB and others
        import pyarrow as pa

        with contextlib.suppress(pa.ArrowInvalid):  # one column alone
            return door.arrow(pa.table(rows))
    problem = "rows must be dicts, an Arrow table or a data frame"
    raise RequestError(Fault("rows", f"{problem}, got {type(rows).__name__}."))
