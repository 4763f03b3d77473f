"""What has changed, told from what is chance, and what matters of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from cutscore.metrics.drift import chance, discoveries, psi, psi_noise
from cutscore.metrics.histograms import ColumnBins, Counts
from cutscore.monitoring.counting import PeriodCounts
from cutscore.monitoring.limits import MonitorLimits
from cutscore.scoring.drift_reference import DriftReference, ScoredReference

Kind = Literal["column", "score", "flagged", "roc_auc", "calibration", "cost", "threshold"]
BY_LABELS: Sequence[Kind] = ("roc_auc", "threshold", "calibration", "cost")
"""What only labelled rows tell, what weighs most first."""
Verdict = Literal["alarm", "slight", "none seen", "insufficient data"]


@dataclass(frozen=True)
class DriftFinding:
    """One thing that was looked at in one period.

    Attributes
    ----------
    period, kind, name : where, and what
    value : the stability index, or how far a figure is off: in the unit that its limit has
    noise : what chance alone makes of an index on average; None of other figures
    probability : that chance makes so large a difference; 1 where another fit would, too
    matters : whether the difference is as large as the limits ask for
    verdict : slight is what is no chance, but too small to matter
    said : what has changed, in words
    """

    period: str
    kind: Kind
    name: str
    value: float
    noise: float | None
    probability: float
    matters: bool
    verdict: Verdict = "none seen"
    said: str = ""


def look(
    reference: DriftReference,
    scored: ScoredReference,
    period: str,
    counts: PeriodCounts,
    limits: MonitorLimits,
) -> Iterator[DriftFinding]:
    """Yield what can be seen of a period without labels: score, flagged share and columns."""
    before, after = np.array(scored.counts), counts.grades
    if after is None:
        return
    spread = scored.spread  # what another fit of the model changes is no drift
    words = _score_words(scored, counts)
    yield _finding(period, "score", "score", before, after, limits, words, spread)
    shares = np.array([1 - scored.flagged, scored.flagged]) * scored.rows
    flagged = np.array([counts.rows - counts.flagged, counts.flagged], dtype=np.float64)
    words = f"flagged {_share(scored.flagged)}, now {_share(counts.flagged / counts.rows)}"
    yield _finding(period, "flagged", "flagged share", shares, flagged, limits, words, spread)
    if counts.columns is None:
        return
    starts = reference.bins.starts
    for at, each in enumerate(reference.bins.bins):
        own = slice(starts[at], starts[at + 1])
        before, after = reference.counts[own], counts.columns[own]
        yield _finding(
            period, "column", each.name, before, after, limits, _column_words(each, before, after)
        )


def _finding(
    period: str,
    kind: Kind,
    name: str,
    before: Counts,
    after: Counts,
    limits: MonitorLimits,
    said: str,
    spread: float = 0.0,
) -> DriftFinding:
    value, noise = psi(before, after), psi_noise(before, after)
    beyond = value - noise - spread
    probability = chance(before, after) if not spread or beyond > 0 else 1.0
    return DriftFinding(
        period, kind, name, value, noise, probability, beyond >= limits.psi, said=said
    )


def judged(findings: Sequence[DriftFinding], limits: MonitorLimits) -> list[DriftFinding]:
    """Return findings with their verdicts.

    All that is tested is one family, so that not more than `level` of all commands raise an alarm
    where nothing has changed.
    """
    stands = discoveries(np.array([each.probability for each in findings]), limits.level)
    found = []
    for each, stood in zip(findings, stands, strict=True):
        verdict: Verdict = "none seen"
        if stood:
            verdict = "alarm" if each.matters else "slight"
        elif each.noise is not None and each.noise > limits.noise:
            verdict = "insufficient data"
        found.append(replace(each, verdict=verdict))
    return found


def _score_words(scored: ScoredReference, counts: PeriodCounts) -> str:
    before = float(np.dot(scored.counts, scored.mean) / sum(scored.counts))
    return f"mean probability {_share(before)}, now {_share(counts.expected_rate)}"


def _column_words(each: ColumnBins, before: Counts, after: Counts) -> str:
    """Return which values have become more or less frequent, strange and missing ones first."""
    p, q = before / max(before.sum(), 1.0), after / max(after.sum(), 1.0)
    labels, moved = each.labels, np.abs(q - p)
    first = {*each.strange, each.width - 1}
    weight = moved * np.array([10.0 if at in first else 1.0 for at in range(each.width)])
    told = [at for at in np.argsort(-weight, kind="stable")[:2] if moved[at] >= 0.0005]
    return "; ".join(f"{labels[at]}: {_share(p[at])}, now {_share(q[at])}" for at in told)


def strange_shares(each: ColumnBins, counts: Counts) -> Mapping[str, float]:
    """Return the shares of missing values and of those that training did not meet."""
    total = max(float(counts.sum()), 1.0)
    strange = float(counts[list(set(each.strange))].sum()) if each.levels or each.cuts else 0.0
    return {"missing": float(counts[-1]) / total, "strange": strange / total}


def _share(value: float) -> str:
    return f"{value:.1%}" if value >= 0.0995 or value == 0 else f"{value:.2%}"
