"""A run from Python, and what any recorded run came to."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers
from cutscore.config.overrides import read_overrides
from cutscore.delivery.finding import load_of_run
from cutscore.errors import CutscoreError, Fault, RequestError
from cutscore.experiment import FoldProgress
from cutscore.launch.executing import execute_run
from cutscore.launch.job import Job, RunObserver, logged_to
from cutscore.launch.outcome import RunOutcome
from cutscore.rerun.agreement import SCORES
from cutscore.runs.lookups import artifact_text
from cutscore.runs.opening import open_existing, open_store
from cutscore.runs.port import RunStore
from cutscore.runs.settings import TrackingSettings
from cutscore.runs.values import RunDetail
from cutscore.scoring.folder import THRESHOLD_JSON
from cutscore.scoring.scorer import Scorer
from cutscore.sweep.cache import experiment_cache
from cutscore.sweep.cells import Cell, plan_request
from cutscore.sweep.launch import check_cells
from cutscore.sweep.launcher import launch_folder

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class RecordedResult:
    """What a recorded run came to; its files are read from the store when they are asked for.

    Attributes
    ----------
    run_id, name : the run's
    experiment : the experiment that it is listed under
    complete : whether its record is whole
    threshold : the threshold on calibrated scores; None where rows are decided by their own costs,
        or where the run did not come so far
    metrics : by name, as `cutscore runs show --all` has them; what does not exist is not there
    params, tags : the settings, and what else is recorded
    """

    run_id: str
    name: str
    experiment: str
    complete: bool
    threshold: float | None
    metrics: Mapping[str, float]
    params: Mapping[str, str]
    tags: Mapping[str, str]
    _store: RunStore

    def __repr__(self) -> str:
        return f"<run {self.name} ({self.run_id}): threshold {self.threshold}>"

    @cached_property
    def scores(self) -> pd.DataFrame:
        """The out-of-fold scores: row, fold, target, score, and what else the run wrote of rows.

        Raises
        ------
        RequestError
            If the run has none.
        """
        import pandas as pd

        with tempfile.TemporaryDirectory(prefix="cutscore-") as folder:
            found = self._store.download(self.run_id, SCORES, Path(folder))
            if found is None:
                raise self._lacks(SCORES)
            return pd.read_parquet(found)

    @cached_property
    def decision(self) -> Mapping[str, Any]:
        """The run's `threshold.json`: rule, threshold, costs and the evidence for them.

        Raises
        ------
        RequestError
            If the run has none.
        """
        text = artifact_text(self._store, self.run_id, THRESHOLD_JSON)
        if text is None:
            raise self._lacks(THRESHOLD_JSON)
        found: dict[str, Any] = json.loads(text)
        return found

    def model(self) -> Scorer:
        """Load the model that the run kept.

        Raises
        ------
        RequestError
            If it kept none.
        """
        return load_of_run(self._store, self.run_id)

    def _lacks(self, file: str) -> RequestError:
        return RequestError(Fault("run", f'the run "{self.name}" has no {file}.'))


def run(overrides: Sequence[str] = (), *, config_dir: str | None = None) -> RecordedResult:
    """Run one experiment, as `cutscore run` does, and return what it came to.

    It is recorded in the same store; its log is in `outputs/`. An interruption (KeyboardInterrupt)
    ends it after the fold at work.

    Parameters
    ----------
    overrides : sequence of str
        What `cutscore run` takes: `["sampling=balanced", "cost.false_negative=5"]`.
    config_dir : str, optional
        A folder of config groups that ranks above `./conf`.

    Returns
    -------
    RecordedResult
        With the run's id, threshold, metrics and scores.

    Raises
    ------
    RequestError
        With all that is wrong with the request, or if it asks for a sweep or a search; nothing has
        been written then.
    CutscoreError
        If the run failed, or the store cannot be used.

    Examples
    --------
    >>> import cutscore
    >>> made = cutscore.run(["sampling=balanced"])  # doctest: +SKIP
    >>> made.threshold, made.metrics["crossfit_cost"]  # doctest: +SKIP
    """
    cell, folder = _checked(list(overrides), config_dir)
    store, observer = open_store(cell.plan.tracking), _Stoppable()
    # A thread of its own: in the main one, the guard of runs would end this process at an
    # interruption, and with it a notebook.
    with ThreadPoolExecutor(1, "cutscore-run") as pool:
        made = pool.submit(_recorded, cell, folder, store, observer)
        try:
            outcome = made.result()
        finally:  # waited for no longer, as at an interruption, it ends after its fold
            observer.stop.set()
    if outcome.status != "complete":
        raise CutscoreError(f"the run {outcome.name} ({outcome.run_id}) failed: {outcome.failure}")
    return _result(store, store.read(outcome.run_id))


def read_run(run: str, *, store: str | None = None) -> RecordedResult:
    """Return what a recorded run came to.

    Parameters
    ----------
    run : str
        Its id, its name (of several, the newest), or the beginning of its id.
    store : str, optional
        The address of the run store, as for `--store`; the default is that of `cutscore run`.

    Raises
    ------
    RequestError
        If there is no such run or store, or the beginning fits several ids.
    """
    opened = open_existing(TrackingSettings(store).address().uri)
    return _result(opened, opened.read(run))


class _Stoppable(RunObserver):
    """Ends a run after a fold when it is told to."""

    def __init__(self) -> None:
        self.stop = threading.Event()

    def on_fold(self, progress: FoldProgress) -> None:  # noqa: ARG002  # the interface's
        """Look whether the run is to end."""
        if self.stop.is_set():
            raise KeyboardInterrupt


def _checked(overrides: list[str], config_dir: str | None) -> tuple[Cell, Path]:
    """Return the one run that is asked for, checked against its data, and the folder of its log."""
    read, faults = read_overrides(overrides)
    for one in read:
        if one.for_hydra:
            problem = "how a launch is made cannot be said here."
            faults.append(Fault(f'"{one}"', problem, "Use cutscore run."))
    if faults:
        raise RequestError(faults)
    request = plan_request(Composer(find_layers(config_dir)), overrides, multirun=False)
    if request.multirun or request.cells[0].plan.search is not None:
        what = "a sweep" if request.multirun else "a search"
        problem = f"these overrides ask for {what}, and one run is made here."
        raise RequestError(Fault("overrides", problem, "Use cutscore run."))
    check_cells(request.cells)
    return request.cells[0], launch_folder(request.launcher_config, None, sweep=False)


def _recorded(cell: Cell, folder: Path, store: RunStore, observer: RunObserver) -> RunOutcome:
    with logged_to(folder / "run.log") as log:
        job = Job(cell.name, log, observer=observer, judge=True, store=store)
        return execute_run(cell.plan, experiment_cache(), job)


def _result(store: RunStore, detail: RunDetail) -> RecordedResult:
    summary = detail.summary
    return RecordedResult(
        run_id=summary.run_id,
        name=summary.name,
        experiment=summary.experiment,
        complete=summary.complete,
        threshold=summary.metrics.get("threshold"),
        metrics=summary.metrics,
        params=detail.params,
        tags=summary.tags,
        _store=store,
    )
