"""`cutscore ui`: MLflow's pages, opened where the runs are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import webbrowser
from typing import TYPE_CHECKING, Annotated
from urllib.request import ProxyHandler, build_opener

import typer

from cutscore.cli.store import StoreOption, address_of
from cutscore.cli.viewing import run_store
from cutscore.errors import Fault, RequestError, StoreError
from cutscore.report.redact import redact
from cutscore.serving.listening import bind, site

if TYPE_CHECKING:
    from cutscore.runs.port import RunStore

TRAINING = "workflowType=machine_learning"
"""Without it MLflow's pages begin with traces of language models."""

_PAUSE = 0.2
_ANSWER_SECONDS = 5.0


def ui(
    store: StoreOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 5000,
    experiment: Annotated[
        str | None, typer.Option(help="The MLflow experiment to begin with; else the newest run's.")
    ] = None,
    open_: Annotated[
        bool, typer.Option("--open", help="Open the page in a browser when it is ready.")
    ] = False,
) -> None:
    """Show MLflow's web pages on the store, training runs first; Ctrl-C ends them.

    Example: cutscore ui --port 5001 --open
    """
    kept = run_store(store)
    if kept.uri.startswith("http"):
        problem = f"{redact(kept.uri)} is a server: it has pages of its own."
        raise RequestError(Fault("--store", problem, "Open it in a browser."))
    bind(host, port).close()  # another server's page would be taken for this one
    here = site(host, port)
    words = [sys.executable, "-m", "mlflow", "ui", "--host", host, "--port", str(port)]
    words += ["--workers", "1"]
    _say(f"starting MLflow's pages on {here} (Ctrl-C ends them)")
    with subprocess.Popen(words, env=_environment(kept.uri)) as server:
        signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        try:
            page = f"{here}/#/experiments{_runs_of(kept, experiment)}?{TRAINING}"
            if _answers(f"{here}/health", server):
                _say(f"the page is ready: {page}")
                if open_ and not webbrowser.open(page):
                    _say("no browser could be opened; open the page yourself")
            code = server.wait()
        except KeyboardInterrupt:
            return  # MLflow has had the signal too
        finally:
            server.terminate()  # does nothing to one that has ended
    if code > 0:
        raise StoreError(f"MLflow's server ended with exit code {code}; see above.")


def _environment(uri: str) -> dict[str, str]:
    """Return what MLflow's server is told; among its words all users would see a password."""
    artifacts = address_of(uri).artifacts
    return {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # Its job queues, for which nothing here has a use, would be seven processes more.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        **os.environ,
        "MLFLOW_BACKEND_STORE_URI": uri,
        **({"MLFLOW_DEFAULT_ARTIFACT_ROOT": artifacts} if artifacts else {}),
    }


def _runs_of(store: RunStore, experiment: str | None) -> str:
    """Return where the pages show the runs of an experiment, '' if there are none."""
    newest = store.find(experiment, limit=1)
    return f"/{newest[0].experiment_id}/runs" if newest else ""


def _answers(address: str, server: subprocess.Popen[bytes]) -> bool:
    """Wait until the server answers; False if it ends before that."""
    opener = build_opener(ProxyHandler({}))  # it is on this machine
    while server.poll() is None:
        try:
            with opener.open(address, timeout=_ANSWER_SECONDS):
                return True
        except OSError:
            time.sleep(_PAUSE)
    return False


def _say(line: str) -> None:
    print(f"cutscore: {line}", file=sys.stderr, flush=True)
