"""`cutscore predict`: a kept model on a table of any length."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from cutscore.cli.store import StoreOption
from cutscore.errors import CutscoreError, RequestError

TERMINATED = 128 + signal.SIGTERM


def predict(
    model: Annotated[
        str,
        typer.Argument(
            help="An alias (champion), a version (credit/3), a run, or a folder with a kept model.",
        ),
    ],
    rows: Annotated[
        str,
        typer.Argument(
            help="A CSV or TSV (also packed) or Parquet file, a folder or a pattern; for a model "
            "of several tables a folder with a file for each.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="A file that ends in .parquet or .csv; or a folder, which gets a part for each "
            "file of rows.",
            show_default=False,
        ),
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            help="How the file is made up, as in `cutscore run`: data.delimiter=';' "
            "data.encoding=cp1252 data.skip_lines=2 data.header=false data.where='age >= 18'. Of a "
            "folder of tables also data.apply=FILE (the applicants', where it is not called as in "
            "training), data.cache, data.memory_limit.",
            show_default=False,
        ),
    ] = None,
    id_: Annotated[
        str | None, typer.Option("--id", help="Column of ids [that of training].")
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="Refuse values outside the range of training, and new categories."
        ),
    ] = False,
    ignore_unknown: Annotated[
        bool, typer.Option("--ignore-unknown", help="Pass over columns that training did not have.")
    ] = False,
    expected_cost: Annotated[
        bool, typer.Option("--expected-cost", help="Say what each decision costs on average.")
    ] = False,
    reasons: Annotated[
        int, typer.Option(min=0, help="Say which columns speak most against a row: how many.")
    ] = 0,
    reasons_for: Annotated[
        Literal["flagged", "all"], typer.Option(help="Which rows get reasons.")
    ] = "flagged",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    store: StoreOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Score and decide the rows of a table, in batches: any length fits into the same memory.

    The table holds the columns of training, by name, in any order; target and id may be there.
    Everything is checked before anything is final, and written under a temporary name first. With
    a folder as --out, the same command goes on after an interruption, and makes only parts whose
    input has changed. Exit codes: 0 done, 1 not written, 2 the rows or the request are wrong.

    A folder of tables becomes features by the SQL of training, kept in outputs/cache/data; tables
    that are optional may be absent.

    Examples: cutscore predict champion applications.csv --out scores.csv

    cutscore predict champion applications/ --out scores/ --expected-cost --reasons 4

    cutscore predict champion home-credit/ data.apply=application_test --out scores.parquet
    """
    from cutscore.batch.predicting import PredictOptions
    from cutscore.batch.predicting import predict as scored
    from cutscore.cli.predict_text import print_summary, summary_json
    from cutscore.cli.viewing import progress_bar
    from cutscore.delivery.finding import load
    from cutscore.delivery.row_settings import row_settings

    options = PredictOptions(
        settings=row_settings(overrides or []),
        strict=strict,
        ignore_unknown=ignore_unknown,
        expected_cost=expected_cost,
        reasons=reasons,
        reasons_for=reasons_for,
        id_column=id_,
    )
    scorer = load(model, store=store)
    try:
        with _stoppable() as look, progress_bar("Scoring rows") as show:

            def advance(done: int, total: int | None) -> None:
                look()
                show(done, total)

            summary = scored(
                scorer, Path(rows).expanduser(), out, options, overwrite=overwrite, advance=advance
            )
    except RequestError:
        raise
    except (KeyboardInterrupt, SystemExit, CutscoreError):
        _say_what_is_kept(out)
        raise
    if as_json:
        print(json.dumps(summary_json(scorer, summary), indent=2, allow_nan=False))
    else:
        print_summary(scorer, summary)


@contextmanager
def _stoppable() -> Iterator[Callable[[], None]]:
    """Let SIGINT and SIGTERM end the work between two batches; yield what looks for them.

    Raised anywhere, an exception may end up in a library's callback, and as that library's error. A
    second signal acts at once.
    """
    met: list[int] = []
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, _: object) -> None:
        met.append(number)
        signal.signal(number, before[signal.Signals(number)])

    def look() -> None:
        if signal.SIGTERM in met:
            sys.exit(TERMINATED)
        if met:
            raise KeyboardInterrupt

    for each in before:
        signal.signal(each, note)
    try:
        yield look
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _say_what_is_kept(out: Path) -> None:
    from cutscore.batch.outputs import beside

    staging = beside(out, "partial")
    if staging.is_dir():
        line = "parts that were finished are kept; the same command goes on from there."
        print(f"cutscore: {line}", file=sys.stderr)
