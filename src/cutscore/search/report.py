"""What a search leaves to look at, as items."""

from __future__ import annotations

from collections.abc import Iterator

from cutscore.report.items import Item
from cutscore.search.records import StudyRecord


def search_items(study: StudyRecord) -> Iterator[Item]:
    """Yield the table of trials, the importances, the pictures and the page of a search."""
    yield from ()
