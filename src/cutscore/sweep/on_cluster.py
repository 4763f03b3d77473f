"""The jobs of a parent run on a Ray cluster: a node that dies costs the runs that it was in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from hydra.core.singleton import Singleton
from hydra.core.utils import run_job, setup_globals
from hydra.types import HydraContext
from omegaconf import DictConfig, open_dict

from cutscore.cluster.connecting import living_nodes
from cutscore.cluster.sharing import SharedTable, Sharing
from cutscore.cluster.tasks import run_tasks
from cutscore.config.build import Plan
from cutscore.config.ray_settings import CELLS, RaySettings
from cutscore.launch.outcome import RunOutcome
from cutscore.launch.progress import ProgressLog
from cutscore.runs.port import RunStore
from cutscore.sweep.cache import experiment_cache
from cutscore.sweep.children import Settling

Task = Callable[[DictConfig], RunOutcome]


@dataclass(frozen=True)
class ClusterJobs:
    """Jobs by the names of their runs, with their plans; all runs stand below one parent."""

    context: HydraContext
    config: DictConfig
    settings: RaySettings
    plans: Mapping[str, Plan]
    store: RunStore
    parent_id: str
    log: ProgressLog
    sharing: Sharing | None

    def outcomes(self, task: Task, jobs: Mapping[str, Sequence[str]]) -> list[RunOutcome]:
        """Run all jobs and return what came of them, in order."""
        sharing = self.sharing
        if sharing is None and self.settings.share:
            experiments = [plan.experiment for plan in self.plans.values()]
            sharing = Sharing(experiment_cache(), living_nodes(), CELLS, experiments)
        work = {
            name: partial(
                _run_job,
                self.context,
                self._job_config(number, words),
                task,
                Singleton.get_state(),
                None if sharing is None else sharing.table(self.plans[name].experiment),
            )
            for number, (name, words) in enumerate(jobs.items())
        }
        settle = Settling(self.plans, self.store, self.parent_id)
        done = run_tasks(work, settle, self.settings.num_cpus, self.log)
        return [done[name] for name in jobs]

    def _job_config(self, number: int, words: Sequence[str]) -> DictConfig:
        """Compose a job here: its node need not have the folders of configs."""
        loader = self.context.config_loader
        config: DictConfig = loader.load_sweep_config(self.config, list(words))
        with open_dict(config):
            config.hydra.job.id = f"{config.hydra.job.name}_{number}"
            config.hydra.job.num = number
        return config


def _run_job(
    context: HydraContext,
    config: DictConfig,
    task: Task,
    singletons: Mapping[Any, Any],
    shared: SharedTable | None,
) -> RunOutcome:
    """Run a job in a process of a node, as Hydra's launchers would."""
    setup_globals()
    Singleton.set_state(dict(singletons))
    if shared is not None:
        shared.lend(experiment_cache())
    done = run_job(
        hydra_context=context,
        config=config,
        task_function=task,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
    )
    outcome: RunOutcome = done.return_value
    return outcome
