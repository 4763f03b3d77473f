"""`cutscore serve`: a kept model answers over HTTP."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from cutscore.cli.store import StoreOption
from cutscore.errors import Fault, RequestError

TOKEN = "CUTSCORE_TOKEN"


def serve(
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help="An alias, version, run, or folder with a model."),
    ],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for a free one.")
    ] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share it.")] = 1,
    store: StoreOption = None,
    log: Annotated[
        Path | None, typer.Option(help="Folder for every decision, as Parquet files.")
    ] = None,
    log_inputs: Annotated[
        bool, typer.Option("--log-inputs", help="Write the rows to the log, too.")
    ] = False,
    token: Annotated[
        bool,
        typer.Option("--token", help=f"Insist on the token in the environment ({TOKEN})."),
    ] = False,
    follow: Annotated[
        float, typer.Option(min=0, help="Seconds between looks for a new version; 0 for never.")
    ] = 5.0,
    max_rows: Annotated[int, typer.Option(min=1, help="Most rows of a request.")] = 10_000,
    max_mb: Annotated[
        float, typer.Option(min=0.001, max=1000, help="Largest request in MB, unpacked.")
    ] = 32.0,
    timeout: Annotated[
        float, typer.Option(min=0.1, max=3600, help="Seconds a request may take.")
    ] = 30.0,
    access_log: Annotated[
        bool, typer.Option("--access-log/--no-access-log", help="Write a line per request.")
    ] = True,
) -> None:
    """Answer over HTTP: decisions at /decide, the model at /model; Ctrl-C ends it.

    With CUTSCORE_TOKEN in the environment, callers must send it as `Authorization: Bearer TOKEN`.

    Examples:

    cutscore serve credit@champion --workers 2 --log decisions

    curl -H 'Content-Type: application/json' -d '{"rows": [...]}' localhost:8000/decide
    """
    known = _token(token)
    if log_inputs and log is None:
        problem = "there is no decision log to write inputs to."
        raise RequestError(Fault("--log-inputs", problem, "Give --log FOLDER too."))
    from cutscore.serving.server import serve as start
    from cutscore.serving.settings import MEGABYTE, ServeSettings

    start(
        ServeSettings(
            model=model, store=store, host=host, port=port, workers=workers, token=known,
            log=log, log_inputs=log_inputs, max_rows=max_rows, max_bytes=int(max_mb * MEGABYTE),
            timeout=timeout, follow=follow, access_log=access_log,
        )
    )  # fmt: skip


def _token(needed: bool) -> str | None:
    """Return the token; refuse one that lets everybody in unseen."""
    found = os.environ.get(TOKEN)
    if found is None:
        if needed:
            remedy = f"Set it, for instance {TOKEN}=$(openssl rand -hex 32)."
            raise RequestError(Fault("--token", f"{TOKEN} is not in the environment.", remedy))
        return None
    if not found.strip() or not found.isascii() or found != found.strip():
        problem = "a text of visible ASCII characters is needed."
        raise RequestError(Fault(TOKEN, problem, "Set another, or unset it to let everybody in."))
    return found
