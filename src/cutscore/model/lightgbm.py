"""LightGBM, binned once for all folds where that is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from cutscore.model import TableToFit
from cutscore.model.boosting import BoostedTrees
from cutscore.model.column_lists import with_lists
from cutscore.model.lightgbm_bins import (
    SAMPLE,
    Bins,
    bin_recipe,
    bin_values,
    rows_key,
    rows_to_sample,
    subset,
)
from cutscore.model.lightgbm_fitted import LightGBMBoosting, LightGBMFitted
from cutscore.model.lightgbm_parameters import VOCABULARY
from cutscore.model.lightgbm_scores import SeenScores, all_but
from cutscore.model.parameters import Vocabulary
from cutscore.model.stopping import Stopping, stopping_loss
from cutscore.model.training import training_labels
from cutscore.records import Rows, Table, Target, TrainingRows

if TYPE_CHECKING:
    import lightgbm as lgb

SHARED_FROM = 10_000_000
"""Values in a table from which finding bins once saves time and memory that can be felt."""

_NO_STOPPING: Mapping[str, str] = {
    "dart": "later trees change the weights of earlier ones",
    "rf": "more trees are never worse",
    "random_forest": "more trees are never worse",
}


@dataclass(frozen=True)
class LightGBM(BoostedTrees):
    """Boosted trees of LightGBM.

    `binning="shared"` finds the bins once on the whole table (they know no labels), `"fold"` on
    each fold's training rows, which is stricter; `"auto"` is strict where that costs next to
    nothing: in tables of less than ten million values. Bins are found on 200,000 rows, or fewer in
    tables of more than 50 columns, unless `params` say.
    """

    vocabulary: ClassVar[Vocabulary] = VOCABULARY

    binning: Literal["auto", "shared", "fold"] = "auto"

    def shares_bins(self, table: Table) -> bool:
        """Whether `binning` says so, or leaves it to the size and the table is large."""
        if self.binning == "auto":
            return table.values.size >= SHARED_FROM
        return self.binning == "shared"

    @property
    def bin_recipe(self) -> str:
        """What of the parameters decides bins."""
        return bin_recipe(with_lists(self.params, VOCABULARY))

    def bins(self, data: TableToFit) -> Bins:
        """Return the bins of a session."""
        return self.session(data).bins

    def session(self, data: TableToFit) -> LightGBMSession:
        """Open a session; shared bins are found now unless `data.bins` has them."""
        table, bins = data.table, data.bins
        params = {
            **with_lists(self.params, VOCABULARY),
            "objective": "binary",
            "metric": "none",
            "verbosity": -1,
            "num_threads": 1 if self._by_thread else data.threads,
            "feature_pre_filter": False,  # it would let labels choose columns
        }
        if not any(VOCABULARY.canonical[name] == SAMPLE for name in self.params):
            params[SAMPLE] = rows_to_sample(len(table.columns))
        if not isinstance(bins, Bins) or bins.recipe != self.bin_recipe:
            bins = Bins(self.bin_recipe)
        shared = data.shared_bins and self.shares_bins(table)
        if shared and bins.whole is None:
            bins.whole = bin_values(table.columns, [table.values], data.target, params)
        return LightGBMSession(
            params, table, data.target, data.threads, shared, bins, self.stopping
        )

    @property
    def _by_thread(self) -> bool:
        """Whether several threads change scores: each draws rows, or adds up leaves, by itself."""
        value, params = VOCABULARY.value, self.params
        goss = "goss" in (value(params, "data_sample_strategy", ""), value(params, "boosting", ""))
        return goss or bool(value(params, "linear_tree", False))

    def _never_stops(self) -> str | None:
        boosting = VOCABULARY.value(self.params, "boosting", "gbdt")
        reason = _NO_STOPPING.get(boosting)
        return reason and f"boosting={boosting}: {reason}"


@dataclass(frozen=True, eq=False)
class LightGBMSession:
    """A table, its target, its bins (of the whole table or of folds), and when to stop."""

    params: Mapping[str, Any]
    table: Table
    target: Target
    threads: int
    shared: bool
    bins: Bins
    stopping: Stopping | None = None

    @property
    def whole(self) -> lgb.Dataset | None:
        """The whole table binned, where folds share that."""
        return self.bins.whole if self.shared else None

    def fit(self, training: TrainingRows, table: Table) -> LightGBMFitted:
        """Fit on the training rows; shared bins are used for the session's own table only.

        Raises
        ------
        ValueError
            If bins are shared and the rows are synthetic or of another table: bins of real rows
            do not fit made-up ones (they cost 0.09 of AUC when tried). If rows are synthetic and
            some are held back to stop on.
        """
        import lightgbm as lgb

        if self.whole is not None and (training.synthetic is not None or table is not self.table):
            raise ValueError("shared bins serve only real rows of the table that was binned")
        stopping, held_back = self.stopping, None
        if stopping is not None:
            training, held_back = stopping.part(training, self.target)
        dataset = self._binned(training, table)
        watched: dict[str, Any] = {}
        others: Rows = training.rows[:0]
        if stopping is not None and held_back is not None:
            watched = {
                "valid_sets": [self._binned(held_back, table, dataset)],
                "feval": stopping_loss(held_back, self.target).for_lightgbm,
                "callbacks": [lgb.early_stopping(stopping.rounds, verbose=False)],
            }
        elif self.whole is not None and self._keeps_scores:
            # Boosting scores rows that are binned in less than half the time of predicting them.
            others = all_but(training.rows, table.rows)
            if len(others):
                watched = {"valid_sets": [subset(self.whole, TrainingRows(others))]}
        booster = lgb.train(dict(self.params), dataset, keep_training_booster=True, **watched)
        seen = None
        if self._keeps_scores:
            seen = SeenScores.of(booster, table, training.rows, others)
        # What lgb.train does unless told to keep the booster: drop the data, keep the trees.
        booster.model_from_string(booster.model_to_string()).free_dataset()
        return LightGBMFitted(table.columns, booster, self.threads, seen)

    def boost(self, training: TrainingRows, table: Table, watched: Rows) -> LightGBMBoosting:
        """Begin a fit that goes on as far as it is asked to."""
        import lightgbm as lgb

        data = self._binned(training, table)
        booster = lgb.Booster(dict(self.params), data)
        if self._keeps_scores:
            booster.add_valid(self._binned(TrainingRows(watched), table, data), "watched")
        rows, keeps = training.rows, self._keeps_scores
        return LightGBMBoosting(table, rows, watched, booster, self.threads, keeps)

    @property
    def _keeps_scores(self) -> bool:
        """Whether boosting leaves the very scores behind that predicting would give.

        It does for plain boosting; dart and rf rescale trees, linear trees read the raw values, and
        early stopping drops the last trees.
        """
        plain = VOCABULARY.value(self.params, "boosting", "gbdt") == "gbdt"
        linear = VOCABULARY.value(self.params, "linear_tree", False)
        return plain and not linear and self.stopping is None

    def _binned(
        self, training: TrainingRows, table: Table, like: lgb.Dataset | None = None
    ) -> lgb.Dataset:
        """Return the rows binned: by the shared bins, as another data set is, or by their own."""
        if self.whole is not None:
            return subset(self.whole, training)
        key = rows_key(training) if like is None and self._keeps_parts(training, table) else None
        if key is not None and key in self.bins.parts:
            return self.bins.parts[key]
        target, weights = training_labels(training, self.target)
        values, made_up = [table.values[training.rows]], training.synthetic
        if made_up is not None:
            values.append(made_up.values)  # LightGBM reads several arrays as one
        dataset = bin_values(table.columns, values, target, self.params, like)
        if weights is not None:
            dataset.set_weight(weights)
        if key is not None:
            self.bins.keep(key, dataset)
        return dataset

    def _keeps_parts(self, training: TrainingRows, table: Table) -> bool:
        """Whether the bins of these rows may serve again, and are small enough to keep."""
        small = table.values.size < SHARED_FROM
        return small and table is self.table and training.synthetic is None
