"""What every cost strategy must hold to."""

import numpy as np
import pytest

from cutscore.cost.fixed import FixedCost
from cutscore.records import Column, Dataset, Table

every_cost = pytest.mark.parametrize(
    "cost",
    [
        FixedCost(false_negative=10, false_positive=1),
        FixedCost(false_negative=5, false_positive=2, true_positive=1, true_negative=0.5),
    ],
    ids=repr,
)


def dataset(rows=40):
    return Dataset(
        name="made",
        source="made",
        table=Table((Column("a"),), np.zeros((rows, 1), dtype=np.float32)),
        target=(np.arange(rows) % 4 == 0).astype(np.int8),
        target_name="y",
        ids=np.arange(rows),
        digest="",
        duplicate_of=np.arange(rows),
        duplicates=0,
    )


@every_cost
def test_totals_are_sums_of_the_rows_costs(cost):
    made = dataset()
    matrix = cost.matrix(made)
    flagged = np.arange(made.rows) % 3 == 0
    rows = np.where(flagged, matrix.flagged(made.target), matrix.unflagged(made.target))
    assert matrix.total(made.target, flagged) == pytest.approx(rows.sum())
    nobody, everybody = matrix.no_model(made.target)
    assert everybody - nobody == pytest.approx(matrix.delta(made.target).sum())


@every_cost
def test_costs_travel_with_their_rows(cost):
    made = dataset()
    rows = np.array([7, 3, 3, 0])
    taken = cost.matrix(made).take(rows)
    everything = cost.matrix(made).delta(made.target)
    assert taken.delta(made.target[rows]).tolist() == everything[rows].tolist()
