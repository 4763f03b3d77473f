"""The column of row weights: read at full precision, checked, and no feature."""

from __future__ import annotations

import numpy as np
import pytest
from loading import Faults, Load, advised

TEXT = "x,w,bad\n1,0.1,0\n2,3,1\n3,0.25,0\n4,1e-7,1\n"


def test_weights_are_no_feature_and_stand_beside_the_target(load: Load) -> None:
    made = load(TEXT, weight="w")
    assert made.table.names == ("x",)
    assert made.weights == pytest.approx([0.1, 3, 0.25, 1e-7], rel=1e-6)
    assert made.weight_name == "w"
    assert load(TEXT, weight="w", where="x <> 2").weights == pytest.approx([0.1, 0.25, 1e-7])
    both = load(TEXT, weight="w", amounts=["w"])  # an exposure may be what costs are made of
    assert both.amounts["w"].tolist() == [0.1, 3, 0.25, 1e-7]


def test_sums_of_weights_are_exact_in_any_order(load: Load) -> None:
    rng = np.random.default_rng(0)
    values = rng.lognormal(0, 3, 500)
    lines = [f"{i},{w!r},{i % 2}" for i, w in enumerate(values.tolist())]
    weights = load("x,w,bad\n" + "\n".join(lines) + "\n", weight="w").weights
    assert weights == pytest.approx(values, abs=values.sum() * 2.0**-48, rel=0)
    sums = {float(np.cumsum(rng.permutation(weights))[-1]) for _ in range(20)}
    assert sums == {float(weights.sum())}


def test_the_digest_knows_weights_and_nothing_of_their_absence(load: Load) -> None:
    plain = load(TEXT, drop=["w"])  # as it was before there were weights
    assert plain.digest == "970ce388c46fd48a4a2b2347d9d5f7f8e30ebdfd23b8a9f646b650a307a2a691"
    weighed = load(TEXT, weight="w")
    other = load(TEXT.replace("0.25", "0.26"), weight="w")
    assert len({plain.digest, weighed.digest, other.digest}) == 3


def test_weights_of_one_change_nothing_and_this_is_told(load: Load) -> None:
    made = load("x,w,bad\n1,1,0\n2,1.0,1\n", weight="w")
    assert made.weights is None
    assert "is 1 in every row" in " ".join(made.notes)


def test_rows_without_a_weight_above_0_are_named(load: Load, faults: Faults) -> None:
    rows = ["1,1,0", "2,0,1", "3,-2,0", "4,,1", "5,2,0", "6,0,1"]
    (fault,) = faults("x,w s,bad\n" + "\n".join(rows) + "\n", weight="w s", where="x > 1")
    assert fault.setting == "data.weight"
    assert "missing in 1, 0 in 2, below 0 in 1 of 5 rows (row 2, 3, 4, 6)" in fault.problem
    (advice,) = advised(fault.remedy)
    assert advice == {"where": '(x > 1) AND ("w s" > 0)'}


def test_what_holds_no_numbers_is_refused(faults: Faults) -> None:
    for cells in ("a,b,c,d", "inf,1,1,1"):
        lines = [f"{i},{w},{i % 2}" for i, w in enumerate(cells.split(","))]
        (fault,) = faults("x,w,bad\n" + "\n".join(lines) + "\n", weight="w")
        assert fault.setting == "data.weight"
    (fault,) = faults(TEXT, weight="v")
    assert (fault.setting, "no column" in fault.problem) == ("data.weight", True)
    for wrong in ({"weight": "bad"}, {"weight": "w", "categorical": ["w"]}):
        with pytest.raises(ValueError, match=r"data\.weight"):
            faults(TEXT, **wrong)
