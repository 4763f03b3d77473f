"""What a service does with a request's bytes; knows nothing of HTTP's ways."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from cutscore.errors import Fault
from cutscore.scoring.answer import Answer
from cutscore.serving.bodies import (
    ARROW,
    JSON,
    Memory,
    parse_json,
    read_rows,
    within,
)
from cutscore.serving.decision_log import DecisionLog
from cutscore.serving.forms import Asked, by_columns
from cutscore.serving.log_table import Decided
from cutscore.serving.metrics import Key, Metrics
from cutscore.serving.models import Loaded, Models
from cutscore.serving.options import EXPLAINING, Options, options_of
from cutscore.serving.refusals import Refused
from cutscore.serving.settings import ServeSettings

if TYPE_CHECKING:
    from cutscore.data.relational.kept_plan import TableFeatures
    from cutscore.serving.forms import Rows

_BODIES = 4
"""As many of the largest bodies may be in memory."""
MOST_EXPLAINED = 1000
"""Rows of a request that may be explained: each takes as long as scoring a few dozen."""
TABLES = ("dataframe_split", "dataframe_records", "instances", "inputs")


@dataclass
class Note:
    """What is noted of a request while it is answered; the gate counts it and writes it down."""

    request: str
    rows: int = 0
    flagged: int = 0
    refused: str = ""
    version: str = ""


@dataclass(frozen=True)
class Reply:
    """An answer's bytes and what they are."""

    body: bytes
    media: str = JSON


