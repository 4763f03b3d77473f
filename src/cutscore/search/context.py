"""What a search and its workers are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from cutscore.config.build import Plan, build, compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import Layers
from cutscore.config.overrides import PLAIN_RUN, Override, flattened, parse_override, without_search
from cutscore.config.search_settings import SearchSettings
from cutscore.experiment import ExperimentCache, prepare
from cutscore.launch.job import UNSENT
from cutscore.launch.progress import ProgressLog
from cutscore.runs.identity import now_text, process_tags
from cutscore.runs.opening import open_store
from cutscore.runs.port import RunStore
from cutscore.search.racing import Race
from cutscore.search.space import Space, space_of
from cutscore.search.starts import spread_points
from cutscore.search.storage import Storage, open_storage
from cutscore.search.study import load_study
from cutscore.search.tree_counts import CountedTrees, counted_trees

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import BaseTrial

STUDY_TAG = "cutscore.study"
TRIAL_TAG = "cutscore.trial"
STATE_TAG = "cutscore.state"
"""Tags of a trial's run: its study, its number, and COMPLETE, PRUNED or FAIL."""


@dataclass(frozen=True)
class SearchJob:
    """One search of a request: its cell's name and overrides, and where it is told and logged.

    `layers` and `primary` are what trials are composed from; `parent_id` is the run that the
    search belongs to.
    """

    name: str
    overrides: tuple[Override, ...]
    layers: Layers
    primary: str
    folder: Path
    progress: ProgressLog = field(default_factory=ProgressLog)
    parent_id: str | None = None

    @property
    def prefix(self) -> str:
        """What names of its trials begin with, such as opt01."""
        return self.name.partition("_")[0]

    @property
    def plain(self) -> tuple[Override, ...]:
        """The overrides without those that only say how to search."""
        return without_search(self.overrides)


@dataclass(frozen=True)
class WorkerTask:
    """What a worker is told, wherever it runs.

    `parent_id` is the search's own run; `total` the number of slots; `deadline` the time
    (seconds since 1970) after which no trial begins; `threads` what each trial may use.
    """

    job: SearchJob
    url: str
    study: str
    parent_id: str
    total: int
    folds: int
    deadline: float | None = None
    threads: int | None = None


@dataclass(frozen=True, eq=False)
class TrialContext:
    """One process's own tools for running trials of a study."""

    task: WorkerTask
    composer: Composer
    plan: Plan
    space: Space
    storage: Storage
    study: Study
    store: RunStore
    cache: ExperimentCache
    identity: Mapping[str, str] = field(default_factory=process_tags)

    @property
    def unsent(self) -> Path:
        """Where records are saved when the store goes away for good."""
        return self.task.job.folder / UNSENT

    @property
    def settings(self) -> SearchSettings:
        """The search's settings."""
        return self.plan.search_settings

    @cached_property
    def points(self) -> list[dict[str, Any]]:
        """The values of the first slots, which need not name all; of a grid those of all slots."""
        if self.settings.sampler == "grid":
            return self.space.grid()
        named = [dict(flattened(point)) for point in self.settings.enqueue]
        if self.settings.sampler != "tpe":
            return named
        number = min(self.settings.startup_trials, self.settings.trials)
        starts = spread_points(self.drawn, number, self.settings.seed)
        return [*named, *starts[len(named) :]]

    @cached_property
    def drawn(self) -> Space:
        """The entries of the space that trials draw."""
        counted = self.counted
        return self.space if counted is None else self.space.without(counted.entry.key)

    @cached_property
    def given(self) -> tuple[Override, ...]:
        """The overrides that all trials share.

        With an outer split by parts, trials of this study (the one on all rows) hold none out.
        """
        if not self.plan.experiment.validation.nested:
            return self.task.job.plain
        return (*self.task.job.plain, parse_override("validation.outer=none"))

    @cached_property
    def race(self) -> Race:
        """The best trial so far, for those that race."""
        return Race(self.study, self.store, self.plan_of)

    @cached_property
    def counted(self) -> CountedTrees | None:
        """The number of trees, where it is read off each boosting."""
        found = counted_trees(self.plan, self.space)
        return found if isinstance(found, CountedTrees) else None

    def plan_of(self, values: Mapping[str, Any]) -> Plan:
        """Return the plan of a trial with these values."""
        return compose_plan(self.composer, trial_overrides(self, values))

    def plan_with(self, values: Mapping[str, Any], key: str, value: Any) -> Plan:
        """Return the plan of a trial with these values and another one of `key`.

        The value is put into the config that was composed last, which is what Hydra does last of
        all, and much quicker.
        """
        config = self.composer.compose(trial_overrides(self, values))
        OmegaConf.update(config, key, value)
        overrides = trial_overrides(self, {**values, key: value})
        return build(config, config.hydra.runtime.choices, overrides)

    def suggested(self, trial: BaseTrial) -> dict[str, Any]:
        """Ask a trial for its values; a number of trees that is read off is the greatest."""
        if self.counted is None:
            return dict(self.space.suggest(trial))
        return {**self.drawn.suggest(trial), self.counted.entry.key: self.counted.counts[-1]}

    def signed(self) -> dict[str, str]:
        """Return who and when this is, for a trial that is taken now."""
        from cutscore.report.record_spec import HEARTBEAT_TAG

        return {**self.identity, HEARTBEAT_TAG: now_text()}


def trial_overrides(context: TrialContext, values: Mapping[str, object]) -> list[Override]:
    """Return the overrides that a person would type to run these values."""
    threads = [parse_override(f"threads={context.task.threads}")] if context.task.threads else []
    proposed = context.space.overrides(values)  # type: ignore[arg-type]
    return [*context.given, *threads, *proposed, PLAIN_RUN]


def open_trial_context(task: WorkerTask, cache: ExperimentCache) -> TrialContext:
    """Open everything a process needs to run trials."""
    composer = Composer(task.job.layers, task.job.primary)
    plan = compose_plan(composer, task.job.overrides)
    storage = open_storage(task.url)
    space = space_of(plan)
    return TrialContext(
        task=task,
        composer=composer,
        plan=plan,
        space=space,
        storage=storage,
        study=load_study(storage, task.study, plan, space, task.folds),
        store=open_store(plan.tracking),
        cache=cache,
    )


def folds_of(plan: Plan, cache: ExperimentCache) -> tuple[int, str]:
    """Return the number of folds of a plan and the digest of its data."""
    prepared = prepare(plan.experiment, cache)
    return len(prepared.folds.splits), prepared.dataset.digest
