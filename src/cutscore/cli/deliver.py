"""`cutscore deliver`: a run's model fitted on all rows, with all that is handed over with it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from cutscore.cli.options import ConfigDirOption
from cutscore.cli.store import StoreOption


def deliver(
    run: Annotated[str, typer.Argument(help="A run: its id, the beginning of it, or its name.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="Settings to change: data.path=..., data.apply=..., threads=2"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to copy what is delivered to, too.")
    ] = None,
    store: StoreOption = None,
    config_dir: ConfigDirOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Make a run's final delivery: the model fitted on all rows, its predictions, its card.

    The run is made again from its stored config, as a new run called final_NAME, and compared with
    the old one: exit code 1 if its scores differ. The new run has the whole record and, besides,
    the kept model, train_predictions.csv (out-of-fold), submission.csv (of the unlabelled rows of
    data.apply), reasons.csv and pictures of what each column adds to scores, and the model card.

    Example: cutscore deliver exp03_cv_domain_none

    Example: cutscore deliver exp03_cv_domain_none data.apply=application_test.csv --out delivery
    """
    from cutscore.cli.console import messages, output
    from cutscore.cli.deliver_text import as_plain, print_delivery
    from cutscore.cli.viewing import run_store
    from cutscore.config.compose import Composer
    from cutscore.config.layers import find_layers
    from cutscore.delivery.delivering import deliver as make

    delivered = make(
        run_store(store), run, overrides or [], Composer(find_layers(config_dir)), messages(), out
    )
    if as_json:
        print(json.dumps(as_plain(delivered), indent=2))
    else:
        print_delivery(delivered, output())
    if not delivered.made.holds:
        if delivered.detail is not None:
            print("cutscore: the delivery is not equal to its run.", file=sys.stderr)
        raise typer.Exit(1)
