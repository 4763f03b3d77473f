"""What a run has to say, in order, until the store has taken it."""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cutscore.report.items import DatasetUsed, ModelFolder
from cutscore.runs.batches import Batch, dataset_input
from cutscore.runs.models import log_model_folder
from cutscore.runs.retry import Outage, StoreAwayError
from cutscore.runs.transient import collided, transient_reason

if TYPE_CHECKING:
    from mlflow import MlflowClient

COLLISIONS = 5


@dataclass(frozen=True)
class SpooledFiles:
    """Artifacts on their way to a store that is elsewhere, as they stand in `folder`."""

    folder: Path


Entry = Batch | DatasetUsed | ModelFolder | SpooledFiles


class Outbox:
    """Entries of one run; all are kept until the run ends, in case its record must be saved.

    Sending an entry twice leaves what sending it once does: an unanswered call may have arrived.
    `refused` holds the errors of entries that the store will not take; they are left out.
    `sending` is held while a call is under way.
    """

    def __init__(self, client: MlflowClient, run_id: str, outage: Outage) -> None:
        self.said: list[Entry] = []
        self.refused: list[Exception] = []
        self.sending = threading.Lock()
        self._client = client
        self._run_id = run_id
        self._outage = outage
        self._sent = 0

    @property
    def pending(self) -> bool:
        """Whether there is something that the store has not taken."""
        return self._sent < len(self.said)

    def begin(self, tags: Mapping[str, str]) -> None:
        """Take note of the tags that the run was made with: they are part of its record."""
        from mlflow.entities import RunTag

        self.said.append(Batch([], [], [RunTag(key, value) for key, value in tags.items()]))
        self._sent = len(self.said)

    def flush(self, *, wait: bool) -> None:
        """Send what has not been sent. Without `wait`, what finds no answer stays for later.

        Raises
        ------
        StoreAwayError
            With `wait`, if the store stays away.
        """
        while self.pending:
            try:
                self._outage.call(self._send_next, wait=wait)
            except StoreAwayError:
                if wait:
                    raise
                return

    def _send_next(self) -> None:
        """Send the next entry; one that is refused is passed over."""
        with self.sending:
            if not self.pending:  # another thread has sent it
                return
            try:
                send(self._client, self._run_id, self.said[self._sent])
            except Exception as error:
                if transient_reason(error) is not None:
                    raise
                self.refused.append(error)
            self._sent += 1


def send(client: MlflowClient, run_id: str, entry: Entry) -> None:
    """Write one entry to the store."""
    match entry:
        case Batch():
            client.log_batch(run_id, entry.metrics, entry.params, entry.tags)
        case DatasetUsed():
            _send_dataset(client, run_id, entry)
        case ModelFolder():
            log_model_folder(client, run_id, entry)
        case SpooledFiles():
            client.log_artifacts(run_id, str(entry.folder))


def _send_dataset(client: MlflowClient, run_id: str, used: DatasetUsed) -> None:
    """Link a data set; runs that begin together may all find that nobody has made it yet."""
    from mlflow.exceptions import MlflowException

    log = functools.partial(client.log_inputs, run_id, datasets=[dataset_input(used)])
    for _ in range(COLLISIONS):
        try:
            log()
        except MlflowException as error:
            if not collided(error):
                raise
        else:
            return
    log()


def local_folder(artifact_uri: str) -> Path | None:
    """Return the folder of an artifact address on this machine, None for other addresses."""
    from mlflow.utils.file_utils import local_file_uri_to_path
    from mlflow.utils.uri import is_local_uri

    return Path(local_file_uri_to_path(artifact_uri)) if is_local_uri(artifact_uri) else None
