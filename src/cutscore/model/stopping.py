"""Early stopping: some training rows are held back, and boosting stops when they gain no more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutscore.errors import Fault, RequestError
from cutscore.records import Rows, Scores, Target, TrainingRows

_STREAM = 2  # tells these random numbers from all others of the same seed
_NEAREST = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Stopping:
    """Stop after `rounds` rounds without gain, on a `fraction` of the training rows.

    What is gained is the weighted log loss of the rows held back; of all trees those up to the
    best round are kept.
    """

    rounds: int
    fraction: float
    seed: int

    def part(self, training: TrainingRows, target: Target) -> tuple[TrainingRows, TrainingRows]:
        """Return the rows to fit on and the rows to stop on, with their weights.

        Rows are drawn by class, and a row that was drawn several times stays on one side whole.
        The draw is seeded with numpy's SeedSequence of (seed, 2).

        Parameters
        ----------
        training : TrainingRows
            Real rows; made-up ones lie between real rows, so that no draw keeps them apart.
        target : array of int8, shape (all rows,)
            The target of all rows.

        Raises
        ------
        ValueError
            If some of the rows are made up.
        RequestError
            If a class has only one row.
        """
        if training.synthetic is not None:
            raise ValueError("early stopping needs real rows, got made-up ones too")
        rng = np.random.default_rng(np.random.SeedSequence((self.seed % 2**64, _STREAM)))
        distinct = np.unique(training.rows)
        label = target[distinct]
        drawn = [self._draw(distinct[label == kind], kind, rng) for kind in (0, 1)]
        back = np.isin(training.rows, np.concatenate(drawn))
        return _taken(training, ~back), _taken(training, back)

    def _draw(self, rows: Rows, kind: int, rng: np.random.Generator) -> Rows:
        """Draw this class's share of rows, at least one, and leave at least one."""
        if len(rows) < 2:
            name = ("negative", "positive")[kind]
            raise RequestError(
                Fault(
                    "model.early_stopping_rounds",
                    f"stopping early takes a {name} row to fit on and one to stop on, but there "
                    f"are {len(rows)} among the training rows.",
                    "Set model.early_stopping_rounds=null, or use fewer folds.",
                )
            )
        wanted = min(max(round(self.fraction * len(rows)), 1), len(rows) - 1)
        return rng.permutation(rows)[:wanted]


@dataclass(frozen=True, eq=False)
class StoppingLoss:
    """The log loss of rows held back: `target` (rows,) and `weights` (rows,) or None.

    It is summed here and not by the library, whose sums depend on the number of threads: so would
    the round to stop at.
    """

    target: Target
    weights: npt.NDArray[np.float64] | None

    def of(self, scores: Scores) -> float:
        """Return the mean of −log of the probability given to the true class, by weight."""
        right = np.where(self.target == 1, scores, 1.0 - scores).astype(np.float64)
        losses = -np.log(np.clip(right, _NEAREST, 1.0))
        return float(np.average(losses, weights=self.weights))

    def for_lightgbm(self, scores: Scores, _: object) -> tuple[str, float, bool]:
        """Return the loss as LightGBM wants it: name, value, and that higher is not better."""
        return "log_loss", self.of(scores), False


def stopping_loss(held_back: TrainingRows, target: Target) -> StoppingLoss:
    """Return the loss of rows held back; `target` is that of all rows."""
    return StoppingLoss(target[held_back.rows], held_back.weights)


def _taken(training: TrainingRows, which: npt.NDArray[np.bool_]) -> TrainingRows:
    weights = training.weights
    return TrainingRows(training.rows[which], None if weights is None else weights[which])
