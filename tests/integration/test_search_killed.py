"""A search whose process is killed and that is gone on with."""

from __future__ import annotations

import os
import signal
import sqlite3
import time

import pytest

TREES = "model.params.n_estimators"
SPACE = (
    f'search.space={{{TREES}:"range(3,61)",model.params.num_leaves:"range(2,9)",'
    'model.params.min_child_samples:"choice(9,30,390)",'
    'model.params.learning_rate:"tag(log,interval(0.05,0.5))"}'
)
MOMENTS = {
    # in mid-boosting, and when the number of trees has been written to the trial
    "boosting": "select 1 from trial_intermediate_values where trial_id = ?",
    "settled": f"select 1 from trial_params where trial_id = ? and param_name = '{TREES}'",
}
WAIT_SECONDS = 120


@pytest.fixture(scope="module")
def words(loans):
    kept = [text for text in loans if "n_estimators" not in text]
    search = ["search=custom", "search.startup_trials=3", "search.trials=3", "report.bootstrap=0"]
    leaf = "model.params.min_child_samples"
    named = (
        f"search.enqueue=[{{{leaf}:9,model.params.learning_rate:0.2}},{{{leaf}:30}},{{{leaf}:390}}]"
    )
    return ["run", *kept, *search, SPACE, named]


@pytest.fixture(scope="module")
def whole(cutscore, words, workplace):
    answer = cutscore(*words, "tracking.experiment=whole")
    assert answer.code == 0, answer.err
    return ends(workplace, "whole")


def ends(workplace, experiment):
    """What the trials came to that were not lost, by their slots."""
    import optuna

    url = f"sqlite:///{workplace / 'mlruns' / 'optuna.db'}"
    (name,) = (n for n in optuna.get_all_study_names(url) if n.startswith(f"{experiment}-"))
    trials = optuna.load_study(study_name=name, storage=url).trials
    return [
        (t.user_attrs["slot"], t.state.name, t.params, t.values, t.intermediate_values)
        for t in trials
        if "died" not in t.user_attrs
    ]


def killed_in(workplace, process, experiment, moment):
    """Kill a search, with its children, when its second trial has come to a moment."""
    trial_of = (
        "select trial_id from trials join studies using (study_id) where study_name like ? "
        "and number = 1 and state = 'RUNNING'"
    )
    deadline = time.monotonic() + WAIT_SECONDS
    try:
        with sqlite3.connect(workplace / "mlruns" / "optuna.db") as storage:
            while process.poll() is None:
                assert time.monotonic() < deadline
                trial = storage.execute(trial_of, (f"{experiment}-%",)).fetchone()
                if trial and storage.execute(MOMENTS[moment], trial).fetchone():
                    break
                time.sleep(0.005)
        os.killpg(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_and_resumed_a_race_ends_as_it_would_have(
    moment, whole, words, cutscore, cutscore_started, workplace
):
    own = [*words, f"tracking.experiment={moment}"]
    killed_in(workplace, cutscore_started(*own, folder=workplace), moment, moment)
    answer = cutscore(*own)
    assert answer.code == 0, answer.err
    assert "trial 1 is repeated" in answer.err
    assert ends(workplace, moment) == whole
    assert [state for _, state, *_ in whole] == ["COMPLETE", "COMPLETE", "PRUNED"]
