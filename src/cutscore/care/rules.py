"""What a merge does with each table of an MLflow store: one rule per table, none left out.

A table that holds rows and has no rule that covers them refuses the merge, unless the user says
that it stays behind: nothing is ever lost without a word. Of a table with a rule every column is
either translated, or compared where both stores have the row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

How = Literal[
    "same", "merged", "joints", "of runs", "of models", "of traces", "derived", "transient", "empty"
]
What = Literal["experiment", "dataset", "scorer", "version", "entity", "address"]
Kind = Literal["model", "run", "trace"]


@dataclass(frozen=True)
class Rule:
    """One table's rule.

    `how`: must be equal in both stores (`same`), merged row by row (`merged`), joins runs to data
    sets and models (`joints`), copied with the runs, logged models or traces that are added
    (`of ...`), computed anew by MLflow (`derived`), left behind as it only concerns a running
    server (`transient`), or refused unless it is empty (`empty`).

    `mapped` says which columns are translated on the way: to the target's experiment, data set,
    scorer or number of a version, to its address of the files, or to what `<column>_type` says
    (`entity`). `key` names the columns by which a merged row is the same in both stores, `own` an
    id of its own that may differ (`gives`: what others point at by it), `number` a number that is
    raised where another row has it. Where the rest differs, the row whose `later` is greater
    wins; without one the target's stays. Either is reported, as a `noun`.

    `owner` is the column with the id of the run, model or trace, `field` what the columns are
    called where two of those are compared; the rows whose column `apart` has that value are
    rewritten by the merge, and not compared.
    """

    how: How
    mapped: Mapping[str, What] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    own: str = ""
    gives: What | None = None
    number: str = ""
    later: str = ""
    noun: str = ""
    owner: str = ""
    field: str = ""
    apart: tuple[str, str] = ("", "")

    def compared(self, names: Iterable[str]) -> list[str]:
        """Return the columns of a merged row that are held against the target's."""
        addresses = {name for name, what in self.mapped.items() if what == "address"}
        return [name for name in names if name not in {self.own, *self.key, *addresses}]


@dataclass(frozen=True)
class Unit:
    """What a run, a logged model or a trace is in the database, and where its files go.

    `addresses` selects id, experiment and address of the files; `folder` is below the
    experiment's, `tables` the rule of its tables, `table` the one that has a row for each.
    """

    tables: How
    table: str
    id: str
    stage: str | None
    addresses: str
    folder: str


ADDRESS_TAG = "mlflow.artifactLocation"
"""Tag of a trace that says where its files are."""
VERSIONS_TAG = "mlflow.modelVersions"
"""Tag of a logged model that names registered versions by number; numbers may change in a merge."""

UNITS: dict[Kind, Unit] = {
    # Models first: metrics that a run has of a model point at the model.
    "model": Unit(
        "of models",
        "logged_models",
        "model_id",
        "lifecycle_stage",
        "SELECT model_id, experiment_id, artifact_location FROM logged_models",
        "models/{}/artifacts",
    ),
    "run": Unit(
        "of runs",
        "runs",
        "run_uuid",
        "lifecycle_stage",
        "SELECT run_uuid, experiment_id, artifact_uri FROM runs",
        "{}/artifacts",
    ),
    "trace": Unit(
        "of traces",
        "trace_info",
        "request_id",
        None,
        "SELECT i.request_id, i.experiment_id, t.value FROM trace_info i LEFT JOIN trace_tags t "
        f"ON t.request_id = i.request_id AND t.key = '{ADDRESS_TAG}'",
        "traces/{}/artifacts",
    ),
}

_TO_EXPERIMENT: Mapping[str, What] = {"experiment_id": "experiment"}
_SCORER: Mapping[str, What] = {"scorer_id": "scorer"}
_REGISTERED = ("workspace", "name")
_ENDS = ("source_type", "source_id", "destination_type", "destination_id")

