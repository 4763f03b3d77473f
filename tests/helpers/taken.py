"""A server that is taken away in the middle of a run."""

from __future__ import annotations

import threading
import time
from pathlib import Path

PATIENCE = 120.0


class Taken(threading.Thread):
    """Takes a server away in mid-run, and brings it back once the run has missed it."""

    def __init__(self, server, *, back):
        super().__init__()
        self.server, self.back = server, back
        self.known = set(Path.cwd().glob("outputs/*/*"))

    def run(self):
        self.wait_for("progress.jsonl", '"done": 0')
        self.server.kill()
        if self.back:
            self.wait_for("run.log", "cross-fitted cost")  # logged after the record was written
            self.server.start()

    def wait_for(self, name, text):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            new = set(Path.cwd().glob("outputs/*/*")) - self.known
            files = [folder / name for folder in new if (folder / name).exists()]
            if any(text in file.read_text() for file in files):
                return
            time.sleep(0.02)
        raise AssertionError(f"{text} was not found in {name}")
