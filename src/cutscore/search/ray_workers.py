"""Workers of one search on a Ray cluster."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from cutscore.cluster.connecting import connected, living_nodes
from cutscore.cluster.sharing import SharedTable, Sharing
from cutscore.cluster.tasks import run_tasks
from cutscore.config.build import Plan
from cutscore.config.ray_settings import TRIALS, RaySettings
from cutscore.experiment import ExperimentCache
from cutscore.runs.identity import now_text, process_tags
from cutscore.search.context import WorkerTask, open_trial_context
from cutscore.search.slots import WORKER
from cutscore.search.worker import work
from cutscore.search.workers import WorkerPool


@dataclass
class RayWorkerPool(WorkerPool):
    """Keeps `count` workers at work, on whatever nodes have room for them.

    A trial carries the name of its worker, so that it is known to be dead when Ray has lost it:
    the process may have been another machine's.
    """

    def work(self) -> None:
        """Return when all slots are taken and all workers have ended, or too many have died."""
        settings = ray_settings_of(self.context.plan)
        with connected(settings, TRIALS):
            experiment, cache = self.context.plan.experiment, self.context.cache
            sharing = Sharing(cache, living_nodes(), TRIALS, [experiment] * self.count)
            shared = sharing.table(experiment)
            task = replace(self.context.task, threads=settings.num_cpus)
            self._finished = self._count_finished()
            mine = f"{process_tags()['pid']} {now_text()}"
            names = [f"worker {n} of {mine}" for n in range(1, self.count + 1)]
            pieces = {name: partial(_worker, task, shared, name) for name in names}
            run_tasks(pieces, self._settle, settings.num_cpus, self.context.task.job.progress)

    def _settle(self, name: str, reason: str, _give_up: bool) -> int | None:
        """Close what a dead worker left; return None if another is to take its place."""
        self._count_death(name.partition(" of ")[0], reason, dead=name)
        return None if self._goes_on() else 0


def ray_settings_of(plan: Plan) -> RaySettings:
    """Return the cluster of a plan's search: a worker has as many processors as threads."""
    return RaySettings(plan.search_settings.address, num_cpus=plan.experiment.threads or 1)


def _worker(task: WorkerTask, shared: SharedTable, name: str) -> int:
    """Work in a process of a node."""
    cache = ExperimentCache()
    shared.lend(cache)
    context = open_trial_context(task, cache)
    return work(replace(context, identity={**context.identity, WORKER: name}))
