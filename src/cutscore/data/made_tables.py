"""Tables that are made when they are first asked for, and then read like others."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from cutscore.data.relational import RelationalSource
from cutscore.data.relational.cache import code_digest
from cutscore.data.synthetic.home_credit import MAKERS
from cutscore.data.synthetic.writing import write_tables
from cutscore.errors import Fault, RequestError, listed, nearest
from cutscore.records import Dataset


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
        """Return the folder of the tables; one process makes them, others wait for it."""
        from filelock import FileLock

        above = Path(self.path).expanduser()
        code = code_digest(Path(__file__).parent / "synthetic")[:8]
        folder = above / f"{self.collection}-{self.applicants}-{self.seed}-{code}"
        if folder.is_dir():
            return folder
        try:
            above.mkdir(parents=True, exist_ok=True)
            with FileLock(above / ".lock"):
                if not folder.is_dir():
                    self._make(above, folder)
        except OSError as error:
            problem = f"the tables cannot be made in {above} ({error.strerror})."
            raise RequestError(Fault("data.path", problem, "Name another folder.")) from None
        return folder

    def _make(self, above: Path, folder: Path) -> None:
        for left in above.glob(".making-*"):  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        work = Path(tempfile.mkdtemp(prefix=".making-", dir=above))
        try:
            write_tables(MAKERS[self.collection](self.applicants, self.seed), work, "parquet")
            work.replace(folder)
        finally:
            shutil.rmtree(work, ignore_errors=True)
