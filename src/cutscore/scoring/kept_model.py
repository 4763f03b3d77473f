"""The whole line from a file's row to its decision, as one value.

The outer rows of a run are judged by the same value that is kept, so that both decide alike.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cutscore.cost import FittedCost
from cutscore.cost.matrix import CostMatrix
from cutscore.errors import Fault, RequestError, listed
from cutscore.model import Fitted
from cutscore.preparation import Preparation
from cutscore.records import Scores, Table
from cutscore.scoring.answer import Answer
from cutscore.scoring.decision import Decision, Decisions, TrainedShares
from cutscore.scoring.door import CheckedRows, Door
from cutscore.scoring.drift_reference import DriftReference
from cutscore.scoring.explaining import Explainer, Explanation
from cutscore.scoring.inputs import Inputs
from cutscore.scoring.reasons import ReasonsFor
from cutscore.scoring.reference import ReferenceGroup, nobody

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class KeptModel:
    """Features, preparation, classifier, correction of the prior, calibrator and decision rule.

    Attributes
    ----------
    inputs : the columns of the file, and the features made of them
    preparation : what the classifier's columns go through
    fitted : the classifier
    shares : what sampling did to its training rows
    decision : calibrator and rule; None for a classifier that was kept without
    prices : what rows cost; None where it is not known and the rule does not need it
    group : whom a row's reasons compare it with; None for the classifier's base value
    reference : what its data and scores looked like; None in models of older versions
    """

    inputs: Inputs
    preparation: Preparation
    fitted: Fitted
    shares: TrainedShares
    decision: Decision | None
    prices: FittedCost | None
    group: ReferenceGroup | None = None
    reference: DriftReference | None = None

    @property
    def cost_columns(self) -> tuple[str, ...]:
        """The columns that rows are priced by, if they are decided by their own costs."""
        return self.prices.columns if self.prices is not None and self.by_own_costs else ()

    @property
    def by_own_costs(self) -> bool:
        """Whether each row is decided by its own costs."""
        return self.decision is not None and self.decision.rule.needs_costs

    @functools.cached_property
    def explainer(self) -> Explainer:
        """What takes scores apart."""
        group = self.group or nobody(self.preparation)
        return Explainer(self.inputs, self.preparation, self.fitted, group)

    def decide(self, table: Table, costs: CostMatrix | None = None) -> Decisions:
        """Score and decide the rows of an unprepared table of features.

        Raises
        ------
        ValueError
            If the model has no decision, or needs costs that are not given.
        """
        if self.decision is None:
            raise ValueError("this model was kept without a decision: it only scores")
        score = self.scores(table)
        probability = self.decision.calibrator.apply(self.shares.correct(score))
        return Decisions(score, probability, self.decision.rule.flag(probability, costs))

    def scores(self, table: Table) -> Scores:
        """Return the scores of an unprepared table's rows as the classifier gives them."""
        return self.fitted.scores(self.preparation.transform(table))

    def predict(
        self, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None
    ) -> pd.DataFrame:
        """Score and decide rows; this is what MLflow calls.

        Parameters
        ----------
        model_input : DataFrame
            The raw columns and `cost_columns`, by name, in any order; others are passed over.
        params : mapping, optional
            Must be empty: the rule belongs to the model.

        Returns
        -------
        DataFrame
            `score` (as the classifier gives it), `probability` (calibrated) and `flagged`, with
            the index of the input; of models that were kept without calibrator or rule, what there
            is.

        Raises
        ------
        RequestError
            For rows that are not as `Door` or the costs want them, and for parameters.
        """
        if params:
            raise RequestError(
                Fault("params", f"none are known, got {listed(sorted(params))}.", "Leave them out.")
            )
        door = Door(self.inputs, self.cost_columns, ignore_unknown=True)
        answer = self.answer(door.frame(model_input)).to_pandas()
        return answer.set_index(model_input.index)

    def explain(self, rows: CheckedRows) -> Explanation:
        """Take the scores of rows apart that were let in."""
        table = self.inputs.features(rows.table, rows.whole)
        return self.explainer.explain(rows, table, np.arange(table.rows))

    def answer(
        self,
        rows: CheckedRows,
        *,
        expected_cost: bool = False,
        reasons: int = 0,
        reasons_for: ReasonsFor = "flagged",
    ) -> Answer:
        """Score and decide rows that were let in; they have the amounts that are needed.

        Raises
        ------
        RequestError
            If the costs cannot be made of the rows' amounts, or reasons are wanted for flagged rows
            and the model flags none.
        """
        table = self.inputs.features(rows.table, rows.whole)
        answer = self._decided(rows, table, expected_cost=expected_cost)
        if not reasons:
            return answer
        chosen = np.arange(table.rows)
        if reasons_for == "flagged":
            if answer.flagged is None:
                problem = "this model was kept without a decision, so that it flags no rows."
                raise RequestError(Fault("reasons_for", problem, "Ask for those of all rows."))
            chosen = chosen[answer.flagged]
        return replace(answer, reasons=self.explainer.reasons(rows, table, chosen, reasons))

    def _decided(self, rows: CheckedRows, table: Table, *, expected_cost: bool) -> Answer:
        told: dict[str, Any] = {"ids": rows.ids, "outside": rows.outside, "unseen": rows.unseen}
        told |= {"infinite": rows.infinite, "orphans": rows.orphans}
        if self.inputs.raw.id_column is not None:
            told["id_column"] = self.inputs.raw.id_column
        if self.decision is None:
            return Answer(self.scores(table), **told)
        priced = self.prices is not None and (self.by_own_costs or expected_cost)
        costs = self.prices.matrix(rows.amounts) if self.prices is not None and priced else None
        made = self.decide(table, costs)
        if self.decision.raw:
            return Answer(made.score, flagged=made.flagged, **told)
        if costs is not None and expected_cost:
            told["expected_cost"] = costs.expected(made.probability, made.flagged)
        return Answer(made.score, made.probability, made.flagged, **told)
