"""A feature strategy as it was used, ready to make the same columns of other rows."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cutscore.errors import StoreError
from cutscore.expressions import Expression, ExpressionError, check, sandbox
from cutscore.features import FeatureStrategy
from cutscore.features.baseline import Baseline
from cutscore.features.combined import Combined
from cutscore.features.derive import Derived, arrow_columns, as_feature, computed, extend, make_wide
from cutscore.features.domain import Domain
from cutscore.features.one_row import OneRow
from cutscore.features.polynomial import Polynomial
from cutscore.features.products import multiplied
from cutscore.records import Table

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, eq=False)
class Derivation:
    """Named expressions, then products of columns, computed by the very SQL of training.

    Rows may come from several threads: each has a connection of its own.
    """

    expressions: Mapping[str, Expression] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    products: tuple[str, ...] = ()
    _own: threading.local = field(default_factory=threading.local, repr=False)

    @property
    def mentions(self) -> frozenset[str]:
        """The columns, in lower case, that are to be had as they are in the file."""
        named = (name for each in self.expressions.values() for name in each.columns)
        return frozenset(name.lower() for name in (*named, *self.products))

    def apply(self, table: Table, whole: Mapping[str, npt.NDArray[Any]]) -> Table:
        """Return the rows' columns followed by those made of them.

        Parameters
        ----------
        table : Table
            The columns as the data set of training had them, any number of rows.
        whole : mapping
            What is mentioned, as it is in the file; see `Dataset.whole`.
        """
        made = self._computed(table, whole) if self.expressions else []
        made += multiplied(table, whole, self.products)
        return extend(table, made) if made else table

    def sources(self, column: str) -> tuple[str, ...]:
        """Return the raw columns that a made column is computed from, none for a raw one."""
        if column in self.expressions:
            return self.expressions[column].columns
        for name in self.products:
            if column == f"{name}^2":
                return (name,)
            for other in self.products:
                if column == f"{name}*{other}":
                    return (name, other)
        return ()

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values; `from_json` restores it."""
        return {"expressions": dict(self.texts), "products": list(self.products)}

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Derivation:
        """Return what `to_json` described.

        Raises
        ------
        StoreError
            If it is damaged, or an expression is not one that may be evaluated.
        """
        try:
            return _of(dict(state["expressions"]), tuple(state["products"]))
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(f"the features are damaged: {error}.") from error

    def _computed(self, table: Table, whole: Mapping[str, npt.NDArray[Any]]) -> list[Derived]:
        connection = self._connection()
        given = arrow_columns(table, whole, self._named)
        prepared: OneRow | None = getattr(self._own, "one_row", None)
        if prepared is not None and table.rows == 1:
            row = prepared.compute(given)
            if row is not None:
                return [Derived(name, row[[at]]) for at, name in enumerate(self.expressions)]
        connection.register("narrow", given)
        if not getattr(self._own, "viewed", False):
            make_wide(connection)
            self._own.viewed = True
        each = enumerate(self.expressions.values())
        columns = ", ".join(f"{computed(expression)} AS x{at}" for at, expression in each)
        rows = connection.execute(f"SELECT {columns} FROM t").fetchnumpy()  # planned but once
        if prepared is None:
            self._own.one_row = OneRow(connection, given, columns)
        return [
            Derived(name, as_feature(np.ma.filled(column, np.nan)))
            for name, column in zip(self.expressions, rows.values(), strict=True)
        ]

    @property
    def _named(self) -> list[str]:
        return [name for each in self.expressions.values() for name in each.columns]

    def _connection(self) -> duckdb.DuckDBPyConnection:
        if not hasattr(self._own, "connection"):
            self._own.connection = sandbox(threads="1")  # a few rows are not worth waking others
        connection: duckdb.DuckDBPyConnection = self._own.connection
        return connection


def derivation_of(strategy: FeatureStrategy) -> Derivation | None:
    """Return what a strategy does; None for one that is none of Cutscore's own."""
    if type(strategy) not in (Baseline, Domain, Polynomial, Combined):
        return None  # a user's own may be made from one of them, and do otherwise
    match strategy:
        case Baseline():
            return Derivation()
        case Domain(expressions):
            return _of(expressions, ())
        case Polynomial(columns):
            return _of({}, columns)
        case Combined(expressions, columns):
            return _of(expressions, columns)
    return None


def _of(texts: Mapping[str, str], products: Sequence[str]) -> Derivation:
    connection = sandbox()
    try:
        checked = {name: check(text, connection) for name, text in texts.items()}
    except ExpressionError as error:
        raise ValueError(f"an expression is not allowed: {error}") from error
    finally:
        connection.close()
    return Derivation(checked, dict(texts), tuple(products))
