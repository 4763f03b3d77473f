"""LightGBM's binned data sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cutscore.records import Table, Target, TrainingRows

if TYPE_CHECKING:
    import lightgbm as lgb

SAMPLE = "bin_construct_sample_cnt"
# LightGBM finds bins on a sample that it holds as float64 with row numbers, in growing vectors:
# 200,000 rows of 189 columns take 600 MB, nearly three times the float32 matrix.
_MOST_ROWS = 200_000
_MOST_VALUES = 10_000_000


def bin_table(
    table: Table, target: Target, params: Mapping[str, Any], like: lgb.Dataset | None = None
) -> lgb.Dataset:
    """Bin a table, by the bins of `like` if they are given.

    LightGBM reads the float32 matrix in place and forgets it afterwards.
    """
    import lightgbm as lgb

    dataset = lgb.Dataset(
        table.values,
        label=target,
        categorical_feature=list(table.categorical),
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
