"""One classifier with all that stands between a table's rows and their decisions.

The outer rows of a run are judged by the same value that is kept, so that both decide alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cutscore.cost import FittedCost
from cutscore.cost.matrix import CostMatrix
from cutscore.errors import Fault, RequestError, listed
from cutscore.model import Fitted
from cutscore.preparation import Preparation
from cutscore.records import Scores, Table
from cutscore.scoring.decision import Decision, Decisions, TrainedShares
from cutscore.scoring.frames import rows_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class KeptModel:
    """Preparation, classifier, correction of the prior, calibrator and decision rule.

    Attributes
    ----------
    preparation : what the classifier's columns go through
    fitted : the classifier
    shares : what sampling did to its training rows
    decision : calibrator and rule; None for a classifier that was kept without
    prices : what rows cost; None where it is not known and the rule does not need it
    """

    preparation: Preparation
    fitted: Fitted
    shares: TrainedShares
    decision: Decision | None
    prices: FittedCost | None

    @property
    def cost_columns(self) -> tuple[str, ...]:
        """The columns that rows are priced by, if they are decided by their own costs."""
        return self.prices.columns if self.prices is not None and self._by_own_costs else ()

    @property
    def _by_own_costs(self) -> bool:
        return self.decision is not None and self.decision.rule.needs_costs

    def decide(self, table: Table, costs: CostMatrix | None = None) -> Decisions:
        """Score and decide the rows of an unprepared table.

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
        """Score and decide rows.

        Parameters
        ----------
        model_input : DataFrame
            The features and `cost_columns`; see `rows_of`.
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
            For rows that are not as `rows_of` or the costs want them, and for parameters.
        """
        import pandas as pd

        if params:
            raise RequestError(
                Fault("params", f"none are known, got {listed(sorted(params))}.", "Leave them out.")
            )
        table, amounts = rows_of(model_input, self.preparation.inputs, self.cost_columns)
        if self.decision is None:
            return pd.DataFrame({"score": self.scores(table)}, index=model_input.index)
        prices = self.prices if self._by_own_costs else None
        made = self.decide(table, None if prices is None else prices.matrix(amounts))
        frame = pd.DataFrame({"score": made.score}, index=model_input.index)
        if not self.decision.raw:
            frame["probability"] = made.probability
        frame["flagged"] = made.flagged
        return frame
