"""The page of a search: one file that needs nothing else, not even a network."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from cutscore.records import Undefined
from cutscore.report.figures.search import plot
from cutscore.report.figures.search.searched import Searched
from cutscore.report.figures.style import number, shorten
from cutscore.search.arrays import short_names, value_text, words
from cutscore.search.charts import charts
from cutscore.search.plotly_charts import PlotlyChart, plotly_chart
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
_PICK = "Drag along an axis to pick out lines."
_SETTINGS_SHOWN = 12


def search_page(
    study: StudyRecord, searched: Searched, shares: Mapping[str, float] | Undefined
) -> str:
    """Return the page: plotly's own code once, then a chart a section."""
    names = short_names(study.space)
    trials = sorted(study.trials, key=lambda trial: trial.number)
    hover = [_hover(trial, study, names) for trial in trials]
    body: list[str] = []
    missing: list[str] = []
    for name, chart in charts(study, searched, shares):
        if isinstance(chart, Undefined):
            missing.append(f"<p>{escape(name.replace('_', ' '))}: {escape(chart.reason)}</p>")
            continue
        note = f"{chart.note} {_PICK}" if isinstance(chart, plot.Parallel) else chart.note
        div = _div(plotly_chart(chart, hover), f"chart{len(body) + 1}", code=not body)
        body.append(
            f'<h2>{escape(chart.title)}</h2>\n<p>{escape(note)}</p>\n<div class="wide">{div}</div>'
        )
    if missing:
        body += ["<h2>What there is no chart of</h2>", *missing]
    head = f"<title>{escape(shorten(study.name, 120))}</title>\n<style>{_STYLE}</style>"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"{head}\n</head>\n<body>\n<h1>{escape(study.name)}</h1>\n"
        f"{_opening(study)}\n" + "\n".join(body) + "\n</body>\n</html>\n"
    )


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


def _div(chart: PlotlyChart, name: str, *, code: bool) -> str:
    """Return a chart as HTML, with plotly's own code before it if asked for."""
    from plotly.io import to_html  # type: ignore[import-untyped]

    return str(
        to_html(
            chart, config={"displayModeBar": False}, include_plotlyjs=code, full_html=False,
            validate=False, div_id=name, default_height=f"{chart['layout']['height']}px",
        )
    )  # fmt: skip
