"""The page for every reader: by keyboard, on paper, without JavaScript, under attack."""

from __future__ import annotations

import json
from dataclasses import replace

import made_periods
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import OpenPage

from cutscore.assess.assessing import AssessRequest, assess
from cutscore.assess.plain import as_json
from cutscore.assess.reading import ScoreRows
from cutscore.assess.settings import Strategies
from cutscore.cost.fixed import FixedCost
from cutscore.report.page.cutoff import CutoffFacts, cutoff_page
from cutscore.report.page.evidence import LARGEST, cut_evidence
from cutscore.threshold.exact import Exact

PHONE = {"viewport": {"width": 390, "height": 844}}
FRAME = {"viewport": {"width": 602, "height": 668}}
ATTACKS = (
    "</script><script>window.attacked = 1</script>",
    "<img src=x onerror='window.attacked = 1'>",
    '" onmouseover="window.attacked = 1" x="',
    "'; window.attacked = 1; '\u2028\u2029<!--<script>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202egnp.exe \u05e9\u05dc\u05d5\u05dd",
    "x" * 10_000,
)
EXTRA = {
    "calibration": {"as given": {"score": [0.1, 0.4], "share": [0.12, 0.3], "count": [90, 30]}},
    "importance": [("income", 0.7), ("age", 0.3)],
    "facts": [("AUC", "0.8")],
    "periods": made_periods.document(),
}


@pytest.fixture(scope="module")
def facts() -> CutoffFacts:
    rng = np.random.default_rng(3)
    target = (rng.random(2_000) < 0.15).astype(np.int8)
    score = 1 / (1 + np.exp(-(rng.normal(size=2_000) + 1.3 * target - 2)))
    rule = Strategies(FixedCost(false_negative=8.0, false_positive=1.0), Exact(), 1, {})
    made = assess(ScoreRows("s.csv", target, score), AssessRequest(rule, resamples=20))
    return CutoffFacts(
        "exp01_cv_domain_none", ["2,000 rows"], as_json(made), made.cut_table, made.costs, 1, 1.0,
        made.frontier.threshold.tolist(), **EXTRA,
    )  # fmt: skip


@pytest.fixture
def opened(browser, facts, tmp_path):
    """Open the page of facts; whatever a test opens has neither errors nor requests."""
    pages = []

    def open_one(told=facts, **context):
        path = tmp_path / f"report{len(pages)}.html"
        path.write_text(cutoff_page(told), encoding="utf-8")
        pages.append(OpenPage(browser, path, **context))
        return pages[-1]

    yield open_one
    for one in pages:
        assert one.errors == []
        assert len(one.asked) == 1
        one.close()


def test_a_page_has_at_most_60_kilobytes(facts):
    """With the most that the evidence of thresholds may take of it; two years of months apart."""
    cuts = json.dumps(cut_evidence(facts.cuts, facts.costs, [], 1), separators=(",", ":"))
    names = [(f"feature_with_a_name_{i}", 0.08) for i in range(12)]
    whole = replace(facts, importance=names, periods=None)
    size = len(cutoff_page(whole).encode())
    assert size - len(cuts) + LARGEST <= 60_000
    months = made_periods.document([f"2024-{at:02d}" for at in range(24)])
    assert len(cutoff_page(replace(whole, periods=months)).encode()) - size <= 25_000


