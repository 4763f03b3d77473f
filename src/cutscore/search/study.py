"""Finding the study of an experiment, making it, and telling what has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cutscore.config.build import Plan
from cutscore.errors import Fault, RequestError
from cutscore.search.over_time import words_over_time
from cutscore.search.pruning import make_pruner
from cutscore.search.space import Space
from cutscore.search.storage import Storage
from cutscore.search.tree_counts import CountedTrees, counted_trees, read_off_key

if TYPE_CHECKING:
    from optuna import Study
    from optuna.study._frozen import FrozenStudy

KEY = "cutscore.study_key"
DEFINITION = "cutscore.definition"
SPACE_HASH = "cutscore.space_hash"
NUMBER = "cutscore.study_number"
PARENT = "cutscore.parent_run"
"""User attributes of a study."""


def study_key(plan: Plan, data_digest: str) -> str:
    """Return what an experiment's studies are found by: its fingerprint and experiment's name."""
    body = f"{plan.fingerprint(data_digest)}\n{plan.tracking.experiment}"
    return hashlib.sha256(body.encode()).hexdigest()


def definition(plan: Plan, space: Space) -> dict[str, str]:
    """Return what makes trials of a study comparable, as words.

    That is the space, the metrics, the sampler, the pruner, and how trees are counted, if at all.
    """
    settings = plan.search_settings
    goals = zip(settings.metrics, settings.directions, strict=True)
    counts = isinstance(counted_trees(plan, space), CountedTrees)
    return {
        **{f"search.space.{key}": text for key, text in space.described().items()},
        "search.metric": ", ".join(f"{metric} ({direction})" for metric, direction in goals),
        "search.sampler": settings.sampler,
        "search.pruner": settings.pruner,
        **words_over_time(plan),
        **({"search.tree_counts": str(settings.tree_counts)} if counts else {}),
    }


def space_hash(words: Mapping[str, str]) -> str:
    """Return the hash by which a change of the definition is noticed."""
    return hashlib.sha256(json.dumps(dict(words), sort_keys=True).encode()).hexdigest()


def find_study(storage: Storage, key: str, words: Mapping[str, str]) -> FrozenStudy | None:
    """Return the newest study of this key and definition, None if there is none."""
    wanted = space_hash(words)
    fitting = [s for s in _studies(storage, key) if s.user_attrs.get(SPACE_HASH) == wanted]
    return fitting[-1] if fitting else None


def check_study(storage: Storage, key: str, words: Mapping[str, str], *, new: bool) -> None:
    """Check that this search goes on with the study there is, or may start a new one.

    Raises
    ------
    RequestError
        If a study of the experiment is there, but of another definition; the fault tells every
        difference.
    """
    known = _studies(storage, key)
    if not known or new or find_study(storage, key, words) is not None:
        return
    last = known[-1]
    changes = "; ".join(_changes(last.user_attrs.get(DEFINITION, {}), words))
    problem = f'the study "{last.study_name}" of this experiment was made otherwise: {changes}.'
    remedy = "Give search.new_study=true to start a new one, or the settings as they were."
    raise RequestError(Fault("search", problem, remedy))


def open_study(storage: Storage, plan: Plan, space: Space, data_digest: str, folds: int) -> Study:
    """Return the study of this search, made if it does not exist; with its sampler and pruner."""
    settings = plan.search_settings
    key, words = study_key(plan, data_digest), definition(plan, space)
    with storage.lock:
        check_study(storage, key, words, new=settings.new_study)
        found = find_study(storage, key, words)
        name = found.study_name if found else _make(storage, plan, key, words)
    return load_study(storage, name, plan, space, folds)


def load_study(storage: Storage, name: str, plan: Plan, space: Space, folds: int) -> Study:
    """Return a study that exists, with this process's own sampler and pruner."""
    import optuna

    from cutscore.search.sampler import SlotSampler

    settings, read_off = plan.search_settings, read_off_key(counted_trees(plan, space))
    return optuna.load_study(
        study_name=name,
        storage=storage.rdb,
        sampler=SlotSampler(settings, read_off),
        pruner=make_pruner(settings, folds),
    )


def _make(storage: Storage, plan: Plan, key: str, words: Mapping[str, str]) -> str:
    import optuna

    settings = plan.search_settings
    number = len(_studies(storage, key)) + 1
    choices = plan.choices
    experiment = plan.tracking.experiment
    name = f"{experiment}-{choices['features']}_{choices['sampling']}-{key[:8]}"
    name += f"-{number}" if number > 1 else ""
    # A process that died half way through has left a study without attributes: it is used.
    study = optuna.create_study(
        study_name=name,
        storage=storage.rdb,
        directions=list(settings.directions),
        load_if_exists=True,
    )
    attributes: dict[str, Any] = {
        DEFINITION: dict(words),
        SPACE_HASH: space_hash(words),
        NUMBER: number,
        KEY: key,
    }
    for attribute, value in attributes.items():
        study.set_user_attr(attribute, value)
    return name


def _studies(storage: Storage, key: str) -> list[FrozenStudy]:
    """Return the studies of an experiment, oldest first."""
    every = storage.rdb.get_all_studies()
    own = [study for study in every if study.user_attrs.get(KEY) == key]
    return sorted(own, key=lambda study: int(study.user_attrs.get(NUMBER, 1)))


def _changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return each difference between two definitions as words."""
    words = []
    for key in dict.fromkeys([*old, *new]):
        if key not in new:
            words.append(f"{key} was {old[key]} and is gone")
        elif key not in old:
            words.append(f"{key} is new ({new[key]})")
        elif old[key] != new[key]:
            words.append(f"{key} was {old[key]} and is now {new[key]}")
    return words
