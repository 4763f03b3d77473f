"""Three small tables: people, their loans, and the months of loans."""

from __future__ import annotations

import pandas as pd
import pytest


@pytest.fixture
def people() -> pd.DataFrame:
    return pd.DataFrame({"id": [1, 2, 3, 4], "y": [0, 1, 0, 1], "income": [10.0, 20.0, None, 0.0]})


@pytest.fixture
def loans() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "loan": [11, 12, 21, 31, 91],
            "id": [1, 1, 2, 3, 9],
            "amount": [100.0, 50.0, None, 7.0, 1.0],
            "day": [-5.0, -400.0, -30.0, -1.0, -2.0],
            "kind": ["car", "XNA", "car", None, "car"],
        }
    )


@pytest.fixture
def months() -> pd.DataFrame:
    return pd.DataFrame({"loan": [11, 11, 21, 77], "late": [0, 3, 1, 5]})
