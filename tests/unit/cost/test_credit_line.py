"""Costs of credit lines against figures worked out by hand and published totals."""

import numpy as np
import pytest
from made_costs import dataset, priced

from cutscore.cost.credit_line import CreditLineCost, instalment, present_value
from cutscore.errors import RequestError


def test_instalments_pay_the_line_back():
    line, rate, months = 1_000.0, 0.12, 24
    payment = float(instalment(np.array([line]), rate, months)[0])
    assert payment == pytest.approx(47.0735, abs=1e-4)
    owed = line
    for _ in range(months):
        owed = owed * (1 + rate / 12) - payment
    assert owed == pytest.approx(0, abs=1e-9)
    assert float(present_value(np.array([payment]), rate, months)[0]) == pytest.approx(line)


def test_the_line_is_the_least_of_three():
    cost = CreditLineCost(income="income", debt="debt", lending_rate=0.12)
    #                        3 incomes, the largest line, what 100 a month pay back
    made = dataset([1_000, 10_000, 1_000], [0.0, 0.0, 0.9])
    lines = cost.lines(made.amounts)
    by_hand = 100 / 0.01 * (1 - 1.01**-24)
    assert lines.tolist() == pytest.approx([3_000, 25_000, by_hand])


def test_costs_by_hand():
    cost = CreditLineCost(income="income", lending_rate=0.12, funding_rate=0.06)
    made = dataset([1_000, 2_000, 1_000, 4_000], target=[0, 1, 0, 0])
    lines = np.array([3_000.0, 6_000.0, 3_000.0, 12_000.0])
    # of each unit lent, 24 instalments at 12 % come back, worth this at 6 %, less the unit
    profit = (0.01 * 1.01**24 / (1.01**24 - 1)) / 0.005 * (1 - 1.005**-24) - 1
    training = np.array([0, 1])  # half positive, mean line 4,500
    next_applicant = 0.5 * profit * 4_500 - 0.5 * 4_500 * 0.75
    matrix = priced(cost, made, training)
    assert matrix.false_negative == pytest.approx(lines * 0.75)
    assert matrix.false_positive == pytest.approx(profit * lines - next_applicant)
    assert matrix.true_positive == matrix.true_negative == 0.0


def test_no_refusal_costs_less_than_nothing():
    cost = CreditLineCost(income="income", lending_rate=0.6, largest_line=1e9)
    matrix = priced(cost, dataset([1, 2, 100_000]))
    assert matrix.false_positive.tolist()[:2] == [0.0, 0.0]
    assert matrix.false_positive[2] > 0


@pytest.mark.parametrize("published", [False, True])
def test_validation_incomes_and_targets_change_training_costs_only_as_published(published):
    cost = CreditLineCost(income="income", published=published)
    rng = np.random.default_rng(1)
    income, training = rng.uniform(500, 5_000, 40), np.arange(30)
    changed = np.concatenate([income[:30], income[30:] * 1.5])
    target = np.arange(40) % 4 == 0
    before = priced(cost, dataset(income, target=target), training, training)
    after = priced(
        cost, dataset(changed, target=target | (training[-1] < np.arange(40))), training, training
    )
    same = before.false_positive.tolist() == after.false_positive.tolist()
    assert same == (not published)


def test_rows_that_cannot_be_priced_are_counted():
    made = dataset([0, np.nan, 1_000, 1_000], [0.1, 0.1, 1.0, np.nan])
    with pytest.raises(RequestError) as caught:
        priced(CreditLineCost(income="income", debt="debt"), made)
    text = str(caught.value)
    assert "cost.income: values must be above 0; of 4 rows 1 are not and 1 are missing" in text
    assert "cost.debt: values must be from 0 to below 1; of 4 rows 1 are not" in text
    assert "cost.where" in text


def test_a_column_that_is_not_kept_names_the_nearest():
    with pytest.raises(
        RequestError, match=r'no column "incme" .* Did you mean "income"\?.*amounts'
    ):
        priced(CreditLineCost(income="incme"), dataset([1_000]))


def test_the_income_must_be_named():
    with pytest.raises(ValueError, match="income must name the column"):
        CreditLineCost()


@pytest.mark.parametrize(
    ("data", "rows", "total", "free"),
    [
        ("give_me_some_credit", 112_915, 83_744_823, 0.0),
        ("pakdd_credit", 38_969, 3_117_960.69, 0.35),
    ],
)
def test_published_totals(data, rows, total, free):
    """Sum of C_FN over positives, and the share of rows that cost nothing to refuse."""
    from cutscore.config.build import compose_plan
    from cutscore.config.compose import Composer
    from cutscore.config.layers import find_layers, packaged_folder
    from cutscore.config.overrides import parse_overrides

    overrides = [f"data={data}", "cost=credit_line", "cost.published=true"]
    composer = Composer(find_layers(working_dir=packaged_folder()))
    experiment = compose_plan(composer, parse_overrides(overrides)).experiment
    dataset = experiment.source.load()
    matrix = priced(experiment.cost, dataset)
    assert dataset.rows == rows
    assert matrix.false_negative[dataset.target == 1].sum() == pytest.approx(total, rel=1e-6)
    assert (matrix.false_positive == 0).mean() == pytest.approx(free, abs=0.01)
