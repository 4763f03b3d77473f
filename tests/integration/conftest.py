"""The command line, called as a user calls it."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from cutscore.cli import main
from cutscore.runs import init


@dataclass(frozen=True)
class Answer:
    """What a command gave back."""

    code: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)


def call(*words: object) -> Answer:
    """Call the command line in this process, where its libraries are loaded already."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(word) for word in words])
    _close_logs()
    return Answer(code, out.getvalue(), err.getvalue())


def _close_logs() -> None:
    """Close the log of a command, as the end of its process would: the next one would reopen it."""
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, logging.FileHandler)]:
        root.removeHandler(handler)
        handler.close()


def start(*words: object, folder: Path, **environment: str) -> subprocess.Popen:
    """Start the command line in a process, and group of processes, of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "cutscore", *(str(word) for word in words)],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.fixture(scope="session")
def cutscore():
    return call


@pytest.fixture(scope="session")
def cutscore_started():
    return start


@pytest.fixture(scope="module", autouse=True)
def migrated_before(empty):
    """Stores that commands make in this process are copies of one that was migrated for real."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(init, "create_database", lambda path: shutil.copyfile(empty, path))
        yield


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A working directory that the tests of a module share, with the store they make."""
    folder = tmp_path_factory.mktemp("work")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield folder
