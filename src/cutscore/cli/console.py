"""The consoles that commands print to."""

from __future__ import annotations

import sys

from rich.console import Console

PLAIN_WIDTH = 160
"""Columns where output is no terminal: nothing has to be cut."""


def output() -> Console:
    """Return the console of results. What is printed is no markup: names may hold brackets."""
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    return Console(width=width, markup=False, emoji=False, highlight=False)


def messages() -> Console:
    """Return the console of progress and notes; into a file lines are not wrapped."""
    wrapped = sys.stderr.isatty()
    return Console(stderr=True, markup=False, emoji=False, highlight=False, soft_wrap=not wrapped)
