"""The four counts at the threshold, and what they cost."""

from __future__ import annotations

import numpy as np

from cutscore.records import Confusion
from cutscore.report.figures import style
from cutscore.report.figures.panel import title
from cutscore.report.figures.sheet import POINT, Pen, Sheet

_LEFT, _BOTTOM, _WIDTH, _HEIGHT = 0.17, 0.10, 0.78, 0.68
_CORNERS = ((0, 0), (1, 0), (1, 1), (0, 1))
_PALE, _FULL = (0xF1, 0xF6, 0xFA), (0x00, 0x72, 0xB2)


def confusion_matrix(
    run: str, counts: Confusion, costs: Confusion | None, threshold: float | None
) -> Sheet:
    """Draw the confusion matrix at a threshold; None where each row is decided by its own costs.

    `costs` holds what the rows of each cell cost together, or None to leave costs out.
    """
    sheet = Sheet()
    # Shares of each true class, so that the rare one is not all pale.
    actual = ((counts.tn, counts.fp), (counts.fn, counts.tp))
    cells = (("TN", 0, 0), ("FP", 0, 1), ("FN", 1, 0), ("TP", 1, 1))
    for name, row, column in cells:
        count = actual[row][column]
        share = count / max(sum(actual[row]), 1e-12)
        cost = None if costs is None else getattr(costs, name.lower())
        _cell(sheet, name, (row, column), count, share, cost)
    _cross(sheet)
    for i in range(2):
        x, y = _place(0.25 + 0.5 * i, 1.0)
        words = ("not flagged", "flagged")[i]
        sheet.text(sheet.width * x, sheet.height * y + 4.5 * POINT, words, 10, across="center")
        x, y = _place(0.0, 0.75 - 0.5 * i)
        words, left = ("negative", "positive")[i], sheet.width * x - 4.5 * POINT
        sheet.text(left, sheet.height * y, words, 10, across="right", along="middle")
    left, middle = 0.055 * sheet.width, (_BOTTOM + _HEIGHT / 2) * sheet.height
    sheet.text(left, middle, "true class", 10, across="center", upright=True)
    where, rule = "each row by its own costs", "flagging has the lower expected cost"
    if threshold is not None:
        nobody = counts.tp + counts.fp == 0
        where = f"at {'a' if nobody else ''} threshold " + (
            "above every score" if nobody else style.number(threshold)
        )
        rule = "score ≥ threshold"
    title(sheet, f"Confusion matrix{' ' if threshold is not None else ', '}{where}", run)
    total = "" if costs is None else f"   Total cost {style.number(_total(costs))}."
    below = f"Flagged: {rule}.{total}"
    sheet.text(_LEFT * sheet.width, 0.035 * sheet.height, below, 9, style.GREY)
    return sheet


def _cell(
    sheet: Sheet,
    name: str,
    place: tuple[int, int],
    count: float,
    share: float,
    cost: float | None,
) -> None:
    """Fill one cell and write its count large, below it name, share and cost."""
    row, column = place
    corners = [_place((column + x) / 2, (2 - row - y) / 2) for x, y in _CORNERS]
    sheet.area(np.array(corners) * (sheet.width, sheet.height), _shade(share))
    colour = "white" if share > 0.55 else style.INK
    x, y = _place(0.25 + 0.5 * column, 0.75 - 0.5 * row)
    across, up, step = sheet.width * x, sheet.height * y, _HEIGHT * sheet.height / 2
    text = style.number(count)
    middle = up + 0.10 * step
    sheet.text(across, middle, text, 19, colour, bold=True, across="center", along="middle")
    lines = [f"{name}   {share:.1%} of the class"]
    if cost is not None:
        lines.append(f"cost {style.number(cost)}")
    for i, line in enumerate(lines):
        top = up - 0.14 * step - i * 0.15 * style.DPI
        sheet.text(across, top, line, 9, colour, across="center", along="top")


def _cross(sheet: Sheet) -> None:
    """Part the cells with white lines."""
    size = sheet.width, sheet.height
    for ends in (((0.5, 0.0), (0.5, 1.0)), ((0.0, 0.5), (1.0, 0.5))):
        line = np.array([_place(*end) for end in ends]) * size
        sheet.line(line, Pen("white", 3, crisp=True))


def _place(across: float, up: float) -> tuple[float, float]:
    """Return where a share of the matrix lies, in shares of the sheet."""
    return _LEFT + across * _WIDTH, _BOTTOM + up * _HEIGHT


def _shade(share: float) -> str:
    """Return a blue, the fuller the greater the share."""
    mixed = (round(p + (f - p) * min(share, 1.0)) for p, f in zip(_PALE, _FULL, strict=True))
    return "#{:02X}{:02X}{:02X}".format(*mixed)


def _total(costs: Confusion) -> float:
    """Return the cost of all four cells."""
    return costs.tp + costs.fp + costs.tn + costs.fn
