"""The jobs of a parent run as jobs of submitit: on Slurm, or in processes of this machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hydra.core.singleton import Singleton
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf

from cutscore.config.overrides import texts_of
from cutscore.errors import Fault, RequestError
from cutscore.launch.outcome import RunOutcome
from cutscore.launch.progress import ProgressLog
from cutscore.launch.shutdown_guard import shutdown_guard
from cutscore.report.redact import redact
from cutscore.runs.addresses import sqlite_path
from cutscore.runs.settings import TrackingSettings
from cutscore.sweep.cells import SweepRequest

SUBMITIT = {"submitit_local": "local", "submitit_slurm": "slurm"}
"""Launchers, and what submitit calls them."""

SETTING = "hydra/launcher"
MOST_DEATHS = 2
"""A cell whose process dies so often is given up."""

POLL_SECONDS = 0.5
_OF_HYDRA = ("_target_", "submitit_folder")
_OF_ALL = (
    "timeout_min", "cpus_per_task", "gpus_per_node", "tasks_per_node", "mem_gb", "nodes", "name",
    "stderr_to_stdout",
)  # fmt: skip
"""Settings that submitit has whatever runs its jobs."""

Settle = Callable[[str, str, bool], RunOutcome | None]
"""Told of a run whose process died, why, and whether to give up; returns its outcome, if known."""


def check_submitit(request: SweepRequest) -> None:
    """Check that submitit is there and that its jobs can share store and addresses.

    Raises
    ------
    RequestError
        With all that is wrong.
    """
    name = str(request.launcher_config.hydra.runtime.choices.get(SETTING))
    if request.multirun and name in SUBMITIT and (faults := list(_faults(request, name))):
        raise RequestError(faults)


def _faults(request: SweepRequest, name: str) -> Iterator[Fault]:
    if find_spec("hydra_plugins.hydra_submitit_launcher") is None:
        remedy = "Run: pip install 'cutscore[submitit]'."
        yield Fault(SETTING, f"{name} needs the package submitit, which is not installed.", remedy)
    words = {text for cell in request.cells for text in texts_of(cell.overrides)}
    for key in sorted({word.partition("=")[0] for word in words if redact(word) != word}):
        problem = "it holds a password, which submitit would write into the files of its jobs."
        yield Fault(key, problem, "Leave it out, and have it in ~/.pgpass or PGPASSWORD.")
    tracking: TrackingSettings = request.cells[0].plan.tracking
    path = sqlite_path(tracking.address().uri)
    if name == "submitit_slurm" and path is not None:
        problem = f"{path} is an SQLite file, which Slurm's nodes cannot write together."
        yield Fault(tracking.setting, problem, "Use PostgreSQL or an mlflow server.")


@dataclass(frozen=True)
class SubmititJobs:
    """Jobs by the names of their runs; `task` runs one that Hydra's launcher has composed."""

    context: HydraContext
    config: DictConfig
    launcher: Any
    settle: Settle
    log: ProgressLog

    def outcomes(self, jobs: Mapping[str, Sequence[str]]) -> list[RunOutcome]:
        """Run all jobs and return what came of them, in order.

        On this machine there are as many at once as it has cores. A signal cancels them all.
        """
        from submitit.core.utils import FailedJobError, UncompletedJobError

        name = str(self.config.hydra.runtime.choices[SETTING])
        slots = len(os.sched_getaffinity(0)) if SUBMITIT[name] == "local" else len(jobs)
        executor, numbers = self._executor(SUBMITIT[name]), {n: i for i, n in enumerate(jobs)}
        waiting, deaths = list(jobs), dict.fromkeys(jobs, 0)
        running: dict[str, Any] = {}
        done: dict[str, RunOutcome] = {}
        with shutdown_guard() as life:
            undo = life.register(lambda _: _cancel(running))
            while waiting or running:
                new, waiting = waiting[: slots - len(running)], waiting[slots - len(running) :]
                # As one array where there is a queue.
                with executor.batch() if len(new) > 1 and slots == len(jobs) else nullcontext():
                    sent = {n: self._submit(executor, jobs[n], numbers[n]) for n in new}
                running |= sent
                time.sleep(POLL_SECONDS)
                for one in [n for n, job in running.items() if job.done()]:
                    try:
                        done[one] = running.pop(one).results()[0].return_value
                    except (FailedJobError, UncompletedJobError) as error:
                        deaths[one] += 1
                        reason = f"its process died: {_last_line(error)}"
                        known = self.settle(one, reason, deaths[one] == MOST_DEATHS)
                        if known is not None:
                            done[one] = known
                        else:
                            self.log.say(f"{one} is run again: {reason}")
                            waiting.append(one)
            undo()
        return [done[one] for one in jobs]

    def _submit(self, executor: Any, words: Sequence[str], number: int) -> Any:
        job_id, state = f"job_id_for_{number}", Singleton.get_state()
        return executor.submit(
            self.launcher, list(words), "hydra.sweep.dir", number, job_id, state
        )

    def _executor(self, kind: str) -> Any:
        """Return what submits jobs, as Hydra's own launcher makes it of the same settings."""
        from submitit import AutoExecutor

        given: Any = OmegaConf.to_container(self.config.hydra.launcher, resolve=True)
        folder = Path(str(given["submitit_folder"]))
        rest = {key: value for key, value in given.items() if key not in _OF_HYDRA}
        timeouts = {f"{kind}_max_num_timeout": rest.pop("max_num_timeout", 0)}
        executor = AutoExecutor(folder, cluster=kind, **timeouts)
        executor.update_parameters(
            **{key if key in _OF_ALL else f"{kind}_{key}": value for key, value in rest.items()}
        )
        return executor


def _cancel(running: Mapping[str, Any]) -> None:
    """End jobs as Ctrl-C would."""
    for job in list(running.values()):
        with suppress(Exception):  # it may have ended
            job.cancel()


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1].strip("- ")
