"""What the pictures of a search say; how they look is for people to judge."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutscore.report.figures.scales import log_ticks
from cutscore.report.figures.search.drawing import picture
from cutscore.report.figures.search.history import history
from cutscore.report.figures.search.parallel import parallel_coordinates
from cutscore.report.figures.search.pareto import pareto_front
from cutscore.report.figures.search.searched import (
    Searched,
    SearchObjective,
    Setting,
    best_so_far,
    shade,
)
from cutscore.report.figures.search.slices import slices

STUDY = "credit-baseline_none-3fa2c1d0"
NAN = np.nan


def aim(values, name="cost", lower=True):
    return SearchObjective(name, np.array(values, dtype=float), lower_is_better=lower)


def setting(place, name="rate", **more):
    return Setting(name, np.array(place, dtype=float), **more)


def made(values=(3.0, NAN, 2.0, 4.0), aims=None, settings=None, states=None, front=()):
    n = len(values)
    aims = (aim(values),) if aims is None else aims
    known = np.flatnonzero(np.isfinite(aims[0].value))
    return Searched(
        number=np.arange(n),
        state=np.array(states or ["COMPLETE" if np.isfinite(v) else "PRUNED" for v in values]),
        aims=aims,
        settings=(setting(np.linspace(0.01, 0.3, n), log=True),) if settings is None else settings,
        best=int(known[np.argmin(aims[0].loss[known])]) if known.size else None,
        front=np.isin(np.arange(n), front),
    )


def texts(figure):
    from matplotlib.text import Text

    figure.canvas.draw()
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_history_tells_how_trials_ended_and_which_is_best():
    searched = made((3.0, NAN, 2.0, NAN), states=["COMPLETE", "PRUNED", "COMPLETE", "FAIL"])
    words = texts(picture(history(searched), STUDY))
    assert {STUDY, "trial", "cost", "complete: 2", "pruned: 1", "failed: 1"} <= set(words)
    assert {"best so far", "best, trial 2: 2"} <= set(words)


@pytest.mark.parametrize("lower", [True, False])
def test_pruned_trials_stand_where_they_ended(lower):
    ended = np.array([NAN, 3.5, NAN, NAN, 90.0])
    told = SearchObjective("cost", np.array([3.0, NAN, 2.0, NAN, NAN]), lower, ended)
    states = ["COMPLETE", "PRUNED", "COMPLETE", "PRUNED", "PRUNED"]
    panel = history(made((NAN,) * 5, aims=(told,), states=states)).panels[0]
    pruned = next(marks for marks in panel.series if marks.name == "pruned: 3")
    assert pruned.trial.tolist() == [1, 3, 4]
    assert pruned.y[0] == 3.5
    assert panel.y.scale.low < pruned.y[1] < 2.0  # nothing is known of it
    assert told.value[4] != told.ends()[1]
    assert 3.5 < pruned.y[2] <= panel.y.scale.high


def test_several_objectives_have_a_panel_each_and_no_best_so_far():
    searched = made(aims=(aim([3.0, 2.0, 1.0, 4.0]), aim([1.0, 2.0, 9.0, 4.0], "seconds")))
    figure = picture(history(searched), STUDY)
    assert [axes.get_ylabel() for axes in figure.axes] == ["cost", "seconds"]
    assert "best so far" not in texts(figure)


@pytest.mark.parametrize("lower", [True, False])
def test_one_hopeless_trial_does_not_flatten_the_others(lower):
    sign = 1 if lower else -1
    values = sign * np.array([50.0, 51.0, 52.0, 50.5, 51.5, 9_000.0])
    searched = made(values, aims=(aim(values, lower=lower),))
    low, high = searched.aims[0].ends()
    assert high - low < 20
    assert low < values[0] < high
    assert "worse than shown: 1" in texts(picture(history(searched), STUDY))


def test_the_best_so_far_never_gets_worse_and_waits_for_the_first_value():
    assert best_so_far(aim([NAN, 3, 5, NAN, 2])).tolist()[1:] == [3, 3, 3, 2]
    assert np.isnan(best_so_far(aim([NAN, 3]))[0])
    assert best_so_far(aim([1, 3, 2], lower=False)).tolist() == [1, 3, 3]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_the_better_the_darker(values):
    shades = shade(aim(values))
    order = np.argsort(values)
    assert np.all(np.diff(shades[order]) <= 0)
    assert shades[order[0]] == 1
    assert np.all((shades >= 0) & (shades <= 1))


def test_slices_have_a_panel_each_and_say_what_is_left_out():
    settings = tuple(setting([1, 2, 3, 4], f"s{i}") for i in range(15))
    figure = picture(slices(made(settings=settings), 12), STUDY)
    assert [axes.get_xlabel() for axes in figure.axes] == [f"s{i}" for i in range(12)]
    assert "Cost by setting, 3 more not shown" in texts(figure)


def test_axes_of_settings_are_of_their_kind():
    settings = (
        setting([0.01, 0.1, 0.2, 0.3], log=True, low=0.01, high=0.3),
        setting([0, 1, 0, NAN], "sampling", labels=("none", "balanced")),
        setting([3, 4, 5, 4], "depth", low=3, high=5, whole=True),
        setting([7, 7, 7, 7], "constant"),
    )
    log, choices, whole, constant = picture(slices(made(settings=settings)), STUDY).axes
    assert log.get_xscale() == "log"
    assert [text.get_text() for text in choices.get_xticklabels()] == ["none", "balanced"]
    assert all(float(tick).is_integer() for tick in whole.get_xticks())
    assert constant.get_xlim()[0] < 7 < constant.get_xlim()[1]


def test_choices_are_moved_apart_and_stay_with_their_own():
    place = setting([1] * 50, "sampling", labels=("a", "b")).spread()
    assert len(set(place.tolist())) == 50
    assert np.all(np.abs(place - 1) <= 0.25)


def test_parallel_coordinates_name_every_axis_and_draw_complete_trials_only():
    settings = (
        setting([0.01, 0.1, 0.2, 0.3], log=True),
        setting([0, 1, 0, NAN], "sampling", labels=("none", "balanced")),
    )
    figure = picture(parallel_coordinates(made(settings=settings)), STUDY)
    assert {"rate", "sampling", "cost", "none", "balanced", "0.1"} <= set(texts(figure))
    lines = figure.axes[0].collections[0].get_segments()
    assert len(lines) == 2  # trial 1 has no value, trial 3 no sampling
    assert all(np.ptp(line[:, 0]) == 2 for line in lines)
    assert all((line[:, 1] >= 0).all() and (line[:, 1] <= 1).all() for line in lines)


def test_the_front_is_drawn_whole_even_where_it_is_slow():
    fast = [1.0, 1.1, 1.2, 1.3, 1.1, 300.0]
    cost = [9.0, 9.5, 9.6, 9.7, 9.8, 1.0]
    searched = made(cost, aims=(aim(cost), aim(fast, "seconds")), front=(0, 5))
    axes = picture(pareto_front(searched), STUDY).axes[0]
    low, high = axes.get_ylim()
    assert low < 1 < 300 < high
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("cost", "seconds")
    assert "Pareto front: 2 trials" in texts(axes.figure)


def test_more_objectives_are_drawn_by_pairs():
    three = tuple(aim([3.0, 2.0, 1.0, 4.0], name) for name in "abc")
    searched = made(aims=three, front=(2,))
    assert len(picture(pareto_front(searched), STUDY).axes) == 3
    fewer = picture(pareto_front(searched, 2), STUDY)
    assert len(fewer.axes) == 2
    assert "Pareto front: 1 trials, 1 pairs not shown" in texts(fewer)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.01, 0.3, [0.01, 0.03, 0.1, 0.3]),
        (1e-4, 10, [1e-4, 0.01, 1.0]),
        (1, 1000, [1, 10, 100, 1000]),
        (0.5, 1, [0.5, 1]),
        (0.6, 0.9, [0.6, 0.9]),
    ],
)
def test_log_ticks_are_round_few_and_within(low, high, ticks):
    assert log_ticks(low, high) == pytest.approx(ticks)
