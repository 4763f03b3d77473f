from dataclasses import replace

import numpy as np
import pytest
from made_costs import dataset, priced

from cutscore.cost.columns import ColumnCost
from cutscore.errors import RequestError


def test_columns_and_numbers():
    made = dataset([1, 2, 3], loss=np.array([10.0, 20.0, 30.0]))
    matrix = ColumnCost(false_negative="loss", false_positive=1, true_positive=-0.5)
    matrix = priced(matrix, made)
    assert matrix.false_negative.tolist() == [10.0, 20.0, 30.0]
    assert (matrix.false_positive, matrix.true_positive, matrix.true_negative) == (1.0, -0.5, 0.0)


def test_all_columns_that_are_wrong_are_told_at_once():
    made = dataset([1, 2, 3], loss=np.array([10.0, np.nan, np.inf]))
    with pytest.raises(RequestError) as caught:
        priced(ColumnCost(false_negative="loss", false_positive="incom"), made)
    text = str(caught.value)
    assert 'cost.false_negative: "loss" is missing or infinite in 2 of 3 rows' in text
    assert (
        'cost.false_positive: no column "incom" is kept for costs. Did you mean "income"?' in text
    )


@pytest.mark.parametrize("loss", [1e308, -1e31])
def test_costs_of_which_sums_would_overflow(loss):
    made = dataset([1, 2, 3], loss=np.array([10.0, loss, 3.0]))
    with pytest.raises(RequestError, match=r'"loss" is beyond 1e\+30 in 1 of 3 rows'):
        priced(ColumnCost(false_negative="loss", false_positive=1), made)
    with pytest.raises(ValueError, match="false_positive must be a column or a number of at most"):
        ColumnCost(false_negative="loss", false_positive=loss)


def left_open(made):
    return priced(ColumnCost(false_negative="loss", false_positive="income"), made)


def test_right_decisions_cost_what_the_table_says_and_else_nothing():
    loss, gain = np.array([10.0, 20.0, 30.0]), np.array([-1.0, -2.0, -3.0])
    made = dataset([1, 2, 3], loss=loss)
    assert (left_open(made).true_positive, left_open(made).true_negative) == (0.0, 0.0)
    made = dataset([1, 2, 3], loss=loss, C_TP=gain)
    assert left_open(made).true_positive.tolist() == gain.tolist()
    assert left_open(made).true_negative == 0.0


def test_a_cost_of_right_decisions_in_the_table_is_not_passed_over():
    made = replace(dataset([1, 2, 3], loss=np.ones(3)), columns=("income", "loss", "C_TP"))
    with pytest.raises(RequestError, match=r'true_positive: no column "C_TP" is kept for costs'):
        left_open(made)


def test_a_column_that_is_not_there_is_told_with_those_that_are():
    made = replace(dataset([1, 2, 3]), columns=("income", "los", "age"))
    with pytest.raises(RequestError) as caught:
        left_open(made)
    text = 'cost.false_negative: the table has no column "loss". Did you mean "los"?'
    assert str(caught.value) == f"{text} Its columns: income, los, age."


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"false_negative": 1, "false_positive": 1}, "at least one .* must be a column"),
        ({"false_negative": "loss", "false_positive": float("nan")}, "false_positive must be"),
    ],
)
def test_settings_that_make_no_sense(given, message):
    with pytest.raises(ValueError, match=message):
        ColumnCost(**given)