RULES: dict[str, Rule] = {
    "alembic_version": Rule("same"),  # sources of an older schema are upgraded on a copy
    "workspaces": Rule("same"),
    "experiments": Rule(
        "merged", {"artifact_location": "address"}, _REGISTERED, "experiment_id", "experiment",
        noun="experiment",
    ),
    "experiment_tags": Rule(
        "merged", _TO_EXPERIMENT, ("experiment_id", "key"), noun="experiment tag"
    ),
    "datasets": Rule(
        "merged", _TO_EXPERIMENT, ("experiment_id", "name", "digest"), "dataset_uuid", "dataset",
        noun="data set",
    ),
    "runs": Rule(
        "of runs", {**_TO_EXPERIMENT, "artifact_uri": "address"}, owner="run_uuid", field="run"
    ),
    "params": Rule("of runs", owner="run_uuid", field="params"),
    "tags": Rule("of runs", owner="run_uuid", field="tags"),
    "metrics": Rule("of runs", owner="run_uuid", field="metrics"),
    "latest_metrics": Rule("of runs", owner="run_uuid", field="latest metrics"),
    "inputs": Rule("joints"),
    "input_tags": Rule("joints"),
    "logged_models": Rule(
        "of models", {**_TO_EXPERIMENT, "artifact_location": "address"},
        owner="model_id", field="model",
    ),
    "logged_model_params": Rule("of models", _TO_EXPERIMENT, owner="model_id", field="params"),
    "logged_model_tags": Rule(
        "of models", _TO_EXPERIMENT, owner="model_id", field="tags",
        apart=("tag_key", VERSIONS_TAG),
    ),
    # A later run may have measured a model of an earlier one: the measuring run owns them.
    "logged_model_metrics": Rule(
        "of runs", {**_TO_EXPERIMENT, "dataset_uuid": "dataset"},
        owner="run_id", field="metrics of models",
    ),
    "registered_models": Rule(
        "merged", key=_REGISTERED, later="last_updated_time", noun="registered model"
    ),
    "registered_model_tags": Rule("merged", key=(*_REGISTERED, "key"), noun="registry tag"),
    "model_versions": Rule(
        "merged", {"version": "version", "source": "address", "storage_location": "address"},
        (*_REGISTERED, "version"), later="last_updated_time", noun="version",
    ),
    "model_version_tags": Rule(
        "merged", {"version": "version"}, (*_REGISTERED, "version", "key"), noun="registry tag"
    ),
    "registered_model_aliases": Rule(
        "merged", {"version": "version"}, (*_REGISTERED, "alias"), noun="alias"
    ),
    "trace_info": Rule("of traces", _TO_EXPERIMENT, owner="request_id", field="trace"),
    "trace_tags": Rule(
        "of traces", owner="request_id", field="tags", apart=("key", ADDRESS_TAG)
    ),
    "trace_request_metadata": Rule("of traces", owner="request_id", field="metadata"),
    "trace_metrics": Rule("of traces", owner="request_id", field="metrics"),
    "spans": Rule("of traces", _TO_EXPERIMENT, owner="trace_id", field="spans"),
    "span_metrics": Rule("of traces", owner="trace_id", field="metrics of spans"),
    "assessments": Rule(
        "merged", _TO_EXPERIMENT, ("assessment_id",), later="last_updated_timestamp",
        noun="assessment",
    ),
    "issues": Rule(
        "merged", _TO_EXPERIMENT, ("issue_id",), later="last_updated_timestamp", noun="issue"
    ),
    "scorers": Rule(
        "merged", _TO_EXPERIMENT, ("experiment_id", "scorer_name"), "scorer_id", "scorer",
        noun="scorer",
    ),
    "scorer_versions": Rule(
        "merged", _SCORER, ("scorer_id", "scorer_version"), number="scorer_version",
        noun="scorer version",
    ),
    "online_scoring_configs": Rule(
        "merged", {**_TO_EXPERIMENT, **_SCORER}, ("online_scoring_config_id",),
        noun="scoring config",
    ),
    "evaluation_datasets": Rule(
        "merged", key=("dataset_id",), later="last_update_time", noun="evaluation data set"
    ),
    "evaluation_dataset_records": Rule(
        "merged", key=("dataset_id", "input_hash"), own="dataset_record_id",
        later="last_update_time", noun="evaluation record",
    ),
    "evaluation_dataset_tags": Rule(
        "merged", key=("dataset_id", "key"), noun="evaluation data set tag"
    ),
    "entity_associations": Rule(
        "merged", {"source_id": "entity", "destination_id": "entity"}, _ENDS, "association_id",
        noun="association",
    ),
    **dict.fromkeys(
        (
            "sql_assessment_daily_rollups",
            "sql_span_cost_daily_rollups",
            "sql_trace_metric_daily_rollups",
            "sql_trace_rollup_rebuild_queue",
        ),
        Rule("derived"),
    ),
    "scheduler_leases": Rule("transient"),
    "job_locks": Rule("transient"),
    **dict.fromkeys(
        (
            "budget_policies",
            "endpoint_bindings",
            "endpoint_model_mappings",
            "endpoint_tags",
            "endpoints",
            "guardrail_configs",
            "guardrails",
            "jobs",
            "label_schemas",
            "mcp_access_endpoints",
            "mcp_server_aliases",
            "mcp_server_tags",
            "mcp_server_version_tags",
            "mcp_server_versions",
            "mcp_servers",
            "model_definitions",
            "review_queue_items",
            "review_queue_label_schemas",
            "review_queue_users",
            "review_queues",
            "secrets",
            "webhook_events",
            "webhooks",
        ),
        Rule("empty"),
    ),
}  # fmt: skip

IDS = "IN (SELECT value FROM json_each(?))"
"""A condition on ids, which are given as one argument in JSON."""

JOINTS = (("DATASET", "RUN"), ("RUN_INPUT", "MODEL_INPUT"), ("RUN_OUTPUT", "MODEL_OUTPUT"))
"""The kinds of rows in `inputs` that have a rule: (source type, destination type)."""


def tables_of(how: How) -> list[str]:
    """Return the tables with this rule, in an order in which they can be written."""
    return [table for table, rule in RULES.items() if rule.how == how]


def columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return the names of a table's columns."""
    return [str(row[1]) for row in connection.execute(f'PRAGMA table_info("{table}")')]


def listed(names: Iterable[str]) -> str:
    """Return column names quoted for a query."""
    return ", ".join(f'"{name}"' for name in names)
