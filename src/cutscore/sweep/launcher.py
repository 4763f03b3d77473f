"""Handing jobs to Hydra's launchers, and knowing what became of them."""

from __future__ import annotations

import copy
import os
import sys
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hydra._internal.callbacks import Callbacks
from hydra.core.plugins import Plugins
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console

from cutscore.cluster.connecting import connected
from cutscore.cluster.sharing import Sharing
from cutscore.config.build import Plan
from cutscore.config.compose import Composer, explain
from cutscore.config.overrides import assignment
from cutscore.config.parts import validated
from cutscore.config.ray_settings import CELLS, RaySettings
from cutscore.errors import Fault, RequestError
from cutscore.launch.outcome import RunOutcome
from cutscore.launch.progress import ProgressLog
from cutscore.runs.port import RunStore
from cutscore.sweep.children import Children, Settling
from cutscore.sweep.on_cluster import ClusterJobs
from cutscore.sweep.on_submitit import SUBMITIT, SubmititJobs
from cutscore.sweep.progress import show_progress

BASIC = "basic"
"""Hydra's launcher that runs one job after another in this process."""

RAY = "ray"


LOCAL = (BASIC, "joblib")
"""Launchers that run jobs on this machine."""

_OWN_PROCESS = {
    "_target_": "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher",
    "n_jobs": 2,  # of one, joblib would use this process
}

NO_CHDIR = (
    "hydra.job.chdir changes nothing: every run works in the folder of the command, so that "
    "relative paths mean the same in all of them"
)
Task = Callable[[DictConfig], RunOutcome]
"""Runs the job whose config a launcher composed, in whatever process."""


