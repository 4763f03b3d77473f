"""An assessment in words: what was optimised, and what each threshold is optimal for."""

from __future__ import annotations

from cutscore.assess.assessing import Assessment, ThresholdAt
from cutscore.records import ThresholdChoice, Undefined
from cutscore.threshold.constraints import WORDS
from cutscore.threshold.implied import Implied

NAMES = {
    "cost": "cost",
    "fbeta": "F-beta",
    "f1": "F1",
    "youden": "Youden's J",
    "balanced_accuracy": "balanced accuracy",
    "mcc": "Matthews correlation",
}


def objective_words(made: Assessment) -> str:
    """Return what was optimised, and over which thresholds."""
    chosen = made.chosen
    what = NAMES[chosen.objective]
    if chosen.beta is not None:
        what += f" with beta {chosen.beta:g}"
    if chosen.objective == "cost" and made.certainty.asked_ratio is not None:
        ratio = f"{made.certainty.asked_ratio:.4g}:1"
        what += f", FN:FP {ratio}" if made.costs.fixed else f" per row, FN:FP {ratio} on average"
    where = {
        "exact": "over all distinct scores",
        "grid": f"over a grid of step {chosen.step:g}" if chosen.step else "",
        "bayes": "by expected cost, without looking at outcomes",
    }
    return f"{what} {where.get(chosen.search, chosen.search)}"


def constraint_words(chosen: ThresholdChoice) -> str:
    """Return the constraints, or nothing."""
    parts = [f"{WORDS[n][0]} {WORDS[n][1]} {value:g}" for n, value in chosen.constraints.items()]
    return f", with {' and '.join(parts)}" if parts else ""


def sentence(at: ThresholdAt, made: Assessment) -> str:
    """Return in plain words what a threshold is optimal for, and what it is not."""
    t = exact_number(at.threshold)
    if isinstance(at.ratio, Undefined) or isinstance(at.beta, Undefined):
        return f"{t}: with one class only, no threshold is optimal for anything in particular."
    optimum = made.reference.exact
    fits = f"{t} {_ratio_words(at.ratio, made.certainty.asked_ratio)}, and {_beta_words(at.beta)}."
    where = f"the cost optimum is {threshold_words(optimum, made)}"
    if at.excess <= 0:
        return f"{fits} It costs as little as the optimum."
    more = f" ({at.excess / optimum.total_cost:.2%})" if optimum.total_cost > 0 else ""
    return f"{fits} It costs {at.excess:,.10g}{more} more than the least: {where}."


def implied_range(value: Implied | Undefined, unit: str = "") -> str:
    """Return the cost ratios (unit ":1") or betas that a threshold fits, for a table."""
    if isinstance(value, Undefined):
        return "-"
    if value.low is None:
        return "none" + _nearest(value, unit)
    return f"{_range(value, unit)}{' (exactly)' if value.exact else ''}"


def threshold_words(choice: ThresholdChoice, made: Assessment) -> str:
    """Return the threshold of a choice, or that rows have none in common."""
    if choice.threshold is None:
        return "each row by its own costs"
    return cut_words(choice.threshold, made)


def cut_words(value: float, made: Assessment) -> str:
    """Return a threshold; one that flags nobody would look like the highest score."""
    return exact_number(value) if value <= made.highest_score else "above every score"


def exact_number(value: float) -> str:
    """Return a number short enough to read."""
    return f"{value:.6g}"


def _ratio_words(ratio: Implied, asked: float | None) -> str:
    if ratio.low is None:
        return f"fits no FN:FP cost ratio{_nearest(ratio, ':1')}"
    text = f"fits FN:FP cost ratios {_spoken(ratio, ':1')}"
    if asked is None:
        return text
    inside = ratio.low <= asked and (ratio.high is None or asked <= ratio.high)
    wish = f"the {asked:.4g}:1 asked for"
    return f"{text}, {wish} among them" if inside else f"{text}, not {wish}"


def _beta_words(beta: Implied) -> str:
    if beta.low is None:
        return f"no beta of F-beta{_nearest(beta, '')}"
    return f"F-beta at betas {_spoken(beta, '')}"


def _spoken(value: Implied, unit: str) -> str:
    if value.high is None:
        return f"from {value.low:.3g}{unit} up"
    return f"from {value.low:.3g}{unit} to {value.high:.3g}{unit}"


def _range(value: Implied, unit: str) -> str:
    if value.high is None:
        return f"{value.low:.3g}{unit} and up"
    return f"{value.low:.3g}{unit} to {value.high:.3g}{unit}"


def _nearest(value: Implied, unit: str) -> str:
    if value.nearest is None:
        return ""
    if value.nearest.value is None:
        return f" (misses by {value.nearest.excess:.2%} at best)"
    return f" (nearest {value.nearest.value:.3g}{unit}, missing by {value.nearest.excess:.2%})"
