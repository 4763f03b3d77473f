import math
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import OpenPage
from hypothesis import given, settings
from hypothesis import strategies as st
from made_studies import (
    COST,
    COST_AND_TIME,
    LEAVES,
    RATE,
    SAMPLING,
    SPACE,
    awkward_studies,
    failed_study,
    made_study,
)

from cutscore.records import Undefined
from cutscore.report.figures.search.drawing import picture
from cutscore.report.files import write_artifact
from cutscore.report.items import Figure, TableFile, Tag, Text
from cutscore.search.arrays import front_columns, searched, short_names, trial_columns, value_text
from cutscore.search.charts import charts as charts_of
from cutscore.search.html import search_page
from cutscore.search.importances import importances
from cutscore.search.records import Scale, StudyRecord, TrialRecord, best_of, pareto, ranked
from cutscore.search.report import search_items
from cutscore.search.svg_charts import svg_chart

PICTURES = {"history.png", "slices.png", "parallel_coordinates.png", "importances.png"}
TABLES = {"trials.csv", "importances.csv"}


def told(items):
    """Names of artifacts, and of those that a tag says do not exist."""
    names = {item.path for item in items if not isinstance(item, Tag)}
    missing = {item.key.removeprefix("undefined.") for item in items if isinstance(item, Tag)}
    assert not names & missing
    return names, missing - {"importances"}


# records


@given(
    st.lists(st.tuples(*[st.integers(0, 4)] * 3), max_size=12),
    st.lists(st.sampled_from(["minimize", "maximize"]), min_size=3, max_size=3),
)
@settings(max_examples=100)
def test_the_pareto_front_is_what_nobody_beats(values, directions):
    goals = [(f"m{i}", direction) for i, direction in enumerate(directions)]
    trials = [TrialRecord(i, "COMPLETE", tuple(map(float, v))) for i, v in enumerate(values)]

    def beats(one, other):
        gains = [
            (b - a) if direction == "minimize" else (a - b)
            for a, b, direction in zip(one.values, other.values, directions, strict=True)
        ]
        return min(gains) >= 0 and max(gains) > 0

    brute = {t.number for t in trials if not any(beats(o, t) for o in trials)}
    assert {trial.number for trial in pareto(trials, goals)} == brute
    best = best_of(trials, goals)
    assert (best is None) == (not trials)
    assert best is None or best.number in brute


def test_ties_go_to_the_earlier_trial_and_lost_trials_have_no_place():
    trials = [
        TrialRecord(0, "PRUNED", None),
        TrialRecord(1, "COMPLETE", (math.nan,)),
        TrialRecord(2, "COMPLETE", (7.0,)),
        TrialRecord(3, "COMPLETE", (5.0,)),
        TrialRecord(4, "COMPLETE", (5.0,)),
        TrialRecord(5, "FAIL", (1.0,)),
    ]
    assert [trial.number for trial in ranked(trials, COST)] == [3, 4, 2]
    assert [t.number for t in ranked(trials, (("roc_auc", "maximize"),))] == [2, 3, 4]


# tables


