"""`cutscore store ...`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from cutscore.cli.store_merge import diff, merge
from cutscore.errors import Fault, RequestError, blaming

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
    from cutscore.runs.settings import SETTING

    address, setting = address_of(store), asked(store, "--store")[1]
    with blaming(setting, SETTING):
        made = init_store(address.uri, address.artifacts, experiment)
    print(f"The store is ready: {redact(made.uri)}, experiment {made.experiment!r}")


def asked(store: str | None, setting: str) -> tuple[str | None, str]:
    """Return the store that a command is about, None for the default one, and what names it.

    `setting` is what the command calls it; the environment variable counts where it is not given.
    """
    from cutscore.runs.settings import ENVIRONMENT

    told = None if store else os.environ.get(ENVIRONMENT)
    return (told, ENVIRONMENT) if told else (store, setting)


def address_of(store: str | None, setting: str = "--store") -> Address:
    """Return the address that `setting` or the environment names, or the default one.

    Raises
    ------
    RequestError
        If it is none that MLflow can keep runs at.
    """
    from cutscore.runs.settings import ENVIRONMENT, UNSET, TrackingSettings

    try:
        return TrackingSettings(uri=store or None).address()
    except ValueError as error:
        remedy = UNSET if setting == ENVIRONMENT else ""
        raise RequestError(Fault(setting, f"{error}.", remedy)) from error
