import numpy as np
import pytest

from cutscore.cost.matrix import CostMatrix
from cutscore.errors import RequestError
from cutscore.sampling import RowsToSample
from cutscore.sampling.cost_weighted import CostWeighted

ROWS = np.arange(4, dtype=np.int64)
TARGET = np.array([1, 0, 0, 1], dtype=np.int8)


def test_rows_weigh_what_a_mistake_on_them_costs():
    missed = np.array([10.0, 99.0, 99.0, 30.0])
    alarm = np.array([99.0, 2.0, 6.0, 99.0])
    matrix = CostMatrix(
        true_negative=1.0, false_positive=alarm, false_negative=missed, true_positive=4.0
    )
    weights = CostWeighted().sample(RowsToSample(ROWS, TARGET, 0, costs=matrix)).weights
    assert weights is not None
    by_hand = np.array([6.0, 1.0, 5.0, 26.0])
    assert weights == pytest.approx(by_hand / by_hand.mean())
    assert weights.mean() == pytest.approx(1.0)


def test_fixed_costs_weigh_classes():
    weights = (
        CostWeighted()
        .sample(RowsToSample(ROWS, TARGET, 0, costs=CostMatrix(0.0, 1.0, 10.0, 0.0)))
        .weights
    )
    assert weights is not None
    assert weights[0] / weights[1] == pytest.approx(10.0)


def test_a_class_that_weighs_nothing_is_a_fault():
    with pytest.raises(RequestError, match="no mistake on any negative training row costs"):
        CostWeighted().sample(RowsToSample(ROWS, TARGET, 0, costs=CostMatrix(0.0, 0.0, 10.0, 0.0)))


def test_costs_are_needed():
    with pytest.raises(ValueError, match="need the costs"):
        CostWeighted().sample(RowsToSample(ROWS, TARGET, 0))
