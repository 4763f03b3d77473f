"""The page of a cut-off in a real browser: its figures are the record's, to the last bit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from browser import FIGURES, OpenPage

from cutscore.assess.assessing import AssessRequest, assess
from cutscore.assess.page import assessment_page
from cutscore.assess.plain import as_json
from cutscore.assess.reading import ScoreRows
from cutscore.assess.settings import Strategies
from cutscore.cost.columns import ColumnCost
from cutscore.cost.fixed import FixedCost
from cutscore.cost.matrix import CostMatrix
from cutscore.metrics import decision_metrics
from cutscore.records import FixedThreshold
from cutscore.records.weights import exact_weights
from cutscore.threshold.choosing import outcome_of
from cutscore.threshold.exact import Exact

ROWS = 6_000
RATES = ("tp", "fp", "tn", "fn", "precision", "recall", "fbeta")
SHOW = """async (places) => {
  const slider = document.getElementById("slider");
  return places.map((place) => {
    slider.value = Math.round(place * slider.max);
    slider.dispatchEvent(new Event("input"));
    return (%s)();
  });
}"""
PRICE = """([costs, name]) => {
  for (const [id, cost] of Object.entries(costs)) {
    const field = document.getElementById(id);
    field.value = cost;
    field.dispatchEvent(new Event("input"));
  }
  document.querySelector(`[data-name="${name}"]`).click();
  return (%s)();
}"""


def made_rows(kind: str) -> ScoreRows:
    rng = np.random.default_rng(5)
    target = (rng.random(ROWS) < 0.1).astype(np.int8)
    score = 1 / (1 + np.exp(-(rng.normal(size=ROWS) + 1.2 * target - 2.5)))
    weights, columns = None, {}
    if kind == "weights":
        weights = exact_weights(rng.gamma(2.0, 1.0, ROWS))
    if kind == "own costs":
        columns = {"miss": rng.gamma(2.0, 300.0, ROWS)}
    if kind == "points":
        score = np.round(600 - 50 * np.log(1 / score - 1))
    if kind == "ties":
        score = np.round(score, 2)
    return ScoreRows("scores.csv", target, score, amounts=columns, weights=weights)


def made(kind: str):
    rows = made_rows(kind)
    cost = FixedCost(false_negative=10.0, false_positive=1.0)
    if kind == "own costs":
        cost = ColumnCost(false_negative="miss", false_positive=20.0)
    request = AssessRequest(Strategies(cost, Exact(beta=2.0), 1, {}), at=(0.338, 0.1), resamples=20)
    return assess(rows, request)


@pytest.fixture(scope="module", params=["plain", "ties", "weights", "own costs", "points"])
def shown(request, browser, tmp_path_factory):
    found = made(request.param)
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(assessment_page(found, as_json(found)), encoding="utf-8")
    opened = OpenPage(browser, path)
    yield found, opened
    assert opened.errors == []
    assert opened.asked == [path.as_uri()]
    opened.close()


def expected(found, threshold: float, costs: CostMatrix) -> dict[str, float | None]:
    rows = found.rows
    counts, total = outcome_of(FixedThreshold(threshold), rows.target, rows.score, costs)
    rates = decision_metrics(counts, found.rule.beta)
    optimum = Exact().choose(rows.target, rows.score, costs).total_cost
    savings = costs.savings(rows.target, total)
    size = counts.tp + counts.fp + counts.tn + counts.fn
    values = {
        "threshold": threshold, "total_cost": total, "cost_per_row": total / size,
        "savings": savings, "regret": total - optimum, "flagged": (counts.tp + counts.fp) / size,
        **{name: rates[name] for name in RATES},
    }  # fmt: skip
    return {key: v if isinstance(v, int | float) else None for key, v in values.items()}


def test_figures_at_200_thresholds_are_those_of_the_rows(shown):
    found, opened = shown
    places = np.random.default_rng(1).random(198).tolist()
    told = opened.page.evaluate(SHOW % FIGURES, [0, 1, *places])
    assert len({one["threshold"] for one in told}) > 60
    for one in told:
        assert {k: one[k] for k in expected(found, one["threshold"], found.costs)} == expected(
            found, one["threshold"], found.costs
        )


def test_the_optimum_of_20_costs_is_the_exact_one(shown):
    found, opened = shown
    if not found.costs.fixed:
        pytest.skip("rows have their own costs")
    rng = np.random.default_rng(2)
    for _ in range(20):
        pair = [float(x) for x in np.round(rng.gamma(1.0, 20.0, 2) + 0.5, 1)]
        costs = {"false_negative": pair[0], "false_positive": pair[1]}
        texts = {name: repr(value) for name, value in costs.items()}
        one = opened.page.evaluate(PRICE % FIGURES, [texts, "Least cost"])
        matrix = CostMatrix(0.0, pair[1], pair[0], 0.0).weighed(found.rows.weights)
        choice = Exact().choose(found.rows.target, found.rows.score, matrix)
        assert (one["threshold"], one["total_cost"]) == (choice.threshold, choice.total_cost)
        assert {k: one[k] for k in RATES} == {
            k: v for k, v in expected(found, one["threshold"], matrix).items() if k in RATES
        }
        assert math.isclose(one["regret"], 0.0)


@pytest.mark.parametrize(
    "kind", ["one class", "no positive", "equal", "one row", "right is dear", "beyond"]
)
def test_odd_scores_have_a_page_too(browser, tmp_path, kind):
    rng = np.random.default_rng(6)
    target = (rng.random(300) < 0.3).astype(np.int8)
    score, cost = rng.random(300), FixedCost(false_negative=10.0, false_positive=1.0)
    if kind in ("one class", "no positive"):
        target[:] = kind == "one class"
    if kind == "equal":
        score[:] = 0.4
    if kind == "one row":
        target, score = target[:1], score[:1]
    if kind == "right is dear":
        cost = FixedCost(false_negative=2.0, false_positive=9.0, true_positive=30.0)
    if kind == "beyond":
        score = 1e6 * score - 3e5
    asked = AssessRequest(Strategies(cost, Exact(), 1, {}), at=(-1e9, 0.4, 1e9), resamples=5)
    found = assess(ScoreRows("s.csv", target, score), asked)
    path = tmp_path / "report.html"
    path.write_text(assessment_page(found, as_json(found)), encoding="utf-8")
    opened = OpenPage(browser, path)
    for name in ("Asked for", "Chosen", "Least cost"):
        opened.page.locator(f"[data-name='{name}']").first.click()
        told = opened.figures()
        wanted = expected(found, told["threshold"], found.costs)
        assert {name: told[name] for name in wanted} == wanted
    assert "NaN" not in opened.page.inner_html("main")
    assert opened.errors == []
    opened.close()
