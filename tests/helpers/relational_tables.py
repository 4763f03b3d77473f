"""Tables given as data frames, declared and made into features."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from pydantic import TypeAdapter

from cutscore.data.relational import RelationalSource
from cutscore.data.relational.building import run_plan
from cutscore.data.relational.opening import open_tables
from cutscore.data.relational.planning import plan_build
from cutscore.sql import identifier

TABLES = {
    "people": {"key": "id"},
    "loans": {"key": "loan", "parent": "people"},
    "months": {"parent": "loans", "optional": True},
}


def source_of(**settings: Any) -> RelationalSource:
    """Return a source, its settings validated as those of a YAML or of the command line."""
    given = {"path": "x", "target": "y", "id": "id", "tables": TABLES} | settings
    return TypeAdapter(RelationalSource).validate_python(given)


def written(
    folder: Path, tables: Mapping[str, pd.DataFrame], loans: str, **settings: Any
) -> RelationalSource:
    """Write people, loans and months to a folder; return their source, with SQL for the loans."""
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet")
    return source_of(
        path=str(folder),
        cache=str(folder / "cache"),
        sql={"loans": loans, "months": "aggregates:\n  worst: max(late)\n"},
        tables={**TABLES, "loans": {**TABLES["loans"], "time": "day"}},
        **settings,
    )


def build(
    frames: dict[str, pd.DataFrame], *, threads: int = 2, **settings: Any
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the features of tables, sorted by key, and what is told of the tables."""
    source = source_of(**settings)
    declaration = source.declaration()
    with TemporaryDirectory() as place:
        folder = Path(place)
        files = {name: folder / f"{name}.parquet" for name in frames}
        for name, frame in frames.items():
            frame.to_parquet(files[name], index=False)
        with open_tables(files, declaration, source, folder, folder, "1GB", {}) as opened:
            opened.connection.execute(f"SET threads = {threads}").fetchall()
            plan = plan_build(declaration, opened.types)
            notes = run_plan(plan, declaration, opened.connection)
            columns = ", ".join(map(identifier, plan.columns))
            made = opened.connection.execute(f"SELECT {columns} FROM features ORDER BY ALL").df()
    return made.set_index("id"), notes
