"""Data made for the benchmarks: as many rows and columns as a published credit data set has."""

from __future__ import annotations

from pathlib import Path

import numpy as np

ROWS, COLUMNS = 307_511, 189
FOLDER = Path("outputs/benchmarks")


def wide_table() -> Path:
    """Write the wide table once (Parquet, float32, 8 % positives, a tenth missing)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = FOLDER / f"wide_{ROWS}x{COLUMNS}.parquet"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    columns = {f"x{i:03d}": rng.normal(size=ROWS).astype(np.float32) for i in range(COLUMNS)}
    signal = sum(columns[f"x{i:03d}"] * 0.3 for i in range(12))
    noise = rng.normal(size=ROWS) * 1.5
    target = (signal + noise > np.quantile(signal + noise, 0.92)).astype(np.int8)
    for i in range(0, COLUMNS, 10):
        columns[f"x{i:03d}"][rng.random(ROWS) < 0.5] = np.nan
    pq.write_table(pa.table({"target": target, **columns}), path)
    return path


def scores(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return targets (8 % positive) and scores skewed as those of rare events are."""
    rng = np.random.default_rng(seed)
    target = (rng.random(rows) < 0.08).astype(np.int8)
    margin = rng.normal(size=rows) + 1.1 * target - 2.6
    return target, 1 / (1 + np.exp(-margin))
