"""The page of a search: one file that needs nothing else, not even a network."""

from __future__ import annotations

from collections.abc import Mapping

from cutscore.records import Undefined
from cutscore.report.figures.search.searched import Searched
from cutscore.report.figures.style import number, shorten
from cutscore.report.page.shell import page
from cutscore.search.arrays import short_names, value_text, words
from cutscore.search.charts import charts
from cutscore.search.records import STATE_WORDS, StudyRecord, TrialRecord
from cutscore.search.svg_charts import svg_chart

_SETTINGS_SHOWN = 12


def search_page(
    study: StudyRecord, searched: Searched, shares: Mapping[str, float] | Undefined
) -> str:
    """Return the page: a chart a section, and what each trial had."""
    names = short_names(study.space)
    trials = sorted(study.trials, key=lambda trial: trial.number)
    shown, missing = [], []
    for name, chart in charts(study, searched, shares):
        if isinstance(chart, Undefined):
            missing.append(f"{name.replace('_', ' ')}: {chart.reason}")
        else:
            shown.append({"title": chart.title, "note": chart.note, "svg": svg_chart(chart)})
    return page(
        "search.html.jinja",
        shorten(study.name, 120),
        [{"number": trial.number, "lines": _told(trial, study, names)} for trial in trials],
        ("search.js",),
        styles=("search.css",),
        room="cutscore.search",
        opening=_opening(study),
        charts=shown,
        missing=missing,
    )


def _opening(study: StudyRecord) -> list[str]:
    """Return what was searched for and what came of it."""
    aims = " and ".join(f"{direction} {words(metric)}" for metric, direction in study.objectives)
    counts = ", ".join(f"{trials} {word}" for word, trials in study.tally().items())
    lines = [f"To {aims}. {len(study.trials)} trials: {counts or 'none yet'}."]
    best = study.best
    if best is not None and best.values is not None:
        reached = ", ".join(number(value) for value in best.values)
        lines.append(f"Best: trial {best.number} ({best.name or best.run_id}) with {reached}.")
    return lines


def _told(trial: TrialRecord, study: StudyRecord, names: Mapping[str, str]) -> list[str]:
    """Return what is told of a trial that somebody points at, a line a fact."""
    lines = [f"trial {trial.number}  {shorten(trial.name, 60)}".rstrip()]
    if trial.values is not None:
        named = zip(study.objectives, trial.values, strict=False)
        lines += [f"{words(metric)}: {number(value)}" for (metric, _), value in named]
    shown = [(key, trial.params[key]) for key in names if key in trial.params]
    for key, value in shown[:_SETTINGS_SHOWN]:
        text = number(value) if isinstance(value, float) else value_text(value)
        lines.append(shorten(f"{names[key]} = {text}", 70))
    if len(shown) > _SETTINGS_SHOWN:
        lines.append(f"and {len(shown) - _SETTINGS_SHOWN} more settings")
    if trial.reason:
        lines.append(f"{STATE_WORDS[trial.state]}: {shorten(trial.reason, 90)}")
    return lines
