"""`cutscore dashboard`: pages over a whole store."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cutscore.cli.store import StoreOption, address_of, asked

if TYPE_CHECKING:
    from cutscore.dashboard.comparison import Frame
    from cutscore.dashboard.sources import RunSource
    from cutscore.delivery.history import Reign
    from cutscore.report.judged_rows import JudgedRows
    from cutscore.runs.registry import ModelRegistry

_GRACE_SECONDS = 2


def dashboard(
    store: StoreOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for a free one.")
    ] = 5050,
    open_: Annotated[
        bool, typer.Option("--open", help="Open the page in a browser when it is ready.")
    ] = False,
) -> None:
    """Show all runs of a store to filter, compare and look at; nothing can be changed.

    It follows a sweep while it runs. Each view has an address that can be sent to a colleague.
    Ctrl-C ends it.

    Example: cutscore dashboard --open

    Example: cutscore dashboard --store old/mlflow.db --port 5051
    """
    from cutscore.dashboard.app import build
    from cutscore.serving.http_server import IDLE_SECONDS, Server, configured
    from cutscore.serving.listening import bind, site

    source = _source(store)
    with bind(host, port) as listener:
        page = f"{site(host, listener.getsockname()[1])}/"

        def ready() -> None:
            _say(f"the dashboard of {source.title} is ready: {page} (Ctrl-C ends it)")
            if open_ and not webbrowser.open(page):
                _say("no browser could be opened; open the page yourself")

        app = build(source, _history, _judge, host)
        config = configured(
            app, timeout_keep_alive=IDLE_SECONDS, timeout_graceful_shutdown=_GRACE_SECONDS
        )
        server = Server(config)
        server.ready = ready
        server.run([listener])


def _history(registry: ModelRegistry, name: str, alias: str) -> Sequence[Reign]:
    """Return who had an alias; what that needs takes a second to load, so not before."""
    from cutscore.delivery.history import history

    return history(registry, name, alias)


def _judge(frame: Frame, document: dict[str, Any]) -> JudgedRows:
    """Return rows as a run decided them; loaded late, too."""
    from cutscore.delivery.judged_run import judged_rows

    return judged_rows(frame, document)


def _source(store: str | None) -> RunSource:
    """Return the store that is named, or the default one, opened once to see that it can be read.

    Raises
    ------
    RequestError
        If there is none, or it cannot be read.
    """
    from cutscore.care.places import local_store
    from cutscore.dashboard.sources import DatabaseSource, FolderSource
    from cutscore.runs.addresses import sqlite_path

    store, setting = asked(store, "--store")
    place = local_store(store, setting) if store else None
    if place is not None and place.is_dir():
        return FolderSource(place)
    path = place or sqlite_path(address_of(store, setting).uri)
    if path is None:
        from cutscore.cli.viewing import run_store
        from cutscore.dashboard.sources import PortSource

        return PortSource(run_store(store))
    source = DatabaseSource(path, setting)
    source.connection()
    source.close()
    return source


def _say(line: str) -> None:
    print(f"cutscore: {line}", file=sys.stderr, flush=True)
