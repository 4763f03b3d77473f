"""One rerun as Hydra's launchers call it, in this process or another."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from cutscore.config.build import build
from cutscore.config.overrides import Override
from cutscore.launch.executing import execute_run
from cutscore.launch.job import Job, LogFile
from cutscore.launch.outcome import RunOutcome
from cutscore.launch.progress import LoggedProgress, ProgressLog
from cutscore.launch.shutdown_guard import shutdown_guard
from cutscore.rerun.choosing import RERUN_OF_TAG
from cutscore.rerun.recompose import Recomposed
from cutscore.sweep.cache import experiment_cache


@dataclass(frozen=True)
class RerunSpec:
    """What a process needs to make a run again.

    It is handed over in memory, never through files: the store's address may hold a password.
    """

    name: str
    run_id: str
    config: Mapping[str, Any]
    choices: Mapping[str, str]
    overrides: tuple[Override, ...]
    parent_id: str | None
    judged: bool

    @classmethod
    def of(
        cls, again: Recomposed, name: str, parent_id: str | None, threads: int | None
    ) -> RerunSpec:
        """Make it from a recomposed plan; `threads` is a process's share, if there are several."""
        plan, original = again.plan, again.original
        config = dict(plan.config)
        if config["threads"] is None:
            config["threads"] = threads
        judged = "outer_rows" in original.detail.summary.metrics
        return cls(name, original.run_id, config, plan.choices, plan.overrides, parent_id, judged)


@dataclass(frozen=True)
class RerunTask:
    """Runs the job that a launcher asks for; `jobs` are by the ids of the runs to make again."""

    jobs: Mapping[str, RerunSpec]

    def __call__(self, config: DictConfig) -> RunOutcome:
        """Run one job; `config` is the launcher's and says only which one, and where it logs."""
        again, hydra = self.jobs[str(config.job.name)], HydraConfig.get().runtime
        with chdir(hydra.cwd), shutdown_guard():
            plan = build(OmegaConf.create(dict(again.config)), again.choices, again.overrides)
            job = Job(
                name=again.name,
                log=LogFile.at(Path(hydra.output_dir) / "run.log"),
                parent_id=again.parent_id,
                observer=LoggedProgress(ProgressLog.of(config.job.progress), again.name),
                tags={RERUN_OF_TAG: again.run_id},
                judge=again.judged,
            )
            return execute_run(plan, experiment_cache(), job)
