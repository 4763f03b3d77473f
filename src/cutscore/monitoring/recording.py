"""A look at later rows, recorded as a run of the experiment `monitoring`."""

from __future__ import annotations

from pathlib import Path

from cutscore.launch.shutdown_guard import shutdown_guard
from cutscore.monitoring.monitor import Monitored
from cutscore.monitoring.record import monitored_items
from cutscore.report.files import write_artifact
from cutscore.report.items import Figure, TableFile, Text
from cutscore.report.record_spec import KIND_TAG, MONITORING
from cutscore.runs.opening import open_store
from cutscore.runs.settings import TrackingSettings


def run_name(found: Monitored) -> str:
    """Return a name that says which model was looked at, and when."""
    periods = list(dict.fromkeys([next(iter(found.periods)), list(found.periods)[-1]]))
    return "_".join(["monitor", found.model.replace("/", "-"), *periods])


def record(found: Monitored, store: str | None) -> str:
    """Write it into a store, which is made if need be, and return the run's id.

    Metrics have the period's place as their step, so that MLflow draws the history.
    """
    name = run_name(found)
    opened = open_store(TrackingSettings(store, experiment="monitoring"), wait=True)
    with (
        shutdown_guard() as life,
        opened.open(name, tags={KIND_TAG: MONITORING}, life=life) as run,
    ):
        run.write(monitored_items(found, name))
        run.complete()
        return run.run_id


def write_files(found: Monitored, folder: Path) -> None:
    """Write tables, pictures and document to a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    for item in monitored_items(found, run_name(found)):
        if isinstance(item, Text | TableFile | Figure):
            write_artifact(item, folder)
