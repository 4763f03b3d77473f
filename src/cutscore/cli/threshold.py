"""`cutscore threshold`: the threshold step alone, on any table of scores."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Annotated

import typer

from cutscore.cli.options import ConfigDirOption
from cutscore.errors import Fault, RequestError


def threshold(
    scores: Annotated[Path, typer.Argument(help="A CSV (.gz), TSV or Parquet file.")],
    target: Annotated[str, typer.Option(help="Column of the true class, 0 or 1.")],
    score: Annotated[str, typer.Option(help="Column of the scores, higher for class 1.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            help="Settings of cost and threshold, as in `cutscore run`: cost.false_negative=5 "
            "threshold=grid threshold.step=0.01"
        ),
    ] = None,
    id_: Annotated[
        str | None, typer.Option("--id", help="Column of ids: rows of one id stay together.")
    ] = None,
    fold: Annotated[
        str | None,
        typer.Option(help="Column of the folds, for the cross-fitted cost [five drawn parts]."),
    ] = None,
    in_time: Annotated[
        bool,
        typer.Option(
            "--in-time",
            help="Folds follow each other in time, by their numbers: a threshold is chosen on "
            "earlier ones only.",
        ),
    ] = False,
    group: Annotated[
        str | None, typer.Option(help="Column of groups: rows of one group stay together.")
    ] = None,
    weight: Annotated[
        str | None, typer.Option(help="Column of row weights: how many rows each row counts for.")
    ] = None,
    at: Annotated[
        list[float] | None,
        typer.Option(help="A threshold to put beside the optimum; may be given again."),
    ] = None,
    in_sample: Annotated[
        bool, typer.Option("--in-sample", help="The scores are of rows the model was trained on.")
    ] = False,
    resamples: Annotated[int, typer.Option(min=1, help="Bootstrap resamples.")] = 1000,
    tolerance: Annotated[
        float,
        typer.Option(min=0, max=1, help="How far off the optimum still counts as optimal for."),
    ] = 0.005,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the page, pictures and threshold.json.")
    ] = None,
    config_dir: ConfigDirOption = None,
) -> None:
    """Choose the threshold of some scores, and say what other thresholds are optimal for.

    Example: cutscore threshold scores.csv --target defaulted --score p cost.false_negative=10
    --at 0.338 --at 0.48 --out outputs/threshold
    """
    from cutscore.assess.assessing import AssessRequest, assess
    from cutscore.assess.plain import as_json as plain
    from cutscore.assess.reading import ScoreColumns, column_names, read_scores
    from cutscore.assess.settings import columns_of, strategies
    from cutscore.report.threshold_json import json_text

    _check(at, out)
    made = strategies(overrides or [], config_dir)
    amounts = columns_of(made.cost, column_names(scores))
    columns = ScoreColumns(target, score, id_, fold, group, amounts, weight, in_time)
    rows = read_scores(scores, columns)
    request = AssessRequest(made, tuple(at or ()), in_sample, resamples, tolerance)
    found = assess(rows, request)
    document = plain(found)
    if out is not None:
        from cutscore.assess.pictures import assessment_items
        from cutscore.report.files import write_artifact

        for item in assessment_items(found, document):
            write_artifact(item, out)
        print(f"report.html, pictures and threshold.json are in {out}", file=sys.stderr)
    for caution in found.warnings:
        print(f"WARNING: {caution}", file=sys.stderr)
    if as_json:
        print(json_text(document), end="")
    else:
        from cutscore.cli.threshold_text import print_assessment

        print_assessment(found)


def _check(at: list[float] | None, out: Path | None) -> None:
    """Refuse what can be refused before anything is read."""
    faults = [
        Fault("--at", f"{value} is not allowed: a threshold is a finite number.")
        for value in at or ()
        if not math.isfinite(value)
    ]
    if out is not None and out.exists() and not out.is_dir():
        faults.append(Fault("--out", f'"{out}" is a file; a folder is needed.'))
    if faults:
        raise RequestError(faults)
