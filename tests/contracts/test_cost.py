"""What every cost strategy must hold to."""

import json

import numpy as np
import pytest
from made_costs import priced
from strategies import with_all_others

from cutscore.cost.columns import ColumnCost
from cutscore.cost.credit_line import CreditLineCost
from cutscore.cost.fixed import FixedCost
from cutscore.cost.matrix import ENTRIES, join_costs
from cutscore.cost.saved import cost_from_json
from cutscore.errors import StoreError
from cutscore.records import Column, Dataset, Table

every_cost = pytest.mark.parametrize(
    "cost",
    with_all_others(
        "cost",
        FixedCost(false_negative=10, false_positive=1),
        FixedCost(false_negative=5, false_positive=2, true_positive=1, true_negative=0.5),
        ColumnCost(false_negative="loss", false_positive="profit", true_positive=0.5),
        CreditLineCost(income="income", debt="debt"),
    ),
    ids=lambda cost: type(cost).__name__,
)


def dataset(rows=40):
    rng = np.random.default_rng(5)
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
        amounts={
            "loss": rng.uniform(0, 100, rows),
            "profit": rng.uniform(0, 10, rows),
            "income": rng.uniform(500, 9_000, rows),
            "debt": rng.uniform(0, 0.9, rows),
        },
    )


def entries(matrix):
    return [np.asarray(getattr(matrix, name)).tolist() for name in ENTRIES]


@every_cost
def test_fitted_costs_come_back_from_plain_values(cost):
    made, training, rows = dataset(), np.arange(0, 40, 2), np.array([7, 3, 0])
    fitted = cost.fit(made, training)
    again = cost_from_json(json.loads(json.dumps(fitted.to_json())))
    assert again == fitted
    assert again.columns == fitted.columns
    assert set(fitted.columns) <= set(cost.columns)
    only = {name: made.amounts[name] for name in fitted.columns}
    assert entries(again.matrix(only, rows)) == entries(priced(cost, made, training, rows))


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"kind": "oracle"}, "unknown kind of cost: 'oracle'"),
        ({"kind": "fixed", "false_negative": 1}, "damaged"),
        ({"kind": "credit_line", "income": "income"}, "damaged"),
        ({"kind": "columns", "false_negative": 1, "false_positive": 1}, "damaged"),
    ],
)
def test_costs_that_were_not_kept_so_are_refused(state, message):
    with pytest.raises(StoreError, match=message):
        cost_from_json(state)


@every_cost
def test_totals_are_sums_of_the_rows_costs(cost):
    made = dataset()
    matrix = priced(cost, made)
    flagged = np.arange(made.rows) % 3 == 0
    rows = np.where(flagged, matrix.flagged(made.target), matrix.unflagged(made.target))
    assert matrix.total(made.target, flagged) == pytest.approx(rows.sum())
    nobody, everybody = matrix.no_model(made.target)
    assert everybody - nobody == pytest.approx(matrix.delta(made.target).sum())


@every_cost
def test_costs_travel_with_their_rows(cost):
    made = dataset()
    rows = np.array([7, 3, 3, 0])
    taken = priced(cost, made).take(rows)
    everything = priced(cost, made).delta(made.target)
    assert taken.delta(made.target[rows]).tolist() == everything[rows].tolist()


@every_cost
def test_chosen_rows_cost_what_they_cost_among_all(cost):
    made, training, rows = dataset(), np.arange(0, 40, 2), np.array([7, 3, 3, 0])
    among_all, alone = priced(cost, made, training).take(rows), priced(cost, made, training, rows)
    for one, other in zip(entries(among_all), entries(alone), strict=True):
        assert one == pytest.approx(other, rel=1e-9)


@every_cost
def test_rows_outside_training_and_the_chosen_ones_change_nothing(cost):
    made = dataset()
    training, rows = np.arange(20), np.arange(25, 30)
    before = entries(priced(cost, made, training, rows))
    of_training = entries(priced(cost, made, training, training))
    for values in made.amounts.values():
        values[30:] *= 0.5  # other rows: change nothing at all
    made.target[30:] = 1
    assert entries(priced(cost, made, training, rows)) == before
    for values in made.amounts.values():
        values[20:] *= 0.5  # validation rows too: training rows cost the same, to the last bit
    made.target[20:] = 1
    assert entries(priced(cost, made, training, training)) == of_training


@every_cost
def test_joined_costs_are_those_of_the_parts_in_order(cost):
    made = dataset()
    parts = [np.arange(15), np.arange(15, 40)]
    joined = join_costs([priced(cost, made, None, part) for part in parts], [15, 25])
    whole = priced(cost, made)
    assert joined.fixed == whole.fixed
    assert joined.delta(made.target) == pytest.approx(whole.delta(made.target), rel=1e-9)
