"""LightGBM's binned data sets."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutscore.model.lightgbm_parameters import VOCABULARY
from cutscore.records import Column, Target, TrainingRows, Values

if TYPE_CHECKING:
    import lightgbm as lgb

SAMPLE = "bin_construct_sample_cnt"
# LightGBM finds bins on a sample that it holds as float64 with row numbers, in growing vectors:
# 200,000 rows of 189 columns take 600 MB, nearly three times the float32 matrix.
_MOST_ROWS = 200_000
_MOST_VALUES = 10_000_000


_RECIPE = frozenset(
    {
        SAMPLE,
        "data_random_seed",
        "enable_bundle",
        "feature_pre_filter",
        "forcedbins_filename",
        "is_enable_sparse",
        "linear_tree",
        "max_bin",
        "max_bin_by_feature",
        "min_data_in_bin",
        "pre_partition",
        "seed",  # other seeds are drawn from it
        "use_missing",
        "zero_as_missing",
    }
)
"""What decides bins; LightGBM refuses to change these for a data set that is binned."""

_MOST_KEPT = 32


@dataclass(eq=False)
class Bins:
    """Binned data sets of one table, for every fit that bins by the same recipe.

    Trials of a search differ in trees, seldom in bins: what one has binned serves the next.
    Pickled, they take the whole table along as LightGBM writes it: a hundredth of binning's cost.
    """

    recipe: str
    whole: lgb.Dataset | None = None
    parts: dict[bytes, lgb.Dataset] = field(default_factory=dict)

    def keep(self, key: bytes, dataset: lgb.Dataset) -> None:
        """Keep a data set; of more than a few dozen the oldest goes."""
        if len(self.parts) >= _MOST_KEPT:
            self.parts.pop(next(iter(self.parts)))
        self.parts[key] = dataset

    def __getstate__(self) -> dict[str, Any]:
        """Give the bytes of the whole table's bins, and what they were made with."""
        whole = self.whole
        packed = None if whole is None else (_bytes_of(whole), whole.params)
        return {"recipe": self.recipe, "packed": packed}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        packed = state["packed"]
        self.recipe, self.parts = state["recipe"], {}
        self.whole = None if packed is None else _from_bytes(*packed)


def _bytes_of(dataset: lgb.Dataset) -> np.ndarray[Any, np.dtype[np.uint8]]:
    with tempfile.TemporaryDirectory(prefix="cutscore-") as folder:
        path = Path(folder) / "bins"
        dataset.save_binary(path)
        return np.fromfile(path, dtype=np.uint8)


def _from_bytes(
    content: np.ndarray[Any, np.dtype[np.uint8]], params: dict[str, Any]
) -> lgb.Dataset:
    import lightgbm as lgb

    with tempfile.TemporaryDirectory(prefix="cutscore-") as folder:
        path = Path(folder) / "bins"
        content.tofile(path)
        return lgb.Dataset(path, params=params).construct()


def bin_recipe(params: Mapping[str, Any]) -> str:
    """Return what of the parameters decides bins."""
    named = {VOCABULARY.canonical.get(name, name): value for name, value in params.items()}
    return repr(sorted((name, value) for name, value in named.items() if name in _RECIPE))


def rows_key(training: TrainingRows) -> bytes:
    """Return what training rows, none of them synthetic, and their weights are known by."""
    digest = hashlib.blake2b(training.rows.tobytes(), digest_size=16)
    if training.weights is not None:
        digest.update(b"weights" + training.weights.tobytes())
    return digest.digest()


def bin_values(
    columns: tuple[Column, ...],
    values: list[Values],
    target: Target,
    params: Mapping[str, Any],
    like: lgb.Dataset | None = None,
) -> lgb.Dataset:
    """Bin rows, which may lie in several arrays, by the bins of `like` if they are given.

    LightGBM reads the float32 arrays in place and forgets them afterwards.
    """
    import lightgbm as lgb

    dataset = lgb.Dataset(
        values if len(values) > 1 else values[0],
        label=target,
        categorical_feature=[place for place, column in enumerate(columns) if column.categorical],
        params=dict(params),
        reference=like,
        free_raw_data=True,
    )
    return dataset.construct()


def rows_to_sample(columns: int) -> int:
    """Return LightGBM's default number of rows to find bins on, or fewer for wide tables."""
    return max(20_000, min(_MOST_ROWS, _MOST_VALUES // columns))


def subset(whole: lgb.Dataset, training: TrainingRows) -> lgb.Dataset:
    """Return the binned training rows, with labels and weights."""
    part = whole.subset([])
    # `subset` would sort a Python list of all the rows; they are sorted already.
    part.used_indices = training.rows.astype(np.int32)
    part.construct()
    if training.weights is not None:
        part.set_weight(training.weights)
    return part
