"""What lies where on a sheet: dots are counted, since they are all there is."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cutscore.report.figures.legend import Dot, LegendEntry, write_legend
from cutscore.report.figures.panel import Panel
from cutscore.report.figures.scales import around, decades, linear, ratios, root
from cutscore.report.figures.sheet import Pen, Sheet, text_width


def dots(sheet):
    return np.asarray(Image.open(io.BytesIO(sheet.png())).convert("RGB")).astype(int)


def inked(sheet):
    """Return first and last row and column that are not white."""
    rows, columns = np.nonzero((dots(sheet) < 250).any(axis=2))
    return rows.min(), rows.max(), columns.min(), columns.max()


def test_a_sheet_comes_back_as_it_was_drawn():
    sheet = Sheet(2, 1)
    corners = np.array([[20.0, 10.0], [120.0, 10.0], [120.0, 60.0], [20.0, 60.0]])
    sheet.area(corners, "#0072B2")
    seen = dots(sheet)
    assert seen.shape == (110, 220, 3)
    assert (seen[50:100, 20:120] == (0x00, 0x72, 0xB2)).all()
    assert (seen == 255).all(axis=2).sum() == 110 * 220 - 100 * 50


def test_a_line_is_as_wide_as_its_pen_says_and_stays_inside():
    sheet = Sheet(1, 1)
    sheet.line(np.array([[-10.0, 55.0], [200.0, 55.0]]), Pen("black", 7.2), (30, 0, 80, 110))
    top, bottom, left, right = inked(sheet)
    assert bottom - top + 1 == pytest.approx(11, abs=1)  # 7.2 points at 110 dots an inch
    assert (left, right) == (30, 79)


def test_texts_stand_where_they_are_put():
    for across, share in (("left", 0.0), ("center", 0.5), ("right", 1.0)):
        sheet = Sheet(2, 1)
        sheet.text(110, 55, "HHHH", 9, "black", across=across)
        top, bottom, left, right = inked(sheet)
        width = text_width("HHHH", 9)
        assert left == pytest.approx(110 - share * width, abs=4)
        assert right == pytest.approx(110 + (1 - share) * width, abs=4)
        assert bottom == pytest.approx(54, abs=1)  # rows count from the top
        assert bottom - top + 1 == pytest.approx(0.73 * 9 * 110 / 72, abs=1.5)


def test_an_upright_text_is_the_same_turned():
    flat, turned = Sheet(2, 2), Sheet(2, 2)
    flat.text(110, 110, "rows", 10, "black", across="center")
    turned.text(110, 110, "rows", 10, "black", across="center", upright=True)
    level, upright = inked(flat), inked(turned)
    assert level[1] - level[0] == upright[3] - upright[2]
    assert level[3] - level[2] == upright[1] - upright[0]


def test_texts_beyond_the_edge_are_cut():
    for place in ((-20, 50), (100, 50), (50, -3), (50, 109), (-500, 50), (50, 900)):
        sheet = Sheet(1, 1)
        sheet.text(*place, "beyond", 12)
        assert sheet.said == ["beyond"]
        sheet.png()


def test_points_lie_where_their_values_say():
    sheet = Sheet(2, 2)
    panel = Panel(sheet, (0.1, 0.1, 0.8, 0.8), linear(0, 1), linear(0, 1))
    panel.point(0.5, 0.25, "#FF0000", Dot("o", 8))
    rows, columns = np.nonzero((dots(sheet) == (255, 0, 0)).all(axis=2))
    assert columns.mean() == pytest.approx(0.5 * 220, abs=1)
    assert rows.mean() == pytest.approx(220 - (0.1 + 0.25 * 0.8) * 220, abs=1)


def test_the_best_legend_hides_nothing_it_could_spare():
    edges = (0.0, 0.0, 220.0, 220.0)
    along_the_top = np.array([[0.0, 200.0], [220.0, 200.0]])
    sheet = Sheet(2, 2)
    write_legend(sheet, edges, [LegendEntry("a line", "black")], "best", [along_the_top])
    assert inked(sheet)[0] > 110


@settings(max_examples=60, deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_round_ticks_lie_on_the_axis_and_say_what_they_are(low, width):
    high = low + width
    if not low < high or width < 1e-9 * abs(low):
        return
    ticks = linear(low, high).ticks
    values = [value for value, _ in ticks]
    assert 1 <= len(ticks) <= 7
    assert len({text for _, text in ticks}) == len(ticks)
    assert all(low - 1e-6 * width <= value <= high + 1e-6 * width for value in values)
    said = [float(text.replace("−", "-")) for _, text in ticks]
    assert np.allclose(said, values, rtol=1e-9, atol=1e-9)
    steps = np.diff(values)
    assert np.allclose(steps, steps[:1].repeat(len(steps)))


def test_scales_of_other_kinds():
    assert [text for _, text in decades(0.5, 2e5).ticks] == ["10⁰", "10²", "10⁴"]
    assert [text for _, text in decades(0.5, 2).ticks] == ["10⁰"]
    assert ratios(1, 30).share(30) == 1
    assert root(0, 1, [0, 0.01, 0.7]).share(0.25) == 0.5
    flat = around(np.array([4.0, 4.0]))
    assert flat.low < 4 < flat.high


@pytest.mark.parametrize("x", [-500, -20, 0, 215, 500])
@pytest.mark.parametrize("y", [-500, -5, 110, 219, 500])
@pytest.mark.parametrize("upright", [False, True])
def test_a_text_may_reach_beyond_the_sheet(x, y, upright):
    sheet = Sheet(2, 2)
    sheet.text(x, y, "0.123456789012", 9, upright=upright)
    assert Image.open(io.BytesIO(sheet.png())).size == (220, 220)
    assert inked(sheet)[0] > 0 if (x, y) == (0, 110) else True


@pytest.mark.parametrize("values", [(0.1, 0.1 + 1e-12), (0.0, 5e-324), (1e9, 1e9 + 1), (-3, -3)])
def test_values_alike_to_the_eye_get_short_ticks(values):
    scale = around(np.array(values, dtype=float))
    assert scale.low < min(values)
    assert max(values) < scale.high
    assert max(len(text) for _, text in scale.ticks) <= 13
