"""Trials against the best one so far, by rows in pairs.

All trials see the same folds, and folds differ more than trials do: so a trial is compared with the
best one on the very rows that it has finished. Both decide these by a threshold that they choose on
them; what counts is the sum of the rows' differences of costs. Were both equal in the end, that sum
over the finished part of all rows would have mean 0 and the variance of a sample drawn without
replacement, so that it exceeds `LIMIT` of its standard deviations with probability `ERROR`; a trial
that is to win exceeds it less often. Trials that do are ended. Rows that stay together in folds
(groups, duplicates) are one unit, and so is a row in several repeats.

The best trial's scores are read from the record of its run, wherever that is: workers on other
machines and a search that is resumed compare with the same numbers.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cutscore.config.build import Plan
from cutscore.errors import CutscoreError
from cutscore.experiment import CommonDecision, Experiment, Prepared, decided
from cutscore.records import Rows, Scores
from cutscore.runs.port import RunStore
from cutscore.search.slots import RUN_ID
from cutscore.validation.splitting import rows_together

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

ERROR = 0.05
LIMIT = 1.6449
"""The standard normal quantile of 1 - ERROR."""

ENOUGH = 30
"""So many units must cost differently: the sum of a few great differences is not normal."""

_SCORES = "oof_scores.parquet"

Costs = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Best:
    """The best complete trial: its number, its experiment and its rows' scores, fold after fold."""

    number: int
    experiment: Experiment
    scores: Scores

    def decision(self, like: CommonDecision) -> CommonDecision:
        """Decide the first rows, as many as another trial has finished, by a threshold of them."""
        return decided(self.experiment, like.target, self.scores[: len(like.target)], like.costs)


@dataclass(eq=False)
class Race:
    """Knows the best trial so far, whose scores it reads once.

    `plan_of` makes the plan of a trial's values.
    """

    study: Study
    store: RunStore
    plan_of: Callable[[Mapping[str, Any]], Plan]
    _best: Best | None = None

    def verdict(self, own: CommonDecision, prepared: Prepared) -> str | None:
        """Return why a trial will not win, as its finished rows say; None if it may.

        `own` is how it decides them.
        """
        best = self._current()
        if best is None or len(own.target) > len(best.scores):
            return None
        folds = prepared.folds.splits
        entries = np.concatenate([fold.validation for fold in folds])
        units = _units(best.experiment, prepared, entries[: len(own.target)])
        seen = 1.0 if folds[-1].repeat else len(own.target) / len(entries)
        costs, others = own.losses(), best.decision(own).losses()
        behind = deviations(costs, others, units, seen)
        if behind <= LIMIT:
            return None
        return (
            f"on the same rows it costs {costs.sum() - others.sum():,.6g} more than trial "
            f"{best.number}, the best: {behind:.1f} standard deviations of trials that end equal, "
            f"of which {ERROR:.0%} exceed {LIMIT:.2f}"
        )

    def _current(self) -> Best | None:
        try:
            trial = self.study.best_trial
        except ValueError:  # none is complete
            return None
        if self._best is None or self._best.number != trial.number:
            self._best = self._read(trial)
        return self._best

    def _read(self, trial: FrozenTrial) -> Best | None:
        """Read what is recorded of a trial; None if it is gone."""
        import pyarrow.parquet as pq

        try:
            experiment = self.plan_of(trial.params).experiment
            with tempfile.TemporaryDirectory() as folder:
                run_id = str(trial.user_attrs.get(RUN_ID))
                found = self.store.download(run_id, _SCORES, Path(folder))
                table = None if found is None else pq.read_table(found)
        except CutscoreError:
            return None
        if table is None:
            return None
        name = "calibrated" if "calibrated" in table.column_names else "score"
        return Best(trial.number, experiment, table[name].to_numpy())


def _units(experiment: Experiment, prepared: Prepared, rows: Rows) -> Rows:
    """Return what each entry belongs to, counted from 0: its row, or the rows together with it."""
    labels = rows_together(experiment.validation, prepared.dataset)
    units: Rows = np.unique(rows if labels is None else labels[rows], return_inverse=True)[1]
    return units


def deviations(own: Costs, best: Costs, units: Rows, seen: float) -> float:
    """Return by how many standard deviations a trial costs more than the best one.

    Parameters
    ----------
    own, best : array of float64, shape (entries,)
        What each finished entry costs with either.
    units : array of int64, shape (entries,)
        Which entries vary together, counted from 0.
    seen : float
        The share of all entries that is finished, above 0; the deviation is that of the sum over
        so many drawn without replacement from all, given that all sum up to 0. 1 for the deviation
        of a sample of an endless number.

    Returns
    -------
    float
        0 where fewer than `ENOUGH` units differ.
    """
    sums = np.bincount(units, weights=own - best)
    if np.count_nonzero(sums) < ENOUGH:
        return 0.0
    left = 1.0 - seen if seen < 1.0 else 1.0
    return float(sums.sum() / np.sqrt(len(sums) * sums.var(ddof=1) * left))