@dataclass(frozen=True)
class Launcher:
    """The launcher that a config names; jobs are given as overrides, outcomes come in order."""

    composer: Composer
    config: DictConfig
    folder: Path
    stderr: Console
    sharing: Sharing | None = None

    @property
    def name(self) -> str:
        """The launcher's name."""
        return str(self.config.hydra.runtime.choices.get("hydra/launcher", BASIC))

    @property
    def progress(self) -> Path:
        """The file through which jobs tell their progress."""
        return self.folder / "progress.jsonl"

    @property
    def threads_each(self) -> int | None:
        """Each process's share of the cores, None for a launcher without processes."""
        if (ray := ray_settings(self.config)) is not None:
            return ray.num_cpus
        jobs = self.config.hydra.launcher.get("n_jobs")
        if jobs is None:
            return None
        cores = len(os.sched_getaffinity(0))
        return max(1, cores // (cores if jobs < 1 else jobs))

    def threads(self, plan: Plan) -> list[str]:
        """Return what a plan that names no number of threads is told of its share of the cores."""
        each = self.threads_each if plan.experiment.threads is None else None
        return [] if each is None else [f"threads={each}"]

    def job(self, name: str, parent_id: str | None = None) -> list[str]:
        """Return what Cutscore tells a job, in a form that reaches other processes."""
        told = {"name": name, "progress": str(self.progress), "parent": parent_id}
        return [assignment(f"job.{key}", text) for key, text in told.items() if text is not None]

    def run(
        self, task: Task, jobs: Sequence[Sequence[str]], *, runs: int, folds: int
    ) -> list[RunOutcome]:
        """Run jobs, and show how many of their `runs` and `folds` are finished."""
        if not jobs:
            return []
        with show_progress(ProgressLog(self.progress), runs, folds, self.stderr):
            return self._launch(task, jobs)

    def run_children(
        self,
        task: Task,
        jobs: Sequence[Sequence[str]],
        plans: Mapping[str, Plan],
        store: RunStore,
        parent_id: str,
        *,
        runs: int,
        folds: int,
        alone: Collection[str] = (),
    ) -> list[RunOutcome]:
        """Run the jobs of a parent, whose `plans` are theirs by name; see `Children`."""
        if not jobs:
            return []
        log = ProgressLog(self.progress)
        words = dict(zip(plans, jobs, strict=True))
        ray = ray_settings(self.config)
        children = Children(words, plans, store, parent_id, partial(self._launch, task), log)
        with show_progress(log, runs, folds, self.stderr):
            if ray is not None:
                context, config = self._context()
                with connected(ray, CELLS):
                    cluster = ClusterJobs(
                        context, config, ray, plans, store, parent_id, log, self.sharing
                    )
                    return cluster.outcomes(task, words)
            if self.name in SUBMITIT:
                context, config = self._context()
                settle = Settling(plans, store, parent_id)
                submitted = SubmititJobs(config, self._hydras(task, context, config), settle, log)
                return submitted.outcomes(words)
            return children.outcomes(alone if self.name in LOCAL else ())

    def _launch(
        self, task: Task, jobs: Sequence[Sequence[str]], first: int = 0, own: bool = False
    ) -> list[RunOutcome]:
        """Launch jobs, numbered from `first`; with `own` each in a process that may die."""
        composer = self.composer
        context, config = self._context(own=own)
        callbacks = context.callbacks
        launcher = self._hydras(task, context, config)
        callbacks.on_multirun_start(config=config, config_name=composer.primary)
        try:
            returned = launcher.launch([list(words) for words in jobs], initial_job_idx=first)
        finally:
            _end_pool()
        callbacks.on_multirun_end(config=config, config_name=composer.primary)
        return [job.return_value for job in returned]

    def _hydras(self, task: Task, context: HydraContext, config: DictConfig) -> Any:
        """Return Hydra's launcher of that name."""
        return Plugins.instance().instantiate_launcher(
            hydra_context=context, task_function=task, config=config
        )

    def _context(self, *, own: bool = False) -> tuple[HydraContext, DictConfig]:
        """Return what Hydra runs jobs of several by; with `own` each in a process of its own."""
        config = copy.deepcopy(self.config) if own else self.config
        with read_write(config), open_dict(config):
            config.hydra.mode = RunMode.MULTIRUN
            if own:
                config.hydra.launcher = _OWN_PROCESS
        loader = self.composer.hydra.config_loader
        return HydraContext(config_loader=loader, callbacks=Callbacks(config)), config


def ray_settings(config: DictConfig) -> RaySettings | None:
    """Return the settings of a launch by Ray, None for any other.

    Raises
    ------
    RequestError
        With what is wrong with them.
    """
    if config.hydra.runtime.choices.get("hydra/launcher") != RAY:
        return None
    node: Any = OmegaConf.to_container(config.hydra.launcher, resolve=True)
    settings = {str(key): node[key] for key in node if key != "_target_"}
    made: RaySettings = validated("hydra.launcher", RaySettings, settings)
    return made


def launch_folder(config: DictConfig, stderr: Console | None, *, sweep: bool) -> Path:
    """Return the absolute folder that a launch is logged in; one that is there is used as well.

    `stderr` is told what of the config is passed over.

    Raises
    ------
    RequestError
        If no folder can be made or written there.
    """
    if config.hydra.job.chdir and stderr is not None:
        stderr.print(f"Note: {NO_CHDIR}", highlight=False)
    kind = "sweep" if sweep else "run"
    setting = f"hydra.{kind}.dir"
    here = Path.cwd()
    if "${" in str(here):
        problem = f"the folder {here} has ${{ in its name, which Hydra takes for a setting."
        raise RequestError(Fault(setting, problem, "Rename it, or work in another one."))
    try:
        folder = here / Path(str(config.hydra[kind].dir)).expanduser()
    except OmegaConfBaseException as error:
        raise RequestError(explain(error)) from error
    there = next(one for one in (folder, *folder.parents) if one.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            return folder
    except OSError as error:
        problem = f"{folder} cannot be written ({there}: {error.strerror})."
        raise RequestError(Fault(setting, problem, "Name a folder you may write to.")) from error


def _end_pool() -> None:
    """End joblib's worker processes, which it would keep for whatever this process launches next.

    They stay in the folder and the environment of the launch that started them: the relative
    addresses of another one would lead them to the wrong data and the wrong store.
    """
    if "joblib.externals.loky" in sys.modules:
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor(reuse=True).shutdown(wait=True)
