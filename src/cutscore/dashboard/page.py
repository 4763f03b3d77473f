"""The page itself: what is sent before any script runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from html import escape
from importlib import resources
from string import Template

from cutscore.dashboard.tables import RunRow

SCRIPTS = (
    "charts.js", "dom.js", "values.js", "address.js", "store.js", "filter.js", "table.js",
    "plots.js", "runs.js", "compare.js", "grid.js", "searches.js", "models.js", "monitoring.js",
    "main.js",
)  # fmt: skip
"""In the order in which they define what later ones use; they share one scope."""

_SHARED = "cutscore.report.page"
"""Where the look and the charts of all pages are."""


def script() -> str:
    """Return all scripts as one."""
    return "\n".join(map(read, SCRIPTS))


def style() -> str:
    """Return the style sheet: that of all pages, and what the dashboard adds."""
    return read("page.css") + read("dashboard.css")


def shell(store: str, newest: Sequence[RunRow]) -> str:
    """Return the page; who has no JavaScript sees the newest runs as a plain table."""
    rows = "\n".join(map(_row, newest)) or '<tr><td colspan="4">There are no runs.</td></tr>'
    return Template(read("index.html")).substitute(store=escape(store), rows=rows)


def _row(run: RunRow) -> str:
    started = ""
    if run.started is not None:
        started = f"{datetime.fromtimestamp(run.started / 1000, UTC):%Y-%m-%d %H:%M}"
    cells = (run.name, run.experiment, run.state, started)
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


@cache
def read(name: str) -> str:
    """Return a file of the page: its own, or one that all pages share."""
    own = resources.files("cutscore.dashboard") / "pages" / name
    file = own if own.is_file() else resources.files(_SHARED) / name
    return file.read_text("utf-8")
