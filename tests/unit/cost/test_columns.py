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
