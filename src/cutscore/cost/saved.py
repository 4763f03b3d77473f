"""Fitted costs out of the plain values that they were kept as."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutscore.cost import FittedCost
from cutscore.cost.columns import ColumnCost
from cutscore.cost.credit_line import CreditLineCost, CreditLinePrices
from cutscore.cost.fixed import FixedCost
from cutscore.errors import StoreError

KEPT = (FixedCost, ColumnCost, CreditLineCost)
"""The strategies whose fitted costs can be kept."""


def cost_from_json(state: Mapping[str, Any]) -> FittedCost:
    """Return the fitted cost that `to_json` described.

    Raises
    ------
    StoreError
        If the values are not those of a kind known here.
    """
    values = {name: value for name, value in state.items() if name != "kind"}
    try:
        match state.get("kind"):
            case "fixed":
                return FixedCost(**values)
            case "columns":
                return ColumnCost(**values)
            case "credit_line":
                estimates = {name: float(values.pop(name)) for name in ("mean_line", "base_rate")}
                return CreditLinePrices(CreditLineCost(**values), **estimates)
            case kind:
                raise StoreError(f"an unknown kind of cost: {kind!r}.")
    except (TypeError, ValueError, KeyError) as error:
        raise StoreError(f"the costs are damaged: {error}.") from error
