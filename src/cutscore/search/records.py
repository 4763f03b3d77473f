"""A search as plain values: what its tables, pictures and summaries are made from.

Nothing here knows Optuna or a storage, so a search can be looked at wherever its trials are known.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

State = Literal["COMPLETE", "PRUNED", "FAIL", "RUNNING", "WAITING"]
Direction = Literal["minimize", "maximize"]
Objective = tuple[str, Direction]
"""A metric of the record and whether less or more of it is wanted."""

Costs = npt.NDArray[np.float64]

Value = str | int | float | bool | None
"""What a trial can propose for a setting."""

STATE_WORDS: Mapping[State, str] = {
    "COMPLETE": "complete",
    "PRUNED": "pruned",
    "FAIL": "failed",
    "RUNNING": "running",
    "WAITING": "waiting",
}


@dataclass(frozen=True)
class Scale:
    """How the values of one searched setting lie.

    `low` and `high` are both possible values; they and `step` are None for choices, and `choices`
    is empty for numbers.
    """

    kind: Literal["float", "int", "categorical"]
    log: bool = False
    low: float | None = None
    high: float | None = None
    step: float | None = None
    choices: tuple[Value, ...] = ()


@dataclass(frozen=True)
class TrialRecord:
    """One trial as it stands.

    Attributes
    ----------
    number, state : Optuna's
    values : one entry an objective, None unless the trial is complete
    params : the proposed value of each setting
    run_id, name : of its run
    seconds : wall time, None while it runs
    partial : the value reported after each fold
    reason : why it was pruned or failed
    metrics : those of its run
    """

    number: int
    state: State
    values: tuple[float, ...] | None = None
    params: Mapping[str, Value] = field(default_factory=dict)
    run_id: str = ""
    name: str = ""
    seconds: float | None = None
    partial: Mapping[int, float] = field(default_factory=dict)
    reason: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def left_out(self) -> bool:
        """Whether the trial was not run, as an earlier one had its values: it has no run."""
        return self.state == "PRUNED" and not self.run_id

    @property
    def counts(self) -> bool:
        """Whether the trial is complete and all its values are finite."""
        values = self.values
        return self.state == "COMPLETE" and bool(values) and all(map(math.isfinite, values or ()))


@dataclass(frozen=True)
class Spared:
    """What pruning has spared: `folds` of `all_folds`, and what they would have taken.

    `trees` is a bound, 0 where they were not counted: as many a fold as in the same trial's
    finished folds, beyond which no later fold is boosted. `seconds` of fitting are as many a fold
    as complete trials took: a pruned trial's own seconds are mostly those of its run.
    """

    folds: int
    all_folds: int
    trees: float
    seconds: float


@dataclass(frozen=True)
class StudyRecord:
    """A study and all its trials, by number; `space` maps each searched setting to its scale.

    `best` is the best trial, with several objectives the one of the Pareto front that is best in
    the first, None while there is none. `tree_costs` has the numbers of trees at which some of the
    best trials were judged and what these cost, by the trials' numbers, best first.
    """

    name: str
    objectives: tuple[Objective, ...]
    trials: tuple[TrialRecord, ...]
    space: Mapping[str, Scale]
    best: TrialRecord | None = None
    tree_costs: Mapping[int, tuple[Costs, Costs]] = field(default_factory=dict)

    @property
    def complete(self) -> tuple[TrialRecord, ...]:
        """The trials that have finite values."""
        return tuple(trial for trial in self.trials if trial.counts)

    def count(self, state: State) -> int:
        """Return the number of trials in a state."""
        return sum(trial.state == state for trial in self.trials)

    @property
    def pruned(self) -> tuple[TrialRecord, ...]:
        """The trials that were begun and ended early."""
        return tuple(t for t in self.trials if t.state == "PRUNED" and not t.left_out)

    @property
    def spared(self) -> Spared:
        """What pruning has spared in the trials that were run and not lost.

        A trial with several objectives reports no folds; then none is known to be spared.
        """
        whole = max((len(trial.partial) for trial in self.complete), default=0)
        fitting = [t.metrics.get("seconds_fit", 0.0) for t in self.complete]
        early = [(t, whole - len(t.partial)) for t in self.pruned if 0 < len(t.partial) < whole]
        folds_spared = sum(folds for _, folds in early)
        return Spared(
            folds_spared,
            whole * (len(self.complete) + len(self.pruned)),
            sum(t.metrics.get("trees_grown", 0.0) / len(t.partial) * folds for t, folds in early),
            folds_spared / whole * float(np.mean(fitting)) if folds_spared else 0.0,
        )

    def tally(self) -> dict[str, int]:
        """Return how many trials are in each state, in words, without those that have none."""
        found = {word: self.count(state) for state, word in STATE_WORDS.items()}
        found |= {"pruned": len(self.pruned), "left out (tried before)": self.left_out}
        return {word: trials for word, trials in found.items() if trials}

    @property
    def left_out(self) -> int:
        """The number of trials that were not run, as earlier ones had their values."""
        return sum(trial.left_out for trial in self.trials)


def ranked(trials: Iterable[TrialRecord], objectives: Sequence[Objective]) -> list[TrialRecord]:
    """Return the trials that have finite values, best in the first objective first.

    Ties are decided by the next objective, then by the earlier trial.
    """
    signs = _signs(objectives)

    def place(trial: TrialRecord) -> tuple[float, ...]:
        return (*(s * v for s, v in zip(signs, trial.values or (), strict=True)), trial.number)

    return sorted((trial for trial in trials if trial.counts), key=place)


def best_of(trials: Iterable[TrialRecord], objectives: Sequence[Objective]) -> TrialRecord | None:
    """Return the first of `ranked`: it is on the Pareto front. None if no trial counts."""
    return next(iter(ranked(trials, objectives)), None)


def pareto(trials: Iterable[TrialRecord], objectives: Sequence[Objective]) -> list[TrialRecord]:
    """Return the trials that no other one beats, in the order of `ranked`.

    A trial is beaten by one that is at least as good in every objective and better in one; of
    equal ones all stay.
    """
    order = ranked(trials, objectives)
    if not order:
        return []
    losses = np.array([trial.values for trial in order]) * _signs(objectives)
    return [trial for trial, kept in zip(order, undominated(losses), strict=True) if kept]


def undominated(losses: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return which rows no other row beats, less being better; `losses` has a column an objective.

    Works by one comparison of all rows with each row that is still undecided or kept.
    """
    kept = np.ones(len(losses), dtype=bool)
    for row, own in enumerate(losses):
        if kept[row]:
            kept &= ~((losses >= own).all(axis=1) & (losses > own).any(axis=1))
    return kept


def _signs(objectives: Sequence[Objective]) -> list[float]:
    """Return 1 for each objective to minimise and -1 for each to maximise."""
    return [1.0 if direction == "minimize" else -1.0 for _, direction in objectives]
