"""A kept model, loaded by a process that has nothing but Cutscore, and held against its answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from cutscore.errors import CutscoreError
from cutscore.scoring.check_rows import load_check_rows
from cutscore.scoring.folder import load_model
from cutscore.scoring.scorer import Scorer

SECONDS = 600
_LEFT_OUT = ("MLFLOW_", "CUTSCORE_")


@dataclass(frozen=True)
class Proof:
    """What came of loading a model.

    Attributes
    ----------
    problem : why it cannot be loaded or asked, '' if it can
    rows : how many check rows it carries, with `differing` of other answers than when it was kept,
        and `strayed` of other scores through the door than in training
    why_none : why it carries none, if the model says so
    """

    problem: str = ""
    rows: int = 0
    differing: int = 0
    strayed: int = 0
    why_none: str = ""


def prove(folder: Path) -> Proof:
    """Load the model in a folder, in this process, and ask it for its check rows."""
    try:
        scorer, carried = Scorer(load_model(folder)), load_check_rows(folder)
        if carried is None or carried.problem:
            return Proof(why_none="" if carried is None else carried.problem)
        differing = carried.differing(scorer.decide(carried.rows))
    except CutscoreError as error:
        return Proof(str(error).rstrip("."))
    return Proof("", len(carried.rows), differing, carried.strayed)


def prove_alone(folder: Path) -> Proof:
    """Do the same in a new process, in an empty folder and without settings of the environment."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(_LEFT_OUT)}
    with tempfile.TemporaryDirectory(prefix="cutscore-") as empty:
        words = [sys.executable, "-m", "cutscore.delivery.bare", str(folder.absolute())]
        try:
            done = subprocess.run(  # our own module
                words, cwd=empty, env=kept, capture_output=True, text=True, timeout=SECONDS,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Proof(f"it does not answer within {SECONDS} s")
    if done.returncode:
        told = [line for line in done.stderr.splitlines() if line.strip()]
        return Proof(f"its process ended with {done.returncode}: {told[-1] if told else '?'}")
    return Proof(**json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    print(json.dumps(asdict(prove(Path(sys.argv[1])))))
