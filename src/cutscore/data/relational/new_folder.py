"""A folder with the tables of new applicants, as a table of the features that training had."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from cutscore.data.relational.applying import APPLY, trained_table
from cutscore.data.relational.building import DropRules
from cutscore.data.relational.feature_table import TablesToBuild, file_of
from cutscore.data.relational.new_rows import TableInputs
from cutscore.data.relational.opening import find_files
from cutscore.data.settings import LineSettings, TableSettings
from cutscore.data.unlabelled import RowSettings
from cutscore.errors import Fault, RequestError


@dataclass(frozen=True, kw_only=True)
class FolderSettings(RowSettings):
    """How files of rows are made up; of a folder of tables also what belongs to these alone.

    `apply` is the file with the applicants, by its name in the folder or its path; None: the name
    that it had in training. The feature table is kept in the folder `cache`; DuckDB makes it within
    `memory_limit`.
    """

    apply: str | None = None
    cache: str = "outputs/cache/data"
    memory_limit: str = "4GB"

    @property
    def of_rows(self) -> RowSettings:
        """What holds for a single file, too."""
        return RowSettings(**{each.name: getattr(self, each.name) for each in fields(RowSettings)})


def is_table_folder(inputs: TableInputs, path: Path, settings: FolderSettings) -> bool:
    """Return whether a path has tables, and not the feature table itself, perhaps in parts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if settings.apply is not None:
        return True
    if not path.is_dir():
        return False
    for file in sorted(path.rglob("*.parquet")):
        try:
            return not set(pq.read_schema(file).names) & set(inputs.plan.made)
        except (OSError, pa.ArrowException):
            break  # said where it is read
    return True


def new_features(
    inputs: TableInputs,
    folder: Path,
    settings: FolderSettings,
    *,
    ignore_unknown: bool = False,
    beside: Mapping[str, str] | None = None,
) -> Path:
    """Return the file with the features of a folder's applicants, in the order of their file.

    Tables that are optional may be absent. What is to be told of the tables is written beside.
    Columns of the applicants' file that `beside` names, each with the setting that asks for it, are
    taken along.

    Raises
    ------
    RequestError
        With all that is wrong with the tables.
    """
    declaration, sources = inputs.declaration, inputs.sources
    base, named = declaration.base, settings.apply
    wanted = declaration
    if named is not None:
        aside = replace(base, table=replace(base.table, optional=True))
        wanted = replace(declaration, nodes=(*declaration.nodes[:-1], aside))
    try:
        files = find_files(folder, wanted)
        files[base.name] = files[base.name] if named is None else file_of(named, base, folder)
        trained = {
            node.name: replace(
                trained_table(node, declaration, inputs.plan),
                known=None if ignore_unknown else frozenset(sources[node.name]),
                beside=(beside or {}) if node is base else {},
            )
            for node in declaration.nodes
            if node.name in sources
        }
        text = {each.name: getattr(settings, each.name) for each in fields(LineSettings)}
        missing = tuple(inputs.declared["missing"])
        return TablesToBuild(
            declaration=declaration,
            files={name: path for name, path in files.items() if name in sources},
            settings=TableSettings(target=declaration.target, missing=missing, **text),
            rules=DropRules(),
            cache=Path(settings.cache).expanduser().absolute(),
            memory_limit=settings.memory_limit,
            trained=trained,
            numbered=True,
        ).file()
    except RequestError as error:
        raise RequestError(_told(error.faults, base.name, named)) from error


def _told(faults: Iterable[Fault], base: str, named: str | None) -> Iterator[Fault]:
    """Yield faults with settings that can be given where rows are scored."""
    for each in faults:
        if each.setting == "data.path" and f'no table "{base}"' in each.problem:
            remedy = f"{each.remedy} If the applicants have another file, name it: {APPLY}=FILE."
            yield replace(each, remedy=remedy)
        elif each.setting == APPLY and named is None:
            yield replace(each, setting="data.path")
        elif "data.missing" in each.remedy:
            yield replace(each, remedy="Mend the file.")
        else:
            yield each
