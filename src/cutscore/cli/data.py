"""`cutscore data ...`: data that is made."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from cutscore.errors import Fault, RequestError, listed, nearest

app = typer.Typer(help="Make look-alike data.", no_args_is_help=True)


@app.callback()
def _data() -> None:
    """Make look-alike data."""


@app.command("make")
def make(
    collection: Annotated[str, typer.Argument(help="What to make: home_credit.")],
    out: Annotated[Path, typer.Option(help="Folder for the files; made if need be.")],
    rows: Annotated[int, typer.Option(min=100, help="Applicants with a known target.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same files.")] = 42,
    format: Annotated[  # noqa: A002  # the option's name
        Literal["parquet", "csv"], typer.Option(help="Kind of file.")
    ] = "parquet",
    overwrite: Annotated[bool, typer.Option(help="Replace files of these names.")] = False,
) -> None:
    """Make the tables of a collection: real schema, keys that join, orphans, a planted risk.

    Example: cutscore data make home_credit --rows 20000 --out home_credit
    """
    from cutscore.cli.viewing import progress_bar
    from cutscore.data.synthetic.home_credit import MAKERS
    from cutscore.data.synthetic.writing import there_already, write_tables

    faults = []
    if collection not in MAKERS:
        problem = f'there is nothing called "{collection}" to make.{nearest(collection, MAKERS)}'
        faults.append(Fault("collection", problem, f"Collections: {listed(sorted(MAKERS))}."))
    if out.exists() and not out.is_dir():
        faults.append(Fault("--out", f"{out} is a file.", "Name a folder."))
    elif not overwrite and collection in MAKERS:
        kept = there_already(MAKERS[collection](rows, seed), out, format)
        if kept:
            problem = f"{out} holds {listed(kept)} already."
            faults.append(Fault("--out", problem, "Name another folder, or add --overwrite."))
    if faults:
        raise RequestError(faults)
    maker = MAKERS[collection](rows, seed)
    with progress_bar("Making blocks of applicants") as advance:
        counts = write_tables(maker, out, format, advance)
    for name, count in counts.items():
        print(f"{out / name}.{format}  {count:>12,} rows")
    print(f"Use it: cutscore run data=home_credit data.path={out}", file=sys.stderr)
