"""A folder of scored parts: made beside its place and moved there whole, able to go on later.

`_cutscore.json` in it says what was asked for and, of each part, of which input it was made: a part
whose input has the same size and time of change is not made again.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from cutscore.batch.outputs import (
    SETTING,
    Kind,
    ScoredFile,
    beside,
    remove,
    sync_folder,
    writing,
)
from cutscore.batch.tally import Tally
from cutscore.errors import CutscoreError, Fault, RequestError

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST = "_cutscore.json"
_FORMAT = 1
_PAUSE = 1.0


@dataclass
class PartsFolder:
    """The output of several files of rows.

    Parameters
    ----------
    out : Path
        Where the folder is to be.
    asked : mapping
        What was asked for, as plain values: other parts than these are of no use.
    overwrite : bool
        Make all parts anew.
    """

    out: Path
    asked: Mapping[str, Any]
    overwrite: bool = False

    kind: ClassVar[Kind] = "folder"

    def __post_init__(self) -> None:
        self.staging, self.kept = beside(self.out, "partial"), 0
        self._parts: dict[str, dict[str, Any]] = {}
        self._before: dict[str, dict[str, Any]] = {}
        self._open: ScoredFile | None = None
        self._own, self._written = False, 0.0

    def begin(self) -> None:
        """Look at what is there.

        Raises
        ------
        RequestError
            If the folder holds anything but parts made of this model in this way.
        """
        self._before, self.kept = self._of_before(), 0
        found = None if self.overwrite else _manifest(self.staging)
        if found is None or found["asked"] != self.asked:
            with writing(self.out):
                remove(self.staging)
            self._parts, self._own = {}, True
        elif not self._own:
            self._parts = found["parts"]

    def _of_before(self) -> dict[str, dict[str, Any]]:
        if not self.out.exists() or not any(self.out.iterdir()):
            return {}
        found = _manifest(self.out)
        if found is None:
            problem = f'"{self.out}" holds files that `cutscore predict` did not make.'
            raise RequestError(Fault(SETTING, problem, "Name another folder."))
        if self.overwrite:
            return {}
        if found["asked"] != self.asked:
            differing = ", ".join(
                key for key in self.asked if self.asked[key] != found["asked"].get(key)
            )
            problem = f'"{self.out}" holds parts that were made otherwise ({differing}).'
            remedy = "Name another folder, or add --overwrite."
            raise RequestError(Fault(SETTING, problem, remedy))
        return dict(found["parts"])

    def done(self, name: str, source: Path) -> Tally | None:
        """Return the figures of a part that is there already; None if it is to be made."""
        stamp = _stamp(source)
        here = self._parts.get(name)
        if here is None or here["input"] != stamp:
            here = self._before.get(name)
            if here is None or here["input"] != stamp:
                return None
            with writing(self.out):
                self._take_over(name, here)
        self.kept += 1
        return Tally.from_json(here["figures"])

    def write(self, name: str, table: pa.Table) -> None:
        """Write rows of a part."""
        if self._open is None:
            self._open = ScoredFile(self.staging / name, "parquet", self.out)
        self._open.write(table)

    def close(self, name: str, source: Path, figures: Tally) -> None:
        """End a part; one without rows has no file."""
        if self._open is not None:
            self._open.finish()
            self._open = None
        self._parts[name] = {"input": _stamp(source), "figures": figures.to_json()}
        self._write_now_and_then()

    def finish(self, names: Sequence[str]) -> None:
        """Move the folder to its place; it holds these parts and no other."""
        with writing(self.out):
            for name in set(self._parts) - set(names):
                (self.staging / name).unlink(missing_ok=True)
                del self._parts[name]
            self._write()
            old = beside(self.out, "old")
            remove(old)
            if self.out.exists():
                self.out.rename(old)
            self.staging.rename(self.out)
            sync_folder(self.out.parent)
            remove(old)

    def discard(self, *, whole: bool) -> None:
        """Take away the part that is open, or the whole; else the same request can go on later.

        What an interrupted request had left stays in any case.
        """
        if self._open is not None:
            self._open.discard()
            self._open = None
        if whole and self._own:
            remove(self.staging)
        elif self._parts:
            with suppress(CutscoreError):
                self._write()

    def _take_over(self, name: str, entry: dict[str, Any]) -> None:
        target = self.staging / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        if (self.out / name).exists():  # a part without rows has no file
            try:
                os.link(self.out / name, target)
            except OSError:  # not every file system can
                shutil.copy2(self.out / name, target)
        self._parts[name] = entry
        self._write_now_and_then()

    def _write_now_and_then(self) -> None:
        # What a killed process has not written down is made again.
        if time.monotonic() - self._written > _PAUSE:
            self._write()

    def _write(self) -> None:
        with writing(self.out):
            self.staging.mkdir(parents=True, exist_ok=True)
            body = {"format": _FORMAT, "asked": self.asked, "parts": self._parts}
            path = self.staging / MANIFEST
            temporary = path.with_suffix(".tmp")
            temporary.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
            temporary.replace(path)
            self._written = time.monotonic()


def _manifest(folder: Path) -> dict[str, Any] | None:
    """Return what a folder says of itself; None if it says nothing that is understood."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("format") == _FORMAT else None


def _stamp(source: Path) -> dict[str, int]:
    found = source.stat()
    return {"size": found.st_size, "changed_ns": found.st_mtime_ns}
