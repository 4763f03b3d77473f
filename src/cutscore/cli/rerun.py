"""`cutscore rerun`: logged runs again, and whether the figures are equal."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from cutscore.cli.options import ConfigDirOption
from cutscore.cli.store import StoreOption


def rerun(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN_ID]... [OVERRIDES]...",
            help="Runs by id, beginning of an id or name, and settings to change: data.path=..., "
            "threads=2, hydra/launcher=joblib",
        ),
    ] = None,
    top: Annotated[int | None, typer.Option(help="The best N finished runs instead.")] = None,
    by: Annotated[str | None, typer.Option(help="The metric that --top goes by.")] = None,
    experiment: Annotated[
        str | None, typer.Option(help="The MLflow experiment that --top chooses from.")
    ] = None,
    sweep: Annotated[
        str | None, typer.Option(help="All complete runs of this sweep or search instead.")
    ] = None,
    store: StoreOption = None,
    config_dir: ConfigDirOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Make logged runs again and set every figure beside the old one.

    A run is composed from its own stored config, whatever conf/ says today. The new runs stand in
    the same store and name the old ones (tag cutscore.rerun_of). Figures are equal (bit for bit),
    within tolerance (1e-9 of their size) or different; time and memory are left out. Files that an
    old run lacks are copied to it if the out-of-fold scores are equal. Exit code 1 if anything is
    different.

    Example: cutscore rerun 3f9a2c threads=2

    Example: cutscore rerun --top 10 --by auc --experiment quickstart
    hydra/launcher=joblib
    """
    from cutscore.cli.console import messages, output
    from cutscore.cli.rerun_text import as_plain, print_reruns
    from cutscore.cli.viewing import run_store
    from cutscore.config.compose import Composer
    from cutscore.config.layers import find_layers
    from cutscore.config.overrides import looks_like_override
    from cutscore.rerun.choosing import RunSelection
    from cutscore.rerun.rerunning import rerun as make_again

    runs = tuple(word for word in words or () if not looks_like_override(word))
    overrides = [word for word in words or () if looks_like_override(word)]
    stderr = messages()
    outcome = make_again(
        run_store(store),
        RunSelection(runs, top, by, experiment, sweep),
        overrides,
        Composer(find_layers(config_dir)),
        stderr,
    )
    if as_json:
        print(json.dumps(as_plain(outcome), indent=2))
    else:
        print_reruns(outcome, output())
    if not outcome.holds:
        raise typer.Exit(1)
