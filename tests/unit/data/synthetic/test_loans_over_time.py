"""Loans by month: the same by the same seed, and changed from the middle on only."""

import numpy as np
import pytest

from cutscore.cli import main
from cutscore.data.synthetic.loans_over_time import LoansOverTime
from cutscore.metrics import ranking, roc_auc


def months(drift, rows=4_800, seed=1):
    return [each["loans"] for each in LoansOverTime(rows, seed, 12, drift).make()]


@pytest.mark.parametrize("drift", ["covariate", "prior", "concept", "pipeline"])
def test_it_is_the_same_until_the_middle_and_another_at_the_end(drift):
    plain, drifted = months("none"), months(drift)
    for month, (one, other) in enumerate(zip(plain, drifted, strict=True)):
        same = all(np.array_equal(one[name], other[name]) for name in one)
        assert same == (month < 6), month
    assert sum(len(each["loan"]) for each in plain) == 4_800
    assert len(np.unique(np.concatenate([each["loan"] for each in drifted]))) == 4_800


def test_what_changes_is_what_was_asked_for():
    def last(drift, name):
        return np.concatenate([each[name] for each in months(drift, 48_000)[-2:]])

    assert last("prior", "bad").mean() == pytest.approx(2 * last("none", "bad").mean(), rel=0.15)
    assert last("covariate", "income").mean() > 1.2 * last("none", "income").mean()
    assert "vehicle" in last("pipeline", "purpose")
    areas = {
        drift: roc_auc(ranking(last(drift, "bad"), last(drift, "utilisation")))
        for drift in ("none", "concept")
    }
    assert areas["none"] > 0.7
    assert areas["concept"] < 0.6


def test_days_lie_in_their_month():
    for month, each in enumerate(months("none")):
        assert {str(day)[:7] for day in each["day"]} == {f"2020-{month + 1:02d}"}


def test_it_is_made_from_the_command_line(tmp_path, capsys):
    words = ["data", "make", "loans_over_time", "--rows", "240", "--months", "4", "--drift"]
    assert main([*words, "prior", "--out", str(tmp_path / "made")]) == 0
    assert "experiment=over_time" in capsys.readouterr().err
    assert (tmp_path / "made" / "loans.parquet").is_file()
    assert main(["data", "make", "home_credit", "--months", "4", "--out", str(tmp_path)]) == 2
    assert "--months: only loans_over_time" in capsys.readouterr().err