def test_the_table_has_one_row_a_trial_with_all_that_it_had(tmp_path):
    study = made_study(10)
    path = write_artifact(TableFile("trials.csv", trial_columns(study)), tmp_path)
    lines = [line.split(",") for line in path.read_text().replace('"', "").splitlines()]
    head, rows = lines[0], [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    assert head[:4] == ["number", "name", "state", "crossfit_cost"]
    assert [row["number"] for row in rows] == [str(i) for i in range(10)]
    for row, trial in zip(rows, study.trials, strict=True):
        assert row["state"] == trial.state
        assert row["crossfit_cost"] == ("" if trial.values is None else str(trial.values[0]))
        assert float(row[RATE]) == trial.params[RATE]
        assert row[LEAVES] == str(trial.params[LEAVES])
        assert row[SAMPLING] == (trial.params[SAMPLING] or "null")
        assert (row["run_id"], row["reason"]) == (trial.run_id, trial.reason)
        assert (row["folds_reported"], row["prune_value"]) == ("2", "0.34")
        assert row["seconds"] == ("" if trial.seconds is None else "2.5")


def test_pruned_trials_ended_where_their_folds_say():
    early = {"state": "PRUNED", "values": None, "run_id": "there"}
    trials = (
        TrialRecord(0, "COMPLETE", (1_000.0,), partial={0: 0.5, 1: 0.4}),
        TrialRecord(1, partial={0: 0.55}, **early),
        TrialRecord(2, "COMPLETE", (1_200.0,), partial={0: 0.6, 1: 0.5}),
        TrialRecord(3, partial={0: 0.9, 1: 0.6}, **early),
        TrialRecord(4, "PRUNED"),
        TrialRecord(5, "FAIL", partial={0: 0.5}),
    )
    study = StudyRecord("s", COST, trials, SPACE)
    shown = searched(study)
    nan = math.nan
    expected = [nan, 0.55 * 2000, nan, 0.6 * 2450, nan, nan]
    assert shown.aims[0].ended == pytest.approx(expected, nan_ok=True)
    assert shown.state[4] == ""
    assert study.tally() == {"complete": 2, "pruned": 2, "failed": 1, "left out (tried before)": 1}
    other = StudyRecord("s", (("roc_auc_std", "minimize"),), trials, SPACE)
    for unknown in (other, made_study(10, goals=COST_AND_TIME, lost=False)):
        assert searched(unknown).aims[0].ended is None


def test_the_front_as_a_table_is_in_order_of_the_first_objective():
    study = made_study(30, goals=COST_AND_TIME, lost=False)
    columns = front_columns(study)
    front = pareto(study.trials, study.objectives)
    assert columns["number"].tolist() == [trial.number for trial in front]
    assert len(front) > 1
    assert np.all(np.diff(columns["crossfit_cost"].astype(float)) > 0)
    assert np.all(np.diff(columns["seconds_fit"].astype(float)) < 0)


def test_names_are_as_short_as_tells_them_apart():
    keys = ["model.params.x", "calibration.x", "sampling", "a.params.x"]
    assert short_names(keys) == {
        "model.params.x": "model.params.x",
        "calibration.x": "calibration.x",
        "sampling": "sampling",
        "a.params.x": "a.params.x",
    }
    assert short_names([RATE, SAMPLING])[RATE] == "learning_rate"
    assert short_names(["x", "a.x"]) == {"x": "x", "a.x": "a.x"}


def test_values_are_written_as_on_the_command_line():
    texts = [value_text(value) for value in (None, True, "smote", 3, 0.1)]
    assert texts == ["null", "true", "smote", "3", "0.1"]


# importances


def test_importances_are_those_that_optuna_finds_in_the_study_itself():
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))

    def objective(trial):
        rate = trial.suggest_float(RATE, 0.01, 0.3, log=True)
        leaves = trial.suggest_int(LEAVES, 20, 149)
        sampling = trial.suggest_categorical(SAMPLING, SPACE[SAMPLING].choices)
        return math.log(rate / 0.05) ** 2 + leaves / 1000 + (sampling is None)

    study.optimize(objective, n_trials=40)
    records = [
        TrialRecord(t.number, "COMPLETE", tuple(t.values), dict(t.params)) for t in study.trials
    ]
    found = importances(StudyRecord("s", COST, tuple(records), SPACE))
    expected = optuna.importance.get_param_importances(study)
    assert not isinstance(found, Undefined)
    assert found == pytest.approx(expected)
    assert list(found) == sorted(found, key=lambda key: -found[key])
    assert sum(found.values()) == pytest.approx(1)


def test_what_decides_comes_first_and_what_never_varied_counts_nothing():
    space = SPACE | {"model.params.fixed": Scale("int", low=3, high=3)}
    shares = importances(made_study(40, space))
    assert not isinstance(shares, Undefined)
    assert next(iter(shares)) == RATE
    assert shares["model.params.fixed"] == 0


def test_with_several_objectives_importances_are_for_being_near_the_front():
    shares = importances(made_study(30, goals=COST_AND_TIME, lost=False))
    assert not isinstance(shares, Undefined)
    assert set(shares) == set(SPACE)


@pytest.mark.parametrize(
    ("study", "word"),
    [
        (failed_study(), "there are 0"),
        (made_study(1), "there are 1"),
        (made_study(6, same=True), "same value"),
        (made_study(6, {"x": Scale("float", low=2, high=2)}), "no setting"),
    ],
)
def test_where_there_are_no_importances_the_reason_is_told(study, word):
    reason = importances(study)
    assert isinstance(reason, Undefined)
    assert word in reason.reason
    names, missing = told([i for i in search_items(study) if not isinstance(i, Text)])
    assert {"importances.csv", "importances.png"} <= missing
    assert "trials.csv" in names


# items and the page


def test_a_search_leaves_tables_pictures_and_one_page(tmp_path):
    items = list(search_items(made_study(12)))
    names, missing = told(items)
    assert names == PICTURES | TABLES | {"search.html"}
    assert not missing
    for item in items:
        assert write_artifact(item, tmp_path).stat().st_size > 100
    assert {type(item) for item in items} == {TableFile, Figure, Text}


@pytest.mark.parametrize(("kind", "study"), list(awkward_studies()))
def test_awkward_searches_leave_all_that_exists(kind, study, tmp_path):
    items = list(search_items(study))
    names, missing = told(items)
    extra = {"pareto.csv", "pareto.png"} if kind == "several" else set()
    assert names | missing == PICTURES | TABLES | {"search.html"} | extra
    for item in items:
        if isinstance(item, TableFile | Text):
            write_artifact(item, tmp_path)


