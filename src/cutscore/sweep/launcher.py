"""Handing jobs to Hydra's launchers."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from hydra._internal.callbacks import Callbacks
from hydra.core.plugins import Plugins
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, open_dict, read_write

from cutscore.config.compose import Composer
from cutscore.launch.outcome import RunOutcome


def launch_jobs(
    composer: Composer,
    config: DictConfig,
    task: Callable[[DictConfig], RunOutcome],
    jobs: Sequence[Sequence[str]],
) -> list[RunOutcome]:
    """Hand jobs, given as overrides, to the launcher of `config`; return outcomes in order."""
    if not jobs:
        return []
    with read_write(config), open_dict(config):
        config.hydra.mode = RunMode.MULTIRUN
    callbacks = Callbacks(config)
    context = HydraContext(config_loader=composer.hydra.config_loader, callbacks=callbacks)
    launcher = Plugins.instance().instantiate_launcher(
        hydra_context=context, task_function=task, config=config
    )
    callbacks.on_multirun_start(config=config, config_name=composer.primary)
    returned = launcher.launch([list(words) for words in jobs], initial_job_idx=0)
    callbacks.on_multirun_end(config=config, config_name=composer.primary)
    return [job.return_value for job in returned]


def threads_each(config: DictConfig) -> int | None:
    """Return each process's share of the cores, None for a launcher without processes."""
    jobs = config.hydra.launcher.get("n_jobs")
    if jobs is None:
        return None
    cores = len(os.sched_getaffinity(0))
    return max(1, cores // (cores if jobs < 1 else jobs))
