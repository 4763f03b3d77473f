"""The jobs of a parent run, so that a process that dies costs no more than the run it was in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from cutscore.config.build import Plan
from cutscore.launch.outcome import RunOutcome, labels
from cutscore.launch.progress import ProgressLog
from cutscore.runs.parents import close_children
from cutscore.runs.port import RunStore
from cutscore.runs.values import RunSummary

Launch = Callable[[Sequence[Sequence[str]], int, bool], Sequence[RunOutcome]]
"""Launches jobs by their words; the number of the first, and whether each gets a process."""


@dataclass
class Children:
    """Jobs by the names of their runs, with their plans; all runs stand below one parent."""

    jobs: Mapping[str, Sequence[str]]
    plans: Mapping[str, Plan]
    store: RunStore
    parent_id: str
    launch: Launch
    log: ProgressLog
    _launched: int = 0

    def outcomes(self, alone: Collection[str] = ()) -> list[RunOutcome]:
        """Run all jobs and return what came of them, in order.

        Where a worker process dies, jobs that had not begun are launched again. Those that were
        under way, one of which it died of, are run once more, each in a process of its own, and
        so are those in `alone`. What dies there has failed.
        """
        waiting = [name for name in self.jobs if name not in alone]
        suspects = [name for name in self.jobs if name in alone]
        done: dict[str, RunOutcome] = {}
        while waiting:
            made, begun = self._together(waiting)
            done |= made
            suspects += begun
            waiting = [name for name in waiting if name not in done and name not in begun]
        for name in suspects:
            self.log.say(f"{name} is run in a process of its own: it was under way when one died")
            done[name] = self._by_itself(name)
        return [done[name] for name in self.jobs]

    def _together(self, names: Sequence[str]) -> tuple[dict[str, RunOutcome], list[str]]:
        """Launch jobs; return what came of them, and which were under way when a worker died."""
        before = {run.run_id for run in self.store.find(parent_id=self.parent_id)}
        try:
            made = self._launch(names)
            return dict(zip(names, made, strict=True)), []
        except BrokenProcessPool as error:
            found = self._left_by(error)
        new = {run.name: run for run in found if run.run_id not in before}
        whole = {
            name: known_outcome(name, self.plans[name], new[name], "")
            for name in names
            if _whole(new.get(name))
        }
        begun = [name for name in names if name in new and name not in whole]
        self.log.say(f"a worker process died while these were under way: {', '.join(begun)}")
        return whole, begun or [name for name in names if name not in whole]

    def _by_itself(self, name: str) -> RunOutcome:
        """Run a job in a process of its own."""
        try:
            return self._launch([name], own=True)[0]
        except BrokenProcessPool as error:
            newest = next((run for run in self._left_by(error) if run.name == name), None)
            return known_outcome(name, self.plans[name], newest, _reason(error))

    def _launch(self, names: Sequence[str], *, own: bool = False) -> Sequence[RunOutcome]:
        first = self._launched  # jobs are numbered, and so are their folders
        self._launched += len(names)
        return self.launch([self.jobs[name] for name in names], first, own)

    def _left_by(self, error: BrokenProcessPool) -> list[RunSummary]:
        """Close what dead workers left open, and return all runs below the parent, newest first."""
        close_children(self.store, self.parent_id, _reason(error), killed=False)
        return self.store.find(parent_id=self.parent_id)


@dataclass(frozen=True)
class Settling:
    """Settles what became of a job whose process died; `plans` are by names of runs."""

    plans: Mapping[str, Plan]
    store: RunStore
    parent_id: str

    def __call__(self, name: str, reason: str, give_up: bool) -> RunOutcome | None:
        """Close the run of such a job; return its outcome unless it is to be run again."""
        runs = self.store.find(self.store.experiment or None, parent_id=self.parent_id)
        newest = next((run for run in runs if run.name == name), None)  # newest first
        if newest is not None and newest.open:
            self.store.close(newest, reason)
            newest = self.store.get(newest.run_id)
        if give_up or (newest is not None and newest.complete):
            return known_outcome(name, self.plans[name], newest, reason)
        return None


def known_outcome(name: str, plan: Plan, run: RunSummary | None, reason: str) -> RunOutcome:
    """Return the outcome of a run as the store knows it; `reason` is why it failed if it did."""
    complete = _whole(run)
    return RunOutcome(
        name=name,
        run_id=run.run_id if run else "",
        status="complete" if complete else "failed",
        objective=str(plan.experiment.threshold.objective),
        labels=labels(plan),
        metrics=run.metrics if run else {},
        failure="" if complete else reason,
    )


def _whole(run: RunSummary | None) -> bool:
    return run is not None and run.complete


def _reason(error: BrokenProcessPool) -> str:
    return f"a worker process died: {' '.join(str(error).split())}"
