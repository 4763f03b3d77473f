"""The first screen of a run: what was asked, what is decided and how well, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from cutscore.cli.metric_text import NOBODY, duration, flags_nobody, with_spread
from cutscore.cli.next_commands import next_commands
from cutscore.cli.parent_overview import children_table, parent_sections
from cutscore.cli.shown_run import ShownRun, cut_list, plain
from cutscore.metrics.catalogue import HEADLINE, SCORE_METRICS, describe, in_order
from cutscore.report.record_spec import (
    FAILURE_TAG,
    KIND_TAG,
    PRUNED_TAG,
    UNDEFINED_PREFIX,
    WEIGHT,
)
from cutscore.rerun.non_defaults import NonDefaults
from cutscore.runs.liveness import judge_life

Lines = Iterator[RenderableType]
_TOLD = ("error.txt", "run.log")
"""Where a run that failed says more."""


def print_overview(run: ShownRun, console: Console) -> None:
    """Print the first screen of a run, whatever kind it is and however it ended."""
    console.print(Text(f"{run.detail.summary.name}  ({run.detail.summary.run_id})", style="bold"))
    if KIND_TAG in run.tags:
        sections = parent_sections(run)
    else:
        sections = _sections(run) if run.ours else _foreign(run)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(overflow="fold")
    for label, lines in (("state", _state(run)), *sections, *_ending(run)):
        if found := list(lines):
            grid.add_row(label, Group(*found))
    console.print(grid)
    if run.children:
        console.print(children_table(run))
    # Never wrapped by us, so that paths and commands can be copied whole.
    for line in (f"Files are in {run.detail.artifact_uri}", "Go on with", *next_commands(run)):
        console.print(Text(line), soft_wrap=True)


def _state(run: ShownRun) -> Lines:
    """Yield how it ended, where it belongs and how long it took."""
    summary = run.detail.summary
    yield Text(_status(run))
    started = summary.started[:16].replace("T", " ")
    parts = [f"experiment {summary.experiment}", f"started {started} UTC"]
    if summary.seconds is not None:
        parts.append(f"took {duration(summary.seconds)}")
    if summary.parent_id:
        parts.append(f"below {summary.parent_id[:8]}")
    yield Text(", ".join(parts))
    if run.detail.namesakes:
        yield Text(f"older runs of this name: {', '.join(i[:8] for i in run.detail.namesakes)}")


def _status(run: ShownRun) -> str:
    summary, tags = run.detail.summary, run.tags
    if not run.ours:
        return f"{summary.status.lower()}, not a run of Cutscore"
    if summary.open:
        life = judge_life(tags)
        if life.dead:
            return f"says RUNNING, but {life.reason}: close it with cutscore store reap"
        return f"running: {life.reason}"
    if PRUNED_TAG in tags:
        return f"pruned: {tags[PRUNED_TAG]}"
    if summary.status != "FINISHED":
        return f"{summary.status.lower()}: {tags.get(FAILURE_TAG, 'it does not say why')}"
    return "finished" if summary.complete else "finished, but it does not say that it is complete"


def _sections(run: ShownRun) -> Iterator[tuple[str, Lines]]:
    yield "asked", asked_lines(run.asked)
    yield "data", _data(run)
    yield "decision", _decision(run)
    yield "cost", _cost(run)
    yield "quality", _quality(run)


def asked_lines(asked: NonDefaults | None) -> Lines:
    """Yield the options and settings that are no defaults."""
    if asked is None:
        yield Text("its config is not stored")
        return
    chosen = [f"{group}={option}" for group, option in asked.choices.items()]
    settings = [f"{key}={plain(value)}" for key, value in asked.settings.items()]
    if not chosen and not settings:
        yield Text("nothing but the defaults")
    for words in (chosen, settings):
        if words:
            yield Text(cut_list(words, "  "))
    if asked.unknown:
        yield Text(f"options that conf/ does not have here: {', '.join(asked.unknown)}")


def _data(run: ShownRun) -> Lines:
    names = [entry["name"] for entry in run.detail.datasets]
    counts = [f"{run.text(n)} {n}" for n in ("rows", "positives", "features") if n in run.metrics]
    held = [
        f"{run.text(name)} {describe(name).label}"
        for name in ("rows_outer", "rows_unscored", "crossfit_rows_left_out")
        if run.metrics.get(name)
    ]
    if WEIGHT in run.tags:
        effective = run.text("weight_effective_rows")
        held.append(
            f"weights by {run.tags[WEIGHT]} add up to {run.text('weight_sum')}, "
            f"{effective} effective rows"
        )
    if counts or names:
        yield Text(": ".join(filter(None, (", ".join(names), ", ".join([*counts, *held])))))


def _decision(run: ShownRun) -> Lines:
    """Yield which rows are flagged, and how sure the threshold is."""
    objective = run.tags.get("threshold_objective", "cost").replace("_", " ")
    by_row = run.tags.get(f"{UNDEFINED_PREFIX}threshold")
    if run.detail.params.get("threshold._target_", "").endswith(".Bayes"):
        # older records of such runs have the median under the name of the threshold
        by_row = by_row or run.tags.get(f"{UNDEFINED_PREFIX}threshold_bayes")
    if by_row:
        yield Text(f"no threshold: {by_row}", "bold")
        median = run.metrics.get("threshold_median", run.metrics.get("threshold"))
        if median is not None:
            yield Text(f"median of the rows' thresholds {median:.6g}")
    elif "threshold" not in run.metrics:
        yield Text("no threshold: the run ended before it chose one")
    elif flags_nobody(run.metrics):
        yield Text(f"flag nobody (the threshold is {NOBODY}), for {objective}", "bold")
    else:
        yield Text(f"flag when score >= {run.metrics['threshold']:.6g}, for {objective}", "bold")
    target = run.detail.params.get("calibration._target_", "")
    if target and not target.endswith("NoCalibration"):
        raw = run.metrics.get("threshold_raw")
        before = "" if raw is None else f"; on those before it is {raw:.6g}"
        yield Text(f"on scores after {target.split('.')[-2]} calibration{before}")
    sure = []
    if interval := run.interval("threshold_low", "threshold_high"):
        sure.append(f"{_level(run)} of resamples put it at {interval}")
    if "threshold_std" in run.metrics:
        sure.append(f"± {run.text('threshold_std')} over folds")
    if sure:
        yield Text(", ".join(sure))
    if plateau := run.interval("plateau_low", "plateau_high"):
        pieces = run.metrics.get("plateau_pieces", 1)
        told = f" (one of {pieces:,.0f} such pieces)" if pieces > 1 else ""
        what = "one threshold for all rows, were it used, would cost" if by_row else "costs"
        yield Text(f"plateau: {what} hardly more from {plateau}{told}")


def _cost(run: ShownRun) -> Lines:
    """Yield what the decision costs: on rows that did not choose it, and on those that did."""
    if HEADLINE in run.metrics:
        parts = [f"cross-fitted {run.text(HEADLINE)}"]
        parts.append(f"{run.text(f'{HEADLINE}_per_row')} a row")
        fold = describe(f"{HEADLINE}_fold_mean")
        if fold.name in run.metrics:
            parts.append(f"{with_spread(fold, run.metrics)} a fold")
        yield Text(", ".join(parts), "bold")
    elif why := run.tags.get(f"{UNDEFINED_PREFIX}{HEADLINE}"):
        yield Text(f"no cross-fitted cost: {why}")
    if "flag_nobody_cost" in run.metrics:
        nobody, everybody = run.text("flag_nobody_cost"), run.text("flag_everybody_cost")
        savings = f"savings {run.text('crossfit_savings')}: without a model "
        yield Text(f"{savings}flagging nobody costs {nobody} and everybody {everybody}")
    if "total_cost" in run.metrics:
        interval = run.interval("bootstrap_cost_low", "bootstrap_cost_high")
        told = f", {_level(run)} of resamples {interval}" if interval else ""
        yield Text(f"on the scores that chose the threshold {run.text('total_cost')}{told}")
    if "outer_rows" in run.metrics:
        rows, cost = run.text("outer_rows"), run.text("outer_cost_per_row")
        saves = run.text("outer_savings")
        yield Text(f"on {rows} outer rows, seen by no fold: {cost} a row, savings {saves}", "bold")


def _level(run: ShownRun) -> str:
    return f"{run.metrics.get('bootstrap_level', 0.95):.0%}"


def _quality(run: ShownRun) -> Lines:
    """Yield the score metrics with spread and gap, and the confusion matrix."""
    metrics = run.metrics
    scores = [describe(name) for name in SCORE_METRICS if name in metrics]
    if scores:
        outer = any(spec.outer in metrics for spec in scores)
        table = Table(box=None, pad_edge=False, header_style="")
        headings = ("", "validation", "training", "gap", *(["outer rows"] if outer else []))
        for heading in headings:
            table.add_column(heading, justify="right" if heading else "left")
        for spec in scores:
            gap = metrics.get(f"{spec.name}_gap")
            cells = [with_spread(spec, metrics), run.text(f"train_{spec.name}")]
            cells.append("-" if gap is None else f"{gap:+{spec.form}}")
            cells += [run.text(spec.outer)] if outer and spec.outer else []
            table.add_row(spec.label, *cells)
        yield table
    elif by_fold := run.detail.history.get("fold_roc_auc"):
        told = ", ".join(f"{value:.4f}" for value in by_fold.values())
        yield Text(f"AUC of the folds that were done: {told}")
    rates = [n for n in ("recall", "precision", "fbeta", "ece", "ece_calibrated") if n in metrics]
    if rates:
        yield Text(", ".join(f"{describe(name).label} {run.text(name)}" for name in rates))
    counts = [f"{name.upper()} {run.text(name)}" for name in ("tp", "fp", "tn", "fn")]
    if "tp" in metrics:
        yield Text(", ".join(counts))


def _foreign(run: ShownRun) -> Iterator[tuple[str, Lines]]:
    """Yield what another tool recorded."""
    params = [f"{key}={value}" for key, value in run.detail.params.items()]
    figures = [f"{name} {run.metrics[name]:,.6g}" for name in in_order(run.metrics)]
    for label, words in (("params", params), ("metrics", figures)):
        yield label, iter([Text(cut_list(words, "  "))] if words else [])


def _ending(run: ShownRun) -> Iterator[tuple[str, Lines]]:
    """Yield notes, what the record lacks, pictures and models."""
    notes = [run.tags[tag] for tag in ("notes", "outer_notes", "note") if tag in run.tags]
    yield "notes", (Text(note) for note in notes)
    if run.ours and run.detail.summary.status == "FINISHED":
        yield "record", _record(run)
    paths = [file.path for file in run.detail.artifacts]
    if run.detail.summary.status == "FAILED":
        yield "texts", iter([Text(", ".join(path for path in _TOLD if path in paths))])
    pictures = [path for path in paths if path.endswith((".png", ".svg", ".html"))]
    yield "pictures", iter([Text(", ".join(pictures) or "none")])
    yield "model", (Text(model) for model in run.detail.models)


def _record(run: ShownRun) -> Lines:
    if run.missing:
        yield Text(f"lacks {cut_list(run.missing, ', ')}", "red")
    else:
        yield Text("nothing is missing", "green")
    reasons: dict[str, list[str]] = {}
    for tag, why in run.tags.items():
        if tag.startswith(UNDEFINED_PREFIX):
            reasons.setdefault(why, []).append(tag.removeprefix(UNDEFINED_PREFIX))
    for why, names in list(reasons.items())[:3]:
        yield Text(f"not defined: {cut_list(names, ', ', 4)} ({why})")
