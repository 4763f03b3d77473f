"""The validation report: one page in the order in which a model validator reads."""

from __future__ import annotations

from collections.abc import Iterator

from cutscore.report.page.cutoff import cutoff_page
from cutscore.report.validator.blocks import Section
from cutscore.report.validator.decision import (
    decision_section,
    no_model_section,
    no_model_swaps,
    other_section,
)
from cutscore.report.validator.facts import ValidationFacts
from cutscore.report.validator.quality import (
    gains_section,
    grades_section,
    ranking_section,
    stability_section,
)
from cutscore.report.validator.record import (
    appendix,
    data_section,
    environment_section,
    limits_section,
    method_section,
    reasons_section,
    summary_section,
)


def validation_page(facts: ValidationFacts) -> str:
    """Return the report as one HTML file that needs nothing else."""
    sections = list(validation_sections(facts))
    return cutoff_page(
        facts.cutoff,
        template="validation.html.jinja",
        room="cutscore.report.validator",
        sections=sections,
    )


def validation_sections(facts: ValidationFacts) -> Iterator[Section]:
    """Yield the sections in their order."""
    rule, no_model = no_model_swaps(facts)
    yield summary_section(facts, no_model)
    yield data_section(facts)
    yield method_section(facts)
    yield ranking_section(facts)
    yield gains_section(facts)
    yield grades_section(facts)
    yield decision_section(facts)
    yield no_model_section(facts, rule, no_model)
    if facts.other is not None:
        yield other_section(facts, facts.other)
    yield stability_section(facts)
    yield reasons_section(facts)
    yield limits_section(facts)
    yield environment_section(facts)
    if facts.full:
        yield appendix(facts)
