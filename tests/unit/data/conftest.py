"""Loading a small table, as the settings of a YAML or of the command line would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from loading import Faults, Load
from pydantic import TypeAdapter

from cutscore.data.table import TableSource
from cutscore.errors import Fault, RequestError
from cutscore.records import Dataset


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a file with this content (None: the file is there), validating the settings."""

    def loaded(content: str | bytes | None, name: str = "t.csv", **settings: Any) -> Dataset:
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        given = {"path": str(path), "target": "bad"} | settings
        return TypeAdapter(TableSource).validate_python(given).load()

    return loaded


@pytest.fixture
def faults(load: Load) -> Faults:
    """Load what must be refused, and return the faults."""

    def refused(*words: Any, **settings: Any) -> tuple[Fault, ...]:
        with pytest.raises(RequestError) as raised:
            load(*words, **settings)
        return raised.value.faults

    return refused
