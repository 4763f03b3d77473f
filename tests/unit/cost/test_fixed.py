import pytest
from pydantic import TypeAdapter, ValidationError

from cutscore.cost.fixed import FixedCost


def test_costs_by_name():
    matrix = FixedCost(false_negative=10, false_positive=1, true_positive=0.5).matrix(None)
    assert matrix.false_negative == 10.0
    assert matrix.false_positive == 1.0
    assert matrix.true_positive == 0.5
    assert matrix.true_negative == 0.0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"false_negative": 0, "false_positive": 0}, "all 0"),
        ({"false_negative": -1, "false_positive": 1}, "false_negative must be .* got -1"),
        ({"false_negative": float("inf"), "false_positive": 1}, "finite cost"),
        ({"false_negative": 1e308, "false_positive": 1}, "finite cost from 0 to 1e\\+30"),
        (
            {"false_negative": 1, "false_positive": 1, "true_positive": 2, "true_negative": 1},
            "a mistake must cost more .* true_positive=2",
        ),
    ],
)
def test_costs_that_make_no_sense(given, message):
    with pytest.raises(ValueError, match=message):
        FixedCost(**given)


def test_the_schema_names_the_setting_and_the_range():
    with pytest.raises(ValidationError, match=r"false_positive\n.*greater than or equal to 0"):
        TypeAdapter(FixedCost).validate_python({"false_negative": 10, "false_positive": -1})


def test_one_kind_of_mistake_may_be_free():
    assert FixedCost(false_negative=10, false_positive=0).matrix(None).bayes_threshold() == 0.0
