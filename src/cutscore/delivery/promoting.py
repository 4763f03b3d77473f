"""Giving a model an alias, after a gate, and taking it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cutscore.delivery.bare import prove_alone
from cutscore.delivery.candidate import Candidate, find_candidate, mirrored, name_fault, registered
from cutscore.delivery.finding import load_of_run, load_version
from cutscore.delivery.gate import (
    Check,
    Files,
    PromotionGate,
    Prover,
    check_champion,
    check_model,
    check_on_rows,
    check_run,
)
from cutscore.delivery.history import (
    PROMOTE,
    ROLLBACK,
    Reign,
    history,
    mark,
    predecessor,
    record,
    reign_of,
)
from cutscore.delivery.side_by_side import side_by_side
from cutscore.errors import Fault, RequestError, StoreError, listed
from cutscore.runs.port import RunStore
from cutscore.runs.registry import LAST_CHANGE, ModelRegistry, ModelVersion, alias_fault

SETTING = "--as"


@dataclass(frozen=True)
class Wish:
    """What is asked for.

    `name` is that of the registered model, '' for the usual one; `force` why the comparison with
    the champion is to be passed over, `reason` why at all; a dry run changes nothing. With labelled
    `rows`, whose classes are in the column `target`, both decide these to be compared.
    """

    alias: str
    name: str = ""
    reason: str = ""
    force: str = ""
    dry_run: bool = False
    prover: Prover = prove_alone
    rows: Path | None = None
    target: str = ""


@dataclass(frozen=True)
class Promotion:
    """What came of it.

    `version` is its title, '' where it was not registered; `previous` the champion's before;
    `done` whether anything was changed.
    """

    name: str
    alias: str
    version: str
    previous: str
    run: str
    checks: tuple[Check, ...]
    done: bool = False
    note: str = ""

    @property
    def refused(self) -> tuple[Check, ...]:
        """The checks that were not passed."""
        return tuple(check for check in self.checks if not check.passed)


def promote(store: RunStore, word: str, gate: PromotionGate, wish: Wish) -> Promotion:
    """Register what a word stands for, unless it is, and give it the alias if it passes the gate.

    What a call that broke off has left is gone on with. Other calls wait meanwhile.

    Raises
    ------
    RequestError
        If the word stands for nothing that can be promoted, or the alias is none.
    StoreError
        If the alias was set by somebody else in the meantime.
    """
    _refuse(wish)
    candidate = find_candidate(store, word, wish.name)
    registry = store.registry
    with registry.alone():
        champion = registry.version_of(candidate.name, wish.alias)
        version = candidate.version or registered(registry, candidate)
        told = partial(
            Promotion,
            candidate.name,
            wish.alias,
            version.title if version else "",
            champion.title if champion else "",
            candidate.run.summary.name,
        )
        if version is not None and champion is not None and version.title == champion.title:
            past = history(registry, candidate.name, wish.alias)
            if past[-1].since is not None:
                _repair(registry, past[-1], wish)
                return told((), note=f"it is {wish.alias} already")
        checks = check_run(candidate.run)
        checks += check_model(Files(_fetch(store, candidate, version), wish.prover), gate)
        checks.append(_compared(store, candidate, version, champion, gate, wish))
        found = told(tuple(checks))
        if found.refused or wish.dry_run:
            return found
        return _carry_out(store, candidate, champion, found, wish)


def roll_back(store: RunStore, gate: PromotionGate, wish: Wish) -> Promotion:
    """Give the alias back to the version that had it before, if that can still be loaded.

    Raises
    ------
    RequestError
        If there is no alias, or nobody had it before.
    StoreError
        If the alias was set by somebody else in the meantime.
    """
    _refuse(wish)
    registry = store.registry
    name = wish.name or owner_of(registry, wish.alias)
    with registry.alone():
        past = history(registry, name, wish.alias)
        before = predecessor(past)
        version = registry.version(name, before.version.rpartition("/")[2]) if before else None
        if before is None or version is None:
            known = [each.title for each in registry.versions(name)]
            problem = f'nobody who is still there had "{wish.alias}" of "{name}" before.'
            remedy = f"Promote one of {listed(known)}." if known else "Promote a run."
            raise RequestError(Fault("--rollback", problem, remedy))
        champion = registry.version_of(name, wish.alias)
        previous = champion.title if champion else ""
        files = Files(partial(registry.files, version), wish.prover)
        checks = tuple(check_model(files, gate))
        found = Promotion(name, wish.alias, version.title, previous, before.run, checks)
        if found.refused or wish.dry_run:
            return found
        _point(registry, version, champion, wish, checks, ROLLBACK)
    return Promotion(name, wish.alias, version.title, previous, before.run, checks, done=True)


def _refuse(wish: Wish) -> None:
    """Refuse words that can be no alias, or no name."""
    named = name_fault(wish.name) if wish.name else None
    wrong = [fault for fault in (alias_fault(wish.alias, SETTING), named) if fault is not None]
    if wrong:
        raise RequestError(wrong)


def _compared(
    store: RunStore,
    candidate: Candidate,
    version: ModelVersion | None,
    champion: ModelVersion | None,
    gate: PromotionGate,
    wish: Wish,
) -> Check:
    """Compare with the champion: on labelled rows if there are such, else by the record."""
    if wish.rows is None or champion is None or gate.metric is None:
        return check_champion(store, gate, candidate.run, champion, wish.force)
    new = (
        load_of_run(store, candidate.run.summary)
        if version is None
        else load_version(store, version)
    )
    made = side_by_side(new, load_version(store, champion), wish.rows, wish.target)
    return check_on_rows(made, gate, wish.force)


def _fetch(
    store: RunStore, candidate: Candidate, version: ModelVersion | None
) -> Callable[[Path], Path | None]:
    if version is None:
        return partial(store.model, candidate.run.summary.run_id)
    return partial(store.registry.files, version)


def _carry_out(
    store: RunStore,
    candidate: Candidate,
    champion: ModelVersion | None,
    found: Promotion,
    wish: Wish,
) -> Promotion:
    """Register and set the alias, each step such that the next call goes on from it."""
    run = candidate.run
    version = store.registry.register(
        candidate.name, run.summary.run_id, candidate.model_id, mirrored(run)
    )
    _point(store.registry, version, champion, wish, found.checks, PROMOTE)
    return Promotion(
        found.name, found.alias, version.title, found.previous, found.run, found.checks, done=True
    )


def _point(
    registry: ModelRegistry,
    version: ModelVersion,
    champion: ModelVersion | None,
    wish: Wish,
    checks: tuple[Check, ...],
    kind: str,
) -> None:
    """Set the alias and write down why."""
    past = history(registry, version.name, wish.alias)
    if past and past[-1].since is None and past[-1].same(reign_of(version)):
        past.pop()  # set by a call that broke off before it could say so
    now = registry.version_of(version.name, wish.alias)
    _hold_against(now, champion, wish)
    registry.point(wish.alias, version)
    _hold_against(registry.version_of(version.name, wish.alias), version, wish)
    forced = next((check.forced for check in checks if check.forced), "")
    record(
        registry, wish.alias, version, past, checks, kind=kind, reason=wish.reason, forced=forced
    )


def _hold_against(now: ModelVersion | None, expected: ModelVersion | None, wish: Wish) -> None:
    """Raise StoreError if the alias is another's than it was: a server has no lock to offer."""
    titles = [version.title if version else "nobody" for version in (now, expected)]
    if titles[0] != titles[1]:
        raise StoreError(
            f"the alias {wish.alias} went from {titles[1]} to {titles[0]} meanwhile: "
            "somebody else promotes too; look at `cutscore models history` and try again"
        )


def _repair(registry: ModelRegistry, last: Reign, wish: Wish) -> None:
    """Write what a call that broke off has left out."""
    name = last.version.rpartition("/")[0]
    model = registry.model(name)
    text = model.tags.get(f"{LAST_CHANGE}{wish.alias}", "") if model else ""
    if not wish.dry_run and f'"{last.since}"' not in text:
        mark(registry, name, wish.alias, last)


def owner_of(registry: ModelRegistry, alias: str) -> str:
    """Return the one registered model that has, or had, an alias."""
    models = registry.models()
    owners = [m.name for m in models if alias in m.aliases or f"{LAST_CHANGE}{alias}" in m.tags]
    if len(owners) == 1:
        return owners[0]
    if owners:
        problem = f'several registered models have the alias "{alias}".'
        raise RequestError(Fault("--name", problem, f"Name one of {listed(owners)}."))
    problem = f'no registered model ever had the alias "{alias}".'
    raise RequestError(Fault(SETTING, problem, "Promote a run first: cutscore promote RUN."))
