"""The first screen of a run, of every kind and however it ended."""

from __future__ import annotations

import io
import os
import shlex
import socket
from dataclasses import replace
from datetime import UTC, datetime

import psutil
import pytest
from rich.console import Console

from cutscore.cli.metric_text import metric_text, with_spread
from cutscore.cli.run_overview import print_overview
from cutscore.cli.runs_text import detail_tables, runs_table
from cutscore.cli.shown_run import ShownRun
from cutscore.metrics.catalogue import CATALOGUE
from cutscore.rerun.non_defaults import NonDefaults
from cutscore.runs.identity import boot_id
from cutscore.runs.values import ArtifactFile, RunDetail, RunSummary

ODD = "[bold]odd[/red] [/]"
FIGURES = {
    **{name: 0.25 for name, spec in CATALOGUE.items() if spec.scope in ("run", "outer")},
    "crossfit_cost": 49_393.0,
    "plateau_pieces": 3.0,
    "rows": 600.0,
}
PICTURES = ("cost_curve.png", "roc_curve.png", "oof_scores.parquet")
ASKED = NonDefaults(
    {"cost": "fixed", "features": "domain"},
    {"data.path": f"da{ODD}ta.csv", "cost.false_negative": 5, "threads": None, "data.drop": ["a"]},
)


def run(metrics=FIGURES, asked=ASKED, files=PICTURES, children=(), history=None, **about):
    tags = {"cutscore_version": "0.1.0", "threshold_objective": "cost", **about.pop("tags", {})}
    summary = RunSummary(
        run_id="0123456789abcdef0123456789abcdef",
        name=f"exp01 {ODD}",
        experiment=f"loans {ODD}",
        status="FINISHED",
        complete=True,
        started="2024-05-01T10:20:30+00:00",
        seconds=75.0,
        parent_id=None,
        metrics=dict(metrics),
        tags=tags,
    )
    detail = RunDetail(
        summary=replace(summary, **about),
        params={
            "cost._target_": "cutscore.cost.fixed.FixedCost",
            "calibration._target_": "cutscore.calibration.none.NoCalibration",
        },
        history=history or {"fold_roc_auc": {0: 0.71, 1: 0.72}},
        artifacts=tuple(ArtifactFile(path, 1) for path in files),
        datasets=({"name": f"table {ODD}"},),
        models=("m-1",),
        artifact_uri="file:///",
    )
    return ShownRun(detail, missing=(), asked=asked, children=children)


def screen(shown, width=80):
    stream = io.StringIO()
    print_overview(shown, Console(file=stream, width=width))
    return stream.getvalue()


def commands(text):
    return [shlex.split(line) for line in text.splitlines() if line.startswith("  cutscore ")]


@pytest.mark.parametrize("width", [80, 160])
def test_a_run_fits_one_screen_and_says_what_matters(width):
    text = screen(run(), width)
    lines = text.splitlines()
    assert len(lines) <= 42
    wrapped = [line for line in lines if not line.startswith(("  cutscore", "Files are in"))]
    assert max(map(len, wrapped)) <= width
    told = " ".join(text.split())
    for part in (
        "state finished", "started 2024-05-01 10:20 UTC, took 1 min 15 s",
        "cost=fixed features=domain", "cost.false_negative=5 threads=null data.drop=[a]",
        "600 rows", "flag when score >= 0.25", "25% of resamples put it at 0.2500 to 0.2500",
        "one of 3 such pieces", "cross-fitted 49,393", "savings 25.0%",
        "outer rows, seen by no fold", "AUC 0.2500 ± 0.2500 0.2500 +0.2500 0.2500",
        "nothing is missing", "cost_curve.png", "m-1",
    ):  # fmt: skip
        assert part in told, part


def test_brackets_are_shown_as_they_are():
    text = screen(run(), 200)
    for part in (f"exp01 {ODD}", f"loans {ODD}", f"da{ODD}ta.csv", f"table {ODD}"):
        assert part in text
    stream = io.StringIO()
    console = Console(file=stream, width=200)
    for part in (*detail_tables(run().detail, [ODD]), runs_table([run().detail.summary], 200)):
        console.print(part)
    assert stream.getvalue().count(ODD) >= 4


def test_commands_decide_the_scores_as_the_run_did():
    first, threshold, *others = commands(screen(run()))
    assert first == ["cutscore", "rerun", "0123456789ab"]
    assert threshold == [
        "cutscore", "threshold", "/oof_scores.parquet", "--target", "target", "--score", "score",
        "--id", "row", "--fold", "fold", "cost=fixed", "cost.false_negative=5",
    ]  # fmt: skip
    assert [words[1] for words in others] == ["report", "promote", "dashboard", "runs"]
    timed = run()
    timed.detail.params["validation._target_"] = "cutscore.validation.time_ordered.TimeOrdered"
    assert commands(screen(timed))[1][11] == "--in-time"
    shown = run(FIGURES | {"threshold_raw": 0.3})
    shown.detail.params["cost._target_"] = "cutscore.cost.columns.ColumnCost"
    threshold = commands(screen(shown))[1]
    assert threshold[threshold.index("--score") + 1] == "calibrated"
    assert threshold[-1] == "cost=columns"
    elsewhere = replace(shown, store=("--store", "my store.db"))
    assert commands(screen(elsewhere))[0][-2:] == ["--store", "my store.db"]


def test_what_is_missing_and_what_does_not_exist_is_told():
    tags = {f"undefined.{name}": "all rows are positive" for name in ("roc_auc", "pr_auc")}
    shown = replace(run(tags=tags), missing=["metric:savings", "tag:host"])
    text = screen(shown)
    assert "lacks metric:savings, tag:host" in text
    assert "not defined: roc_auc, pr_auc (all rows are positive)" in text


