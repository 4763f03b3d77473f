"""What to do about what was found, in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cutscore.errors import listed
from cutscore.monitoring.monitor import Monitored
from cutscore.monitoring.periods import WHOLE
from cutscore.monitoring.verdicts import BY_LABELS, DriftFinding, strange_shares

Action = Literal["nothing", "collect rows", "collect labels", "re-cut", "refit", "look at columns"]
_SURE = 3.0
"""Standard errors by which an estimated base rate must differ from training's to be told."""
_BROKEN = 0.02
"""A share of missing or new values that has grown by more than this is no matter of taste."""


@dataclass(frozen=True)
class Advice:
    """What to do, and why in a sentence."""

    action: Action
    sentence: str


def advice(found: Monitored) -> Advice:
    """Return the advice that weighs most.

    Columns that arrive otherwise come before all else, since new classes or a new fit would learn
    the fault; then what labels show; then what only labels could show.
    """
    alarms = found.alarms
    kinds = {each.kind for each in alarms}
    broken = [each for each in alarms if each.kind == "column" and _arrives_broken(found, each)]
    if broken:
        return Advice(
            "look at columns",
            f"Look at {_names(broken)} first: values arrive that training did not have "
            f"({broken[0].name}: {broken[0].said}).",
        )
    if "roc_auc" in kinds:
        return Advice(
            "refit",
            f"Refit on rows of late: the model ranks worse than it did ({_said(alarms)}), and no "
            "threshold mends that.",
        )
    if kinds & {"threshold", "calibration"}:
        command = f"cutscore recut {found.model} --on LABELLED --target COLUMN"
        return Advice("re-cut", f"Re-cut ({command}): {_said(alarms)}.")
    moved = [each for each in alarms if each.kind in ("column", "score", "flagged")]
    columns = [each for each in moved if each.kind == "column"]
    if moved and not found.judged:
        first = (columns or moved)[0]
        named = f"Look at {_names(alarms)} and collect" if columns else "Collect"
        return Advice(
            "collect labels",
            f"{named} labels: rows are not those of training ({_where(first)}), and only true "
            "classes can tell whether decisions suffer.",
        )
    if alarms:
        first = (columns or alarms)[0]
        suffer = (
            f"{_said(alarms)}, and no other threshold is cheaper"
            if "cost" in kinds
            else ("decisions have not suffered so far")
        )
        named = _names(alarms) or "the rows"
        return Advice("look at columns", f"Look at {named} ({_where(first)}): {suffer}.")
    return _quiet(found)


def _quiet(found: Monitored) -> Advice:
    scores = [each for each in found.findings if each.kind == "score"]
    if all(each.verdict == "insufficient data" for each in scores):
        noise = f"chance alone would make an index of {scores[0].noise:.2f}"
        return Advice(
            "collect rows", f"Collect more rows than {found.rows:,}: nothing is said yet ({noise})."
        )
    slight = sum(each.verdict == "slight" for each in found.findings)
    told = f"; {slight:,} things have moved a little" if slight else ""
    rows = f"{found.rows:,} rows look like those of training{told}"
    if found.judged:
        return Advice("nothing", f"Nothing to do: {rows}, and decisions cost what was promised.")
    guessed = _guessed(found)
    if guessed is not None:
        return Advice("collect labels", f"Collect labels: {rows}, but {guessed}.")
    blind = "whether classes still follow from them as they did, only labels tell"
    return Advice("nothing", f"Nothing to do: {rows}; {blind}.")


def _guessed(found: Monitored) -> str | None:
    """Return what is estimated of the latest period whose share of positives seems another one."""
    before = found.scored.base_rate
    for period, guess in reversed(list(found.estimates.items())):
        if abs(guess.base_rate - before) > _SURE * guess.base_rate_error:
            when = "" if period == WHOLE else f" in {period}"
            now = f"{guess.base_rate:.1%} ± {guess.base_rate_error:.1%} of them{when}"
            return (
                f"if only the share of positives has changed, {now} are positive by their scores, "
                f"{before:.1%} were in training"
            )
    return None


def _arrives_broken(found: Monitored, finding: DriftFinding) -> bool:
    """Whether more of a column's values are missing, new or out of range than in training."""
    reference, counts = found.reference, found.periods[finding.period].columns
    at = [each.name for each in reference.bins.bins].index(finding.name)
    own = slice(reference.bins.starts[at], reference.bins.starts[at + 1])
    if counts is None:
        return False
    each = reference.bins.bins[at]
    before, after = (strange_shares(each, c[own]) for c in (reference.counts, counts))
    return any(after[key] - before[key] > _BROKEN for key in before)


def _names(alarms: list[DriftFinding]) -> str:
    return listed(list(dict.fromkeys(e.name for e in alarms if e.kind == "column")), 3)


def _where(finding: DriftFinding) -> str:
    when = "" if finding.period == WHOLE else f" in {finding.period}"
    return f"{finding.name}{when}: {finding.said}"


def _said(alarms: list[DriftFinding]) -> str:
    """Return what the first alarm of labelled rows says."""
    known = sorted(
        (each for each in alarms if each.kind in BY_LABELS), key=lambda e: BY_LABELS.index(e.kind)
    )
    return known[0].said if known[0].period == WHOLE else f"in {known[0].period} {known[0].said}"
