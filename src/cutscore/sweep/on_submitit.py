"""The jobs of a parent run as jobs of submitit: on Slurm, or in processes of this machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.singleton import Singleton
from omegaconf import DictConfig, OmegaConf

from cutscore.launch.outcome import RunOutcome
from cutscore.launch.progress import ProgressLog
from cutscore.launch.shutdown_guard import shutdown_guard
from cutscore.sweep.slurm_queue import SlurmQueue

SUBMITIT = {"submitit_local": "local", "submitit_slurm": "slurm"}
"""Launchers, and what submitit calls them."""

LAUNCHER = "hydra/launcher"
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


@dataclass(frozen=True)
class SubmititJobs:
    """Jobs by the names of their runs, which Hydra's `launcher` runs in whatever process."""

    config: DictConfig
    launcher: Any
    settle: Settle
    log: ProgressLog

    def outcomes(self, jobs: Mapping[str, Sequence[str]]) -> list[RunOutcome]:
        """Run all jobs and return what came of them, in order.

        On this machine there are as many at once as it has cores. A signal cancels those of a
        queue; the others are this process's children.
        """
        from submitit.core.utils import FailedJobError, UncompletedJobError

        name = str(self.config.hydra.runtime.choices[LAUNCHER])
        queue = None if SUBMITIT[name] == "local" else SlurmQueue()
        slots = len(jobs) if queue else len(os.sched_getaffinity(0))
        executor, numbers = self._executor(SUBMITIT[name]), {n: i for i, n in enumerate(jobs)}
        waiting, deaths = list(jobs), dict.fromkeys(jobs, 0)
        running: dict[str, Any] = {}
        done: dict[str, RunOutcome] = {}
        with shutdown_guard() as life:
            undo = life.register(lambda _: _cancel(running if queue else {}))
            while waiting or running:
                new, waiting = waiting[: slots - len(running)], waiting[slots - len(running) :]
                with executor.batch() if queue and new else nullcontext():  # as one array
                    sent = {n: self._submit(executor, jobs[n], numbers[n]) for n in new}
                running |= sent
                if queue and sent:
                    queue.forget()
                    for job in sent.values():
                        job.watcher = queue
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
        return executor.submit(self.launcher, list(words), "hydra.sweep.dir", number, job_id, state)

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
