"""Slots: the places of a search, each filled by one finished trial.

A search of n trials has the slots 0 to n - 1. A trial holds its slot while it waits, runs or is
finished; one whose process died gives it back, and the next to take it repeats the same values. The
third that dies in a slot uses it up, for the values may be what they died of.
Taking a slot happens under the storage's lock, so that workers on several machines never take one
too many, and none is lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cutscore.search.locks import StorageLock

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

SLOT = "slot"
RETRY_OF = "retry_of"
DIED = "died"
WORKER = "worker"
RUN_ID = "run_id"
REASON = "reason"
ERROR = "error"
TRACE = "traceback"
"""User attributes of a trial."""

MOST_DEATHS = 3
"""How many trials may die in a slot."""


def slot_of(trial: FrozenTrial) -> int:
    """Return a trial's slot; one that somebody else enqueued has its number for it."""
    return int(trial.user_attrs.get(SLOT, trial.number))


def held_slots(trials: Sequence[FrozenTrial]) -> set[int]:
    """Return the slots of all trials but those that gave theirs back."""
    lost = lost_trials(trials)
    return {slot_of(trial) for trial in trials if trial.number not in lost}


def lost_trials(trials: Sequence[FrozenTrial]) -> set[int]:
    """Return the numbers of trials whose process died and whose slot was given back."""
    deaths: Counter[int] = Counter()
    lost = set()
    for trial in trials:
        if DIED in trial.user_attrs:
            deaths[slot_of(trial)] += 1
            if deaths[slot_of(trial)] < MOST_DEATHS:
                lost.add(trial.number)
    return lost


def free_slot(trials: Sequence[FrozenTrial], total: int) -> int | None:
    """Return the first slot of `total` that no trial holds."""
    held = held_slots(trials)
    return next((slot for slot in range(total) if slot not in held), None)


def finished(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Return the trials that have used up their slot, by the time they ended."""
    lost = lost_trials(trials)
    ended = [trial for trial in trials if trial.state.is_finished() and trial.number not in lost]
    return sorted(ended, key=_end)


def take_slot(
    study: Study,
    lock: StorageLock,
    total: int,
    identity: Mapping[str, str],
    points: Sequence[Mapping[str, Any]] = (),
) -> Trial | None:
    """Take the next free slot for this process; None when there is none.

    `identity` says which process it is; `points` are values of the first slots.
    """
    with lock:
        trials = study.get_trials(deepcopy=False)
        if not any(trial.state.name == "WAITING" for trial in trials):
            slot = free_slot(trials, total)
            if slot is None:
                return None
            before = _died_before(trials, slot)
            fixed = dict(points[slot]) if slot < len(points) else {}
            attributes: dict[str, Any] = {SLOT: slot, **identity}
            if before is not None:
                attributes[RETRY_OF] = before.number
                fixed |= before.params
            # Waiting and with its attributes first: no running trial is ever without an owner.
            study.enqueue_trial(fixed, user_attrs=attributes)
        trial = study.ask()
        if trial.user_attrs.get("pid") != identity["pid"]:
            for key, value in identity.items():
                trial.set_user_attr(key, value)
        return trial


def _died_before(trials: Sequence[FrozenTrial], slot: int) -> FrozenTrial | None:
    """Return the last trial that died in a slot."""
    died = [trial for trial in trials if DIED in trial.user_attrs and slot_of(trial) == slot]
    return died[-1] if died else None


def _end(trial: FrozenTrial) -> tuple[float, int]:
    done = trial.datetime_complete
    return (done.timestamp() if done else 0.0, trial.number)
