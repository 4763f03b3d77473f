"""From the words of a command to a store that is read for care."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cutscore.cli.console import messages
from cutscore.cli.store import address_of, asked
from cutscore.errors import Fault, RequestError, blaming

if TYPE_CHECKING:
    from cutscore.care.view import View
    from cutscore.runs.port import RunStore

SETTING = "STORE"

StoreArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[STORE]",
        help="A .db file, an address, or a folder with mlflow.db or MLflow's old files. "
        "[mlruns/mlflow.db]",
        show_default=False,
    ),
]
ArtifactsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--artifacts",
        help="A folder elsewhere whose files belong to the store too (can be repeated).",
    ),
]


def view_of(
    store: str | None, artifacts: Sequence[Path] | None = None, setting: str = SETTING
) -> View:
    """Read the store that is named, or the default one; nothing is made or changed.

    `setting` is what the command calls the store, for messages.

    Raises
    ------
    RequestError
        If there is none, or it cannot be read.
    """
    from cutscore.care.places import local_store
    from cutscore.care.view import view_client, view_database, view_folder
    from cutscore.runs.addresses import sqlite_path
    from cutscore.runs.settings import SETTING as URI

    extra = _folders(artifacts)
    store, setting = asked(store, setting)
    place = local_store(store, setting) if store else None
    if place is not None:
        view = view_folder if place.is_dir() else view_database
        return view(place, extra, setting)
    address = address_of(store, setting)
    path = sqlite_path(address.uri)
    if path is not None:
        return view_database(path, extra, setting)
    with blaming(setting, URI):
        return view_client(address.uri, extra, setting)


def run_store(store: str | None, setting: str = "--store") -> RunStore:
    """Open a store that is there; `setting` is what the command calls it, for messages.

    Raises
    ------
    RequestError
        If there is none, or it cannot be written, or its schema is not the installed MLflow's.
    """
    from cutscore.care.places import USUAL_NAME, local_store
    from cutscore.runs.opening import open_existing
    from cutscore.runs.settings import SETTING as URI

    store, setting = asked(store, setting)
    place = local_store(store, setting) if store else None
    if place is not None and place.is_dir():
        problem = f"{place} is a file store, which MLflow no longer writes to."
        remedy = f"Merge it into a database: cutscore store merge {place} --into mlruns/mlflow.db."
        raise RequestError(Fault(setting, problem, remedy))
    if place is not None and place.name == USUAL_NAME:
        store = str(place)
    uri = address_of(store, setting).uri
    with blaming(setting, URI):
        return open_existing(uri)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show a bar on a terminal's stderr while something long goes on; elsewhere show nothing."""
    from rich.progress import Progress

    console = messages()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _folders(artifacts: Sequence[Path] | None) -> list[Path]:
    faults = [
        Fault("--artifacts", f"there is no folder {folder}.", "Name a folder that exists.")
        for folder in artifacts or ()
        if not folder.is_dir()
    ]
    if faults:
        raise RequestError(faults)
    return [folder.absolute() for folder in artifacts or ()]
