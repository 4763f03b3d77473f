"""The files of runs and models: on this machine, or as a server lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from cutscore.care.contents import StoredModel, StoredRun
from cutscore.care.paths import FoundFile, Unusable, resolve_artifact, walk_files
from cutscore.errors import StoreError
from cutscore.runs.elsewhere import is_elsewhere, list_files

if TYPE_CHECKING:
    from mlflow import MlflowClient, entities

_PROXIED = "mlflow-artifacts:"


@dataclass(frozen=True)
class Listing:
    """Names (with `/`) and sizes in bytes of the files under an address.

    `refused` tells the entries that were not read (links, devices), `unusable` why the address
    leads nowhere, `moved` that files lie elsewhere in the store than the address says.
    """

    files: Mapping[str, int] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    unusable: Unusable | None = None
    folder: Path | None = None
    moved: bool = False

    @property
    def unseen(self) -> bool:
        """Whether the files are on another machine, so that nothing is known of them."""
        return self.unusable is not None and self.unusable.why == "remote"

    @property
    def filled(self) -> set[str]:
        """The names of files that are not empty."""
        return {name for name, size in self.files.items() if size}


class StoreFiles(Protocol):
    """What lists the files of runs and models."""

    def of_run(self, run: StoredRun) -> Listing:
        """List the files of a run."""

    def of_model(self, model: StoredModel) -> Listing:
        """List the files of a logged model."""

    def of_address(self, uri: str) -> Listing:
        """List the files under any artifact address."""


@dataclass(frozen=True)
class LocalFiles:
    """Files of a store on this machine, and those that it has elsewhere.

    Here only what lies below its folders is looked at, and links are never followed. Elsewhere
    (S3) what MLflow can reach is listed; where that failed once it is not tried again.
    """

    store_folder: Path
    roots: Sequence[Path]
    _unreachable: dict[str, Listing] = field(default_factory=dict, repr=False)

    def of_run(self, run: StoredRun) -> Listing:
        """List the files of a run."""
        return self.of_address(run.artifact_uri)

    def of_model(self, model: StoredModel) -> Listing:
        """List the files of a logged model."""
        return self.of_address(model.location)

    def of_address(self, uri: str) -> Listing:
        """List the files under any artifact address."""
        if is_elsewhere(uri):
            return self._elsewhere(uri)
        found = resolve_artifact(uri, self.store_folder, self.roots)
        if isinstance(found, Unusable):
            return Listing(unusable=found)
        files: dict[str, int] = {}
        refused = []
        for entry in walk_files(found.path):
            if isinstance(entry, FoundFile):
                files[entry.name] = entry.size
            else:
                refused.append(f"{entry.name}: {entry.reason}")
        # A server's address never says where files are, so finding them is no news.
        moved = found.moved and not uri.startswith(_PROXIED)
        return Listing(files, tuple(refused), folder=found.path, moved=moved)

    def _elsewhere(self, uri: str) -> Listing:
        place = urlsplit(uri).netloc
        if place in self._unreachable:
            return self._unreachable[place]
        listing = _listed(lambda folder: list_files(uri, folder))
        if listing.unusable is not None:
            self._unreachable[place] = listing
        return listing


@dataclass(frozen=True)
class ServedFiles:
    """Files as a server lists them: no paths, no links."""

    client: MlflowClient

    def of_run(self, run: StoredRun) -> Listing:
        """List the files of a run."""
        return _listed(lambda path: self.client.list_artifacts(run.run_id, path))

    def of_model(self, model: StoredModel) -> Listing:
        """List the files of a logged model."""
        return _listed(lambda path: self.client.list_logged_model_artifacts(model.model_id, path))

    def of_address(self, uri: str) -> Listing:
        """Say that other addresses cannot be looked at through a server."""
        return Listing(unusable=Unusable("remote", f"{uri} is kept by the server"))


class _ListCall(Protocol):
    def __call__(self, path: str | None, /) -> Sequence[entities.FileInfo]:
        """List one folder."""


def _listed(listed: _ListCall) -> Listing:
    """List files folder by folder; where that fails nothing is known of them."""
    files: dict[str, int] = {}
    folders: list[str | None] = [None]
    try:
        while folders:
            for entry in listed(folders.pop()):
                if entry.is_dir:
                    folders.append(entry.path)
                else:
                    files[entry.path] = int(entry.file_size or 0)
    except StoreError as error:
        return Listing(files, unusable=Unusable("remote", str(error)))
    return Listing(files)
