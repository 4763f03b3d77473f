"""`cutscore store ...`."""

from __future__ import annotations

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
