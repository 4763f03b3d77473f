"""The folder of a saved model: `model.json` beside the classifier's own file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cutscore.errors import StoreError
from cutscore.records import Column

MODEL_JSON = "model.json"
_FORMAT = 1


@dataclass(frozen=True)
class ModelForm:
    """How a kind of classifier is kept: its name, its own file, the libraries that read it."""

    kind: str
    file: str
    libraries: tuple[str, ...]


def write_description(
    folder: Path,
    form: ModelForm,
    columns: Sequence[Column],
    preparation: Mapping[str, Any] | None,
) -> None:
    """Write `model.json`: what the classifier's file is and which columns it takes."""
    description = {
        "format": _FORMAT,
        "kind": form.kind,
        "file": form.file,
        "columns": [
            {"name": column.name, "levels": None if column.levels is None else list(column.levels)}
            for column in columns
        ],
        "preparation": preparation,
        "versions": {name: version(name) for name in ("cutscore", "numpy", *form.libraries)},
    }
    text = json.dumps(description, indent=1, ensure_ascii=False)
    (folder / MODEL_JSON).write_text(text + "\n", encoding="utf-8")


def read_description(folder: Path) -> dict[str, Any]:
    """Read `model.json`.

    Raises
    ------
    StoreError
        If it is missing, damaged, or of a newer format.
    """
    path = folder / MODEL_JSON
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StoreError(f"{folder} holds no saved model: {MODEL_JSON} is missing.") from None
    except ValueError as error:
        raise StoreError(f"{path} is damaged: {error}.") from error
    if not isinstance(description, dict) or description.get("format") != _FORMAT:
        found = description.get("format") if isinstance(description, dict) else None
        raise StoreError(
            f"{path} has format {found!r}, this version of Cutscore reads format {_FORMAT}."
        )
    return description


def columns_of(description: Mapping[str, Any]) -> tuple[Column, ...]:
    """Return the columns that the classifier takes."""
    return tuple(
        Column(entry["name"], None if entry["levels"] is None else tuple(entry["levels"]))
        for entry in description["columns"]
    )
