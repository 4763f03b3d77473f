"""`cutscore runs send`: records that a store did not take, sent when it is back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cutscore.cli.store import StoreOption, address_of

FoldersArgument = Annotated[
    list[Path], typer.Argument(help="Folders of unsent records, or folders that hold such.")
]


def send(folders: FoldersArgument, store: StoreOption = None) -> None:
    """Send records that were saved because their store went away.

    A record that has been sent may be sent again: nothing is written twice. The folder stays.

    Example: cutscore runs send outputs/2026-11-20/09-30-00-123456/unsent
    """
    from cutscore.report.redact import redact
    from cutscore.runs.client import open_client
    from cutscore.runs.init import check_store
    from cutscore.runs.unsent import send_record, unsent_records

    records = [record for folder in folders for record in unsent_records(folder)]
    uri = address_of(store).uri
    check_store(uri)
    client = open_client(uri)
    for record in records:
        name, needed = send_record(client, record)
        said = f"sent to {redact(uri)}" if needed else "the store has it complete already"
        print(f"{name}: {said}")
