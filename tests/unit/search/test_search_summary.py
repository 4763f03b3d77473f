import io
from dataclasses import replace

from made_studies import COST_AND_TIME, RATE, SPACE, awkward_studies, failed_study, made_study
from rich.console import Console

from cutscore.cli.search_summary import OPTIMISM, best_table, print_search
from cutscore.records import Undefined

COMMAND = "cutscore run " + " ".join(f"model.params.setting_{i}=1.5" for i in range(20))
SHARES = {RATE: 0.75, **dict.fromkeys(list(SPACE)[1:], 0.125)}


def printed(study, width=120, shares=SHARES, **more):
    stream = io.StringIO()
    console = Console(file=stream, width=width)
    print_search(study, console, command=COMMAND, shares=shares, **more)
    return stream.getvalue()


def test_the_summary_tells_counts_best_trials_importances_and_the_command():
    study = made_study(20)
    text = printed(study)
    assert "16 complete, 2 pruned, 2 failed" in text
    assert "spared" not in text  # the made ones were pruned after as many folds as others have
    assert "Best trials, by cross-fitted cost: 10 of 16" in text
    rows = [line.split() for line in text.splitlines() if "0.0800" in line]
    assert len(rows) == 10
    assert rows[0][:2] == ["1", str(study.best.number)]
    costs = [float(row[2].replace(",", "")) for row in rows]
    assert costs == sorted(costs)
    assert "learning_rate" in text
    assert "75%" in text
    assert COMMAND in text.splitlines()
    assert OPTIMISM[:60] in text


def test_the_summary_tells_what_pruning_spared_and_not_what_was_left_out():
    study = made_study(20)
    early = {"partial": {0: 0.3}, "metrics": {"trees_grown": 600}, "seconds": 99.0}
    whole = {"metrics": {"seconds_fit": 60.0}}
    trials = [replace(t, **(early if t.state == "PRUNED" else whole)) for t in study.trials]
    known = {"run_id": "", "partial": {}, "metrics": {}}
    trials += [replace(trials[9], number=20, **known), replace(trials[9], number=21, **known)]
    text = printed(replace(study, trials=tuple(trials)), width=200)
    assert "16 complete, 2 pruned, 2 failed, 2 left out (tried before); pruning spared" in text
    assert "spared 2 of 36 folds (up to 1,200 trees; about 1 min 00 s of fitting, at the" in text


def test_judged_on_unseen_rows_both_figures_stand_side_by_side():
    text = printed(made_study(8), outer={"outer_savings": 0.4321, "outer_rows": 100})
    line = next(line for line in text.splitlines() if line.strip().startswith("savings"))
    assert line.split() == ["savings", "50.0%", "43.2%"]
    assert OPTIMISM[:60] not in text


def test_several_objectives_show_the_front():
    text = printed(made_study(20, goals=COST_AND_TIME, lost=False), several_workers=True)
    assert "Pareto front" in text
    assert "seconds of fitting" in text
    assert "the best in cross-fitted cost" in text
    assert "several workers" in text


def test_a_narrow_terminal_gets_fewer_settings_and_is_told():
    study = made_study(5)
    table = best_table(study, [RATE], 66)
    assert [column.header.plain for column in table.columns][-1] == "learning_rate"
    assert "2 more settings" in str(table.caption)
    text = printed(study, width=66)
    assert all(len(line) <= 66 for line in text.splitlines() if line != COMMAND)


def test_without_a_complete_trial_there_is_nothing_more_to_tell():
    text = printed(failed_study(), shares=Undefined("no trial"))
    assert text.split() == ["Study", "all-failed:", "3", "failed"]
    text = printed(dict(awkward_studies())["all pruned"], shares=Undefined("no trial"))
    assert text.split() == ["Study", "all-pruned:", "4", "pruned"]


def test_why_there_are_no_importances_is_told():
    text = printed(made_study(1), shares=Undefined("it takes 2 complete trials"))
    assert "cannot be told: it takes 2 complete trials" in text


def test_passwords_are_not_shown():
    stream = io.StringIO()
    command = "cutscore run tracking.uri=postgresql://me:secret@host/runs"
    print_search(made_study(3), Console(file=stream), command=command, shares=SHARES)
    assert "secret" not in stream.getvalue()
    assert "postgresql://me:***@host/runs" in stream.getvalue()
