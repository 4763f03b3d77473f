"""`cutscore run`: Hydra's flags, one experiment or a sweep, and the words at the end."""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Sequence
from contextlib import redirect_stdout

from hydra._internal.utils import get_args_parser
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from cutscore.cli.console import messages, output
from cutscore.config.compose import Composer, explain
from cutscore.config.layers import Layers, find_layers
from cutscore.config.overrides import texts_of
from cutscore.errors import Fault, RequestError, nearest
from cutscore.report.redact import redact
from cutscore.sweep.cells import SweepRequest, plan_request

FLAGS = (
    "--help",
    "--hydra-help",
    "--version",
    "--cfg",
    "--resolve",
    "--package",
    "--run",
    "--multirun",
    "--shell-completion",
    "--config-name",
    "--config-dir",
    "--info",
    "--resume",
    "--fresh",
)


def run(words: Sequence[str]) -> int:
    """Run what the words ask for and return the exit code."""
    args = _parse(words)
    layers = find_layers(args.config_dir)
    composer = Composer(layers, args.config_name or "config")
    if args.hydra_help or args.cfg or args.info or args.shell_completion:
        return _inspect(composer, args)
    return _execute(composer, layers, args)


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser: argparse.ArgumentParser = get_args_parser()
    parser.allow_abbrev = False
    parser.exit_on_error = False
    # Ours, not Hydra's: its launchers and child processes never see them.
    parser.add_argument("--resume", dest="resume", action="store_true", default=None)
    parser.add_argument("--fresh", dest="resume", action="store_false", default=None)
    try:
        args, unknown = parser.parse_known_intermixed_args(list(words))  # flags stand anywhere
    except argparse.ArgumentError as error:
        name = str(error.argument_name)
        raise RequestError(Fault(name, f"{error.message}.", "See cutscore run --help.")) from error
    flags = [word for word in [*unknown, *args.overrides] if word.startswith("-")]
    if flags:
        faults = [
            Fault(flag, f"there is no such flag.{nearest(flag, FLAGS)}", "See cutscore run --help.")
            for flag in flags
        ]
        raise RequestError(faults)
    if args.config_path or args.experimental_rerun:
        flag = "--config-path" if args.config_path else "--experimental-rerun"
        remedy = "Use --config-dir." if args.config_path else "Run the run's own overrides again."
        raise RequestError(Fault(flag, "this flag of Hydra's is not supported.", remedy))
    return args


def _inspect(composer: Composer, args: argparse.Namespace) -> int:
    """Answer the flags that only look at configs, with Hydra's own code."""
    hydra, primary = composer.hydra, composer.primary
    if args.shell_completion:
        from cutscore.cli.completion import completion

        completion(hydra, primary, args.overrides)
        return 0
    checked, faults = composer.check(args.overrides)
    if faults:
        raise RequestError(faults)
    overrides = texts_of(checked)
    flag = "--cfg" if args.cfg else "--info"
    problem = f"{flag} shows one config, and this names several."
    several = [one for one in checked if len(one.swept) > 1 and not args.hydra_help]
    if several:
        raise RequestError(
            [Fault(one.key, problem, f"Give one value, such as {one.swept[0]}.") for one in several]
        )
    said = io.StringIO()  # it is shown without passwords
    try:
        with redirect_stdout(said):
            if args.hydra_help:
                hydra.hydra_help(config_name=primary, args_parser=get_args_parser(), args=args)
            elif args.info:
                hydra.show_info(args.info, config_name=primary, overrides=overrides)
            else:
                hydra.show_cfg(primary, overrides, args.cfg, args.package, args.resolve)
    except (HydraException, OmegaConfBaseException) as error:
        raise RequestError(explain(error)) from error
    print(redact(said.getvalue()), end="")
    return 0


def _resumes(request: SweepRequest, args: argparse.Namespace) -> bool:
    """Return whether cells that stand in the store are skipped: for named experiments by default.

    Raises
    ------
    RequestError
        If one is asked for where there is no sweep.
    """
    searches = any(cell.plan.search is not None for cell in request.cells)
    if args.resume and not request.multirun and not searches:
        remedy = "Leave --resume out, or add -m and several values."
        raise RequestError(Fault("--resume", "this request is one run, no sweep.", remedy))
    if args.resume is not None:
        return bool(args.resume)
    return request.named


def _execute(composer: Composer, layers: Layers, args: argparse.Namespace) -> int:
    """Check the whole request, then run it and say how it went."""
    start = time.monotonic()
    stderr = messages()
    replaced = layers.replaced()
    if replaced:
        stderr.print(f"Packaged options replaced by local ones: {', '.join(replaced)}")
    request = plan_request(composer, args.overrides, multirun=args.multirun)
    from cutscore.sweep.launch import launch  # imports what experiments need

    outcome = launch(composer, request, stderr, resume=_resumes(request, args))
    from cutscore.cli.summary import print_summary

    print_summary(outcome, output(), stderr, time.monotonic() - start)
    return 1 if outcome.failed else 0
