"""`cutscore recut`: the same classifier, calibrated and cut anew."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from cutscore.cli.runs import JsonOption
from cutscore.cli.store import StoreOption


def recut(
    model: Annotated[
        str, typer.Argument(help="A version (credit/3), an alias, or a run that kept a model.")
    ],
    on: Annotated[
        Path, typer.Option("--on", help="Labelled rows, as `cutscore predict` takes them.")
    ],
    target: Annotated[str, typer.Option(help="Their column of true classes, 0 or 1.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="How the file is made up: data.delimiter=';' data.where='age >= 18'"),
    ] = None,
    calibration: Annotated[
        Literal["none", "sigmoid", "isotonic"],
        typer.Option(help="How scores become probabilities."),
    ] = "sigmoid",
    name: Annotated[
        str | None,
        typer.Option(help="The registered model. [that of the version, or the run's experiment]"),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Calibrate a model's scores and choose its threshold anew, on rows whose class came later.

    The classifier stays as it is. The result is a new version, linked to the old one, with a run
    that holds its evidence: what it stands on, and what it costs cross-fitted beside what the old
    decisions cost on the same rows. No alias is moved: that is what `cutscore promote` does.

    Example: cutscore recut credit@champion --on matured.parquet --target bad
    """
    from cutscore.cli.viewing import run_store
    from cutscore.delivery.recutting import recut as cut
    from cutscore.delivery.row_settings import row_settings
    from cutscore.errors import blaming

    with blaming("--on", "ROWS"):
        made = cut(
            run_store(store),
            model,
            on.expanduser(),
            target,
            calibration=calibration,
            settings=row_settings(overrides or []),
            name=name or "",
        )
    if as_json:
        print(json.dumps(asdict(made), indent=2))
        return
    print(
        f"{made.version}: {made.parent} cut anew on {made.rows:,} rows, {made.positives:,} positive"
    )
    if made.unlabelled:
        print(f"{made.unlabelled:,} rows without a class were passed over")
    if made.threshold is not None and made.old_threshold is not None:
        print(f"threshold: {made.threshold:.6g}, was {made.old_threshold:.6g}")
    saved = made.old_cost - made.new_cost
    print(
        f"cost per row there: {made.new_cost:.4g} cross-fitted, {made.old_cost:.4g} as it was "
        f"decided ({abs(saved):.3g} {'less' if saved >= 0 else 'more'})"
    )
    print(f"Evidence: run {made.run_id}. Promote it: cutscore promote {made.version}")
