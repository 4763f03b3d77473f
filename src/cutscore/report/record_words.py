"""A run's record in words: what card and validation report both tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutscore.metrics.catalogue import describe
from cutscore.records import MetricValue, Undefined

_IN_TIME = ("period", "window", "gap", "keep_groups_together")


def method_words(config: Mapping[str, Any], choices: Mapping[str, str]) -> dict[str, str]:
    """Return the option of each step, the model's and the folds' with settings, and the seed."""
    settings = config.get("model") or {}
    params = settings.get("params") or {}
    told = ", ".join(f"{name}={value}" for name, value in params.items())
    steps = ("features", "validation", "sampling", "model", "calibration", "cost", "threshold")
    method = {step: str(choices.get(step, "custom")) for step in steps}
    method["model"] += f" ({told})" if told else ""
    folds = config.get("validation") or {}
    told = ", ".join(f"{name}={folds[name]}" for name in _IN_TIME if folds.get(name))
    method["validation"] += f" ({told})" if told else ""
    return {**method, "seed": str(config.get("seed"))}


def rule_words(document: Mapping[str, Any], metrics: Mapping[str, float]) -> dict[str, Any]:
    """Return how rows are decided, as a `sentence`, and what that costs, as `facts` by label."""
    costs = document.get("costs") or {}
    told = {
        name.replace("_", " "): number_text(value)
        for name, value in costs.items()
        if name != "per_row" and not isinstance(value, Mapping)
    }
    counts = {name: number_text(value) for name, value in document["confusion"].items()}
    no_model = [number_text(document["no_model"][f"flag_{who}"]) for who in ("nobody", "everybody")]
    interval = interval_text(metrics, "bootstrap_cost_low", "bootstrap_cost_high")
    crossfit, left = metric_text(metrics, "crossfit_cost"), metrics.get("crossfit_rows_left_out")
    if left:
        number = metrics["crossfit_rows"]
        crossfit += f", on {number:,.0f} of {number + left:,.0f} rows"
    shown = {
        "threshold": metric_text(metrics, "threshold"),
        "95 % of resamples put it within": interval_text(
            metrics, "threshold_low", "threshold_high"
        ),
        "costs hardly more within": interval_text(metrics, "plateau_low", "plateau_high"),
        "cost of a": ", ".join(f"{name} {value}" for name, value in told.items())
        or "row: its own, by its columns",
        "cost at the threshold": metric_text(metrics, "total_cost"),
        "its bootstrap interval": interval if document.get("bootstrap") else "not asked for",
        "cross-fitted cost": crossfit,
        "savings against the better rule without a model": metric_text(metrics, "crossfit_savings"),
        "flagging nobody, everybody would cost": ", ".join(no_model),
        "true positives, false positives": f"{counts['tp']}, {counts['fp']}",
        "true negatives, false negatives": f"{counts['tn']}, {counts['fn']}",
        "precision, recall": ", ".join(metric_text(metrics, n) for n in ("precision", "recall")),
    }
    sentence = f"A row is decided so: {document['rule']}."
    if document["threshold"] is not None:
        sentence += " The score is the calibrated one, called `probability` in answers."
    return {"sentence": sentence, "facts": {key: value for key, value in shown.items() if value}}


def fitted_on(metrics: Mapping[str, float]) -> str:
    """Return which rows a kept model is fitted on, by the metrics of its run."""
    number = metrics.get("rows_to_fit")
    return "all rows" if number is None else f"the {number:,.0f} rows of the latest window"


def limits_of(
    validation: str, document: Mapping[str, Any], metrics: Mapping[str, float], duplicates: float
) -> list[str]:
    """Return what the record itself says that the model has not shown."""
    found = []
    if "time" not in validation:
        found.append(
            "Folds were not split by time: nothing here says how the model fares on later rows."
        )
    if "outer_rows" not in metrics:
        found.append(
            "No rows were held out from all choices (validation.outer): the cross-fitted cost is "
            "free of the threshold's optimism, not of that of settings chosen before."
        )
    if document["bayes"].get("valid") is False:
        found.append(
            "Sampling or class weights changed the shares of the classes in training: scores as "
            "the model gives them are no probabilities."
        )
    if duplicates:
        found.append(f"{duplicates:,.0f} rows repeat others, perhaps across folds.")
    low, high = metrics.get("threshold_low"), metrics.get("threshold_high")
    if low is not None and high is not None and high > low:
        found.append(
            f"The threshold is known no better than {low:.4f} to {high:.4f}: thresholds within "
            "cannot be told apart by these rows."
        )
    found.append(
        "Rows with values outside the range of training, or categories that training did not meet, "
        "are scored and counted; the model has shown nothing for them."
    )
    found.append("Nothing was tested on fairness between groups of people.")
    return found


def metric_text(metrics: Mapping[str, float], name: str) -> str:
    """Return a metric in its own format, '' where there is none."""
    return describe(name).text(metrics[name]) if name in metrics else ""


def interval_text(metrics: Mapping[str, float], low: str, high: str) -> str:
    """Return two metrics as an interval, '' where one does not exist."""
    there = low in metrics and high in metrics
    return f"{metric_text(metrics, low)} to {metric_text(metrics, high)}" if there else ""


def figure_text(value: MetricValue | None) -> str:
    """Return a figure with four decimals, a dash where it does not exist."""
    return "-" if value is None or isinstance(value, Undefined) else f"{value:.4f}"


def number_text(value: float | None) -> str:
    """Return a count or a cost with all its digits, a dash where there is none."""
    return "-" if value is None else f"{value:,.10g}"
