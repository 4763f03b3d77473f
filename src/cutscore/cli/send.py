"""`cutscore runs send`: records that a store did not take, sent when it is back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cutscore.cli.store import StoreOption

FoldersArgument = Annotated[
    list[Path], typer.Argument(help="Folders of unsent records, or folders that hold such.")
]


def send(folders: FoldersArgument, store: StoreOption = None) -> None:
    """Send records that were saved because their store went away.

    A record that has been sent may be sent again: nothing is written twice. The folder stays.

    Example: cutscore runs send outputs/2026-11-20/09-30-00-123456/unsent
    """
    from cutscore.cli.viewing import run_store
    from cutscore.report.redact import redact
    from cutscore.runs.lookups import unsent_records

    records = [record for folder in folders for record in unsent_records(folder)]
    kept = run_store(store)
    for record in records:
        name, needed = kept.send(record)
        said = f"sent to {redact(kept.uri)}" if needed else "the store has it complete already"
        print(f"{name}: {said}")
