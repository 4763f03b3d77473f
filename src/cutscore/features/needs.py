"""What a strategy's settings must hold before there is any data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def need_expressions(expressions: Mapping[str, str]) -> None:
    """Refuse an empty mapping of expressions, and empty names."""
    if not expressions:
        raise ValueError(
            "data.domain must name at least one expression for this feature strategy; it is empty. "
            'Add one with +data.domain.NAME="expression" or use features=baseline.'
        )
    if not all(name.strip() for name in expressions):
        raise ValueError("data.domain has an expression without a name.")


def need_columns(columns: Sequence[str]) -> None:
    """Refuse an empty list of columns for products, and repeated ones."""
    if not columns:
        raise ValueError(
            "data.polynomial must list at least one numeric column for this feature strategy; "
            'it is empty. Set it with "data.polynomial=[column,...]" or use features=baseline.'
        )
    repeated = sorted({name for name in columns if list(columns).count(name) > 1})
    if repeated:
        raise ValueError(f"data.polynomial lists {', '.join(repeated)} more than once.")
