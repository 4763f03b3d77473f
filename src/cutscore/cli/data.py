"""`cutscore data ...`: data that is made, and tables that are kept."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cutscore.errors import Fault, RequestError, listed, nearest

if TYPE_CHECKING:
    from cutscore.data.relational.cache import CacheEntry

app = typer.Typer(help="Make look-alike data; see to kept tables.", no_args_is_help=True)
cache_app = typer.Typer(
    help="Feature tables and converted text files that are kept.", no_args_is_help=True
)
app.add_typer(cache_app, name="cache")
CacheOption = Annotated[Path, typer.Option("--cache", help="The folder, as data.cache names it.")]
CACHE = Path("outputs/cache/data")


@app.callback()
def _data() -> None:
    """Make look-alike data; see to kept tables."""


@cache_app.command("list")
def list_cache(cache: CacheOption = CACHE) -> None:
    """List what was made of several tables, the newest first: features, and converted text files.

    Example: cutscore data cache list
    """
    from cutscore.data.relational.cache import entries

    found = entries(cache)
    for entry in found:
        made = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.modified))
        size = f"{entry.size / 1e6:,.1f} MB"
        shape = f"{entry.rows:>11,} x {entry.columns:<5} {size:>12}"
        print(f"{entry.path.stem[:12]}  {made}  {shape}  {entry.source or 'features'}")
    if not found:
        print(f"No tables in {cache}.")


@cache_app.command("size")
def size_of_cache(cache: CacheOption = CACHE) -> None:
    """Tell how much disk the kept tables take.

    Example: cutscore data cache size
    """
    from cutscore.data.relational.cache import entries

    print(_counted(entries(cache)))


@cache_app.command("clear")
def clear_cache(
    names: Annotated[
        list[str] | None, typer.Argument(help="How their names begin, as listed; none: all.")
    ] = None,
    cache: CacheOption = CACHE,
) -> None:
    """Delete kept tables; what needs one makes it again.

    Example: cutscore data cache clear
    """
    from cutscore.data.relational.cache import clear, entries

    found = entries(cache)
    known = [entry.path.stem for entry in found]
    faults = [
        Fault(name, f"no table in {cache} is called so.", "See: cutscore data cache list")
        for name in names or []
        if not any(each.startswith(name) for each in known)
    ]
    if faults:
        raise RequestError(faults)
    chosen = [e for e in found if not names or e.path.stem.startswith(tuple(names))]
    clear(cache, chosen)
    print(f"Deleted {_counted(chosen)}.")


def _counted(found: Sequence[CacheEntry]) -> str:
    """Return how many tables there are of each kind, and their size."""
    converted = sum(bool(each.source) for each in found)
    size = f"{sum(each.size for each in found) / 1e6:,.1f} MB"
    return f"{len(found) - converted:,} feature tables, {converted:,} converted files, {size}"


@app.command("make")
def make(
    collection: Annotated[str, typer.Argument(help="What to make: home_credit, loans_over_time.")],
    out: Annotated[Path, typer.Option(help="Folder for the files; made if need be.")],
    rows: Annotated[int, typer.Option(min=100, help="Rows with a known target.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same files.")] = 42,
    format: Annotated[  # noqa: A002  # the option's name
        Literal["parquet", "csv"], typer.Option(help="Kind of file.")
    ] = "parquet",
    overwrite: Annotated[bool, typer.Option(help="Replace files of these names.")] = False,
    months: Annotated[
        int | None, typer.Option(min=2, max=72, help="Of loans_over_time [24].", show_default=False)
    ] = None,
    drift: Annotated[
        Literal["none", "covariate", "prior", "concept", "pipeline"] | None,
        typer.Option(help="What changes half-way, of loans_over_time [none].", show_default=False),
    ] = None,
) -> None:
    """Make the tables of a collection: real schema, keys that join, orphans, a planted risk.

    Examples: cutscore data make home_credit --rows 20000 --out home_credit

    cutscore data make loans_over_time --months 24 --drift prior --out loans
    """
    from cutscore.cli.viewing import progress_bar
    from cutscore.data.synthetic import home_credit
    from cutscore.data.synthetic.loans_over_time import OVER_TIME, LoansOverTime
    from cutscore.data.synthetic.writing import Maker, there_already, write_tables

    def over_time(rows: int, seed: int) -> LoansOverTime:
        return LoansOverTime(rows, seed, months or 24, drift or "none")

    known: dict[str, Callable[[int, int], Maker]]
    known = {**home_credit.MAKERS, OVER_TIME: over_time}
    faults = []
    if collection != OVER_TIME and (months or drift):
        problem = f"only {OVER_TIME} is made by months."
        faults.append(Fault("--months" if months else "--drift", problem))
    if collection not in known:
        problem = f'there is nothing called "{collection}" to make.{nearest(collection, known)}'
        faults.append(Fault("collection", problem, f"Collections: {listed(sorted(known))}."))
    if out.exists() and not out.is_dir():
        faults.append(Fault("--out", f"{out} is a file.", "Name a folder."))
    elif not overwrite and collection in known:
        kept = there_already(known[collection](rows, seed), out, format)
        if kept:
            problem = f"{out} holds {listed(kept)} already."
            faults.append(Fault("--out", problem, "Name another folder, or add --overwrite."))
    if faults:
        raise RequestError(faults)
    maker = known[collection](rows, seed)
    with progress_bar("Making blocks of rows") as advance:
        counts = write_tables(maker, out, format, advance)
    for name, count in counts.items():
        print(f"{out / name}.{format}  {count:>12,} rows")
    use = f"data=home_credit data.path={out}"
    if collection == OVER_TIME:
        use = f"experiment=over_time data.path={out / 'loans'}.{format}"
    print(f"Use it: cutscore run {use}", file=sys.stderr)
