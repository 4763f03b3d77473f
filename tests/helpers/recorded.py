"""A small store recorded before the decision rule had one home.

Its runs: `4d13...` with threshold=bayes and `f5b8...` with threshold=exact, both on tv_churn with
cost=columns, calibration=isotonic and a kept model, cells of one sweep; `9896...`, a logistic
regression with sampling=smote_undersample.
"""

from __future__ import annotations

import sqlite3
import tarfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

PACKED = Path(__file__).parents[1] / "data" / "recorded_store.tar.xz"
PREFIX = "/recorded"
"""What the addresses in the packed database begin with."""

_ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
)


@dataclass(frozen=True)
class RecordedStore:
    """The unpacked store, and its runs and kept models by the option of the threshold."""

    database: Path
    by_own_costs: str = "4d135f5203d04174ad9d331c54638bbf"
    exact: str = "f5b805b762b74f1c8e81e8cd86371614"
    linear: str = "9896cec057004c0bb1a8d19727db4c3e"

    @property
    def runs(self) -> tuple[str, ...]:
        """The ids of all runs but the parent."""
        return self.by_own_costs, self.exact, self.linear

    def artifacts(self, run_id: str) -> Path:
        """Return where a run's artifacts are."""
        return self.database.parent / "artifacts" / "recorded" / run_id / "artifacts"

    def model(self, run_id: str) -> Path:
        """Return where the files of a run's kept model are, MLmodel among them."""
        query = "SELECT artifact_location FROM logged_models WHERE source_run_id = ?"
        with closing(sqlite3.connect(self.database)) as connection:
            (found,) = connection.execute(query, [run_id]).fetchone()
        return Path(found)


def unpack(folder: Path) -> RecordedStore:
    """Unpack the store into `folder`/mlruns, its addresses set right."""
    with tarfile.open(PACKED) as packed:
        packed.extractall(folder, filter="data")
    database = folder / "mlruns" / "mlflow.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        for table, column in _ADDRESSES:
            connection.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE {column} LIKE ?",
                [str(database.parent), len(PREFIX) + 1, f"{PREFIX}/%"],
            )
    return RecordedStore(database)