@pytest.fixture(scope="module")
def pages():
    found = {}
    for kind, study in (
        ("usual", made_study(15)),
        ("several", made_study(12, goals=COST_AND_TIME, lost=False)),
        ("failed", failed_study()),
        ("long", made_study(4, name="<script>alert(1)</script>" + "y" * 300)),
    ):
        shares = importances(study)
        found[kind] = search_page(study, searched(study), shares)
    return found


def test_the_page_is_small_and_asks_nobody(pages):
    for page in pages.values():
        assert len(page) < 60_000
        assert not re.search(r"<(script|link|img)[^>]*(src|href)=", page)


def test_the_page_has_a_chart_for_each_picture(pages):
    found = {kind: page.count("<svg viewBox") for kind, page in pages.items()}
    assert found == {"usual": 4, "several": 5, "failed": 1, "long": 4}
    for name in ("learning_rate", "num_leaves", "sampling", "cross-fitted cost", "share", "trial"):
        assert name in pages["usual"]
    assert "Pareto front" in pages["several"]
    assert "slices: no trial is complete" in pages["failed"]
    assert "importances: " in pages["failed"]


def test_names_cannot_become_code_on_the_page(pages):
    assert "<script>alert" not in pages["long"]
    assert "&lt;script&gt;alert" in pages["long"]


def test_every_trial_is_told_with_all_that_it_had(browser, pages, tmp_path):
    study = made_study(15)
    path = tmp_path / "search.html"
    path.write_text(pages["usual"], encoding="utf-8")
    opened = OpenPage(browser, path, viewport={"width": 600, "height": 900})
    page = opened.page
    for trial in study.trials:
        page.fill("#trial", str(trial.number))
        told = page.inner_text("#told")
        assert f"trial {trial.number}" in told
        assert all(value_text(trial.params[key]) in told for key in (LEAVES, SAMPLING))
        found = page.locator(".on").count()
        # in history, three slices and the lines; the best is drawn once more in history and slices
        assert (
            found == (1 if trial.values is None else 5)
            or trial.number == best_of(study.trials, study.objectives).number
        )
    page.fill("#trial", "99")
    assert page.inner_text("#told") == "There is no such trial."
    page.locator("[data-trial='0']").first.hover()
    assert page.input_value("#trial") == "99"  # what was typed or clicked stays
    page.locator("main").click(position={"x": 2, "y": 2})
    page.locator("[data-trial='0']").first.hover()
    assert page.input_value("#trial") == "0"
    page.focus("#best")
    page.keyboard.press("Home")
    assert page.locator(".lines > :visible").count() == 1
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert opened.errors == []
    opened.close()


@pytest.mark.parametrize("counts", [(10, 20, 40), (10,)])
def test_the_page_shows_cost_by_trees_of_the_best_trials(counts):
    study = made_study(4, lost=False)
    numbers = [trial.number for trial in ranked(study.trials, COST)]
    costs = {n: (np.array(counts), 50_000 + np.arange(len(counts)) / (n + 1)) for n in numbers}
    study = replace(study, tree_costs=costs)
    shown = searched(study)
    chart = dict(charts_of(study, shown, importances(study)))["tree_counts"]
    marks = chart.panels[0].series[1::2]
    assert [series.name for series in marks] == [f"trial {n}" for n in numbers]
    assert all(series.x.tolist() == list(counts) for series in marks)
    assert "Cost by number of trees" in search_page(study, shown, importances(study))
    assert {item.path for item in search_items(study)} >= {"tree_counts.png"}


def test_page_and_pictures_show_the_same():
    study = made_study(15, goals=COST_AND_TIME, lost=False)
    trees = np.array([5.0, 9.0, 20.0])
    study = replace(study, tree_costs={study.best.number: (trees, 60_000 - trees)})
    shown = searched(study)
    for name, chart in charts_of(study, shown, importances(study)):
        figure, page = picture(chart, study.name), ElementTree.fromstring(svg_chart(chart))
        if name == "parallel_coordinates":
            lines = [node for node in page.iter("path") if "data-trial" in node.attrib]
            assert len(figure.axes[0].collections[0].get_segments()) == len(lines) == 15
            continue
        drawn = [axes for axes in figure.axes if axes.axison]
        panels = [node for node in page if "translate" in node.get("transform", "")]
        assert len(drawn) == len(panels)
        for axes, panel in zip(drawn, panels, strict=True):
            points = [node for node in panel.iter() if "data-trial" in node.attrib]
            steps = [n for n in panel.findall("path") if n.get("fill") == "none"]
            dots = sum(len(dots.get_offsets()) for dots in axes.collections)
            lines = [len(line.get_xdata()) for line in axes.lines]
            assert len(points) + sum(
                n.get("d").count("H") + n.get("d").count("L") + 1 for n in steps
            ) == dots + sum(lines)
            assert len(panel.findall("rect")) == len(axes.patches)
            names = [n.text for n in panel.findall("text") if n.get("class") == "name"]
            assert names == [n for n in (axes.get_xlabel(), axes.get_ylabel()) if n]
