"""What a model must fulfil before it is promoted, each check told with what was found."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from annotated_types import Ge

from cutscore.config.options import read_option
from cutscore.delivery.bare import Proof, prove_alone
from cutscore.delivery.finding import model_folder
from cutscore.delivery.side_by_side import SideBySide
from cutscore.errors import listed, nearest
from cutscore.metrics.catalogue import CATALOGUE, HEADLINE, canonical, describe, known_as
from cutscore.report.record_spec import KIND_TAG, RECUT, UNDEFINED_PREFIX, is_ours
from cutscore.runs.port import RunStore
from cutscore.runs.registry import ModelVersion
from cutscore.runs.values import RunDetail, missing_from_record

GROUP = "promote"
CHECK_ROWS = "check rows"
COMPARISON = "comparison"
Prover = Callable[[Path], Proof]
_ROWS = ("crossfit_rows", "rows_scored")


@dataclass(frozen=True)
class PromotionGate:
    """What is asked of a model.

    Parameters
    ----------
    metric : str, optional
        The metric in which it must not be worse than the present champion; None: not compared.
    tolerance : float
        The share of the champion's value by which it may be worse.
    check_rows : bool
        Whether a model that carries no check rows is refused.
    """

    metric: str | None = HEADLINE
    tolerance: Annotated[float, Ge(0)] = 0.01
    check_rows: bool = True

    def __post_init__(self) -> None:
        if self.metric is None:
            return
        known = [m.name for m in CATALOGUE.values() if m.scope in ("run", "outer") and m.better]
        if canonical(self.metric) not in known:
            raise ValueError(
                f"there is no metric {self.metric!r} with a better way."
                f"{nearest(self.metric, known_as(known))}"
            )
        object.__setattr__(self, "metric", canonical(self.metric))


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: whether it is as it must be, and what was found.

    `forced` is the reason for which it was let pass all the same.
    """

    name: str
    passed: bool
    found: str
    forced: str = ""


@dataclass(frozen=True)
class Files:
    """How a model's files are had: `fetch` copies them to a folder, None if they are gone."""

    fetch: Callable[[Path], Path | None]
    prover: Prover = prove_alone


def read_gate(option: str = "default") -> PromotionGate:
    """Return the gate of `conf/promote`, or of a folder of configs that ranks above it.

    Raises
    ------
    RequestError
        If there is no such option, or its settings are wrong.
    """
    gate: PromotionGate = read_option(GROUP, option, PromotionGate, "--gate")
    return gate


def check_run(run: RunDetail) -> list[Check]:
    """Return whether a run has ended well, and has its whole record."""
    summary = run.summary
    if not is_ours(summary.tags):
        return [Check("run", False, f'"{summary.name}" was not written by Cutscore')]
    if summary.tags.get(KIND_TAG, RECUT) != RECUT:
        best = summary.tags.get("best_run")
        hint = f'; its best is "{best}"' if best else ""
        return [Check("run", False, f'"{summary.name}" only holds other runs together{hint}')]
    finished = summary.status == "FINISHED"
    missing = missing_from_record(run)
    whole = "complete" if not missing else f"lacks {listed(missing)}"
    return [
        Check("run", finished, f'"{summary.name}" is {summary.status}'),
        Check("record", not missing, whole),
    ]


def check_model(files: Files, gate: PromotionGate) -> list[Check]:
    """Return whether a model can be loaded elsewhere, and repeats its answers bit for bit."""
    with tempfile.TemporaryDirectory(prefix="cutscore-") as temporary:
        kept = files.fetch(Path(temporary))
        if kept is None:
            return [Check("model", False, "its files are gone")]
        folder = model_folder(kept)
        if folder is None:
            return [Check("model", False, "it is no model of Cutscore")]
        proof = files.prover(folder)
    if proof.problem:
        return [Check("model", False, f"it cannot be loaded: {proof.problem}")]
    loads = Check("model", True, "it loads in a process of its own")
    return [loads, _answers(proof, gate)]


