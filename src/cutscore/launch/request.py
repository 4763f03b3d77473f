"""What is recorded of a request and of the data that it names, before anything is fitted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from cutscore.config.build import Plan
from cutscore.config.overrides import texts_of
from cutscore.experiment import Prepared, shares_bins
from cutscore.launch.provenance import code_tags, environment_text
from cutscore.model import SharesBins
from cutscore.records import weight_figures
from cutscore.report.items import DatasetUsed, Item, Metric, Param, Tag, Text
from cutscore.report.record_spec import RECORD_TAG, RECORD_VERSION, WEIGHT
from cutscore.report.redact import redact

LABELS = "data.labels"
"""What people call columns is in config.yaml alone: it changes nothing, and there is much of it."""


def request_items(plan: Plan) -> Iterator[Item]:
    """Yield what was asked for and what it was asked of: known before anything is loaded."""
    experiment = plan.experiment
    for key, value in _leaves(_recorded_config(plan)):
        if not key.startswith(LABELS):
            yield Param(key, value)
    choices = plan.choices
    tags = {
        "feature_strategy": choices["features"],
        "sampling_method": choices["sampling"],
        "model": choices["model"],
        "validation": choices["validation"],
        "cost": choices["cost"],
        "threshold_objective": str(experiment.threshold.objective),
        **code_tags(),
        RECORD_TAG: RECORD_VERSION,
    }
    for key, value in tags.items():
        yield Tag(key, value)
    yield Text("config.yaml", redact(yaml.safe_dump(_recorded_config(plan), sort_keys=False)))
    body = {"choices": dict(choices), "overrides": texts_of(plan.overrides)}
    yield Text("overrides.yaml", redact(yaml.safe_dump(body, sort_keys=False)))
    yield Text("environment.txt", environment_text())


def data_items(plan: Plan, prepared: Prepared) -> Iterator[Item]:
    """Yield what is known of the data once it is loaded."""
    dataset, table = prepared.dataset, prepared.table
    bins = "shared" if shares_bins(plan.experiment, table) else "fold"
    yield Tag("binning", bins if isinstance(plan.experiment.model, SharesBins) else "none")
    yield Tag("data_digest", dataset.digest)
    yield Tag("fingerprint", plan.fingerprint(dataset.digest))
    yield Metric("rows", dataset.rows)
    yield Metric("positives", dataset.positives)
    yield Metric("duplicates", dataset.duplicates)
    yield Metric("features", len(table.columns))
    if dataset.weights is not None:
        yield Tag(WEIGHT, str(dataset.weight_name))
        for name, value in weight_figures(dataset.target, dataset.weights).items():
            yield Metric(name, value)
    columns = {c.name: "string" if c.categorical else "double" for c in table.columns}
    yield DatasetUsed(
        plan.choices["data"],
        dataset.digest,
        dataset.source,
        dataset.rows,
        dataset.positives,
        columns,
    )


def _recorded_config(plan: Plan) -> dict[str, Any]:
    """Return the resolved config without what Cutscore filled in to launch the job."""
    return {key: value for key, value in plan.config.items() if key != "job"}


def _leaves(node: object, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of a config with dotted keys; lists and empty mappings are leaves."""
    if isinstance(node, Mapping) and node:
        for key, value in node.items():
            yield from _leaves(value, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, redact(node) if isinstance(node, str) else node
