"""`cutscore serve` as a process of its own, on a free port."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

START_SECONDS = 120.0


class Serving:
    """A service that was started by the command; `lines` are what it has said."""

    def __init__(self, *words: object, folder: Path, **environment: str) -> None:
        command = [sys.executable, "-m", "cutscore", "serve", *map(str, words), "--port", "0"]
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.lines: list[dict] = []
        self.other: list[str] = []
        self._started = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._started.wait(START_SECONDS) or not self.lines:
            self.kill()
            raise RuntimeError(f"the service did not start: {self.other}")
        self.port = urlsplit(self.lines[0]["at"]).port

    def ask(self, method: str, path: str, body=None, media="application/json", **headers: str):
        """Return status and JSON (or text) of one request on a connection of its own."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, data, {"Content-Type": media, **headers})
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        is_json = (answer.getheader("content-type") or "").startswith("application/json")
        return answer.status, json.loads(said) if is_json and said.strip() else said.decode()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end; return its exit code."""
        self.process.send_signal(number)
        code = self.process.wait(60)
        self._reader.join(10)
        return code

    def kill(self) -> None:
        """End it and its workers at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        self._reader.join(10)
        self.process.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def _read(self) -> None:
        for line in self.process.stderr:
            try:
                self.lines.append(json.loads(line))
            except ValueError:
                self.other.append(line)
            else:
                self._started.set()
        self._started.set()
