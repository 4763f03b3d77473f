"""The file of a feature table: made of the files of tables, or found where it is kept."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cutscore.data.relational.applying import TrainedTable
from cutscore.data.relational.building import DropRules, run_plan, write_features
from cutscore.data.relational.cache import cached, entry_key
from cutscore.data.relational.converting import stops
from cutscore.data.relational.declaration import Declaration, Node
from cutscore.data.relational.opening import OpenTables, find_files, open_tables
from cutscore.data.relational.planning import plan_build, source_name
from cutscore.data.settings import TableSettings
from cutscore.errors import Fault, RequestError
from cutscore.sql import identifier

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class TablesToBuild:
    """What a feature table is made of, and how.

    Attributes
    ----------
    declaration : the tables in their places
    files : where each is that is there
    settings : how texts are read, and which columns of the base table name rows
    rules : which columns are left out
    cache : folder that feature tables and converted text files are kept in
    memory_limit : of DuckDB, which uses that folder where this does not do
    trained : by name, tables that are read with the types of training; then no column is left out
    numbered : whether rows stay in the order of the file instead of that of the key
    """

    declaration: Declaration
    files: Mapping[str, Path]
    settings: TableSettings
    rules: DropRules
    cache: Path
    memory_limit: str
    trained: Mapping[str, TrainedTable] | None = None
    numbered: bool = False

    def file(self) -> Path:
        """Return the feature table's file, made unless it is kept already.

        Raises
        ------
        RequestError
            With all that is wrong with the files.
        """
        given, rules = self.settings, self.rules
        of = {
            n: (t.types, t.named, sorted(t.known or ()), sorted(t.beside))
            for n, t in (self.trained or {}).items()
        }
        declared = self.declaration, (rules.missing_above, rules.constant, sorted(rules.kept)), of
        text = given.delimiter, given.encoding, given.skip_lines, given.header, given.missing
        parts = *declared, text, given.decimal, given.id, given.group, self.numbered
        key = entry_key(parts, self.files, self.cache / ".digests")
        return cached(self.cache, key, self._build)

    def _build(self, work: Path) -> Path:
        declaration, made = self.declaration, work / "features.parquet"
        with open_tables(
            self.files,
            declaration,
            self.settings,
            work,
            self.cache,
            self.memory_limit,
            self.trained or {},
            numbered=self.numbered,
        ) as tables:
            try:
                plan = plan_build(declaration, tables.types)
            except RequestError as error:
                raise RequestError(self._causes(error.faults, tables)) from None
            count = len(self.files)
            log.info("Making the feature table of %d tables (kept for the next time)", count)
            notes = run_plan(plan, declaration, tables.connection)
            every = DropRules(kept=frozenset(map(str.lower, plan.columns)))
            rules = self.rules if self.trained is None else every
            write_features(
                plan,
                declaration,
                rules,
                notes,
                tables.connection,
                made,
                numbered=self.numbered,
            )
        return made

    def _causes(self, faults: Sequence[Fault], tables: OpenTables) -> list[Fault]:
        """Return faults; those of a column of numbers with some texts as one that tells a row."""
        left, found = list(faults), []
        for table, types in tables.types.items():
            relation = identifier(source_name(table))
            for name in (each for each, kind in types.items() if kind == "VARCHAR"):
                mentions = [f for f in left if re.search(rf"\b{re.escape(name)}\b", f.remedy)]
                if not mentions:
                    continue
                column = identifier(name)
                sql = f"SELECT count(TRY_CAST({column} AS DOUBLE)), count({column}) FROM {relation}"
                numbers, values = tables.connection.execute(sql).fetchall()[0]
                if values / 2 < numbers < values:
                    file = str(self.files[table])
                    found.append(stops(file, relation, column, name, tables.connection))
                    left = [fault for fault in left if fault not in mentions]
        return [*found, *left]


def file_of(name: str, base: Node, folder: Path) -> Path:
    """Return the file of rows that stand in place of the base table, by its name or path.

    Raises
    ------
    RequestError
        If there is none, or more than one of that name.
    """
    for path in (Path(name).expanduser(), folder / name):
        if path.exists():
            return path
    table = replace(base.table, path=None, optional=False)
    return find_files(folder, Declaration((replace(base, name=name, table=table),)))[name]