def test_rows_with_costs_of_their_own_have_no_threshold():
    figures = {name: value for name, value in FIGURES.items() if name != "threshold"}
    why = {"undefined.threshold": "each row is decided by its own costs"}
    text = screen(run(figures, tags=why))
    assert "no threshold: each row is decided by its own costs" in text
    assert "median of the rows' thresholds 0.25" in text
    assert "flag when" not in text
    assert "plateau: costs" not in text  # it is that of a threshold which decides nothing here
    assert "plateau: one threshold for all rows, were it used" in " ".join(text.split())


def test_older_records_of_such_runs_had_the_median_for_a_threshold():
    shown = run(tags={"undefined.threshold_bayes": "every row has a threshold of its own"})
    assert "flag when score >= 0.25" in screen(shown)
    shown.detail.params["threshold._target_"] = "cutscore.threshold.bayes.Bayes"
    assert "no threshold: every row has a threshold of its own" in screen(shown)
    assert "flag when" not in screen(shown)


@pytest.mark.parametrize(
    ("about", "told"),
    [
        (
            {"status": "FAILED", "tags": {"cutscore.failure": f"broke {ODD}"}},
            f"failed: broke {ODD}",
        ),
        ({"status": "KILLED", "tags": {"cutscore.failure": "SIGTERM"}}, "killed: SIGTERM"),
        ({"status": "KILLED", "tags": {"cutscore.pruned": "hopeless"}}, "pruned: hopeless"),
        ({"status": "KILLED"}, "killed: it does not say why"),
        ({"status": "FINISHED"}, "finished, but it does not say that it is complete"),
    ],
)
def test_a_run_that_broke_off_says_why_and_how_far_it_came(about, told):
    shown = run({"folds_finished": 2.0}, None, ("error.txt",), complete=False, **about)
    text = screen(shown, 200)
    assert told in text
    assert "AUC of the folds that were done: 0.7100, 0.7200" in text
    assert "no threshold: the run ended before it chose one" in text
    assert "its config is not stored" in text
    assert ("error.txt" in text) == (about["status"] == "FAILED")
    assert [words[1] for words in commands(text)] == ["dashboard", "runs"]


def test_an_open_run_says_whether_it_lives():
    start = datetime.fromtimestamp(psutil.Process().create_time(), UTC).isoformat()
    here = {"host": socket.gethostname(), "boot_id": boot_id(), "process_start": start}
    about = {"status": "RUNNING", "complete": False, "seconds": None}
    alive = screen(run({}, tags={**here, "pid": str(os.getpid())}, **about), 200)
    assert f"running: process {os.getpid()} runs" in alive
    dead = screen(run({}, tags={**here, "pid": "999999999"}, **about), 200)
    assert "says RUNNING, but" in dead
    assert "cutscore store reap" in dead


def test_a_run_of_another_tool_shows_what_it_has():
    shown = run({"val/loss": 0.125, "accuracy": 0.9}, None, (), complete=False)
    shown.detail.summary.tags.clear()
    text = screen(shown)
    assert "finished, not a run of Cutscore" in text
    assert "accuracy 0.9  val/loss 0.125" in text
    assert "record" not in text
    assert "rerun" not in text


def test_a_sweep_shows_its_best_runs():
    costs = {"a": 70.0, "b": 50.0, "c": 60.0}
    children = [
        replace(run().detail.summary, run_id=letter * 32, name=f"{letter} {ODD}",
                metrics={"crossfit_cost": cost})
        for letter, cost in costs.items()
    ]  # fmt: skip
    failed = replace(children[0], run_id="d" * 32, name="d", status="FAILED", metrics={})
    tags = {"cutscore.kind": "sweep", "ranked_by": "crossfit_cost", "best_run": "b" * 32,
            "swept": "sampling", "note": "too good"}  # fmt: skip
    figures = {"cells_complete": 3.0, "best_crossfit_cost": 50.0}
    text = screen(run(figures, None, (), [*children, failed], tags=tags), 160)
    assert "3 cells complete" in text
    assert f"b {ODD} (bbbbbbbbbbbb)" in text
    assert "Runs below: 4 of 4, by cross-fitted cost" in text
    table = text[text.index("Runs below") :]
    assert sorted("abcd", key=lambda letter: table.index(letter * 8)) == ["b", "c", "a", "d"]
    assert "d (failed)" in text
    words = commands(text)
    assert words[0] == ["cutscore", "runs", "show", "b" * 12]
    assert ["cutscore", "rerun", "--sweep", "0123456789ab"] in words


def test_a_search_ranks_by_what_it_looked_for():
    children = [
        replace(run().detail.summary, run_id=letter * 32, name=letter, metrics={"brier": value})
        for letter, value in (("a", 0.2), ("b", 0.1))
    ]
    tags = {"cutscore.kind": "search", "best_command": "cutscore run seed=1"}
    shown = run({"trials_complete": 2.0}, None, (), children, tags=tags)
    shown.detail.params["search.metric"] = "brier (minimize)"
    text = screen(shown, 120)
    assert "2 of 2, by Brier score" in text
    assert text.index("bbbbbbbb") < text.index("aaaaaaaa")
    assert ["cutscore", "run", "seed=1"] in commands(text)


def test_a_run_that_flags_nobody_shows_no_score_as_its_threshold():
    metrics = {**FIGURES, "threshold": 1 + 2**-52, "tp": 0.0, "fp": 0.0}
    told = metric_text(CATALOGUE["threshold"], metrics)
    assert told == with_spread(CATALOGUE["threshold"], metrics) == "above every score"
    assert metric_text(CATALOGUE["threshold"], {**metrics, "fp": 1.0}) == "1.0000"
