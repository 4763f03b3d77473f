"""Whom the reasons of a kept model compare rows with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cutscore.experiment.parts import Prepared
from cutscore.preparation import Preparation
from cutscore.records import Flags, Rows, Table, Values
from cutscore.report.settings import Against, ReportSettings
from cutscore.scoring.door import CheckedRows
from cutscore.scoring.explaining import Explanation
from cutscore.scoring.kept_model import KeptModel
from cutscore.scoring.reference import ReferenceGroup, nobody

SCORED, EXPLAINED = 10_000, 2_000
"""Rows drawn to find the group in, and rows of the group that are explained.

Explaining takes 0.5 ms a row with 100 trees; 2,000 rows know a mean to 2 % of the rows' spread.
"""
WORDS: dict[Against, str] = {
    "unflagged": "training rows that are not flagged",
    "negatives": "training rows of class 0",
    "all": "all training rows",
}


def with_reference(
    model: KeptModel, prepared: Prepared, settings: ReportSettings, seed: int
) -> KeptModel:
    """Return a model that was fitted on all rows with the group that reasons compare rows with.

    Where a rule flags every row, there are no others, and all are the group.
    """
    drawn = np.random.default_rng(seed).permutation(prepared.dataset.rows)[:SCORED]
    against, rows = settings.reasons_against, drawn
    if against == "negatives":
        rows = drawn[prepared.dataset.target[drawn] == 0]
    elif against == "unflagged":
        rows = drawn[~_flagged(model, prepared, drawn)]
    if len(rows) == 0:
        against, rows = "all", drawn
    rows = np.sort(rows[:EXPLAINED])
    table = Table(prepared.table.columns, prepared.table.values[rows])
    typical = _typical(model.preparation, table)
    nothing = nobody(model.preparation)
    group = replace(nothing, typical=tuple(typical.tolist()))
    made = replace(model, group=group).explainer.contributions(table)
    weights = prepared.dataset.weights
    counted = None if weights is None or not weights[rows].any() else weights[rows]
    means = np.average(made.values, axis=0, weights=counted)
    return replace(
        model,
        group=ReferenceGroup(
            WORDS[against],
            len(rows),
            settings.points_to_double,
            tuple(means.tolist()),
            group.typical,
        ),
    )


def sample_explanation(model: KeptModel, prepared: Prepared, seed: int) -> Explanation:
    """Take the scores of a sample of the data's rows apart, 2,000 at most."""
    dataset, features = prepared.dataset, prepared.table
    drawn = np.sort(np.random.default_rng(seed).permutation(dataset.rows)[:EXPLAINED])
    rows = CheckedRows(dataset.table, dataset.whole, {})
    return model.explainer.explain(rows, features, drawn)


def _flagged(model: KeptModel, prepared: Prepared, rows: Rows) -> Flags:
    table = Table(prepared.table.columns, prepared.table.values[rows])
    prices = model.prices if model.by_own_costs else None
    costs = None if prices is None else prices.matrix(prepared.dataset.amounts, rows)
    return model.decide(table, costs).flagged


def _typical(preparation: Preparation, table: Table) -> Values:
    """Return the middle of each prepared column: median, most frequent category, no indicator."""
    prepared = preparation.transform(table)
    found = np.zeros(len(prepared.columns), dtype=np.float32)
    indicators = {
        c.name for part in preparation.parts if part.levels is not None for c in part.outputs
    }
    for at, column in enumerate(prepared.columns):
        values = prepared.values[:, at]
        present = values[~np.isnan(values)]
        if 2 * len(present) < len(values):
            found[at] = np.nan
        elif column.levels is not None:
            found[at] = np.argmax(np.bincount(present.astype(np.int64)))
        elif column.name not in indicators:
            found[at] = np.median(present)
    return found
