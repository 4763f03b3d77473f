"""Home Credit's tables to features at full size, and parts of them against the same in pandas.

Each side is a process of its own, from Parquet files to a Parquet file. CPU seconds are those
after imports; ours has the digests of the tables, the checks of keys and times, and the orphans in
it. Parts have the key and the target alone of the applicants. The tables are made where `--folder`
has none.

    uv run python benchmarks/tables.py [--folder FOLDER] [--rows 307511] [--rounds 1]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from made import FOLDER, ROWS

KEY = "SK_ID_CURR"
PARTS = {
    "bureau": ("application_train", "bureau", "bureau_balance"),
    "instalments": ("application_train", "instalment", "installments_payments"),
}
TIMES_LESS_CPU, GIGABYTES = 3.5, 4.0
TIES = f"""
SELECT DISTINCT {KEY} FROM (
    SELECT DISTINCT {KEY}, SK_ID_PREV, NUM_INSTALMENT_NUMBER, DAYS_INSTALMENT FROM '{{}}'
) GROUP BY {KEY}, NUM_INSTALMENT_NUMBER, DAYS_INSTALMENT HAVING count(*) > 1
"""


def ours(folder: Path, part: str, out: Path) -> dict[str, float]:
    """Make the feature table of some tables, or of all, and return what it took."""
    import duckdb  # noqa: F401  # before the clock starts, as pandas on the other side
    import pyarrow.parquet  # noqa: F401

    from cutscore.config.build import compose_plan
    from cutscore.config.compose import Composer
    from cutscore.config.layers import find_layers, packaged_folder
    from cutscore.config.overrides import parse_overrides

    words = ["data=home_credit", f"data.path={folder}", f"data.cache={out.parent / 'cache'}"]
    plan = compose_plan(
        Composer(find_layers(working_dir=packaged_folder())), parse_overrides(words)
    )
    source: Any = plan.experiment.data
    if part != "all":
        tables = PARTS[part]
        source = replace(
            source,
            tables={name: source.tables[name] for name in tables},
            sql={name: source.sql[name] for name in tables[1:]},
            sentinels={n: each for n, each in source.sentinels.items() if n in ("*", *tables[1:])},
            joined={},
            drop_missing_above=None,
            drop_constant=False,
        )
    start = time.perf_counter(), _cpu()
    made = source._feature_table(folder)
    took = {"wall": time.perf_counter() - start[0], "cpu": _cpu() - start[1]}
    made.replace(out)
    return took


def theirs(folder: Path, part: str, out: Path) -> dict[str, float]:
    """Do the same in pandas."""
    import tables_pandas

    start = time.perf_counter(), _cpu()
    getattr(tables_pandas, part)(folder).to_parquet(out, compression="zstd")
    return {"wall": time.perf_counter() - start[0], "cpu": _cpu() - start[1]}


def thin(folder: Path, work: Path) -> Path:
    """Return a folder with the same tables, but of the applicants only key and target."""
    import duckdb

    place = work / "thin"
    if not place.exists():
        place.mkdir()
        for path in folder.glob("*.parquet"):
            (place / path.name).symlink_to(path.resolve())
        people = place / "application_train.parquet"
        whole = people.readlink()
        people.unlink()
        duckdb.sql(f"COPY (SELECT {KEY}, TARGET FROM '{whole}') TO '{people}' (FORMAT parquet)")
    return place


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measured(side: str, folder: Path, part: str, out: Path) -> dict[str, float]:
    """Run a side in a process of its own; its peak is in GB (10^9 bytes)."""
    words = [sys.executable, __file__, "--side", side, part, str(folder), str(out)]
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(words, stdout=told)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            raise SystemExit(f"{words} failed")
        told.seek(0)
        return {**json.load(told), "peak": usage.ru_maxrss * 1024 / 1e9}


def differences(folder: Path, part: str, ours: Path, theirs: Path) -> tuple[int, int, float]:
    """Return how many columns and rows are compared, and the largest relative difference."""
    import duckdb
    import numpy as np
    import pandas as pd

    expected = pd.read_parquet(theirs)
    made = pd.read_parquet(ours, columns=[KEY, *expected.columns]).set_index(KEY)
    if part == "instalments":
        tied = duckdb.sql(TIES.format(folder / "installments_payments.parquet")).df()[KEY]
        expected, made = (frame[~frame.index.isin(tied)] for frame in (expected, made))
    if not made.index.equals(expected.index):
        raise SystemExit("the sides have other applicants")
    worst = 0.0
    for name in expected:
        one, other = made[name].to_numpy(float), expected[name].to_numpy(float)
        if not np.array_equal(np.isnan(one), np.isnan(other)):
            raise SystemExit(f"{name} is missing in other rows")
        gaps = np.abs(one - other) / np.maximum(np.abs(other), 1)
        worst = max(worst, float(np.nanmax(gaps, initial=0)))
    return expected.shape[1], len(expected), worst


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--side", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side:
        side, part, folder, out = args.side
        print(json.dumps({"ours": ours, "theirs": theirs}[side](Path(folder), part, Path(out))))
        return
    folder = args.folder or FOLDER / f"home_credit_{args.rows}"
    if not (folder / "application_train.parquet").exists():
        words = ["data", "make", "home_credit", "--rows", str(args.rows), "--out", str(folder)]
        subprocess.run([sys.executable, "-m", "cutscore", *words], check=True)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="tables-", dir=folder) as place:
        work = Path(place)
        whole = measured("ours", folder, "all", work / "all.parquet")
        told = "{wall:5.1f} s  {cpu:5.1f} CPU s  {peak:.2f} GB".format(**whole)
        print(f"{'all tables':<24} {told}   aim: at most {GIGABYTES:.2f} GB")
        for part in PARTS:
            compared(part, thin(folder, work), work, args.rounds)
    print(f"load {os.getloadavg()[0]:.1f}")


def compared(part: str, folder: Path, work: Path, rounds: int) -> None:
    """Print both sides of some tables, in turns."""
    out = {side: work / f"{part}_{side}.parquet" for side in ("ours", "theirs")}
    made = [{side: measured(side, folder, part, out[side]) for side in out} for _ in range(rounds)]
    for side, name in {"ours": "cutscore", "theirs": "pandas"}.items():
        middle = {k: statistics.median(each[side][k] for each in made) for k in made[0][side]}
        told = "{wall:5.1f} s  {cpu:5.1f} CPU s  {peak:.2f} GB".format(**middle)
        print(f"{part + ', ' + name:<24} {told}")
    ratio = statistics.median(each["theirs"]["cpu"] / each["ours"]["cpu"] for each in made)
    columns, rows, worst = differences(folder, part, out["ours"], out["theirs"])
    print(f"{'':<24} {ratio:.2f} times less CPU, aim {TIMES_LESS_CPU}; ", end="")
    print(f"{columns} columns of {rows:,} rows differ by at most {worst:.0e}")


if __name__ == "__main__":
    main()
