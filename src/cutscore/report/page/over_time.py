"""What a page says of a run's periods: sentences, tiles, a table and two charts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cutscore.metrics.catalogue import describe
from cutscore.report.figures.style import number, shorten

SHOWN = 60
"""Rows of the table; the charts have all periods."""
_TILES = ("gini_mean", "gini_stability", "mean_minus_sd", "worst_period", "frozen_threshold_cost")
_LINES = {
    "cost_per_row": ("grey", "the run's threshold"),
    "frozen_cost_per_row": ("second", "frozen threshold"),
    "refitted_cost_per_row": ("", "threshold chosen anew"),
}
_WIDE = 1.959963984540054


def period_words(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what templates need of a `periods.json`."""
    stretch, periods = document["stretch"] or "period", document["periods"]
    figures, undefined = document["figures"], document["undefined"]
    return {
        "stretch": stretch,
        "sentences": list(_sentences(document, stretch)),
        "tiles": [(describe(n).label, describe(n).text(figures.get(n))) for n in _TILES],
        "undefined": [(describe(n).label, why) for n, why in undefined.items() if n in _TILES],
        "rows": [_row(each) for each in periods[-SHOWN:]],
        "left_out": max(0, len(periods) - SHOWN),
    }


def period_charts(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the charts need, to as many digits as they can show."""
    periods = document["periods"]
    return {
        "stretch": document["stretch"] or "period",
        "names": [shorten(each["period"], 20) for each in periods],
        "mean": document["figures"].get("gini_mean"),
        "gini": [
            [at, *(_short(each["gini"] + side * _WIDE * each["gini_error"]) for side in (0, -1, 1))]
            for at, each in enumerate(periods)
            if each["gini"] is not None
        ],
        "lines": [
            {
                "look": look,
                "name": name,
                "points": [
                    [at, _short(each[key])]
                    for at, each in enumerate(periods)
                    if each[key] is not None
                ],
            }
            for key, (look, name) in _LINES.items()
        ],
    }


def _sentences(document: Mapping[str, Any], stretch: str) -> Iterator[str]:
    figures, periods = document["figures"], document["periods"]
    if "gini_mean" in figures:
        known = [each for each in periods if each["gini"] is not None]
        worst = min(known, key=lambda each: each["gini"])
        slope, error = figures["gini_slope"], figures["gini_slope_error"]
        chance = "more" if abs(slope) > _WIDE * error else "no more"
        yield (
            f"Over {_several(len(known), stretch)} the Gini is {figures['gini_mean']:.3f} on "
            f"average and {worst['gini']:.3f} at worst ({shorten(worst['period'], 40)}). It "
            f"changes by {slope:+.4f} a {stretch} (standard error {error:.4f}): {chance} than "
            "chance explains."
        )
    decided = sum(each["frozen_cost_per_row"] is not None for each in periods)
    yield from _of_threshold(document["recutting"], figures, decided, stretch)
    few = sum(bool(each["insufficient"]) for each in periods)
    if few:
        have = "has" if few == 1 else "have"
        yield f"{_several(few, stretch)} {have} too few rows of a class for a Gini."
    undated = document["rows_without_period"]
    if undated:
        yield f"{undated:,} scored rows without a date are left out."


def _of_threshold(
    cut: Mapping[str, Any], figures: Mapping[str, float], decided: int, stretch: str
) -> Iterator[str]:
    """Yield what the frozen threshold costs, and what it would have cost to choose anew."""
    chosen_from = cut["chosen_from"]
    if chosen_from is None:
        yield f"No threshold was frozen: {cut['undefined']}."
        return
    later, first = _several(decided, stretch), _several(chosen_from, stretch)
    told = (
        f"A threshold frozen after {first} costs "
        f"{number(figures['frozen_threshold_cost'])} in the {later} that follow"
    )
    if cut["difference"] is None:
        yield f"{told}; {cut['undefined']}."
        return
    sign = -1 if cut["difference"] < 0 else 1
    ends = sorted((sign * cut["low"], sign * cut["high"]))
    verdict = "these rows cannot tell which is cheaper"
    if not cut["low"] <= 0 <= cut["high"]:
        verdict = "choosing anew pays" if cut["low"] > 0 else "choosing anew does not pay"
    yield (
        f"{told}, one chosen anew from the latest {first} "
        f"{number(figures['refitted_threshold_cost'])}. Not choosing anew "
        f"{'saves' if sign < 0 else 'costs'} {number(abs(cut['difference']))} (95 % interval "
        f"{number(ends[0])} to {number(ends[1])}): {verdict}."
    )


def _row(each: Mapping[str, Any]) -> Sequence[str]:
    """Return a row of the table as texts."""
    gini = "insufficient" if each["insufficient"] else "–"
    if each["gini"] is not None:
        gini = f"{each['gini']:.3f} ± {each['gini_error']:.3f}"
    score = "insufficient" if each["score_psi"] is None else f"{each['score_psi']:.3f}"
    column, index = shorten(each["largest_column"], 30), each["largest_column_psi"]
    return (
        shorten(each["period"], 40),
        f"{each['rows']:,}",
        f"{each['base_rate']:.1%}",
        gini,
        f"{each['flagged_share']:.1%}",
        _told(each["observed_to_expected"], ".2f"),
        _told(each["cost_per_row"], ".4f"),
        _told(each["frozen_cost_per_row"], ".4f"),
        _told(each["refitted_cost_per_row"], ".4f"),
        f"{score} ({each['score_psi_noise']:.3f})",
        "insufficient" if index is None else f"{column} {index:.3f}",
    )


def _told(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _several(count: int, stretch: str) -> str:
    return f"{count} {stretch}{'s' * (count != 1)}"


def _short(value: float) -> float:
    return float(f"{value:.5g}")
