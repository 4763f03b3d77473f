"""The page of a search: one file that needs nothing else, not even a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from cutscore.records import Undefined
from cutscore.report.figures.search.searched import Searched
from cutscore.report.figures.style import number, shorten
from cutscore.search.arrays import short_names, value_text, words
from cutscore.search.charts import (
    Chart,
    history_chart,
    importance_chart,
    parallel_chart,
    pareto_charts,
    slices_chart,
)
from cutscore.search.records import STATE_WORDS, StudyRecord, TrialRecord

_STYLE = """
body { font-family: system-ui, sans-serif; color: #24292F; margin: 2rem auto; max-width: 1180px;
       padding: 0 1rem; line-height: 1.45; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .2rem; }
p { margin: .2rem 0; color: #57606A; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
"""
_HELP = "Point at a trial to see what it had. Drag to look closer, double-click to go back."
_SETTINGS_SHOWN = 12


def search_page(
    study: StudyRecord, searched: Searched, shares: Mapping[str, float] | Undefined
) -> str:
    """Return the page: plotly's own code once, then a chart a section."""
    body = []
    code = True
    for title, text, chart in _sections(study, searched, shares):
        body.append(f"<h2>{escape(title)}</h2>\n<p>{escape(text)}</p>")
        if chart is not None:
            body.append(f'<div class="wide">{_div(chart, f"chart{len(body)}", code=code)}</div>')
            code = False
    head = f"<title>{escape(shorten(study.name, 120))}</title>\n<style>{_STYLE}</style>"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"{head}\n</head>\n<body>\n<h1>{escape(study.name)}</h1>\n"
        f"{_opening(study)}\n" + "\n".join(body) + "\n</body>\n</html>\n"
    )


def _sections(
    study: StudyRecord, searched: Searched, shares: Mapping[str, float] | Undefined
) -> Iterator[tuple[str, str, Chart | None]]:
    """Yield title, explanation and chart of each section; no chart where there is nothing."""
    names = short_names(study.space)
    trials = sorted(study.trials, key=lambda trial: trial.number)
    hover = [_hover(trial, study, names) for trial in trials]
    text = "Value of each trial. Pruned and failed trials have none: they stand along the edge."
    yield "How the search went", text, history_chart(searched, hover)
    if not study.complete:
        text = "No trial is complete, so there are no other charts."
        yield "What the trials reached", text, None
        return
    for chart in pareto_charts(searched, hover):
        text = "No trial is better in both than one on the front."
        yield "Pareto front", text, chart
    if isinstance(shares, Undefined):
        yield "What made the difference", f"This cannot be told: {shares.reason}.", None
    else:
        text = f"Share of each setting in reaching the best tenth of {len(study.complete)} trials."
        bars = {names[key]: share for key, share in shares.items()}
        yield "What made the difference", text, importance_chart(bars, "share (PED-ANOVA)")
    text = "Every complete trial against each setting. Light: early trials, dark: late ones."
    name = words(study.objectives[0][0])
    yield f"{name[:1].upper()}{name[1:]} by setting", text, slices_chart(searched, hover)
    text = "One line a complete trial, the better the darker. Drag along an axis to pick out lines."
    yield "Every complete trial", text, parallel_chart(searched)


def _opening(study: StudyRecord) -> str:
    """Return what was searched for and what came of it."""
    aims = " and ".join(f"{direction} {words(metric)}" for metric, direction in study.objectives)
    counts = ", ".join(f"{trials} {word}" for word, trials in study.tally().items())
    lines = [f"To {aims}. {len(study.trials)} trials: {counts or 'none yet'}."]
    best = study.best
    if best is not None and best.values is not None:
        reached = ", ".join(number(value) for value in best.values)
        lines.append(f"Best: trial {best.number} ({best.name or best.run_id}) with {reached}.")
    lines.append(_HELP)
    return "\n".join(f"<p>{escape(line)}</p>" for line in lines)


def _hover(trial: TrialRecord, study: StudyRecord, names: Mapping[str, str]) -> str:
    """Return what is shown when the pointer is on a trial, a line a fact."""
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
    return "<br>".join(escape(line) for line in lines)


def _div(chart: Chart, name: str, *, code: bool) -> str:
    """Return a chart as HTML, with plotly's own code before it if asked for."""
    from plotly.io import to_html  # type: ignore[import-untyped]

    return str(
        to_html(
            chart, config={"displayModeBar": False}, include_plotlyjs=code, full_html=False,
            validate=False, div_id=name, default_height=f"{chart['layout']['height']}px",
        )
    )  # fmt: skip
