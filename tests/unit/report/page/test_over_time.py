"""What a page says of periods, in words."""

from __future__ import annotations

import made_periods
import pytest

from cutscore.report.page.over_time import SHOWN, period_charts, period_words

CUT = made_periods.document()["recutting"]


def said(**changes):
    return " ".join(period_words(made_periods.document(**changes))["sentences"])


def test_it_names_the_worst_period_and_whether_the_change_is_chance():
    text = said()
    assert "Over 3 months the Gini is 0.600 on average and 0.500 at worst (2024-02)" in text
    assert "-0.0100 a month (standard error 0.0200): no more than chance" in text
    assert "1 month has too few rows of a class for a Gini." in text
    falling = {**made_periods.FIGURES, "gini_slope": -0.05}
    assert ": more than chance" in said(figures=falling)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (5.0, 95.0, "choosing anew pays"),
        (-95.0, -5.0, "choosing anew does not pay"),
        (-5.0, 95.0, "these rows cannot tell which is cheaper"),
    ],
)
def test_choosing_anew_pays_only_where_the_interval_says_so(low, high, verdict):
    text = said(recutting={**CUT, "low": low, "high": high})
    assert "A threshold frozen after 1 month costs 700 in the 3 months that follow" in text
    assert text.count(verdict) == 1


def test_what_not_choosing_anew_saves_is_told_without_a_minus():
    text = said(recutting={**CUT, "difference": -50.0, "low": -95.0, "high": -5.0})
    assert "Not choosing anew saves 50 (95 % interval 5 to 95): choosing anew does not pay." in text


def test_what_does_not_exist_is_told_with_its_reason():
    none = {"chosen_from": None, "undefined": "there are 1"}
    words = period_words(
        made_periods.document(
            figures={}, undefined={"worst_period": "only one period"}, recutting=none
        )
    )
    assert words["sentences"][0] == "No threshold was frozen: there are 1."
    assert ("Gini of the worst period", "only one period") in words["undefined"]
    assert {value for _, value in words["tiles"]} == {"-"}
    assert period_words(made_periods.document())["rows"][2][3] == "insufficient"


def test_the_table_has_the_latest_periods_and_the_charts_have_all():
    document = made_periods.document([f"day {at}" for at in range(SHOWN + 7)])
    words = period_words(document)
    assert len(words["rows"]) == SHOWN
    assert words["rows"][-1][0] == f"day {SHOWN + 6}"
    assert words["left_out"] == 7
    assert len(period_charts(document)["names"]) == SHOWN + 7