def check_champion(
    store: RunStore, gate: PromotionGate, run: RunDetail, champion: ModelVersion | None, force: str
) -> Check:
    """Return whether a run is not worse than the champion's; `force` lets it pass all the same."""
    name = COMPARISON
    if champion is None:
        return Check(name, True, "there is none yet")
    if champion.run_id == run.summary.run_id:
        return Check(name, True, f"it is {champion.title} itself")
    if gate.metric is None:
        return Check(name, True, "not compared, as the gate has it")
    other = _run_of(store, champion)
    hindrances = ["its run is gone"] if other is None else _hindrances(gate.metric, run, other)
    if other is None or hindrances:
        found = f"cannot be compared with {champion.title}: {'; '.join(hindrances)}"
        check = Check(name, False, found)
    else:
        check = _compared(gate, run, other, champion)
    if check.passed or not force:
        return check
    return replace(check, passed=True, forced=force)


def check_on_rows(made: SideBySide, gate: PromotionGate, force: str) -> Check:
    """Return whether a model is not dearer than the champion on rows that both decided."""
    (new, old), (more, low, high) = made.cost_per_row, made.difference
    passed = more <= gate.tolerance * abs(old)
    limit = "" if passed else f", at most {gate.tolerance:.2%} more is allowed"
    found = (
        f"cost per row {new:.4g} against {old:.4g} of {made.second} on {made.rows:,} labelled "
        f"rows, difference {more:.3g}, 95 % interval {low:.3g} to {high:.3g}: {made.verdict}{limit}"
    )
    return Check(COMPARISON, passed or bool(force), found, "" if passed else force)


def _answers(proof: Proof, gate: PromotionGate) -> Check:
    name = CHECK_ROWS
    if not proof.rows:
        why = f": {proof.why_none}" if proof.why_none else ""
        return Check(name, not gate.check_rows, f"it was kept without any{why}")
    if proof.differing:
        found = f"{proof.differing} of {proof.rows} rows have another answer than when it was kept"
        return Check(name, False, found)
    if proof.strayed:
        found = f"{proof.strayed} of {proof.rows} rows of training have another score than there"
        return Check(name, False, found)
    return Check(name, True, f"{proof.rows} rows have the answers kept with it, bit for bit")


def _run_of(store: RunStore, version: ModelVersion) -> RunDetail | None:
    """Return the run that a version is made of, None if it is gone."""
    found = store.get(version.run_id) if version.run_id else None
    return None if found is None or found.deleted else store.read(found.run_id)


def _hindrances(metric: str, run: RunDetail, other: RunDetail) -> list[str]:
    """Return why a metric of two runs says nothing of which is better."""
    ours, theirs = run.summary, other.summary
    found = []
    weights = [one.params.get("data.weight") for one in (run, other)]
    if ours.tags.get("data_digest") != theirs.tags.get("data_digest") or len({*weights}) > 1:
        found.append("their data differ")
    costs = [{k: v for k, v in r.params.items() if k.startswith("cost.")} for r in (run, other)]
    if costs[0] != costs[1]:
        changed = sorted(k for k in {*costs[0], *costs[1]} if costs[0].get(k) != costs[1].get(k))
        told = [f"{k} {costs[0].get(k, '-')} against {costs[1].get(k, '-')}" for k in changed]
        found.append(f"their costs differ ({listed(told)})")
    for name in _ROWS:
        if ours.metrics.get(name) != theirs.metrics.get(name):
            found.append(f"they were judged on other rows ({describe(name).label})")
            break
    for one in (ours, theirs):
        if metric not in one.metrics:
            why = one.tags.get(f"{UNDEFINED_PREFIX}{metric}", "not recorded")
            found.append(f'"{one.name}" has no {metric} ({why})')
    return found


def _compared(
    gate: PromotionGate, run: RunDetail, other: RunDetail, champion: ModelVersion
) -> Check:
    metric = describe(str(gate.metric))
    new, old = run.summary.metrics[metric.name], other.summary.metrics[metric.name]
    worse = new - old if metric.better == "minimize" else old - new
    change = f"{abs(worse) / abs(old):.2%} " if old else ""
    word = "the same" if worse == 0 else f"{change}{'worse' if worse > 0 else 'better'}"
    values = f"{metric.label} {metric.text(new)} against {metric.text(old)} of {champion.title}"
    passed = worse <= gate.tolerance * abs(old)
    limit = "" if passed else f", at most {gate.tolerance:.2%} is allowed"
    return Check(COMPARISON, passed, f"{values}: {word}{limit}")
