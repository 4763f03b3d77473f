"""Data sources: a file of rows becomes a `Dataset`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, Self

from cutscore.records import Dataset


class Source(Protocol):
    """Loads one data set."""

    @property
    def group(self) -> str | None:
        """The column that says which rows belong together, None if there is none."""
        ...

    @property
    def time(self) -> str | None:
        """The column that orders rows in time, None if there is none."""
        ...

    def load(self) -> Dataset:
        """Read the rows, check them and return them.

        Raises
        ------
        RequestError
            With every fault found in the file and in the settings that describe it.
        """
        ...

    def keeping(self, where: str | None) -> Self:
        """Return the source with one more SQL condition on its rows; itself for None."""
        ...

    def keeping_whole(self, columns: Iterable[str]) -> Self:
        """Return the source with more columns (in lower case) kept as they are in the file.

        Expressions that are no setting of the source need them; itself if all are kept already.
        """
        ...
