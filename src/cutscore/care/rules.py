"""What a merge does with each table of an MLflow store: one rule per table, none left out.

A table that holds rows and has no rule that covers them refuses the merge: nothing is ever lost
without a word.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from cutscore.errors import Fault

How = Literal["same", "merged", "of runs", "of models", "transient", "empty"]


@dataclass(frozen=True)
class Rule:
    """One table's rule.

    `how`: must be equal in both stores (`same`), merged row by row by its own code (`merged`),
    copied with the runs or logged models that are added (`of runs`, `of models`), left behind as
    it only concerns a running server (`transient`), or refused unless it is empty (`empty`).
    `owner` is the column with the id of the run or model, `mapped` says which columns are
    translated on the way: to the target's experiment, its data set, its address of the files.
    """

    how: How
    owner: str = ""
    mapped: dict[str, Literal["experiment", "dataset", "address"]] = field(default_factory=dict)


RULES: dict[str, Rule] = {
    "alembic_version": Rule("same"),  # sources of an older schema are upgraded on a copy
    "workspaces": Rule("same"),
    # By name; ids are the target's. Tags: what the target has stays.
    "experiments": Rule("merged"),
    "experiment_tags": Rule("merged"),
    # By (experiment, name, digest); what the target has is used.
    "datasets": Rule("merged"),
    "runs": Rule("of runs", "run_uuid", {"experiment_id": "experiment", "artifact_uri": "address"}),
    "params": Rule("of runs", "run_uuid"),
    "tags": Rule("of runs", "run_uuid"),
    "metrics": Rule("of runs", "run_uuid"),
    "latest_metrics": Rule("of runs", "run_uuid"),
    # They join a data set to a run, or a run to a model; the run owns them.
    "inputs": Rule("merged"),
    "input_tags": Rule("merged"),
    "logged_models": Rule(
        "of models", "model_id", {"experiment_id": "experiment", "artifact_location": "address"}
    ),
    "logged_model_params": Rule("of models", "model_id", {"experiment_id": "experiment"}),
    "logged_model_tags": Rule("of models", "model_id", {"experiment_id": "experiment"}),
    # A later run may have measured a model of an earlier one: the measuring run owns them.
    "logged_model_metrics": Rule(
        "of runs", "run_id", {"experiment_id": "experiment", "dataset_uuid": "dataset"}
    ),
    # Models by name; versions get a new number where theirs is taken; aliases: the target's stay.
    "registered_models": Rule("merged"),
    "registered_model_tags": Rule("merged"),
    "registered_model_aliases": Rule("merged"),
    "model_versions": Rule("merged"),
    "model_version_tags": Rule("merged"),
    "scheduler_leases": Rule("transient"),
    "job_locks": Rule("transient"),
    **dict.fromkeys(
        (
            "assessments",
            "budget_policies",
            "endpoint_bindings",
            "endpoint_model_mappings",
            "endpoint_tags",
            "endpoints",
            "entity_associations",
            "evaluation_dataset_records",
            "evaluation_dataset_tags",
            "evaluation_datasets",
            "guardrail_configs",
            "guardrails",
            "issues",
            "jobs",
            "label_schemas",
            "mcp_access_endpoints",
            "mcp_server_aliases",
            "mcp_server_tags",
            "mcp_server_version_tags",
            "mcp_server_versions",
            "mcp_servers",
            "model_definitions",
            "online_scoring_configs",
            "review_queue_items",
            "review_queue_label_schemas",
            "review_queue_users",
            "review_queues",
            "scorer_versions",
            "scorers",
            "secrets",
            "span_metrics",
            "spans",
            "sql_assessment_daily_rollups",
            "sql_span_cost_daily_rollups",
            "sql_trace_metric_daily_rollups",
            "sql_trace_rollup_rebuild_queue",
            "trace_info",
            "trace_metrics",
            "trace_request_metadata",
            "trace_tags",
            "webhook_events",
            "webhooks",
        ),
        Rule("empty"),
    ),
}

INPUT_KINDS = (("DATASET", "RUN"), ("RUN_INPUT", "MODEL_INPUT"), ("RUN_OUTPUT", "MODEL_OUTPUT"))
"""The kinds of rows in `inputs` that have a rule: (source type, destination type)."""


def tables_of(how: How) -> list[str]:
    """Return the tables with this rule, in an order in which they can be written."""
    return [table for table, rule in RULES.items() if rule.how == how]


def columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return the names of a table's columns that hold data of their own."""
    return [str(row[1]) for row in connection.execute(f'PRAGMA table_info("{table}")')]


def uncovered(connection: sqlite3.Connection, target: sqlite3.Connection) -> list[str]:
    """Return in words what in a source no rule covers; empty when it can be merged whole."""
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    found: list[str] = []
    for table in sorted(str(name) for (name,) in rows if not str(name).startswith("sqlite_")):
        rule = RULES.get(table)
        if rule is None or rule.how == "empty":
            (count,) = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()
            found += [f"{table} ({count:,} rows)"] if count else []
        elif rule.how == "same":
            found += [] if _equal(connection, target, table) else [f"{table} (differs)"]
    return found + _strange_inputs(connection)


def rule_faults(setting: str, found: Iterable[str]) -> list[Fault]:
    """Return the fault for what no rule covers."""
    words = ", ".join(found)
    if not words:
        return []
    return [
        Fault(
            setting,
            f"it holds what a merge has no rule for: {words}.",
            "Remove these in MLflow first if they are not needed.",
        )
    ]


def _equal(one: sqlite3.Connection, other: sqlite3.Connection, table: str) -> bool:
    query = f'SELECT * FROM "{table}" ORDER BY 1'
    return bool(one.execute(query).fetchall() == other.execute(query).fetchall())


def _strange_inputs(connection: sqlite3.Connection) -> list[str]:
    query = "SELECT source_type, destination_type, count(*) FROM inputs GROUP BY 1, 2"
    return [
        f"inputs from {source} to {destination} ({count:,} rows)"
        for source, destination, count in connection.execute(query)
        if (source, destination) not in INPUT_KINDS
    ]
