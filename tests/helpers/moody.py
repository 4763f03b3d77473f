"""A classifier that can be told to misbehave."""

import os
import signal
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Moody(ClassifierMixin, BaseEstimator):
    """Scores by the first column, as well as `skill` says.

    `mood` is fine, raises, blank (no score is a number), or dies: killed at once, unless the file
    `marker` says that it has happened before. aborts: its process ends itself, always.
    """

    def __init__(self, mood="fine", skill=1.0, marker=""):
        self.mood = mood
        self.skill = skill
        self.marker = marker

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        if self.mood == "raises":
            raise ValueError("not today")
        if self.mood == "aborts":
            os.abort()
        if self.mood == "dies" and not Path(self.marker).exists():
            Path(self.marker).write_text("once is enough")
            os.kill(os.getpid(), signal.SIGKILL)
        return self

    def predict_proba(self, X):
        income = np.asarray(X)[:, 0]
        score = 1 / (1 + np.exp(np.clip(self.skill * (income - 2500) / 900, -30, 30)))
        if self.mood == "blank":
            score = score * np.nan
        return np.column_stack([1 - score, score])
