"""Made data for tests of costs."""

import numpy as np

from cutscore.records import Column, Dataset, Table


def priced(cost, made, training=None, rows=None):
    """Return the costs of rows, estimated on training rows; None is all."""
    return cost.fit(made, training).matrix(made.amounts, rows)


def dataset(income, debt=None, target=None, **amounts):
    income = np.array(income, dtype=np.float64)
    rows = len(income)
    amounts["income"] = income
    if debt is not None:
        amounts["debt"] = np.array(debt, dtype=np.float64)
    label = np.zeros(rows) if target is None else np.array(target)
    return Dataset(
        name="made",
        source="made",
        table=Table((Column("a"),), np.zeros((rows, 1), dtype=np.float32)),
        target=label.astype(np.int8),
        target_name="y",
        ids=np.arange(rows),
        digest="",
        duplicate_of=np.arange(rows),
        duplicates=0,
        amounts=amounts,
    )
