"""Help texts against the help of a minimal Hydra application: wall time, interleaved.

uv run python benchmarks/startup.py [--rounds 10]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MINIMAL = """
import hydra

@hydra.main(version_base=None, config_path=None)
def main(config):
    pass

main()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "minimal.py"
        script.write_text(MINIMAL)
        commands = {
            "minimal Hydra --help": [sys.executable, str(script), "--help"],
            "cutscore --help": [sys.executable, "-m", "cutscore", "--help"],
            "cutscore run --help": [sys.executable, "-m", "cutscore", "run", "--help"],
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, words in commands.items():
                start = time.perf_counter()
                subprocess.run(words, capture_output=True, check=True)
                seconds[name].append(time.perf_counter() - start)
    base = statistics.median(seconds["minimal Hydra --help"])
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"{name:<22} {median:6.3f} s wall   {median / base:5.2f} x minimal Hydra")


if __name__ == "__main__":
    main()
