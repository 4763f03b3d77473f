"""Searches as a user runs them, in one store."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from cutscore.metrics.catalogue import CATALOGUE
from cutscore.runs.opening import open_existing
from cutscore.runs.values import missing_from_record

HELPERS = Path(__file__).parent.parent / "helpers"
SPACE = (
    'search.space={model.params.num_leaves:"range(2,9)",'
    'model.params.learning_rate:"tag(log,interval(0.05,0.5))"}'
)


@pytest.fixture(scope="module")
def base(loans, workplace):
    folder = workplace / "conf" / "model"
    folder.mkdir(parents=True)
    shutil.copy(HELPERS / "moody.yaml", folder)
    kept = [text for text in loans if "n_estimators" not in text]
    return [*kept, "model.params.n_estimators=3", "report.bootstrap=5", "search=custom"]


@pytest.fixture(scope="module")
def moody(base):
    kept = [text for text in base if not text.startswith("model.")]
    return [*kept, "model=moody", "search.sampler=grid", "search.pruner=none"]


@pytest.fixture(scope="module")
def client(workplace):
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{workplace / 'mlruns' / 'mlflow.db'}")


@pytest.fixture(scope="module")
def first(cutscore, base):
    """A search of two trials."""
    words = [*base, SPACE, "search.startup_trials=1", "tracking.experiment=first"]
    answer = cutscore("run", *words, "search.trials=2")
    assert answer.code == 0, answer.err
    return answer


def kept(client):
    return open_existing(client.tracking_uri)


def study_of(workplace, experiment):
    import optuna

    url = f"sqlite:///{workplace / 'mlruns' / 'optuna.db'}"
    names = optuna.get_all_study_names(url)
    fitting = [name for name in names if name.startswith(f"{experiment}-")]
    return optuna.load_study(study_name=sorted(fitting)[-1], storage=url)


def trials_of(client, experiment):
    return {
        int(run.tags["cutscore.trial"]): run
        for run in kept(client).find(experiment)
        if "cutscore.trial" in run.tags
    }


def proposed(study):
    return [(trial.params, trial.values) for trial in study.trials]


def test_each_trial_is_a_whole_run(first, client, workplace):
    study, runs = study_of(workplace, "first"), trials_of(client, "first")
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 2
    for trial in study.trials:
        run = runs[trial.number]
        assert run.name == f"opt01_trial{trial.number:03d}_baseline_none"
        assert run.run_id == trial.user_attrs["run_id"]
        assert run.tags["cutscore.study"] == study.study_name
        assert run.tags["cutscore.state"] == "COMPLETE"
        assert run.metrics["crossfit_cost"] == trial.value
        detail = kept(client).read(run.run_id)
        assert missing_from_record(detail) == []
        leaves = trial.params["model.params.num_leaves"]
        assert detail.params["model.params.num_leaves"] == str(leaves)
        assert list(detail.history["prune_value"]) == [0, 1, 2]


def test_its_own_run_tells_of_the_search(first, client, workplace):
    study = study_of(workplace, "first")
    parent = client.get_run(study.user_attrs["cutscore.parent_run"])
    best = study.best_trial
    assert parent.info.run_name == "opt01_cv_baseline_none"
    assert parent.data.tags["best_trial"] == str(best.number)
    assert parent.data.metrics["trials_complete"] == 2
    trials = trials_of(client, "first").values()
    recorded = {name for run in (parent.data, *trials) for name in run.metrics}
    assert {name.removeprefix("best_") for name in recorded} <= set(CATALOGUE)
    assert missing_from_record(kept(client).read(parent.info.run_id)) == []
    marked = [run for run in trials_of(client, "first").values() if run.tags.get("best") == "true"]
    assert [run.run_id for run in marked] == [best.user_attrs["run_id"]]
    assert "looks better than it is" in first.out


def test_printed_command_reproduces_the_best_bit_for_bit(first, cutscore, client, workplace):
    command = next(line for line in first.out.splitlines() if line.startswith("cutscore run "))
    answer = cutscore(*shlex.split(command)[1:])
    assert answer.code == 0, answer.err
    again = next(run for run in kept(client).find("first") if run.name.startswith("exp01"))
    best = trials_of(client, "first")[study_of(workplace, "first").best_trial.number]
    assert again.tags["score_digest"] == best.tags["score_digest"]
    assert again.tags["fingerprint"] == best.tags["fingerprint"]
    assert kept(client).read(again.run_id).params == kept(client).read(best.run_id).params


def die_in_slot(study, slot, done, values=False):
    """Take a slot as a process that is dead by now; `done` is a run of this machine."""
    trial = study.ask()
    trial.set_user_attr("slot", slot)
    if values:
        trial.suggest_int("model.params.num_leaves", 2, 8)
        trial.suggest_float("model.params.learning_rate", 0.05, 0.5, log=True)
    for key in ("host", "boot_id", "process_start"):
        trial.set_user_attr(key, done.tags[key])
    trial.set_user_attr("pid", "999999")
    return trial


def test_interrupted_search_proposes_what_an_uninterrupted_one_does(
    first, cutscore, base, client, workplace
):
    whole = [*base, SPACE, "search.startup_trials=1", "tracking.experiment=whole"]
    assert cutscore("run", *whole, "search.trials=3").code == 0
    die_in_slot(study_of(workplace, "first"), 2, trials_of(client, "first")[0])
    parts = [*base, SPACE, "search.startup_trials=1", "tracking.experiment=first"]
    answer = cutscore("run", *parts, "search.trials=3")
    assert "trial 2 is repeated: process 999999 has ended" in answer.err
    told = study_of(workplace, "first").trials
    assert told[2].state.name == "FAIL"
    assert "999999" in told[2].user_attrs["reason"]
    assert told[3].user_attrs["retry_of"] == 2
    lived = [(trial.params, trial.values) for trial in told if trial.number != 2]
    assert lived == proposed(study_of(workplace, "whole"))
    again = cutscore("run", *parts, "search.trials=3")
    assert "nothing left to do" in again.err
    assert len(study_of(workplace, "first").trials) == 4


def test_run_that_was_complete_before_its_worker_died_is_not_repeated(
    first, cutscore, base, client, workplace
):
    done = trials_of(client, "first")[0]
    trial = die_in_slot(study_of(workplace, "first"), 3, done, values=True)
    tags = {key: text for key, text in done.tags.items() if not key.startswith("mlflow.")}
    tags |= {"cutscore.trial": str(trial.number), "pid": "999999"}
    experiment = client.get_experiment_by_name("first").experiment_id
    run = client.create_run(experiment, run_name="opt01_trial004_baseline_none", tags=tags)
    client.log_metric(run.info.run_id, "crossfit_cost", 123.0)
    client.set_terminated(run.info.run_id)
    answer = cutscore("run", *base, SPACE, "search.trials=4", "tracking.experiment=first")
    assert "had finished before" in answer.err
    last = study_of(workplace, "first").trials
    assert len(last) == 5
    assert last[4].state.name == "COMPLETE"
    assert last[4].value == 123.0


def test_changed_space_is_told_entry_by_entry(first, cutscore, base, workplace):
    other = (
        'search.space={model.params.num_leaves:"range(2,7)",model.params.max_depth:"range(2,5)"}'
    )
    words = ["run", *base, other, "search.trials=1", "tracking.experiment=first"]
    answer = cutscore(*words)
    assert answer.code == 2
    assert "num_leaves was range(2, 9) and is now range(2, 7)" in answer.err
    assert "max_depth is new (range(2, 5))" in answer.err
    assert "learning_rate was tag(log, interval(0.05, 0.5)) and is gone" in answer.err
    assert "search.new_study=true" in answer.err
    assert cutscore(*words, "search.new_study=true").code == 0
    assert study_of(workplace, "first").study_name.endswith("-2")


def test_failing_trials_cost_one_trial_each(first, cutscore, moody, client, workplace):
    space = 'search.space={model.params.mood:"choice(fine,raises,blank)"}'
    answer = cutscore("run", *moody, space, "tracking.experiment=moods")
    assert answer.code == 0, answer.err
    study, runs = study_of(workplace, "moods"), trials_of(client, "moods")
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "FAIL", "FAIL"]
    assert study.trials[1].user_attrs["error"] == "ValueError"
    assert "not today" in study.trials[1].user_attrs["traceback"]
    for number in (1, 2):
        assert runs[number].status == "FAILED"
        assert runs[number].tags["cutscore.state"] == "FAIL"
        assert runs[number].tags["cutscore.failure"]


def test_search_without_a_complete_trial_says_why(first, cutscore, moody):
    space = 'search.space={model.params.mood:"choice(raises,blank)"}'
    answer = cutscore("run", *moody, space, "search.trials=1", "tracking.experiment=dark")
    assert answer.code == 1
    assert "no trial of 1 is complete" in answer.err
    assert "not today (1 x)" in answer.err


IN_TIME = ["validation=time_ordered", "data.time=day", "validation.period=month",
           "validation.gap=1", "validation.outer=holdout"]  # fmt: skip


@pytest.mark.parametrize(
    ("experiment", "pruner", "folds"),
    [
        ("skills_median", "median", []),
        ("skills_race", "race", []),
        ("skills_months", "race", IN_TIME),  # folds of different sizes
    ],
)
def test_hopeless_trial_costs_few_folds(
    experiment, pruner, folds, first, cutscore, moody, client, workplace
):
    space = 'search.space={model.params.skill:"choice(1.0,-1.0)"}'
    words = [f"search.pruner={pruner}", "search.pruner_startup_trials=1", *folds]
    answer = cutscore("run", *moody, *words, space, f"tracking.experiment={experiment}")
    assert answer.code == 0, answer.err
    assert ("unseen rows" in answer.out) == bool(folds)
    bad = study_of(workplace, experiment).trials[1]
    assert bad.state.name == "PRUNED"
    ended = 2 if folds else 1  # the first month alone has too few rows to tell
    assert list(bad.intermediate_values) == list(range(1, ended + 1))
    run = kept(client).read(trials_of(client, experiment)[1].run_id)
    assert run.summary.tags["cutscore.state"] == "PRUNED"
    assert f"pruned after fold {ended} of 3" in run.summary.tags["cutscore.pruned"]
    assert list(run.history["fold_roc_auc"]) == list(range(ended))
    assert run.summary.metrics["prune_value"] == bad.intermediate_values[ended]
    pictures = [file.path for file in run.artifacts if file.path.endswith(".png")]
    assert pictures == (["folds.png"] if folds else [])


MOMENTS = {
    # in mid-boosting, then when the number of trees is chosen and the run is being written
    1: "select 1 from trial_intermediate_values where trial_id = ?",
    2: "select 1 from trial_params where trial_id = ? and param_name like '%n_estimators'",
}


def kill_in(workplace, process, number, moment):
    """Kill a search, with its children, when one of its trials has come to a moment."""
    running = (
        "select trial_id from trials join studies using (study_id) "
        "where study_name like 'counted_parts-%' and number = ? and state = 'RUNNING'"
    )
    deadline = time.monotonic() + 120
    try:
        with closing(sqlite3.connect(workplace / "mlruns" / "optuna.db")) as storage:
            while process.poll() is None:
                assert time.monotonic() < deadline
                trial = storage.execute(running, (number,)).fetchone()
                if trial and storage.execute(moment, trial).fetchone():
                    break
                time.sleep(0.005)
        os.killpg(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()


def test_trees_are_counted_and_trials_race_alike_in_one_go_or_killed_twice(
    first, cutscore, cutscore_started, base, client, workplace
):
    more = 'model.params.n_estimators:"range(3,61)",model.params.min_child_samples:"choice(9,390)"'
    space = SPACE.replace("{", f"{{{more},", 1)
    kept_words = [text for text in base if "n_estimators" not in text]
    good = "{model.params.min_child_samples:9,model.params.num_leaves:8}"
    words = [*kept_words, space, "search.startup_trials=3", f"search.enqueue=[{good}]"]
    whole = cutscore("run", *words, "search.trials=4", "tracking.experiment=counted")
    assert whole.code == 0, whole.err
    parts = ["run", *words, "search.trials=4", "tracking.experiment=counted_parts"]
    for number, moment in MOMENTS.items():
        kill_in(workplace, cutscore_started(*parts, folder=workplace), number, moment)
    resumed = cutscore(*parts)
    assert resumed.code == 0, resumed.err
    assert "trial 2 is repeated" in resumed.err
    study = study_of(workplace, "counted")
    ends = [(trial.state.name, trial.params, trial.values) for trial in study.trials]
    again = [t for t in study_of(workplace, "counted_parts").trials if "died" not in t.user_attrs]
    assert [trial.user_attrs["slot"] for trial in again] == [0, 1, 2, 3]
    assert ends == [(trial.state.name, trial.params, trial.values) for trial in again]
    assert {state for state, *_ in ends} == {"COMPLETE", "PRUNED"}
    runs = trials_of(client, "counted")
    for trial in study.trials:
        detail = kept(client).read(runs[trial.number].run_id)
        trees = trial.params["model.params.n_estimators"]
        assert detail.params["model.params.n_estimators"] == str(trees)
        assert detail.summary.metrics["trees_grown"] >= trees
        if trial.state.name == "COMPLETE":
            assert trial.value == detail.summary.metrics["crossfit_cost_counts"]
            assert missing_from_record(detail) == []
        else:
            assert "more than trial" in trial.user_attrs["reason"]
    command = next(line for line in whole.out.splitlines() if line.startswith("cutscore run "))
    assert cutscore(*shlex.split(command)[1:]).code == 0
    plain = next(run for run in kept(client).find("counted") if run.name.startswith("exp01"))
    best = runs[study.best_trial.number]
    assert plain.tags["score_digest"] == best.tags["score_digest"]
    assert plain.metrics["crossfit_cost"] == best.metrics["crossfit_cost"]
    page = artifact(client, best.parent_id, "search.html")
    assert "Cost by number of trees of the best trials" in page
    assert "of 12 folds (up to " in whole.out
    other = cutscore("run", *words, "search.pruner=median", "tracking.experiment=counted")
    assert other.code == 2
    assert "search.pruner was race and is now median" in other.err


@pytest.mark.parametrize(
    ("metric", "told", "why"),
    [
        ("crossfit_savings", "crossfit_savings_counts", ""),
        ("roc_auc", "roc_auc", "n_estimators is sampled: numbers of trees are compared by cost"),
    ],
)
def test_trees_are_counted_for_what_costs_decide_and_else_it_is_told(
    metric, told, why, first, cutscore, base, client, workplace
):
    kept_words = [text for text in base if "n_estimators" not in text]
    space = SPACE.replace("{", '{model.params.n_estimators:"range(2,9)",', 1)
    words = [f"search.metric={metric}", "search.trials=2", f"tracking.experiment=by_{metric}"]
    answer = cutscore("run", *kept_words, space, *words)
    assert answer.code == 0, answer.err
    assert why in answer.err
    study, runs = study_of(workplace, f"by_{metric}"), trials_of(client, f"by_{metric}")
    best = study.best_trial
    assert best.value == runs[best.number].metrics[told]
    assert runs[best.number].metrics.get("trees_grown", 0) >= (0 if why else 2)
    told_at = runs[best.number].parent_id
    assert why in kept(client).read(told_at).summary.tags["tree_counts"]


def test_workers_fill_every_slot_once_even_if_one_is_killed(
    first, cutscore, moody, client, workplace
):
    marker = workplace / "died"
    space = 'search.space={model.params.mood:"choice(fine,dies)"}'
    words = [*moody, space, f"model.params.marker='{marker}'", "tracking.experiment=crew"]
    answer = cutscore("run", *words, "search.workers=2")
    assert answer.code == 0, answer.err
    assert "died (signal 9)" in answer.err
    assert marker.exists()
    study, runs = study_of(workplace, "crew"), trials_of(client, "crew")
    states = Counter(trial.state.name for trial in study.trials)
    assert states == {"COMPLETE": 2, "FAIL": 1}
    lost = next(trial for trial in study.trials if trial.state.name == "FAIL")
    assert "its worker died" in lost.user_attrs["reason"]
    assert runs[lost.number].status == "FAILED"
    assert sum(run.complete for run in runs.values()) == 2


def test_one_study_for_each_cell_of_a_sweep_and_several_objectives(
    first, cutscore, base, client, workplace
):
    goals = ["search.metric=[gini_stability,fit_seconds]", "search.pruner=none"]
    timed = ["data.time=day", "report.stability.positives=3"]
    words = [*base, SPACE, *goals, *timed, "search.trials=1", "tracking.experiment=cells"]
    answer = cutscore("run", "-m", *words, "sampling=none,undersample")
    assert answer.code == 0, answer.err
    assert "Leaderboard" in answer.out
    assert all(f"{search}: trial 0 COMPLETE" in answer.err for search in ("opt01", "opt02"))
    runs = kept(client).find("cells")
    kinds = Counter(run.tags.get("cutscore.kind", "trial") for run in runs)
    assert kinds == {"sweep": 1, "search": 2, "trial": 2}
    assert len(study_of(workplace, "cells").trials[0].values) == 2
    for run in runs:
        assert missing_from_record(kept(client).read(run.run_id)) == []
        told = {"period", "gini_stability", "period_gini"} & {*run.tags, *run.metrics}
        if "cutscore.kind" not in run.tags:  # trials leave the metrics of each period out
            assert told == {"period", "gini_stability"}
    sweep = next(run for run in runs if run.tags.get("cutscore.kind") == "sweep")
    assert {r.parent_id for r in runs if r.tags.get("cutscore.kind") == "search"} == {sweep.run_id}


def test_outer_rows_judge_the_winner(first, cutscore, base, client, workplace):
    words = [*base, SPACE, "search.trials=1", "tracking.experiment=outer"]
    answer = cutscore("run", *words, "validation.outer=holdout")
    assert answer.code == 0, answer.err
    assert "unseen rows" in answer.out
    parent = next(r for r in kept(client).find("outer") if r.tags.get("cutscore.kind") == "search")
    chosen = json.loads(artifact(client, parent.run_id, "best_threshold.json"))
    assert chosen["outer"]["outer_rows"] == 120


def artifact(client, run_id, name):
    from mlflow.artifacts import download_artifacts

    path = download_artifacts(run_id=run_id, artifact_path=name, tracking_uri=client.tracking_uri)
    return Path(path).read_text(encoding="utf-8")
