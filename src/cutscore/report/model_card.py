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

from cutscore.records import Dataset, FoldResult
from cutscore.report.importance import importance_of
from cutscore.report.items import Item, Text
from cutscore.report.record_words import (
    figure_text,
    fitted_on,
    limits_of,
    method_words,
    metric_text,
    number_text,
    rule_words,
)
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
            fitted_on=fitted_on(facts.metrics),
            method=method_words(facts.config, facts.choices),
            rule=rule_words(facts.document, facts.metrics),
            folds=[_fold(fold) for fold in _folds(facts)],
            outer=_outer(facts.metrics),
            calibration=_calibration(facts),
            importance=_importance(facts.result),
            limits=limits_of(
                facts.choices.get("validation", ""),
                facts.document,
                facts.metrics,
                facts.dataset.duplicates,
            ),
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
        f"by {facts.dataset.weight_name}: {number_text(told['sum'])} in all, and tell as much as "
        f"{effective:,.0f} equal ones; share of positives {share:.2%}; figures below are by weight"
    )


def _folds(facts: CardFacts) -> Iterator[tuple[str, FoldResult, Mapping[str, Any]]]:
    parts = {(part["repeat"], part["part"]): part for part in facts.document["crossfit"]["parts"]}
    alone = len(facts.result.folds) == 1  # a holdout is decided in parts that are no folds
    for fold in facts.result.folds:
        part = {} if alone else parts.get((fold.fold.repeat, fold.fold.number), {})
        repeat = f"{fold.fold.repeat + 1}." if facts.result.oof.repeats > 1 else ""
        yield f"{repeat}{fold.fold.number + 1}", fold, part


def _fold(told: tuple[str, FoldResult, Mapping[str, Any]]) -> dict[str, str]:
    name, fold, part = told
    return {
        "name": name,
        "auc": figure_text(fold.validation["roc_auc"]),
        "ap": figure_text(fold.validation["pr_auc"]),
        "brier": figure_text(fold.validation["brier"]),
        "threshold": figure_text(part.get("threshold")),
        "cost": number_text(part.get("total_cost")),
    }


def _outer(metrics: Mapping[str, float]) -> dict[str, str] | None:
    if "outer_rows" not in metrics:
        return None
    return {
        "rows": metric_text(metrics, "outer_rows"),
        "auc": metric_text(metrics, "outer_roc_auc"),
        "cost_per_row": metric_text(metrics, "outer_cost_per_row"),
        "savings": metric_text(metrics, "outer_savings"),
    }


def _calibration(facts: CardFacts) -> dict[str, str]:
    names = ("ece", "ece_calibrated", "brier_calibrated")
    return {
        "name": facts.choices.get("calibration", "custom"),
        "brier": metric_text(facts.metrics, "brier_oof") or metric_text(facts.metrics, "brier"),
        **{name: metric_text(facts.metrics, name) or "-" for name in names},
    }


def _importance(result: Result) -> list[tuple[str, str]]:
    if (found := importance_of(result)) is None:
        return []
    shares = zip(found.features, found.mean.tolist(), strict=True)
    return [(name, f"{share:.1%}") for name, share in shares][:_SHOWN]


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
