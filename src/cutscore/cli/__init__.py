"""The command line: parses, wires, prints; computes nothing.

`cutscore run` speaks Hydra's syntax and is dispatched on its first word; everything else is Typer.
Heavy libraries are imported inside the commands, so that help comes at once.
"""

from __future__ import annotations

import io
import logging
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated, cast

import typer

from cutscore import __version__
from cutscore.cli import store_care
from cutscore.cli.cluster import app as cluster_app
from cutscore.cli.dashboard import dashboard
from cutscore.cli.data import app as data_app
from cutscore.cli.deliver import deliver
from cutscore.cli.monitor import monitor
from cutscore.cli.predict import predict
from cutscore.cli.promote import app as models_app
from cutscore.cli.promote import promote
from cutscore.cli.recut import recut
from cutscore.cli.report import report
from cutscore.cli.rerun import rerun
from cutscore.cli.runs import app as runs_app
from cutscore.cli.serve import serve
from cutscore.cli.store import app as store_app
from cutscore.cli.threshold import threshold
from cutscore.cli.ui import ui
from cutscore.errors import CutscoreError, RequestError

FAILED = 1
WRONG_REQUEST = 2
INTERRUPTED = 130
SPIN_COUNT = "1500"
COMPLETION = ("-sc", "--shell-completion")

app = typer.Typer(
    help="Declare a scoring experiment, sweep it, and leave with a cut-off you can defend.",
    epilog="Start with: cutscore run experiment=quickstart",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # lines of a paragraph flow together
)
app.add_typer(runs_app, name="runs")
app.add_typer(store_app, name="store")
app.add_typer(models_app, name="models")
app.add_typer(data_app, name="data")
app.add_typer(cluster_app, name="cluster")
store_app.command("audit")(store_care.audit)
store_app.command("reap")(store_care.reap)
store_app.command("prune")(store_care.prune)
app.command("predict")(predict)
app.command("monitor")(monitor)
app.command("recut")(recut)
app.command("rerun")(rerun)
app.command("promote")(promote)
app.command("threshold")(threshold)
app.command("serve")(serve)
app.command("deliver")(deliver)
app.command("report")(report)
app.command("ui")(ui)
app.command("dashboard")(dashboard)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 some failed, 2 wrong request."""
    # OpenMP threads spin while they wait: long by default, which makes a fit several times slower
    # as soon as anything else uses the cores. Has to be set before a library loads OpenMP.
    os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)
    os.environ["MPLBACKEND"] = "agg"  # pictures are written, not shown; a notebook's says otherwise
    _let_warnings_be_warnings()
    _tell_of_tables()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a glyph too many must not cost a summary
            stream.reconfigure(errors="replace")
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["run"]:
        return _exit_code(lambda: _run(words[1:]))
    if words[:1] and words[0].partition("=")[0] in COMPLETION:
        return _exit_code(lambda: _run(words))  # the completion script leaves the word `run` out
    return _exit_code(lambda: _typer(words))


def _let_warnings_be_warnings() -> None:
    """Show the warnings that PYTHONWARNINGS or -W would make errors: libraries' end every command.

    Warnings that code has made errors (a test's) stay so.
    """

    def tamed(option: str) -> str:
        action, colon, rest = option.partition(":")
        is_error = bool(action.strip()) and "error".startswith(action.strip())
        return f"default{colon}{rest}" if is_error else option

    given = os.environ.get("PYTHONWARNINGS", "")
    os.environ["PYTHONWARNINGS"] = ",".join(map(tamed, given.split(",")))  # for our processes
    options = [tamed(option) for option in sys.warnoptions]
    if options == sys.warnoptions:
        return
    sys.warnoptions[:] = options
    filters = [("default", *rest) if action == "error" else (action, *rest)
               for action, *rest in warnings.filters]  # fmt: skip
    warnings.resetwarnings()  # makes Python look at them anew
    cast("list[object]", warnings.filters).extend(filters)


class _Told(logging.Handler):
    """Prints to what is standard error by then: a spinner may stand in its place."""

    def emit(self, record: logging.LogRecord) -> None:
        print(record.getMessage(), file=sys.stderr)


def _tell_of_tables() -> None:
    """Say which tables are made and which files converted: of large ones that takes minutes."""
    logger = logging.getLogger("cutscore.data")
    logger.setLevel(logging.INFO)
    if not any(isinstance(handler, _Told) for handler in logger.handlers):
        logger.addHandler(_Told())


def _exit_code(command: Callable[[], int]) -> int:
    """Run a command; turn the errors that we raise on purpose into text and an exit code."""
    try:
        code = command()
        sys.stdout.flush()  # at exit nothing would catch that the reader has gone
        return code
    except RequestError as error:
        count = len(error.faults)
        things = "one thing is" if count == 1 else f"{count} things are"
        lines = [f"cutscore: {things} wrong with this request; nothing was done."]
        lines += [f"  {fault}" for fault in error.faults]
        print("\n".join(lines), file=sys.stderr)
        return WRONG_REQUEST
    except CutscoreError as error:
        print(f"cutscore: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output (head, less) has gone
        sys.stderr.close()
        return FAILED


def _run(words: list[str]) -> int:
    if "-h" in words or "--help" in words:
        from cutscore.cli.help import run_help

        print(run_help(words))
        return 0
    if "--version" in words:  # Hydra would tell its own
        print(f"cutscore {__version__}")
        return 0
    from cutscore.cli.run import run

    return run(words)


def _typer(words: list[str]) -> int:
    try:
        _command()(words, prog_name="cutscore")
    except SystemExit as end:  # Typer has said what was wrong, and chosen the exit code
        return end.code if isinstance(end.code, int) else 0
    return 0


@cache
def _command() -> Callable[..., object]:
    """Return what Typer makes of the signatures of all commands, once in a process."""
    return typer.main.get_command(app)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(f"cutscore {__version__}")
        raise typer.Exit


@app.command("run", add_help_option=False)
def _run_in_help() -> None:
    """Run one experiment, or a sweep with -m (see `cutscore run --help`)."""
