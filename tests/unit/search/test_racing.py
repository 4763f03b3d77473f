"""The bound by which a trial is told not to win, against draws whose end is known."""

from __future__ import annotations

import numpy as np
import pytest

from cutscore.search.racing import ERROR, LIMIT, deviations

ROWS, DRAWS = 2000, 3000


@pytest.mark.parametrize("seen", [0.2, 0.6, 0.8])
@pytest.mark.parametrize("together", [1, 5])
def test_a_trial_that_ends_equal_is_ended_as_seldom_as_promised(seen, together):
    rng = np.random.default_rng(3)
    units = ROWS // together
    # What units cost more with one of two trials that end equal: mostly nothing, seldom much.
    few, many = np.full(units // 100, 10.0), np.full(units // 16, 1.0)
    more = np.r_[few, -few, many, -many]
    more = np.r_[more, np.zeros(units - len(more))]
    ended = 0
    for _ in range(DRAWS):
        drawn = rng.permutation(more)[: round(seen * units)]
        rows = np.repeat(drawn / together, together)
        label = np.repeat(np.arange(len(drawn)), together)
        ended += deviations(rows, np.zeros(len(rows)), label, seen) > LIMIT
    assert ended / DRAWS < ERROR + 0.02
    if seen * units > 500:
        assert ended / DRAWS > ERROR - 0.02


def test_rows_that_vary_together_are_one_piece_of_evidence():
    rng = np.random.default_rng(1)
    own, best = rng.random(60) + 0.2, rng.random(60)
    alone = deviations(own, best, np.arange(60), 0.5)
    repeated = deviations(np.tile(own, 4), np.tile(best, 4), np.tile(np.arange(60), 4), 0.5)
    assert repeated == pytest.approx(alone)
    assert deviations(own, own, np.arange(60), 0.5) == 0.0


def test_the_last_folds_say_most():
    own, best = np.r_[np.ones(30), np.zeros(70)], np.zeros(100)
    assert deviations(own[1:], best[1:], np.arange(99), 0.2) == 0.0  # 29 rows differ
    early, late, endless = (deviations(own, best, np.arange(100), s) for s in (0.2, 0.8, 1.0))
    assert endless < early < late
