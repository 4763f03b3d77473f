"""How scores become probabilities.

Two ways: a map learnt from scores and targets of rows that are not decided with it, and a
correction that follows from what sampling did to the training rows of a fold, without any scores.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from cutscore.records import Calibrator, Scores, Target, Weights

Shares = npt.NDArray[np.float64] | float


class Calibration(Protocol):
    """A way to make probabilities of scores.

    `uses_prior` says that `correct` does something, for which the training priors must be right.
    """

    uses_prior: ClassVar[bool] = False

    def correct(self, scores: Scores, _base_rate: Shares, _prior: Shares, /) -> Scores:
        """Return scores with the effect of sampling undone, before anything is learnt.

        A map that is learnt from scores learns the shift too, and leaves them as they are.

        Parameters
        ----------
        scores : array of float64, shape (rows,)
            Scores in [0, 1].
        base_rate, prior : array of float64, shape (rows,), or one number for all rows
            Share of positives among the training rows of the model that gave the score: as they
            are (by their own weights), and as sampling made it look to the model.
        """
        return scores

    def fit(self, scores: Scores, target: Target, weights: Weights | None = None, /) -> Calibrator:
        """Learn a map from (corrected) scores, targets and row weights, each of shape (rows,)."""
        ...
