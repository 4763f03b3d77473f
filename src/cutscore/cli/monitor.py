"""`cutscore monitor`: later rows or decisions, held against what training promised."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from cutscore.cli.runs import JsonOption
from cutscore.cli.store import StoreOption
from cutscore.errors import Fault, RequestError

ALARM = 1


def monitor(
    model: Annotated[
        str, typer.Argument(help="An alias, a version, a run, or a folder with a kept model.")
    ],
    rows: Annotated[
        list[str],
        typer.Argument(
            metavar="ROWS...",
            help="CSV, TSV or Parquet files, folders or patterns; or the decision log of "
            "`cutscore serve`; of a model of several tables a folder with a file for each. "
            "Settings such as data.delimiter=';' may stand among them.",
        ),
    ],
    period: Annotated[
        str | None,
        typer.Option(help="day, week, month, or a column whose values are the periods [one]."),
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="Column of dates [data.time of training; a log's own].")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="A file of true classes by id; they may be few.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Column of true classes, of --labels or of the rows.")
    ] = None,
    id_: Annotated[
        str | None, typer.Option("--id", help="Column of ids [that of training].")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for tables, pictures and page.")] = None,
    limits: Annotated[str, typer.Option(help="An option of conf/monitor.")] = "default",
    record: Annotated[
        bool, typer.Option(help="Keep it as a run of the experiment `monitoring`.")
    ] = True,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether later rows are still those that the model was made for, and what to do.

    Without labels: which columns, scores and decisions have moved by more than chance, and what the
    rows would cost. With labels: ranking, calibration, cost, and whether the threshold is still the
    right one. Exit codes: 0 no alarm, 1 an alarm, 2 the rows or the request are wrong.

    Examples: cutscore monitor champion applications.parquet --period month

    cutscore monitor champion decisions/ --labels defaults.csv --target bad --id loan
    """
    from cutscore.cli.monitor_text import print_monitored
    from cutscore.cli.viewing import progress_bar
    from cutscore.config.options import read_option
    from cutscore.delivery.finding import load
    from cutscore.delivery.row_settings import row_settings
    from cutscore.monitoring.limits import GROUP, MonitorLimits
    from cutscore.monitoring.monitor import MonitorRequest
    from cutscore.monitoring.monitor import monitor as look
    from cutscore.monitoring.record import document
    from cutscore.monitoring.recording import record as keep
    from cutscore.monitoring.recording import write_files

    settings = [word for word in rows if word.startswith("data.") and "=" in word]
    paths = [Path(word).expanduser() for word in rows if word not in settings]
    if not paths:
        raise RequestError(Fault("ROWS", "name a file, a folder or a pattern."))
    request = MonitorRequest(
        rows=paths,
        period=period,
        time=time,
        labels=labels,
        target=target,
        id_column=id_,
        settings=row_settings(settings),
        limits=read_option(GROUP, limits, MonitorLimits, "--limits"),
    )
    scorer = load(model, store=store)
    with progress_bar("Reading rows") as show:
        done = 0

        def advance(number: int) -> None:
            nonlocal done
            done += number
            show(done, None)

        found = look(scorer, request, advance)
    if out is not None:
        write_files(found, out)
    run_id = keep(found, store) if record else ""
    if as_json:
        print(json.dumps({"run_id": run_id or None, **document(found)}, indent=1, allow_nan=False))
    else:
        print_monitored(found, run_id, out)
    if found.alarms:
        raise typer.Exit(ALARM)
