"""What LightGBM's boosting leaves: a fitted booster, and one that is still growing."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutscore.errors import StoreError
from cutscore.model.contributions import Contributions, by_replacement, of_trees
from cutscore.model.lightgbm_scores import SeenScores
from cutscore.model.saved import ModelForm, write_description
from cutscore.model.training import values_at
from cutscore.records import Column, Rows, Scores, Table, Values

if TYPE_CHECKING:
    import lightgbm as lgb

_FORM = ModelForm("lightgbm", "model.txt", ("lightgbm",))


@dataclass(eq=False)
class LightGBMBoosting:
    """A booster on its way.

    `table`, `training` and `watched` are what it is fitted and watched on. Of each number of rounds
    that was asked for, `kept` is the number of trees (a round whose tree cannot be split leaves
    none) and `left` the scores that boosting has left behind, where `leaves_scores` says that
    predicting would give the same.
    """

    table: Table
    training: Rows
    watched: Rows
    booster: lgb.Booster
    threads: int
    leaves_scores: bool
    rounds: int = 0
    kept: dict[int, int] = field(default_factory=dict)
    left: dict[int, SeenScores] = field(default_factory=dict)

    def grow(self, rounds: int) -> Scores:
        """Boost on to so many rounds."""
        for _ in range(rounds - self.rounds):
            self.booster.update()
        self.rounds, self.kept[rounds] = rounds, int(self.booster.num_trees())
        if not self.leaves_scores:
            return self.first(rounds).scores(self.table, self.watched)
        seen = SeenScores.of(self.booster, self.table, self.training, self.watched)
        self.left[rounds] = seen
        return seen.scores[len(self.training) :]

    def first(self, rounds: int) -> LightGBMFitted:
        """Return the model as it was after so many rounds."""
        import lightgbm as lgb

        text = self.booster.model_to_string(num_iteration=self.kept[rounds])
        booster, seen = lgb.Booster(model_str=text), self.left.get(rounds)
        return LightGBMFitted(self.table.columns, booster, self.threads, seen)


@dataclass(frozen=True, eq=False)
class LightGBMFitted:
    """A fitted booster."""

    columns: tuple[Column, ...]
    booster: lgb.Booster
    threads: int = 1
    seen: SeenScores | None = None

    @property
    def trees(self) -> int:
        """The number of trees."""
        return int(self.booster.num_trees())

    def scores(self, table: Table, rows: Rows | None = None) -> Scores:
        """Return the probability of class 1.

        For all rows of the table of the fit, the scores of those that it saw are what boosting
        left behind, which is the same bit for bit; the others are gathered and predicted block by
        block. Otherwise the table's array is predicted where it lies.
        """
        seen = self.seen
        if rows is not None or seen is None or seen.table is not table:
            return self._predict(values_at(table, rows))
        return seen.completed(self._predict)

    def _predict(self, values: Values) -> Scores:
        return np.asarray(self.booster.predict(values, num_threads=self.threads), dtype=np.float64)

    def importance(self) -> dict[str, float]:
        """Return each column's total gain."""
        gains = self.booster.feature_importance("gain")
        return {c.name: float(g) for c, g in zip(self.columns, gains, strict=True)}

    def contributions(self, table: Table, typical: Values, /) -> Contributions:
        """Return LightGBM's own Shapley values; of linear trees, which have none, replacements."""
        if self._log_odds is None:
            return by_replacement(table.values, typical, self._predict)
        made = self.booster.predict(table.values, pred_contrib=True, num_threads=self.threads)
        return of_trees(np.asarray(made) * self._log_odds)

    @functools.cached_property
    def _log_odds(self) -> float | None:
        """What the sum of the trees has to be multiplied by, None if it cannot be taken apart.

        LightGBM explains the sum of all trees, also where they are averaged (boosting=rf), before
        the slope of its sigmoid.
        """
        text = self.booster.model_to_string(num_iteration=1)
        if "\nis_linear=1" in text:
            return None
        slope = re.search(r"^objective=binary sigmoid:(\S+)", text, re.MULTILINE)
        trees = self.trees if "\naverage_output\n" in text else 1
        return (float(slope[1]) if slope else 1.0) / max(trees, 1)

    def save(self, folder: Path, preparation: Mapping[str, Any] | None = None) -> None:
        """Write the booster as text, and `model.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        self.booster.save_model(str(folder / _FORM.file))
        write_description(folder, _FORM, self.columns, preparation)


def load_booster(file: Path, columns: tuple[Column, ...]) -> LightGBMFitted:
    """Load a booster from its text.

    Raises
    ------
    StoreError
        If LightGBM cannot read it.
    """
    import lightgbm as lgb

    try:
        booster = lgb.Booster(model_file=str(file))
    except lgb.basic.LightGBMError as error:
        raise StoreError(f"{file} is not a LightGBM model: {error}") from error
    return LightGBMFitted(columns, booster)
