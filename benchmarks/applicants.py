"""One new applicant of several tables: CPU of the features, and the service's answer to its tables.

The model is one of `data=home_credit_synthetic`; the applicant is one with about 60 rows of
history, given as records. Beside it the same applicant by the columns of the feature table, and a
hundred applicants at once.

    uv run python benchmarks/applicants.py [--seconds 3]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from serving import JSON, kept, latency, ours, started

CPU_MILLISECONDS, HISTORY, MANY = 60.0, 60, 100
BASE, KEY = "application_train", "SK_ID_CURR"
MADE = ("data=home_credit_synthetic", "data.applicants=2000", "features=domain")


def made() -> dict[str, Any]:
    """Return the made tables that the model was trained on, by name (Arrow)."""
    import pyarrow.parquet as pq

    (folder,) = Path("outputs/cache/made").glob("home_credit-2000-*")
    others = "application_test", "sample_submission"
    return {
        path.stem: pq.read_table(path)
        for path in folder.glob("*.parquet")
        if path.stem not in others
    }


def rows_of(tables: dict[str, Any], keys: list[int]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows that belong to some applicants, as records."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array(keys)
    loans = tables["bureau"].filter(pc.is_in(tables["bureau"][KEY], wanted))["SK_ID_BUREAU"]
    found = {}
    for name, table in tables.items():
        column, values = (KEY, wanted) if KEY in table.column_names else ("SK_ID_BUREAU", loans)
        found[name] = table.filter(pc.is_in(table[column], values.cast(table[column].type)))
    found[BASE] = found[BASE].drop_columns("TARGET")
    return {name: plain(table.to_pylist()) for name, table in found.items()}


def plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: None if v != v else v for k, v in row.items()} for row in rows]


def middling(tables: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the applicant, of the first 200, whose history is nearest to 60 rows."""
    keys = tables[BASE][KEY].to_pylist()[:200]
    each = [rows_of(tables, [key]) for key in keys]
    return min(each, key=lambda one: abs(history(one) - HISTORY))


def history(one: dict[str, list[dict[str, Any]]]) -> int:
    return sum(map(len, one.values())) - len(one[BASE])


def cpu(work: Callable[[], object], seconds: float) -> float:
    """Return the median of the CPU milliseconds that something takes."""
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(taken) < 10:
        start = time.process_time()
        work()
        taken.append(1000 * (time.process_time() - start))
    return statistics.median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    seconds = parser.parse_args().seconds
    from cutscore import load

    model, tables = kept("home_credit", *MADE), made()
    scorer = load(str(model / "data" / "model"))
    one = middling(tables)
    many = rows_of(tables, tables[BASE][KEY].to_pylist()[:MANY])
    row = scorer.features(one).rows
    print(
        f"{history(one)} rows of history, {row.num_columns} columns, load {os.getloadavg()[0]:.1f}"
    )
    for title, work in {
        "features of one": lambda: scorer.features(one),
        "decided": lambda: scorer.decide(one),
        "decided by its columns": lambda: scorer.decide(row),
        f"features of {MANY}": lambda: scorer.features(many),
    }.items():
        print(f"{title:<24} {cpu(work, seconds):7.1f} ms of CPU")
    print(f"{'aim, features of one':<24} {CPU_MILLISECONDS:7.1f} ms of CPU")
    with started(*ours(model)) as server:
        for title, asked in (
            ("tables of one", {"tables": one}),
            ("columns of one", {"rows": plain(row.to_pylist())}),
        ):
            body = json.dumps(asked, default=str).encode(), JSON
            median, worst, used = latency(server, "/decide", body, seconds)
            print(f"/decide, {title:<15} {median:7.1f} ms (p99 {worst:.1f}, CPU {used:.1f})")
        print(f"memory of the service {server.memory():.0f} MB")


if __name__ == "__main__":
    main()
