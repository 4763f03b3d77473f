"""Where a batch's rows are: as they were named, or made of a folder of tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cutscore.data.relational.building import written_beside
from cutscore.data.relational.new_folder import FolderSettings, is_table_folder, new_features
from cutscore.data.unlabelled import RowSettings
from cutscore.errors import Fault, RequestError, listed
from cutscore.scoring.scorer import Scorer


@dataclass(frozen=True)
class BatchSource:
    """A table of rows.

    Attributes
    ----------
    path, settings : where it is, and how it is made up
    stem : what its one part is called
    notes : what is to be told of the tables that it was made of
    of_tables : whether it was made of several
    """

    path: Path
    settings: RowSettings
    stem: str
    notes: tuple[str, ...] = ()
    of_tables: bool = False


def source_of(
    scorer: Scorer,
    rows: Path,
    settings: FolderSettings,
    ignore_unknown: bool,
    beside: Mapping[str, str] | None = None,
) -> BatchSource:
    """Return where the rows are; those of a folder of tables are made first.

    `beside` are columns of the applicants' file that the model does not know, each with the setting
    that asks for it.

    Raises
    ------
    RequestError
        With all that is wrong with the tables.
    """
    stem = rows.name.split(".")[0] or rows.name
    tables = scorer.tables
    if tables is None or not is_table_folder(tables, rows, settings):
        if settings.apply is not None:
            problem = "this model was trained on one table, so there is no other to name."
            raise RequestError(Fault("data.apply", problem, "Leave it out."))
        return BatchSource(rows, settings.of_rows, stem)
    path = new_features(tables, rows, settings, ignore_unknown=ignore_unknown, beside=beside)
    notes, _ = written_beside(path)
    filtered = RowSettings(where=settings.where)
    return BatchSource(path, filtered, settings.apply or tables.base, notes, of_tables=True)


def told_of_tables(scorer: Scorer, faults: Sequence[Fault]) -> list[Fault]:
    """Return faults of a table's columns; those that a model makes of several tables as one."""
    tables = scorer.tables
    if tables is None:
        return list(faults)
    own = set(tables.sources[tables.base])
    made = {column.name for column in scorer.columns} - own
    left = [fault for fault in faults if fault.setting not in made]
    number = len(faults) - len(left)
    if not number:
        return left
    problem = f"{number:,} columns are missing that this model makes of several tables."
    remedy = f"Name a folder with a file for each: {listed(list(tables.sources))}."
    return [*left, Fault("ROWS", problem, remedy)]
