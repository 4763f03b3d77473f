"""Which of a user's jobs Slurm still has."""

from __future__ import annotations

import subprocess
import time

ASK_SECONDS = 10.0
COMMAND = ("squeue", "--me", "--noheader", "--array", "--format=%i")


class SlurmQueue:
    """Tells submitit which jobs are over, by the queue.

    Submitit itself asks Slurm's accounting, which is not kept everywhere, and at last only every
    ten minutes: a job that was killed would be waited for, without accounting for ever.
    """

    def __init__(self) -> None:
        self._asked, self._answers = 0.0, list[set[str]]()

    def forget(self) -> None:
        """Forget earlier answers: they do not know of jobs that are new."""
        self._answers.clear()

    def is_done(self, job_id: str, mode: str = "standard") -> bool:
        """Return whether a job is over: two answers in a row are without it."""
        if mode == "force" or time.monotonic() - self._asked > ASK_SECONDS:
            self._ask()
        return len(self._answers) == 2 and not any(job_id in answer for answer in self._answers)

    def get_state(self, job_id: str, mode: str = "standard") -> str:
        """Return what is known of a job."""
        return "no longer in Slurm's queue" if self.is_done(job_id, mode) else "in Slurm's queue"

    def _ask(self) -> None:
        self._asked = time.monotonic()
        answer = subprocess.run(COMMAND, capture_output=True, text=True, check=False)
        if answer.returncode == 0:  # a controller that is away says nothing of jobs
            self._answers = [*self._answers[-1:], set(answer.stdout.split())]