@pytest.mark.parametrize(
    "context", [{}, {"color_scheme": "dark"}, PHONE, FRAME], ids=["light", "dark", "phone", "frame"]
)
def test_axe_finds_nothing_and_nothing_is_cut_off(opened, context):
    one = opened(**context)
    found = Axe().run(one.page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, found.generate_report()
    width = one.page.viewport_size["width"]
    assert one.page.evaluate("document.documentElement.scrollWidth") == width


def test_everything_is_done_by_keyboard(opened):
    page = (one := opened()).page
    before = one.figures()
    page.focus("#slider")
    page.keyboard.press("ArrowRight")
    after = one.figures()
    assert after["threshold"] > before["threshold"]
    assert after["flagged"] < before["flagged"]
    page.keyboard.press("Home")
    assert one.figures()["flagged"] == 1
    assert "threshold" in page.get_attribute("#slider", "aria-valuetext")
    page.focus("[data-name='Chosen']")
    page.keyboard.press("Enter")
    assert one.figures() == before
    assert page.get_attribute("[data-name='Chosen']", "aria-pressed") == "true"
    page.locator("#spoken", has_text="cost").wait_for(state="attached")


def test_a_typed_threshold_is_exact_or_bounded(opened, facts):
    page = (one := opened()).page
    for typed in ("0.25", "0.123456789", "-3", "7"):
        page.fill("#typed", typed)
        page.keyboard.press("Enter")
        flagged = one.figures()["flagged"]
        place = int(facts.cuts.place(float(typed)))
        counts = facts.cuts.tp[place] + facts.cuts.fp[place]
        message = page.inner_text("#message")
        assert (flagged == counts / 2_000) or f"--at {typed}" in message
        assert "--at" not in message or typed == "0.123456789"
    page.fill("#typed", "a half")
    page.keyboard.press("Enter")
    assert "is a number" in page.inner_text("#message")
    assert page.get_attribute("#typed", "aria-invalid") == "true"


def test_what_is_no_cost_is_refused_in_words_and_changes_nothing(opened):
    page = (one := opened()).page
    before = one.figures()
    for typed in ("ten", "", "-5", "1e31", "Infinity", "<b>1</b>"):
        page.fill("#false_negative", typed)
        assert "false negative: a number" in page.inner_text("#cost-message")
        assert page.get_attribute("#false_negative", "aria-invalid") == "true"
        assert one.figures() == before
    page.click("#reset")
    assert page.inner_text("#cost-message") == ""


def test_huge_and_tiny_costs_are_costs(opened):
    page = (one := opened()).page
    for typed in ("1e30", "0", "1,000", "1e-9"):
        page.fill("#false_negative", typed)
        page.click("[data-name='Least cost']")
        assert page.inner_text("#cost-message") == ""
        assert one.figures()["regret"] == 0


def test_other_costs_move_optimum_plateau_and_regret(opened):
    page = (one := opened()).page
    page.fill("#false_negative", "30")
    told = one.figures()
    assert told["regret"] > 0
    assert "30:1" in page.inner_text("#of-costs")
    assert "about" in page.inner_text("#of-costs")
    assert "Intervals hold for the costs of the run only" in page.inner_text("#of-costs")
    page.click("[data-name='Least cost']")
    assert one.figures()["threshold"] < told["threshold"]


def test_names_and_messages_are_never_interpreted(opened, facts):
    told = replace(
        facts,
        title="".join(ATTACKS[:5]),
        about=ATTACKS,
        asked=[(name, 0.3) for name in ATTACKS],
        importance=[(name, 0.5) for name in ATTACKS],
        calibration=dict.fromkeys(ATTACKS[:2], EXTRA["calibration"]["as given"]),
        facts=[(name, name) for name in ATTACKS],
        cautions=ATTACKS,
        periods=made_periods.document(ATTACKS),
    )
    page = opened(told, **PHONE).page
    assert page.evaluate("window.attacked") is None
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2
    assert ATTACKS[0] in page.inner_text("h1")
    assert "49" not in page.inner_text(".note >> nth=4")
    page.click("[data-name='Chosen']")
    page.hover("main")
    assert page.evaluate("window.attacked") is None
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_without_javascript_the_decision_stands_in_words_and_the_curve_is_there(opened, facts):
    page = opened(java_script_enabled=False).page
    text = page.inner_text("main")
    assert f"score is at least {facts.document['threshold']:.6g}" in " ".join(text.split())
    assert "Without JavaScript" in text
    assert "income" in text
    assert page.locator("#cost-chart polyline").is_visible()
    assert not page.locator("#slider").is_visible()
    shown = page.locator("[data-figure=total_cost]").inner_text()
    assert shown == f"{facts.document['total_cost']:,.0f}"


def test_static_figures_are_what_scripts_make_of_them(opened):
    texts = """() => [...document.querySelectorAll("[data-figure]")].map((node) =>
      node.textContent)"""
    still = opened(java_script_enabled=False).page.locator("[data-figure]").all_inner_texts()
    assert opened().page.evaluate(texts) == still


def test_a_sandboxed_frame_without_storage_is_enough(opened, browser, facts, tmp_path):
    """As MLflow shows it: a blob, scripts only."""
    inside = cutoff_page(facts)
    page = browser.new_page(**FRAME)
    page.set_content("<iframe sandbox='allow-scripts' style='width: 100%; height: 600px'></iframe>")
    page.evaluate(
        """(text) => { document.querySelector("iframe").src =
          URL.createObjectURL(new Blob([text], { type: "text/html" })); }""",
        inside,
    )
    frame = page.frame_locator("iframe")
    before = frame.locator("[data-figure=flagged]").inner_text()
    frame.locator("#slider").focus()
    page.keyboard.press("PageUp")
    assert frame.locator("[data-figure=flagged]").inner_text() != before
    page.close()


def test_on_paper_there_are_figures_and_no_controls(opened):
    page = opened(color_scheme="dark").page
    page.emulate_media(media="print")
    assert not page.locator("#slider").is_visible()
    assert not page.locator("#false_negative").is_visible()
    assert page.locator("[data-figure=total_cost]").is_visible()
    ink = page.evaluate("getComputedStyle(document.body).color")
    assert sum(map(int, ink[4:-1].split(","))) < 200
    assert page.pdf(format="A4").startswith(b"%PDF")
