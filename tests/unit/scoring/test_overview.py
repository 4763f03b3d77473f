"""What columns add to the scores of a sample: the table and the pictures."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from drawn import texts

from cutscore.records import RawColumn
from cutscore.report.items import Figure, TableFile
from cutscore.scoring.explaining import Explanation
from cutscore.scoring.overview import explained_items, summary
from cutscore.scoring.reference import ReferenceGroup

ROWS = 90
RNG = np.random.default_rng(2)
COLUMNS = (
    RawColumn("small"),
    RawColumn("falls"),
    RawColumn("kind", "category", ("car", "house", "unused")),
    RawColumn("flat"),
    RawColumn("gone"),
)


@pytest.fixture
def explanation():
    number, kind = RNG.normal(size=ROWS), RNG.integers(0, 2, ROWS).astype(float)
    gaps = np.where(np.arange(ROWS) % 9 == 0, np.nan, number)
    added = [
        np.sign(number) / 9,
        -np.nan_to_num(gaps),
        kind - 0.4,
        np.zeros(ROWS),
        number * 0 + 0.01,
    ]
    return Explanation(
        columns=COLUMNS,
        labels=("small", "what falls", "kind", "flat", "gone"),
        log_odds=np.column_stack(added),
        base=-3.0,
        method="trees",
        group=ReferenceGroup("all", ROWS, 20.0, (), ()),
        values=np.column_stack([number, gaps, kind, number, np.full(ROWS, np.nan)]),
    )


def test_the_table_ranks_columns_and_says_where_they_go(explanation):
    table = summary(explanation)
    assert table["column"].tolist() == ["falls", "kind", "small", "gone", "flat"]
    assert table["label"][0] == "what falls"
    assert table["direction"].tolist() == [
        "higher lowers the score",
        "by category",
        "higher raises the score",
        "in no one direction",
        "in no one direction",
    ]
    assert table["rank_correlation"][0] == pytest.approx(-1)
    assert np.isnan(table["rank_correlation"][[1, 3, 4]]).all()
    points = explanation.log_odds[:, 2] * (20 / math.log(2))
    assert table["mean_points"][1] == pytest.approx(points.mean())
    assert table["mean_absolute_points"][1] == pytest.approx(np.abs(points).mean())
    assert (table["smallest_points"][1], table["largest_points"][1]) == (points.min(), points.max())


def test_rank_correlations_are_spearmans(explanation):
    found = summary(explanation)["rank_correlation"][2]
    both = pd.DataFrame({"value": explanation.values[:, 0], "points": explanation.points[:, 0]})
    assert found == pytest.approx(both.corr(method="spearman").iloc[0, 1])


def test_a_table_and_two_pictures_are_left(explanation):
    table, swarm, against = explained_items(explanation, "final_x", 3)
    assert isinstance(table, TableFile)
    assert isinstance(swarm, Figure)
    assert [item.path for item in (table, swarm, against)] == [
        "reasons.csv",
        "beeswarm.png",
        "dependence.png",
    ]
    assert len(table.frame["column"]) == 5
    said = texts(swarm.figure)
    assert {"final_x", "what falls", "kind", "small", "points added to the score"} <= set(said)
    assert "What each column adds to 90 scores, 2 more not shown" in said
    assert "flat" not in said
    said = texts(against.figure)
    assert {"car", "house", "none", "what falls"} <= set(said)
    assert "unused" not in said


def test_pictures_of_one_row_and_of_missing_values_alone(explanation):
    one = Explanation(
        COLUMNS[3:],
        explanation.labels[3:],
        explanation.log_odds[:1, 3:],
        -3.0,
        "trees",
        explanation.group,
        explanation.values[:1, 3:],
    )
    _, swarm, against = explained_items(one, "final_x", 20)
    assert swarm.figure.png() != against.figure.png()
