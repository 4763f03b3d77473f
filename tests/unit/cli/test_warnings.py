"""Warnings that the environment makes errors do not end commands."""

import subprocess
import sys

WARN = """
import os, sys, warnings
from cutscore.cli import main
main(["run", "--version"])
for category in (DeprecationWarning, UserWarning, ResourceWarning):
    warnings.warn("old", category)
print(sys.warnoptions, os.environ["PYTHONWARNINGS"])
"""


def test_a_warning_is_shown_and_ends_nothing(monkeypatch):
    monkeypatch.setenv("PYTHONWARNINGS", "error,ignore::ResourceWarning")
    words = [sys.executable, "-W", "error::UserWarning", "-c", WARN]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "DeprecationWarning: old" in done.stderr
    assert "UserWarning: old" in done.stderr
    assert "ResourceWarning" not in done.stderr
    assert "error" not in done.stdout
    assert done.stdout.rstrip().endswith("default,ignore::ResourceWarning")
