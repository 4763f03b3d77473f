"""Peak memory of a run at 307,511 x 189 in a fresh process, against the float32 matrix.

uv run python benchmarks/memory.py
"""

from __future__ import annotations

import os
import subprocess
import sys

from made import COLUMNS, FOLDER, ROWS, wide_table

ALLOWANCE_MB = 500.0


def peak_mb(words: list[str]) -> float:
    """Run a command and return its peak resident memory in MB (10^6 bytes)."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{words} failed")
    return usage.ru_maxrss * 1024 / 1e6


def main() -> None:
    matrix = ROWS * COLUMNS * 4 / 1e6
    limit = 2.5 * matrix + ALLOWANCE_MB
    print(f"float32 matrix {matrix:.0f} MB; 2.5 x that + {ALLOWANCE_MB:.0f} MB = {limit:.0f} MB")
    for sampling in ("none", "balanced", "undersample"):
        words = [
            sys.executable, "-m", "cutscore", "run", "data=table", f"data.path={wide_table()}",
            "data.target=target", f"sampling={sampling}",
            f"tracking.uri=sqlite:///{FOLDER}/store/mlflow.db",
        ]  # fmt: skip
        peak = peak_mb(words)
        print(f"sampling={sampling:<12} peak {peak:6.0f} MB   {peak / limit:.2f} of the limit")


if __name__ == "__main__":
    main()
