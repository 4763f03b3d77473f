"""Labelled rows as one model sees them: scores, classes, decisions and costs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from cutscore.batch.scored_rows import RowRequest, ScoredRows, classes_of, read_scored
from cutscore.cost.matrix import CostMatrix, join_costs
from cutscore.data.relational.new_folder import FolderSettings
from cutscore.delivery.registry import MODEL
from cutscore.errors import Fault, RequestError
from cutscore.metrics.histograms import Counts
from cutscore.records import RawColumn, Scores, Target
from cutscore.records.decision import Flags
from cutscore.scoring.drift_reference import DriftReference
from cutscore.scoring.scorer import Scorer

ON = "--on"


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """Rows whose class is known, each array of shape (rows,).

    Attributes
    ----------
    score, probability, flagged : as the classifier gives it, calibrated, decided
    target, costs : the classes, and what outcomes cost
    counts : of all rows' columns by the bins of the model's reference; None without one
    unlabelled : how many rows have no class
    notes : what is to be told of the tables that rows were made of
    """

    score: Scores
    probability: Scores
    flagged: Flags
    target: Target
    costs: CostMatrix
    counts: Counts | None
    unlabelled: int
    notes: tuple[str, ...] = ()

    @property
    def positives(self) -> int:
        """Number of rows with target 1."""
        return int(self.target.sum(dtype=np.int64))


def read_labelled(
    scorer: Scorer, rows: Path, target: str, settings: FolderSettings, fewest: int
) -> LabelledRows:
    """Score rows with a column of classes; those without a class are counted.

    Raises
    ------
    RequestError
        If the model has no calibrated decision or costs, fewer than `fewest` rows are of one of
        the classes, or with all that is wrong with any row.
    """
    model = scorer.model
    if model.decision is None or model.decision.raw or model.prices is None:
        problem = f"{scorer.name} was kept without a calibrated decision, or without costs."
        raise RequestError(Fault(MODEL, problem, "Make it again: cutscore deliver RUN."))
    asked = RowRequest(settings, {"--target": RawColumn(target, "category")})
    taken, notes = read_scored(scorer, rows, asked, lambda: _Taken(target, model.reference))
    made = replace(taken.joined(), notes=notes)
    known = {"1": made.positives, "0": len(made.target) - made.positives}
    if few := {name: number for name, number in known.items() if number < fewest}:
        told = " and ".join(f"{number:,} rows are of class {name}" for name, number in few.items())
        problem = f"only {told}, {fewest} of each are needed."
        raise RequestError(Fault(ON, problem, "Wait for more labels."))
    return made


@dataclass(eq=False)
class _Taken:
    """Takes rows as they are read."""

    target_name: str
    reference: DriftReference | None
    score: list[Scores] = field(default_factory=list)
    probability: list[Scores] = field(default_factory=list)
    flagged: list[Flags] = field(default_factory=list)
    target: list[Target] = field(default_factory=list)
    costs: list[CostMatrix] = field(default_factory=list)
    counts: Counts | None = None
    unlabelled: int = 0

    def take(self, rows: ScoredRows) -> None:
        target, known = classes_of(rows.beside[self.target_name], self.target_name)
        if rows.costs is None or rows.score is None:
            problem = "rows cannot be priced: columns that costs are made of are missing."
            raise RequestError(Fault(ON, problem))
        at = np.flatnonzero(known)
        self.unlabelled += len(known) - len(at)
        self.score.append(rows.score[at])
        self.probability.append(rows.probability[at])
        self.flagged.append(rows.flagged[at])
        self.target.append(target[at])
        self.costs.append(rows.costs.take(at))
        if self.reference is not None and rows.values is not None:
            made = self.reference.bins.count(rows.values, unseen=rows.unseen)[0]
            self.counts = made if self.counts is None else self.counts + made

    def joined(self) -> LabelledRows:
        """Return all rows; RequestError if there is none."""
        if not self.target:
            raise RequestError(Fault(ON, "there is no row."))
        return LabelledRows(
            score=np.concatenate(self.score),
            probability=np.concatenate(self.probability),
            flagged=np.concatenate(self.flagged),
            target=np.concatenate(self.target),
            costs=join_costs(self.costs, [len(each) for each in self.target]),
            counts=self.counts,
            unlabelled=self.unlabelled,
        )