@dataclass(eq=False)
class Service:
    """A model in use, with its metrics and its decision log."""

    settings: ServeSettings
    models: Models
    metrics: Metrics
    log: DecisionLog | None = None
    memory: Memory = field(init=False)

    def __post_init__(self) -> None:
        self.memory = Memory(_BODIES * self.settings.max_bytes)

    def decide(
        self, body: bytes, media: str, query: Iterable[tuple[str, str]], wanted: str, note: Note
    ) -> Reply:
        """Decide the rows of a body; `wanted` is what the caller accepts.

        Raises
        ------
        Refused, RequestError
            With all that is wrong.
        """
        asked = read_rows(body, media, self.settings.max_rows)
        used, answer = self._answer(asked, options_of(query, asked.options), note)
        if ARROW in wanted:
            return Reply(_stream(answer, used.version), ARROW)
        told = {
            "model": used.version,
            "decisions": answer.to_records(),
            "outside": answer.outside,
            "unseen": answer.unseen,
            "infinite": answer.infinite,
            "orphans": answer.orphans,
        }
        return Reply(orjson.dumps(told, default=str))

    def explain(
        self, body: bytes, media: str, query: Iterable[tuple[str, str]], note: Note
    ) -> Reply:
        """Say what each column adds to the score of each row of a body.

        Raises
        ------
        Refused, RequestError
            With all that is wrong.
        """
        most = min(MOST_EXPLAINED, self.settings.max_rows)
        asked = read_rows(body, media, most)
        options, used = options_of(query, asked.options, EXPLAINING), self.models.current
        made = used.scorer.explain(
            _rows(asked, used, most, options),
            strict=options.strict,
            ignore_unknown=options.ignore_unknown,
        )
        note.rows, note.version = len(made), used.version
        told = {
            "model": used.version,
            "method": made.method,
            "against": made.group.against,
            "points_to_double": made.group.points_to_double,
            "base": made.base,
            "explanations": made.to_records(),
        }
        return Reply(orjson.dumps(told, default=str))

    def invoke(self, body: bytes, media: str, note: Note) -> Reply:
        """Answer as `mlflow models serve` does."""
        if media.partition(";")[0].strip().lower() != JSON:
            problem = f"rows cannot be read from {media[:80] or 'a body of unknown type'!r}."
            raise Refused(415, "media type", Fault("Content-Type", problem, f"Send {JSON}."))
        said = parse_json(body, nan_is_missing=True) if body else {}
        given = [name for name in TABLES if isinstance(said, dict) and name in said]
        others = sorted(set(said) - {*TABLES, "params"}) if isinstance(said, dict) else []
        if len(given) != 1 or others or said.get("params"):
            problem = f"one of {', '.join(TABLES)} is needed, and nothing else."
            raise Refused(422, "syntax", Fault("body", problem))
        asked = within(Asked(_mlflow_rows(said[given[0]])), self.settings.max_rows)
        _, answer = self._answer(asked, Options(ignore_unknown=True), note)
        rows = [
            {k: v for k, v in row.items() if k in answer.columns()} for row in answer.to_records()
        ]
        return Reply(orjson.dumps({"predictions": rows}))

    def _answer(self, asked: Asked, options: Options, note: Note) -> tuple[Loaded, Answer]:
        if self.log is not None and self.log.full:
            problem = "the decision log cannot be written, and no more can wait for it."
            raise Refused(503, "log", Fault("log", problem))
        most, used = self.settings.max_rows, self.models.current
        if options.reasons:
            most = min(MOST_EXPLAINED, most)
        rows = _rows(asked, used, most, options)
        answer = used.scorer.decide(rows, **vars(options))
        note.rows, note.version = len(answer), used.version
        note.flagged = 0 if answer.flagged is None else int(answer.flagged.sum())
        self._count(answer, note)
        if self.log is not None:
            given = getattr(rows, "rows", rows) if self.log.inputs else None
            now = datetime.now(UTC)
            self.log.add(Decided(now, note.request, used.version, answer, used.scorer, given))
        return used, answer

    def _count(self, answer: Answer, note: Note) -> None:
        self.metrics.add("cutscore_rows_total", note.rows)
        self.metrics.add("cutscore_flagged_total", note.flagged)
        for column, rows in answer.outside.items():
            self.metrics.add("cutscore_outside_total", rows, column=column)
        for column, rows in answer.unseen.items():
            self.metrics.add("cutscore_unseen_total", rows, column=column)
        for column, rows in answer.infinite.items():
            self.metrics.add("cutscore_infinite_total", rows, column=column)
        for table, rows in answer.orphans.items():
            self.metrics.add("cutscore_orphans_total", rows, table=table)

    @property
    def troubles(self) -> list[str]:
        """What keeps the service from doing all it should."""
        return [self.log.trouble] if self.log is not None and self.log.trouble else []

    def gauges(self) -> dict[Key, float]:
        """Return what is so at this moment."""
        used = self.models.current
        about = (("name", used.scorer.name), ("version", used.version))
        told: dict[Key, float] = {
            ("cutscore_model_info", about): 1,
            ("cutscore_model_loaded_timestamp_seconds", ()): used.since.timestamp(),
            ("cutscore_ready", ()): float(not self.troubles),
        }
        if self.log is not None:
            told["cutscore_log_rows_waiting", ()] = self.log.waiting_rows
        return told


def _rows(asked: Asked, used: Loaded, most: int, options: Options) -> Rows | TableFeatures:
    """Return at most so many rows with the model's columns, made of tables if those are given."""
    if asked.tables is None:
        return within(asked, most).rows
    tables = used.scorer.tables
    if tables is not None and tables.base in asked.tables:
        within(Asked(asked.tables[tables.base]), most)
    return used.scorer.features(
        asked.tables, ignore_unknown=options.ignore_unknown, priced=options.expected_cost
    )


def _mlflow_rows(table: Any) -> list[Any]:
    """Return the rows of one of MLflow's forms."""
    if isinstance(table, Mapping) and {"columns", "data"} <= table.keys():
        return by_columns(table["columns"], table["data"])
    if isinstance(table, list):
        return table
    lists = isinstance(table, Mapping) and all(isinstance(c, list) for c in table.values())
    if lists and len({len(cells) for cells in table.values()}) == 1:
        return [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    problem = "rows with the names of their columns are needed."
    raise Refused(422, "syntax", Fault("body", problem))


def _stream(answer: Answer, version: str) -> bytes:
    import pyarrow as pa

    table = answer.to_arrow().replace_schema_metadata({"model": version})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())
