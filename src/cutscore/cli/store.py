"""`cutscore store ...` and `cutscore ui`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cutscore.cli.store_merge import diff, merge
from cutscore.errors import Fault, RequestError

if TYPE_CHECKING:
    from cutscore.runs.settings import Address

StoreOption = Annotated[
    str | None,
    typer.Option("--store", help="The store: an address or a .db file. [mlruns/mlflow.db]"),
]

app = typer.Typer(help="Care for stores.", no_args_is_help=True)
app.command("merge")(merge)
app.command("diff")(diff)


@app.callback()
def _store() -> None:
    """Care for stores."""


@app.command("init")
def init(
    store: StoreOption = None,
    experiment: Annotated[str, typer.Option(help="MLflow experiment to make in it.")] = "cutscore",
) -> None:
    """Make the store and an experiment in it, once and under a lock.

    Example: cutscore store init --experiment credit_scoring
    """
    from cutscore.report.redact import redact
    from cutscore.runs.init import init_store

    address = address_of(store)
    made = init_store(address.uri, address.artifacts, experiment)
    print(f"The store is ready: {redact(made.uri)}, experiment {made.experiment!r}")


def ui(
    store: StoreOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 5000,
) -> None:
    """Open MLflow's web pages on the store; Ctrl-C ends them.

    Example: cutscore ui --port 5001
    """
    from cutscore.runs.init import check_store

    address = address_of(store)
    if address.uri.startswith(("http://", "https://")):
        problem = f"{address.uri} is a server: it has pages of its own."
        raise RequestError(Fault("--store", problem, "Open it in a browser."))
    check_store(address.uri)
    print(f"MLflow's pages on http://{host}:{port} (Ctrl-C ends them)", file=sys.stderr, flush=True)
    words = [sys.executable, "-m", "mlflow", "ui", "--host", host, "--port", str(port)]
    words += ["--backend-store-uri", address.uri, "--workers", "1"]
    if address.artifacts:
        words += ["--default-artifact-root", address.artifacts]
    # Its job queues, for which nothing here has a use, would be seven processes more.
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    os.execve(sys.executable, words, {**quiet, **os.environ})


def address_of(store: str | None) -> Address:
    """Return the address that `--store` names, or the default one.

    Raises
    ------
    RequestError
        If it is none that MLflow can keep runs at.
    """
    from cutscore.runs.settings import TrackingSettings

    try:
        return TrackingSettings(uri=store).address()
    except ValueError as error:
        raise RequestError(Fault("--store", f"{error}.")) from error
