"""JSON files of a model's folder that say which format they are of."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from cutscore.errors import StoreError

Made = TypeVar("Made")


def read_document(path: Path, known: int, make: Callable[[dict[str, Any]], Made]) -> Made | None:
    """Return what `make` makes of a file's JSON, None if there is no such file.

    Raises
    ------
    StoreError
        If its format is another than `known`, or it is damaged, so that `make` fails.
    """
    if not path.is_file():
        return None
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        found = state.pop("format")
        if found == known:
            return make(state)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreError(f"{path} is damaged: {error}.") from error
    raise StoreError(f"{path} has format {found!r}, this version of Cutscore reads format {known}.")
