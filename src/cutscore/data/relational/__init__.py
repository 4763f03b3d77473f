"""Several tables, declared in YAML and SQL, as one table of features."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cutscore.data.reading import read
from cutscore.data.relational.applying import blamed_on, trained_table
from cutscore.data.relational.building import DropRules, written_beside
from cutscore.data.relational.declaration import Declaration, Sentinel, declare
from cutscore.data.relational.feature_table import TablesToBuild, file_of
from cutscore.data.relational.new_rows import table_inputs
from cutscore.data.relational.opening import find_files
from cutscore.data.relational.planning import plan_build
from cutscore.data.relational.tables import LinkedTable
from cutscore.data.settings import TableSettings
from cutscore.errors import RequestError
from cutscore.expressions import mentioned
from cutscore.records import Dataset

Named = Mapping[str, Mapping[str, str]]
_SIZE = re.compile(r"\d+(\.\d+)?\s*[KMGT]i?B", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class RelationalSource(TableSettings):
    """Read a table of applicants, or the like, with aggregates of the tables that hang on it.

    `path` is a folder, relative to the working directory, in which each of `tables` is a file (CSV,
    packed or plain, or Parquet), found by its name whatever its kind. One table has no parent: it
    gives the rows. Every other one is aggregated to its parent's key and then joined to it.

    `sql` holds the text of an SQL file for each table (see `texts.py`); `rows`, `windows` and
    `aggregates` say the same by table and name, beside the files. An aggregate sees the rows of one
    parent and never the target. `joined` are expressions over the table of applicants and all
    aggregates. `sentinels` say by table and column (either may be a pattern) what means missing: a
    value, or a bound such as `< -40000`. Numbers are DOUBLE throughout.

    Columns without a value are left out, with `drop_missing_above` also those that are missing in
    a larger share of rows, with `drop_constant` those of one value; columns that `domain`,
    `polynomial`, `where` or another setting mentions stay.

    `apply` is another file with rows of the table of applicants, by its name in the folder or its
    path. The other tables are the same.

    The result is kept as a file in the folder `cache`; DuckDB makes it within `memory_limit` and
    uses that folder where this does not do.
    """

    path: str
    tables: Mapping[str, LinkedTable]
    sql: Mapping[str, str] = field(default_factory=dict)
    rows: Named = field(default_factory=dict)
    windows: Named = field(default_factory=dict)
    aggregates: Named = field(default_factory=dict)
    joined: Mapping[str, str] = field(default_factory=dict)
    sentinels: Mapping[str, Mapping[str, tuple[Sentinel, ...]]] = field(default_factory=dict)
    drop_missing_above: float | None = None
    drop_constant: bool = False
    cache: str = "outputs/cache/data"
    memory_limit: str = "4GB"

    def __post_init__(self) -> None:
        super().__post_init__()
        share = self.drop_missing_above
        if share is not None and not 0 <= share <= 1:
            raise ValueError(
                f"data.drop_missing_above is {share}; it must be from 0 to 1, or null."
            )
        if not _SIZE.fullmatch(self.memory_limit.strip()):
            told = "it must be a size such as 4GB or 500MB."
            raise ValueError(f"data.memory_limit is {self.memory_limit!r}; {told}")

    def load(self) -> Dataset:
        """Make the table of features unless it is kept already, read, check and return it."""
        folder = Path(self.path).expanduser()
        import pyarrow.parquet as pq

        path = self._feature_table(folder)
        there = set(pq.read_schema(path).names) | self.made
        labels = {name: label for name, label in self.labels.items() if name in there}
        settings = replace(self, labels=labels)
        dataset = read(path, settings, name=folder.name or "tables", source=self.path)
        notes, sources = written_beside(path)
        tables = table_inputs(self, sources).to_json()
        return replace(dataset, notes=(*notes, *dataset.notes), tables=tables)

    def declaration(self) -> Declaration:
        """Return what is declared, with every table in its place.

        Raises
        ------
        RequestError
            With every fault of the tree of tables and of the texts.
        """
        more = {"rows": self.rows, "windows": self.windows, "aggregates": self.aggregates}
        return declare(self.tables, self.sql, more, self.joined, self.sentinels, self.target)

    def unlabelled(self) -> Path | None:
        """Return the features of the rows of `apply`, sorted by key; None without such rows.

        Raises
        ------
        RequestError
            With what is wrong with these rows, or else with the tables.
        """
        if self.apply is None:
            return None
        folder = Path(self.path).expanduser()
        _, sources = written_beside(self._feature_table(folder))
        base = self.declaration().base
        try:
            file = file_of(self.apply, base, folder)
            return self._feature_table(folder, {base.name: file}, sources)
        except RequestError as error:
            raise RequestError(blamed_on(self.apply, error.faults)) from error

    def _feature_table(
        self,
        folder: Path,
        instead: Mapping[str, Path] | None = None,
        sources: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Path:
        """Return the file of the feature table, made if it is not there.

        Other rows of the base table, whose file is in `instead`, are read with the types of
        training, in `sources`, and no column is left out.
        """
        declaration = self.declaration()
        base, trained = declaration.base, None
        if sources is not None:
            trained = {
                base.name: trained_table(base, declaration, plan_build(declaration, sources))
            }
        return TablesToBuild(
            declaration=declaration,
            files=find_files(folder, declaration) | dict(instead or {}),
            settings=self,
            rules=DropRules(self.drop_missing_above, self.drop_constant, self._needed()),
            cache=Path(self.cache).expanduser().absolute(),
            memory_limit=self.memory_limit,
            trained=trained,
        ).file()

    def _needed(self) -> frozenset[str]:
        """Return the columns, in lower case, that no rule may leave out."""
        named = [self.id, self.group, self.time, self.weight, self.period]
        named += [*self.drop, *self.categorical]
        named += [*self.amounts, *self.numeric]
        if isinstance(self.date_format, Mapping):
            named += self.date_format
        filtered = mentioned((self.where,)) if self.where is not None else frozenset()
        return self.kept_whole | filtered | {name.lower() for name in named if name is not None}
