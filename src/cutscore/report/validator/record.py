"""Where a run came from, what it shows at a glance, and what it does not show, in tables."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cutscore.metrics import kolmogorov_smirnov, ranking
from cutscore.metrics.catalogue import describe, in_order
from cutscore.records import Undefined
from cutscore.report.record_spec import UNDEFINED_PREFIX, WEIGHT
from cutscore.report.record_words import limits_of, method_words, metric_text, number_text
from cutscore.report.validator.bands import beyond_chance, reversals
from cutscore.report.validator.blocks import Items, Section, Words, pairs, picture, section, table
from cutscore.report.validator.decision import money
from cutscore.report.validator.facts import ValidationFacts
from cutscore.report.validator.quality import graded, part_figures, ratio_text
from cutscore.report.validator.stability import area_of, observed_to_expected
from cutscore.report.validator.swaps import SwapSet

SHOWN = 15
"""Features of a report that is not full."""
_SMALL = 100
"""Fewer positives make all figures coarse."""
_LIBRARIES = ("numpy", "duckdb", "lightgbm", "xgboost-cpu", "scikit-learn", "imbalanced-learn")


def summary_section(facts: ValidationFacts, no_model: SwapSet) -> Section:
    """Tell the figures a reader asks for first, each with its usual yardstick."""
    return section(
        "summary",
        "At a glance",
        [
            table(
                "Figures with their usual yardsticks",
                ("question", "figure", "yardstick", "here"),
                _glances(facts, no_model),
                "Yardsticks are customs of scorecards, not tests: what is right is up to the use.",
                worded=4,
            )
        ],
    )


def data_section(facts: ValidationFacts) -> Section:
    """Tell what is predicted, and of which rows."""
    data, metrics, tags = facts.config.get("data") or {}, facts.metrics, facts.tags
    tables = ", ".join(map(str, data.get("tables") or ()))
    effective = f"{metrics.get('weight_effective_rows', 0.0):,.0f}"
    positives, rows = metrics.get("positives", 0.0), metrics.get("rows", 0.0)
    lineage = [
        ("data set", facts.dataset.get("name", "")),
        ("source", facts.dataset.get("source", "")),
        ("tables", tables),
        ("content digest", tags.get("data_digest", "")),
        ("target", f"{data.get('target')} = {_told(data.get('positive'), '1')}"),
        ("rows", metric_text(metrics, "rows")),
        ("of class 1", f"{positives:,.0f} ({positives / rows:.2%})" if rows else ""),
        ("rows that repeat others", metric_text(metrics, "duplicates")),
        ("row weights", f"by {tags[WEIGHT]}: {effective} effective rows" if WEIGHT in tags else ""),
        ("rows kept by condition", _told(data.get("where"), "all")),
        ("columns left out", ", ".join(map(str, data.get("drop") or ())) or "none"),
        ("time", _told(data.get("time"), "not declared")),
        ("groups kept together", _told(data.get("group"), "none")),
        ("features", metric_text(metrics, "features")),
        ("rows with a score", metric_text(metrics, "rows_scored")),
        ("outer rows, seen by no fold", metric_text(metrics, "rows_outer")),
        ("rows without a score", metric_text(metrics, "rows_unscored")),
    ]
    notes = [tags[tag] for tag in ("notes", "outer_notes") if tag in tags]
    purpose = (facts.config.get("report") or {}).get("purpose")
    unsaid = "The record does not say what the model is for (report.purpose)."
    return section(
        "lineage",
        "What is predicted, and on which data",
        [
            Words(str(purpose)) if purpose else Words(unsaid, "note"),
            pairs("Data lineage", lineage),
            *(Words(note, "note") for note in notes),
        ],
    )


def method_section(facts: ValidationFacts) -> Section:
    """Tell how the model was made."""
    asked = " ".join(facts.overrides) or "nothing but the defaults"
    steps = [*method_words(facts.config, facts.choices).items(), ("asked for", asked)]
    return section("method", "How it was made", [pairs("Each step and its choice", steps)])


def reasons_section(facts: ValidationFacts) -> Section:
    """Tell what scores go by."""
    shown = facts.importance if facts.full else facts.importance[:SHOWN]
    left = len(facts.importance) - len(shown)
    why = facts.tags.get(f"{UNDEFINED_PREFIX}feature_importance.csv", "the record has none")
    more = f" {left} further features are in the full report." if left else ""
    reasons = facts.reasons
    return section(
        "reasons",
        "What the scores go by",
        [
            table(
                "Features by their share of the importance",
                ("feature", "share, mean of folds", "spread"),
                ((name, f"{mean:.2%}", f"{spread:.2%}") for name, mean, spread in shown),
                f"The classifier's own importance: where it looks, not which way.{more}",
            )
            if shown
            else Words(f"No importance of features: {why}.", "note"),
            picture(facts.pictures.get("feature_importance.png"), "Importance of features"),
            *(
                [Words("The run kept no model, so no decision has reasons.", "note")]
                if reasons is None
                else [
                    Words(
                        f"Reasons of a decision are told in points, {reasons.points_to_double:g} "
                        f"of which double the odds, against {reasons.against} "
                        f"({reasons.rows:,} rows)."
                    ),
                    table(
                        "What columns add to the scores of a sample of rows",
                        ("column", "direction", "mean of the absolute points"),
                        ((name, way, f"{points:.2f}") for name, points, way in reasons.columns),
                        worded=2,
                    )
                    if reasons.columns
                    else None,
                ]
            ),
        ],
    )


def limits_section(facts: ValidationFacts) -> Section:
    """Tell what the report cannot say."""
    validation = facts.choices.get("validation", "")
    found = limits_of(
        validation, facts.document, facts.metrics, facts.metrics.get("duplicates", 0.0)
    )
    positives = int(np.count_nonzero(facts.rows.target))
    if positives < _SMALL:
        found.append(f"There are {positives} positive rows only: every figure is coarse.")
    if facts.passes > 1:
        found.append(f"Tables of rows tell the first of {facts.passes} passes over the rows.")
    if facts.missing:
        found.append(f"The record lacks {', '.join(facts.missing)}.")
    found.append(
        "Only rows with a known outcome were judged: of applicants who were turned away before, "
        "nothing is known (no reject inference)."
    )
    found.append(
        "Overrides by people, rules for use and triggers of monitoring are for its owner to add."
    )
    undefined = (
        (tag.removeprefix(UNDEFINED_PREFIX), why)
        for tag, why in facts.tags.items()
        if tag.startswith(UNDEFINED_PREFIX)
    )
    absent = pairs("Figures that do not exist for this run, and why", undefined)
    return section("limits", "Limits", [Items(tuple(found)), absent if absent.rows else None])


def environment_section(facts: ValidationFacts) -> Section:
    """Tell what made the run, and how to make it again."""
    tags, known = facts.tags, facts.environment
    dirty = " (with changes)" if tags.get("git_dirty") == "true" else ""
    made = [
        ("run", facts.run_id),
        ("experiment", facts.experiment),
        ("started", facts.started),
        ("fingerprint", tags.get("fingerprint", "")),
        ("digest of the scores", tags.get("score_digest", "")),
        ("seed", str(facts.config.get("seed", ""))),
        ("Cutscore", tags.get("cutscore_version", "")),
        ("commit", f"{tags['git_commit']}{dirty}" if "git_commit" in tags else ""),
        ("host", tags.get("host", "")),
        ("threads", _told(facts.config.get("threads"), "")),
        ("Python", known.get("python", "")),
        ("platform", known.get("platform", "")),
        *((name, known.get(name, "")) for name in _LIBRARIES),
        ("peak memory, MB", metric_text(facts.metrics, "peak_memory_mb")),
        ("seconds", metric_text(facts.metrics, "seconds_total")),
    ]
    return section(
        "environment",
        "Environment, and how to make it again",
        [
            pairs("What made the run", made),
            Words("Scores are equal bit for bit with the same versions on the same type of CPU."),
            *(Words(command, "command") for command in facts.commands),
        ],
    )


def appendix(facts: ValidationFacts) -> Section:
    """Tell everything that the record holds."""
    metrics = in_order(facts.metrics)
    return section(
        "appendix",
        "Appendix: the whole record",
        [
            pairs("Settings", facts.params.items()),
            pairs("Figures", ((describe(n).label, number_text(facts.metrics[n])) for n in metrics)),
            pairs("Installed packages", facts.environment.items()),
        ],
    )


def _glances(facts: ValidationFacts, no_model: SwapSet) -> Iterator[tuple[str, str, str, str]]:
    """Yield question, figure, yardstick and how the figure compares with it."""
    rows = facts.rows
    area, error = area_of(rows)
    distance, _ = kolmogorov_smirnov(ranking(rows.target, rows.score, rows.weights))
    if not isinstance(area, Undefined) and not isinstance(error, Undefined):
        text = f"Gini {200 * area - 100:.1f} ± {200 * error:.1f} (standard error)"
        yield "Does the score rank?", text, "above 0 beyond doubt", _held(area - 3 * error > 0.5)
    if not isinstance(distance, Undefined):
        inside = 0.20 <= distance <= 0.70
        yield (
            "How far apart are the classes?",
            f"KS {100 * distance:.1f}",
            "20 to 70; above, look for a leak",
            _held(inside),
        )
    yield _later(facts)
    found = graded(rows.with_probability())
    turned = reversals(found)
    clear = sum(map(beyond_chance, turned))
    text = f"{len(turned)} reversals, {clear} beyond chance"
    yield "Does the bad rate rise with the score?", text, "none beyond chance", _held(not clear)
    out = sum(grade.verdict != "holds" for grade in found)
    text = f"{out} of {len(found)} grades outside their interval"
    yield (
        "Are probabilities kept, grade by grade?",
        text,
        "one in twenty",
        _held(out <= max(1, len(found) / 20)),
    )
    ratio = observed_to_expected(rows)
    if not isinstance(ratio, Undefined):
        text = f"{ratio_text(ratio)} observed for each promised"
        yield "Are they kept over all?", text, "0.95 to 1.05", _held(0.95 <= ratio <= 1.05)
    parts = part_figures(facts)
    if len(parts) > 1:
        worst = max(parts[1:], key=lambda part: part.stability)
        calm = worst.stability < max(0.10, 2 * worst.noise)
        text = f"PSI at most {worst.stability:.3f} (noise {worst.noise:.3f})"
        yield "Do scores stay where they were?", text, "below 0.10", _held(calm)
    yield (
        "Is it cheaper than no model?",
        money(no_model),
        "interval above 0",
        _held(no_model.high < 0),
    )
    if facts.other is not None and isinstance(facts.other.swaps, SwapSet):
        swaps = facts.other.swaps
        question = f"Is it cheaper than {facts.other.name}?"
        yield question, money(swaps), "interval above 0", _held(swaps.high < 0)


def _later(facts: ValidationFacts) -> tuple[str, str, str, str]:
    """Return whether figures hold on rows that chose nothing."""
    what, rule = "Does it hold on rows that chose nothing?", "Gini falls by less than 5 points"
    inner, outer = facts.metrics.get("roc_auc"), facts.metrics.get("outer_roc_auc")
    if inner is None or outer is None:
        return what, "not tested", rule, "not known"
    fall = 200 * (inner - outer)
    text = f"Gini {200 * outer - 100:.1f} against {200 * inner - 100:.1f} in the folds"
    return what, text, rule, _held(fall < 5)


def _held(kept: bool) -> str:
    return "within" if kept else "look closer"


def _told(value: object, otherwise: str) -> str:
    return otherwise if value in (None, "") else str(value)
