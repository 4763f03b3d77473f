"""Two runs side by side, and why their thresholds differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cutscore.metrics.catalogue import describe
from cutscore.report.record_spec import UNDEFINED_PREFIX, WEIGHT
from cutscore.runs.values import RunDetail

THRESHOLD = "threshold"
SCORE_GROUPS = ("features.", "validation.", "sampling.", "model.", "seed")


@dataclass(frozen=True)
class Difference:
    """A setting or label that differs; None where a run does not have it."""

    name: str
    first: str | None
    second: str | None


@dataclass(frozen=True)
class MetricPair:
    """A metric of both runs; None where a run does not have it."""

    name: str
    first: float | None
    second: float | None

    @property
    def equal(self) -> bool:
        """Whether both are the same, bit for bit."""
        return self.first == self.second


@dataclass(frozen=True)
class Reason:
    """Something that can move a threshold and is not the same in both runs."""

    what: str
    explanation: str


@dataclass(frozen=True)
class Comparison:
    """What `cutscore runs compare` tells.

    `without` says why a run has no threshold. `reasons` is empty when the thresholds are equal;
    `same_scores` is None when a run did not record a digest of its scores.
    """

    first: str
    second: str
    settings: tuple[Difference, ...]
    metrics: tuple[MetricPair, ...]
    thresholds: tuple[float | None, float | None]
    without: tuple[str | None, str | None]
    same_scores: bool | None
    reasons: tuple[Reason, ...]


def compare(first: RunDetail, second: RunDetail) -> Comparison:
    """Compare settings and metrics of two runs, and explain thresholds that differ."""
    a, b = first.params, second.params
    settings = tuple(
        Difference(name, a.get(name), b.get(name))
        for name in sorted({*a, *b})
        if a.get(name) != b.get(name) and not name.startswith("tracking.")
    )
    x, y = first.summary.metrics, second.summary.metrics
    # a run shows only the last fold's value of a metric by fold
    names = sorted(name for name in {*x, *y} if not describe(name).stepped)
    metrics = tuple(MetricPair(name, x.get(name), y.get(name)) for name in names)
    thresholds = (x.get(THRESHOLD), y.get(THRESHOLD))
    return Comparison(
        first=first.summary.run_id,
        second=second.summary.run_id,
        settings=settings,
        metrics=metrics,
        thresholds=thresholds,
        without=(_why_none(first), _why_none(second)),
        same_scores=_same(first, second, "score_digest"),
        reasons=() if thresholds[0] == thresholds[1] else tuple(_reasons(first, second, settings)),
    )


def _why_none(run: RunDetail) -> str | None:
    return run.summary.tags.get(f"{UNDEFINED_PREFIX}{THRESHOLD}")


def _reasons(first: RunDetail, second: RunDetail, settings: tuple[Difference, ...]) -> list[Reason]:
    """Return what can explain that two thresholds differ, the most telling first."""
    changed = {difference.name: difference for difference in settings}
    found: list[Reason] = []
    if _same(first, second, "data_digest") is False:
        weights = [run.summary.tags.get(WEIGHT) for run in (first, second)]
        told = "" if weights[0] == weights[1] else f", weights included: {_either(*weights)}"
        found.append(Reason("data", f"the runs were made from different data{told}"))
    objective = [name for name in ("threshold.objective", "threshold.beta") if name in changed]
    if objective:
        found.append(
            Reason("objective", f"they optimise different things: {_told(changed, objective)}")
        )
    costs = [name for name in changed if name.startswith("cost.")]
    if costs:
        found.append(Reason("costs", f"mistakes cost differently: {_told(changed, costs)}"))
    search = [
        name
        for name in changed
        if name.startswith("threshold.") and name not in ("threshold.objective", "threshold.beta")
    ]
    if search:
        found.append(
            Reason(
                "search",
                f"they search differently: {_told(changed, search)} (the exact search is never "
                "dearer than a grid, and a finer grid never dearer than one that it contains)",
            )
        )
    calibration = [name for name in changed if name.startswith("calibration.")]
    if calibration:
        found.append(
            Reason(
                "calibration", f"scores are calibrated differently: {_told(changed, calibration)}"
            )
        )
    scores = [name for name in changed if name.startswith(SCORE_GROUPS)]
    same = _same(first, second, "score_digest")
    if same is False or (same is None and scores):
        why = f": {_told(changed, scores)}" if scores else ""
        found.append(Reason("scores", f"the out-of-fold scores differ{why}"))
    if not found:
        found.append(
            Reason("environment", "settings and data agree; compare code version and libraries")
        )
    return found


def _told(changed: dict[str, Difference], names: Sequence[str]) -> str:
    """Return the named differences in words."""
    return "; ".join(
        f"{name} {_either(changed[name].first, changed[name].second)}" for name in names
    )


def _either(first: str | None, second: str | None) -> str:
    return f"{first or 'not set'} and {second or 'not set'}"


def _same(first: RunDetail, second: RunDetail, tag: str) -> bool | None:
    """Return whether a tag is the same in both runs, None where one lacks it."""
    values = first.summary.tags.get(tag), second.summary.tags.get(tag)
    return None if None in values else values[0] == values[1]
