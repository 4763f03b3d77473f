"""Real servers for tests and stress scripts: PostgreSQL, MLflow's own, a store like S3.

Each is a process of its own on a free port, in a folder that is removed at the end. `kill` takes a
server away as a crash would, and `start` brings it back at the same address with what it held.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

START_SECONDS = 180.0  # on a machine that does much else
STOP_SECONDS = 15.0
USER = "cutscore"
PASSWORD = "hunter2"  # any is accepted; tests look for it where it must not stand
_DEBIAN = Path("/usr/lib/postgresql")
_FAST = {
    # Nothing here has to survive a power cut; what was committed does survive `kill`.
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}


class ServerMissing(Exception):  # noqa: N818 - a reason to skip, not a defect
    """The programs of a server are not installed here."""


class Server:
    """A process that listens on a port of this machine, and can be taken away and brought back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.log = folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """Return the words that start the server."""
        raise NotImplementedError

    def ready(self) -> bool:
        """Return whether it answers."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """Return the environment it is started in."""
        return dict(os.environ)

    def user(self) -> str | None:
        """Return the user it must run as, None for this one."""
        return None

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env=self.environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
                **_as_user(self.user()),
            )
        end = time.monotonic() + START_SECONDS
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > end:
                self.kill()
                raise RuntimeError(f"the server did not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it and its children at once, as a crash would."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        _signal_group(self.process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_SECONDS)
        _signal_group(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)
        self.process = None


class Postgres(Server):
    """A PostgreSQL cluster of its own; `url(name)` is the address of a database.

    `settings` are of postgresql.conf.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] = _FAST) -> None:
        super().__init__(folder)
        self.settings = settings
        self.programs = postgresql_programs()
        data = folder / "data"
        words = ["--no-sync", "-E", "UTF8", "--locale=C", "-A", "trust", "-U", USER]
        self._run("initdb", "-D", str(data), *words)

    def command(self) -> list[str]:
        settings = {
            **self.settings,
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
        }
        words = [f"--{key}={value}" for key, value in settings.items()]
        return [str(self.programs / "postgres"), "-D", str(self.folder / "data"), *words]

    def ready(self) -> bool:
        words = ["pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return self._run(*words, check=False) == 0

    def user(self) -> str | None:
        # It refuses to run as root; its package brings a user for it.
        return "postgres" if os.geteuid() == 0 else None

    def create(self, name: str) -> str:
        """Make an empty database and return its address."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, name)
        return self.url(name)

    def url(self, name: str) -> str:
        """Return the address of a database, with a password."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def _run(self, program: str, *words: str, check: bool = True) -> int:
        done = subprocess.run(
            [str(self.programs / program), *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            **_as_user(self.user()),
        )
        if check and done.returncode:
            raise RuntimeError(f"{program} failed:\n{done.stdout}{done.stderr}")
        return done.returncode


class MlflowServer(Server):
    """`mlflow server`, which passes artifacts through; `url` is its address.

    `backend` is the database behind it, an SQLite file of its own unless given. A file that
    `cutscore store init` has made spares it the migration.
    """

    def __init__(self, folder: Path, backend: str | None = None, workers: int = 1) -> None:
        super().__init__(folder)
        self.backend = backend or f"sqlite:///{folder / 'mlflow.db'}"
        self.artifacts = folder / "artifacts"
        self.workers = workers
        self.url = f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        words = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
        words += ["--port", str(self.port), "--workers", str(self.workers)]
        words += ["--backend-store-uri", self.backend]
        return [*words, "--artifacts-destination", str(self.artifacts)]

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def environment(self) -> dict[str, str]:
        quiet = {
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            # pytest turns warnings into errors in its own process only; a server may have some.
            "PYTHONWARNINGS": "ignore",
        }
        environment = {**os.environ, **quiet}
        environment.pop("MLFLOW_TRACKING_URI", None)
        return environment


class ObjectStore(Server):
    """A store like S3, moto's; `url` is its address, `bucket` one that is there."""

    bucket = "cutscore-runs"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.url = f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    def ready(self) -> bool:
        request = urllib.request.Request(f"{self.url}/{self.bucket}", method="PUT")
        try:
            with urllib.request.urlopen(request, timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def access(self) -> dict[str, str]:
        """Return the environment of who may use it."""
        return {
            "MLFLOW_S3_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": PASSWORD,
            "AWS_DEFAULT_REGION": "us-east-1",
        }


def postgresql_programs() -> Path:
    """Return the folder of PostgreSQL's programs, the newest version's.

    Raises
    ------
    ServerMissing
        If it is not installed, or its user is not there to run it for root.
    """
    found = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path).resolve())
    if not found:
        raise ServerMissing("PostgreSQL is not installed (apt-get install postgresql)")
    if os.geteuid() == 0:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            raise ServerMissing("PostgreSQL does not run as root; no user postgres") from None
    return found[-1].parent


@contextmanager
def postgresql(settings: Mapping[str, str] = _FAST) -> Iterator[Postgres]:
    """Run PostgreSQL for the length of the context, with settings of postgresql.conf.

    Raises
    ------
    ServerMissing
        If it is not installed.
    """
    postgresql_programs()
    # Not pytest's folder: only root may look into it.
    with tempfile.TemporaryDirectory(prefix="cutscore-pg-", ignore_cleanup_errors=True) as name:
        if os.geteuid() == 0:
            shutil.chown(name, "postgres", "postgres")
        server = Postgres(Path(name), settings)
        with _running(server):
            yield server


@contextmanager
def mlflow_server(
    folder: Path | None = None, backend: str | None = None, workers: int = 1
) -> Iterator[MlflowServer]:
    """Run `mlflow server` for the length of the context, in `folder` or one that is removed."""
    with tempfile.TemporaryDirectory(prefix="cutscore-ml-", ignore_cleanup_errors=True) as name:
        server = MlflowServer(folder or Path(name), backend, workers)
        with _running(server):
            yield server


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """Run a store like S3 for the length of the context."""
    with tempfile.TemporaryDirectory(prefix="cutscore-s3-") as name:
        store = ObjectStore(Path(name))
        with _running(store):
            yield store


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(server: Server) -> Iterator[None]:
    try:
        server.start()
        yield
    finally:
        server.kill()


def _as_user(name: str | None) -> dict[str, object]:
    """Return what has subprocess start a program as another user."""
    if name is None:
        return {}
    entry = pwd.getpwnam(name)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _signal_group(pid: int, number: signal.Signals) -> None:
    """Signal a process and those it started, if any is left."""
    with suppress(ProcessLookupError):
        os.killpg(pid, number)
