"""`report.html` of real runs: in a browser it says what the record says."""

from __future__ import annotations

import pytest
from browser import OpenPage

from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers, packaged_folder
from cutscore.config.overrides import parse_overrides
from cutscore.experiment import ExperimentCache, execute, prepare
from cutscore.report.items import Metric, Text
from cutscore.report.record import record_items
from cutscore.report.settings import ReportSettings

FIGURES = (
    "threshold", "total_cost", "cost_per_row", "savings", "precision", "recall", "fbeta",
    "tp", "fp", "tn", "fn",
)  # fmt: skip


@pytest.fixture(scope="module")
def composer():
    return Composer(find_layers(working_dir=packaged_folder()))


@pytest.fixture
def recorded(composer, loans, browser, tmp_path):
    """Return the metrics of a run and its page, opened."""
    opened = []

    def record(*overrides):
        experiment = compose_plan(composer, parse_overrides([*loans, *overrides])).experiment
        cache = ExperimentCache()
        result = execute(experiment, prepare(experiment, cache), cache)
        items = list(record_items(result, "exp <1>", ReportSettings()))
        text = next(i.text for i in items if isinstance(i, Text) and i.path == "report.html")
        path = tmp_path / "report.html"
        path.write_text(text, encoding="utf-8")
        opened.append(OpenPage(browser, path))
        return {i.key: i.value for i in items if isinstance(i, Metric)}, opened[-1]

    yield record
    for one in opened:
        assert one.errors == []
        one.close()


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("validation=repeated_stratified", "validation.repeats=3", "sampling=balanced"),
        ("data.weight=income", "calibration=sigmoid", "threshold.objective=fbeta"),
        (
            "cost=columns",
            "cost.false_negative=income",
            "cost.false_positive=500",
            "data.amounts=[income]",
        ),
    ],
    ids=["default", "repeated", "weights", "own costs"],
)
def test_its_figures_are_those_of_the_record(recorded, overrides):
    metrics, opened = recorded(*overrides)
    told = opened.figures()
    assert {name: told[name] for name in FIGURES} == {name: metrics.get(name) for name in FIGURES}
    assert told["regret"] == metrics["total_cost"] - metrics["exact_cost"]
    opened.page.click("[data-name='Grid']")
    assert opened.figures()["total_cost"] == metrics["grid_cost"]


def test_rows_decided_by_their_own_costs_are_told_so(recorded):
    own = ("cost=columns", "cost.false_negative=income", "cost.false_positive=500")
    metrics, opened = recorded(*own, "data.amounts=[income]", "threshold=bayes")
    text = opened.page.inner_text("main")
    assert "Decide each row by its own costs" in text
    assert "one threshold for all rows" in text
    assert "one number cannot change them" in text
    assert "threshold" not in metrics
    assert opened.figures()["total_cost"] == metrics["exact_cost"]
    assert opened.page.locator("#false_negative").count() == 0


def test_in_time_order_it_says_how_many_rows_the_cost_is_of(recorded):
    metrics, opened = recorded("validation=time_ordered", "validation.folds=3", "data.time=day")
    rows = f"on the {metrics['crossfit_rows']:,.0f} rows that did not choose it"
    assert metrics["crossfit_rows_left_out"]
    assert rows in opened.page.inner_text("main")
