"""Worker processes of one search on this machine, and what happens when one dies."""

from __future__ import annotations

import multiprocessing
import os
from dataclasses import dataclass, field, replace
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from cutscore.experiment import ExperimentCache
from cutscore.launch.shutdown_guard import shutdown_guard
from cutscore.search.context import TrialContext, WorkerTask, open_trial_context
from cutscore.search.dead_trials import close_dead_trials
from cutscore.search.slots import finished, free_slot
from cutscore.search.worker import stop_reason, work

DEATHS_IN_A_ROW = 3
"""So many workers may die without a trial being finished in between."""

POLL_SECONDS = 1.0


@dataclass
class WorkerPool:
    """Keeps `count` worker processes at work on a search.

    A worker that dies is told of, its trial is settled, and another takes its place while slots
    are free.
    """

    context: TrialContext
    count: int
    deaths: int = 0
    in_a_row: int = 0
    _finished: int = 0
    _running: list[BaseProcess] = field(default_factory=list)

    def work(self) -> None:
        """Return when all slots are taken and all workers have ended, or too many have died."""
        task = replace(self.context.task, threads=self.context.task.threads or divided(self.count))
        self._finished = self._count_finished()
        for _ in range(self.count):
            self._start(task)
        while self._running:
            wait([process.sentinel for process in self._running], timeout=POLL_SECONDS)
            for process in [one for one in self._running if one.exitcode is not None]:
                self._running.remove(process)
                process.join()
                if process.exitcode:
                    self._count_death(f"worker {process.pid}", _ending(process.exitcode))
                if process.exitcode and self._goes_on():
                    self._start(task)

    @property
    def gave_up(self) -> bool:
        """Whether so many workers died that no other was started."""
        return self.in_a_row >= DEATHS_IN_A_ROW

    def _start(self, task: WorkerTask) -> None:
        spawn = multiprocessing.get_context("spawn")
        process = spawn.Process(target=_worker, args=(task,), name="cutscore-worker")
        process.start()
        self._running.append(process)

    def _count_death(self, name: str, reason: str, dead: str | None = None) -> None:
        """Close what a dead worker left, and count its death; `dead` is what its trials call it."""
        self.deaths += 1
        now = self._count_finished()
        self.in_a_row = 1 if now > self._finished else self.in_a_row + 1
        self._finished = now
        self._say(f"{name} died ({reason})")
        for line in close_dead_trials(self.context, dead):
            self._say(line)

    def _goes_on(self) -> bool:
        trials = self.context.study.get_trials(deepcopy=False)
        free = free_slot(trials, self.context.task.total) is not None
        return free and not self.gave_up and stop_reason(self.context) is None

    def _count_finished(self) -> int:
        return len(finished(self.context.study.get_trials(deepcopy=False)))

    def _say(self, line: str) -> None:
        self.context.task.job.progress.say(line)


def divided(workers: int) -> int:
    """Return the threads of one of several workers on this machine."""
    return max(1, len(os.sched_getaffinity(0)) // workers)


def _worker(task: WorkerTask) -> None:
    """Work in a process of its own, which ends with its parent."""
    with shutdown_guard():
        work(open_trial_context(task, ExperimentCache()))


def _ending(code: int | None) -> str:
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
