"""Tables that are made when they are first asked for, and then read like others."""

from __future__ import annotations

import logging
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le

from cutscore.data.reading import read
from cutscore.data.relational import RelationalSource
from cutscore.data.relational.cache import code_digest
from cutscore.data.settings import TableSettings
from cutscore.data.synthetic.home_credit import MAKERS
from cutscore.data.synthetic.loans_over_time import MOST_MONTHS, OVER_TIME, Drift, LoansOverTime
from cutscore.data.synthetic.writing import Maker, write_tables
from cutscore.errors import Fault, RequestError, listed, nearest
from cutscore.records import Dataset

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class MadeTables(RelationalSource):
    """Make a collection of tables, as `cutscore data make` does, and read it.

    They are kept in a folder below `path`, named after all that they depend on.
    """

    path: str = "outputs/cache/made"
    collection: str = "home_credit"
    applicants: int = 20_000
    seed: int = 42

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.collection not in MAKERS:
            guess = nearest(self.collection, MAKERS)
            raise ValueError(
                f'data.collection is "{self.collection}", which cannot be made.{guess} '
                f"Collections: {listed(sorted(MAKERS))}."
            )
        if self.applicants < 100 or self.seed < 0:
            raise ValueError("data.applicants must be at least 100, and data.seed at least 0.")

    def load(self) -> Dataset:
        """Make the tables unless they are there, then the features; read, check and return them."""
        return RelationalSource.load(replace(self, path=str(self._made())))

    def unlabelled(self) -> Path | None:
        """Return the features of the rows of `apply`, such as application_test."""
        return RelationalSource.unlabelled(replace(self, path=str(self._made())))

    def _made(self) -> Path:
        """Return the folder of the tables."""
        maker = MAKERS[self.collection](self.applicants, self.seed)
        return made_folder(f"{self.collection}-{self.applicants}-{self.seed}", self.path, maker)


@dataclass(frozen=True, kw_only=True)
class MadeLoans(TableSettings):
    """Make loans over time, as `cutscore data make loans_over_time` does, and read them.

    They are kept in a folder below `path`, named after all that they depend on.
    """

    path: str = "outputs/cache/made"
    rows: Annotated[int, Ge(100)] = 24_000
    months: Annotated[int, Ge(2), Le(MOST_MONTHS)] = 24
    drift: Drift = "none"
    seed: Annotated[int, Ge(0)] = 42

    def load(self) -> Dataset:
        """Make the table unless it is there, then read, check and return it."""
        maker = LoansOverTime(self.rows, self.seed, self.months, self.drift)
        words = (OVER_TIME, self.rows, self.months, self.drift, self.seed)
        folder = made_folder("-".join(map(str, words)), self.path, maker)
        return read(folder / "loans.parquet", self, name=OVER_TIME, source=f"made: {words}")


def made_folder(name: str, path: str, maker: Maker) -> Path:
    """Return the folder below `path` of tables; one process makes them, others wait for it.

    Raises
    ------
    RequestError
        If they cannot be made there.
    """
    from filelock import FileLock

    above = Path(path).expanduser()
    folder = above / f"{name}-{code_digest(Path(__file__).parent / 'synthetic')[:8]}"
    if folder.is_dir():
        return folder
    try:
        above.mkdir(parents=True, exist_ok=True)
        with FileLock(above / ".lock"):
            if not folder.is_dir():
                _make(above, folder, maker)
    except OSError as error:
        problem = f"the tables cannot be made in {above} ({error.strerror})."
        raise RequestError(Fault("data.path", problem, "Name another folder.")) from None
    return folder


def _make(above: Path, folder: Path, maker: Maker) -> None:
    log.info("Making the tables %s (kept for the next time)", folder.name)
    for left in above.glob(".making-*"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=".making-", dir=above))
    try:
        write_tables(maker, work, "parquet")
        work.replace(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
