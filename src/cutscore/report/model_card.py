"""The model card: what a run's record says of a delivered model, as Markdown and as a page.

The prose is in `model_card.md.jinja`; here are the facts. In the spirit of Mitchell et al. 2019,
"Model cards for model reporting".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from cutscore.metrics.catalogue import describe
from cutscore.records import Dataset, FoldResult, MetricValue, Undefined
from cutscore.report.items import Item, Text
from cutscore.report.result import Result

if TYPE_CHECKING:
    import jinja2

_CARD, _PAGE = "model_card.md.jinja", "model_card.html.jinja"
_NEW_ROWS = 1_000
_Z99 = 2.5758293035489004
"""The standard normal quantile of a two-sided 99 % interval."""
_SHOWN = 15


@dataclass(frozen=True, eq=False)
class CardFacts:
    """What a card is made of.

    Attributes
    ----------
    name, run_id : the run's
    dataset : the rows
    features : how many features were made of them
    result : what the experiment gave
    document : the run's `threshold.json`
    metrics : the run's metrics by name
    config : the resolved config, `choices` the option of each group
    environment : versions and commit, by label
    """

    name: str
    run_id: str
    dataset: Dataset
    features: int
    result: Result
    document: Mapping[str, Any]
    metrics: Mapping[str, float]
    config: Mapping[str, Any]
    choices: Mapping[str, str]
    environment: Mapping[str, str]


def card_items(facts: CardFacts) -> Iterator[Item]:
    """Yield the card as Markdown and as one HTML file that needs nothing else."""
    markdown = card_markdown(facts)
    yield Text("model_card.md", markdown)
    yield Text("model_card.html", card_page(facts.name, markdown))


def card_markdown(facts: CardFacts) -> str:
    """Return the card as Markdown."""
    return (
        _templates()
        .get_template(_CARD)
        .render(
            name=facts.name,
            run_id=facts.run_id,
            purpose=(facts.config.get("report") or {}).get("purpose"),
            data=_data(facts),
            method=_method(facts),
            rule=_rule(facts),
            folds=[_fold(fold) for fold in _folds(facts)],
            outer=_outer(facts.metrics),
            calibration=_calibration(facts),
            importance=_importance(facts.result),
            limits=_limits(facts),
            monitor=_monitor(facts),
            environment=facts.environment,
        )
    )


def card_page(title: str, markdown: str) -> str:
    """Return Markdown as a page; what is HTML in it is shown as text."""
    from markdown_it import MarkdownIt

    body = MarkdownIt("js-default", {"linkify": False}).render(markdown)
    return _templates().get_template(_PAGE).render(title=title, body=body)


def _data(facts: CardFacts) -> dict[str, Any]:
    dataset, config = facts.dataset, facts.config["data"]
    return {
        "name": dataset.name,
        "source": dataset.source,
        "target": dataset.target_name,
        "rows": f"{dataset.rows:,}",
        "positives": f"{dataset.positives:,}",
        "base_rate": f"{dataset.positives / dataset.rows:.2%}",
        "weights": _weights(facts),
        "digest": dataset.digest,
        "duplicates": f"{dataset.duplicates:,}",
        "where": config.get("where"),
        "drop": ", ".join(map(str, config.get("drop") or ())),
        "columns": dataset.table.columns,
        "features": facts.features,
        "notes": facts.result.notes,
    }


def _weights(facts: CardFacts) -> str | None:
    """Return what is told of row weights, None where rows have none."""
    told = facts.document["weights"]
    if told is None:
        return None
    share, effective = told["positives"] / told["sum"], told["effective_rows"]
    return (
        f"by {facts.dataset.weight_name}: {_number(told['sum'])} in all, and tell as much as "
        f"{effective:,.0f} equal ones; share of positives {share:.2%}; figures below are by weight"
    )


def _method(facts: CardFacts) -> dict[str, str]:
    settings = facts.config.get("model") or {}
    params = settings.get("params") or {}
    told = ", ".join(f"{name}={value}" for name, value in params.items())
    steps = ("features", "validation", "sampling", "model", "calibration", "cost", "threshold")
    method = {step: str(facts.choices.get(step, "custom")) for step in steps}
    method["model"] += f" ({told})" if told else ""
    return {**method, "seed": str(facts.config.get("seed"))}


def _rule(facts: CardFacts) -> dict[str, Any]:
    document, metrics = facts.document, facts.metrics
    costs = document.get("costs") or {}
    told = {
        name.replace("_", " "): _number(value)
        for name, value in costs.items()
        if name != "per_row" and not isinstance(value, Mapping)
    }
    confusion = document["confusion"]
    interval = document.get("bootstrap") or {}
    shown = {
        "threshold": _text(metrics, "threshold"),
        "95 % of resamples put it within": _between(metrics, "threshold_low", "threshold_high"),
        "costs hardly more within": _between(metrics, "plateau_low", "plateau_high"),
        "cost of a": ", ".join(f"{name} {value}" for name, value in told.items())
        or "row: its own, by its columns",
        "cross-fitted cost": _text(metrics, "crossfit_cost"),
        "its bootstrap interval": _between(metrics, "bootstrap_cost_low", "bootstrap_cost_high")
        if interval
        else "not asked for",
        "savings against the better rule without a model": _text(metrics, "crossfit_savings"),
        "flagging nobody, everybody would cost": f"{_number(document['no_model']['flag_nobody'])}, "
        f"{_number(document['no_model']['flag_everybody'])}",
        "true positives, false positives": f"{_number(confusion['tp'])}, "
        f"{_number(confusion['fp'])}",
        "true negatives, false negatives": f"{_number(confusion['tn'])}, "
        f"{_number(confusion['fn'])}",
        "precision, recall": f"{_text(metrics, 'precision')}, {_text(metrics, 'recall')}",
    }
    sentence = f"A row is decided so: {document['rule']}."
    if document["threshold"] is not None:
        sentence += " The score is the calibrated one, called `probability` in answers."
    return {"sentence": sentence, "facts": {key: value for key, value in shown.items() if value}}


def _folds(facts: CardFacts) -> Iterator[tuple[str, FoldResult, Mapping[str, Any]]]:
    parts = facts.document["crossfit"]["parts"]
    for at, fold in enumerate(facts.result.folds):
        part = parts[at] if len(parts) == len(facts.result.folds) else {}
        repeat = f"{fold.fold.repeat + 1}." if facts.result.oof.repeats > 1 else ""
        yield f"{repeat}{fold.fold.number + 1}", fold, part


def _fold(told: tuple[str, FoldResult, Mapping[str, Any]]) -> dict[str, str]:
    name, fold, part = told
    return {
        "name": name,
        "auc": _figure(fold.validation["roc_auc"]),
        "ap": _figure(fold.validation["pr_auc"]),
        "brier": _figure(fold.validation["brier"]),
        "threshold": _figure(part.get("threshold")),
        "cost": _number(part.get("total_cost")),
    }


def _outer(metrics: Mapping[str, float]) -> dict[str, str] | None:
    if "outer_rows" not in metrics:
        return None
    return {
        "rows": _text(metrics, "outer_rows"),
        "auc": _text(metrics, "outer_roc_auc"),
        "cost_per_row": _text(metrics, "outer_cost_per_row"),
        "savings": _text(metrics, "outer_savings"),
    }


def _calibration(facts: CardFacts) -> dict[str, str]:
    names = ("ece", "ece_calibrated", "brier_calibrated")
    return {
        "name": facts.choices.get("calibration", "custom"),
        "brier": _text(facts.metrics, "brier_oof") or _text(facts.metrics, "brier"),
        **{name: _text(facts.metrics, name) or "-" for name in names},
    }


def _importance(result: Result) -> list[tuple[str, str]]:
    shares: dict[str, list[float]] = {}
    for fold in result.folds:
        found = dict(fold.importance or {})
        total = sum(found.values())
        for name, value in found.items():
            shares.setdefault(name, []).append(value / total if total > 0 else 0.0)
    means = {name: float(np.sum(each)) / len(result.folds) for name, each in shares.items()}
    first = sorted(means, key=lambda name: (-means[name], name))[:_SHOWN]
    return [(name, f"{means[name]:.1%}") for name in first]


def _limits(facts: CardFacts) -> list[str]:
    """Return what the record itself says that the model has not shown."""
    dataset, document, metrics = facts.dataset, facts.document, facts.metrics
    validation = facts.choices.get("validation", "")
    found = []
    if facts.result.folds and "time" not in validation:
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
    if dataset.duplicates:
        found.append(f"{dataset.duplicates:,} rows repeat others, perhaps across folds.")
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


def _monitor(facts: CardFacts) -> dict[str, str]:
    weights = facts.document["weights"]  # what comes is counted in rows, whatever they weigh
    confusion = facts.document["confusion"] if weights is None else weights["confusion_rows"]
    rows = sum(confusion.values())
    flagged = (confusion["tp"] + confusion["fp"]) / rows
    positive = (confusion["tp"] + confusion["fn"]) / rows
    scores = facts.result.decided.score
    mean, spread = float(scores.mean()), float(scores.std())
    threshold = facts.document["threshold"]
    return {
        "rows": f"{_NEW_ROWS:,}",
        "flagged": f"{flagged:.2%}",
        "flagged_range": _share_range(flagged),
        "positive": f"{positive:.2%}",
        "positive_range": _share_range(positive),
        "mean": f"{mean:.4f}",
        "mean_range": _range(mean, spread / math.sqrt(_NEW_ROWS), ".4f"),
        "threshold": "THRESHOLD" if threshold is None else f"{threshold:.6g}",
    }


def _share_range(share: float) -> str:
    return _range(share, math.sqrt(share * (1 - share) / _NEW_ROWS), ".2%")


def _range(middle: float, error: float, form: str) -> str:
    low, high = max(middle - _Z99 * error, 0.0), min(middle + _Z99 * error, 1.0)
    return f"{low:{form}} to {high:{form}}"


def _text(metrics: Mapping[str, float], name: str) -> str:
    return describe(name).text(metrics[name]) if name in metrics else ""


def _between(metrics: Mapping[str, float], low: str, high: str) -> str:
    there = low in metrics and high in metrics
    return f"{_text(metrics, low)} to {_text(metrics, high)}" if there else ""


def _figure(value: MetricValue | None) -> str:
    return "-" if value is None or isinstance(value, Undefined) else f"{value:.4f}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.10g}"


@cache
def _templates() -> jinja2.Environment:
    import jinja2

    room = resources.files("cutscore.report")
    loader = jinja2.DictLoader({name: (room / name).read_text("utf-8") for name in (_CARD, _PAGE)})
    # It makes Markdown; `card_page` shows HTML in it as text.
    made = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, autoescape=False)
    made.filters |= {"cell": _cell, "text": _escaped}
    return made


def _cell(text: object) -> str:
    """Return a text for a cell of a Markdown table, taken by the letter."""
    return _escaped(text).replace("|", "\\|")


def _escaped(text: object) -> str:
    plain = " ".join(str(text).split())
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>#~" else sign for sign in plain)
