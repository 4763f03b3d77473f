"""Columns of float32 are taken as they are; expressions and costs get doubles of them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from cutscore.errors import RequestError
from cutscore.features.derivation import derivation_of
from cutscore.features.domain import Domain
from cutscore.records import RawColumn, RawTable
from cutscore.scoring.door import Door
from cutscore.scoring.inputs import Inputs


def test_they_give_what_doubles_of_the_same_values_give():
    inputs = Inputs(
        RawTable((RawColumn("x"), RawColumn("y"))), derivation_of(Domain({"Z": "x / 3"}))
    )
    narrow = np.random.default_rng(0).normal(size=300).astype(np.float32)
    narrow[7], narrow[8] = np.nan, -0.0
    door = Door(inputs, ["x"])
    one, other = (
        door.arrow(pa.table({"x": values, "y": values}))
        for values in (narrow, narrow.astype(np.float64))
    )
    assert one.table.values.tobytes() == other.table.values.tobytes()
    assert one.whole["x"].tobytes() == other.whole["x"].tobytes()
    assert one.amounts["x"].dtype == np.float64
    made = [inputs.features(each.table, each.whole).values.tobytes() for each in (one, other)]
    assert made[0] == made[1]


def test_infinities_in_them_are_told_with_their_row():
    values = pa.array(np.array([1, np.inf, np.nan], dtype=np.float32))
    with pytest.raises(RequestError, match=r"x: a finite number is needed.* got inf in row 1"):
        Door(Inputs(RawTable((RawColumn("x"),)))).arrow(pa.table({"x": values}))
