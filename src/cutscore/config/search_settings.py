"""The settings of a search: a space, what to optimise, and how long to look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Interval
from pydantic import PlainValidator

from cutscore.config.ray_settings import RayAddress
from cutscore.errors import Fault, RequestError, listed, nearest
from cutscore.metrics.catalogue import HEADLINE, canonical, describe, known_as, searchable, shown
from cutscore.metrics.metric_spec import Direction, MetricView
from cutscore.report.redact import redact

ENVIRONMENT = "CUTSCORE_SEARCH_STORAGE"
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql", "oracle")
_SQLITE_SUFFIXES = (".db", ".sqlite", ".sqlite3")


@dataclass(frozen=True)
class NoSearch:
    """One run for each cell, and no search."""


def _space(value: object) -> dict[str, Any]:
    """Take a mapping (null: an empty one); what its entries say is checked with the experiment."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(f"{value!r} is no mapping from settings to ranges")
    return {str(key): entry for key, entry in value.items()}


def _texts(value: object) -> tuple[str, ...]:
    """Take one text or a list of them."""
    texts = (value,) if isinstance(value, str) else value
    if not isinstance(texts, (list, tuple)) or not texts:
        raise ValueError(f"{value!r} is not allowed: it must be a name or a list of names")
    return tuple(str(text) for text in texts)


def _metric(value: object) -> tuple[str, ...]:
    """Take the name of a metric, or a list of names for several objectives."""
    names = _texts(value)
    known = searchable()
    common = [spec.name for spec in shown(MetricView.NAMED)]
    wrong = [
        f'there is no metric "{name}" that a search could improve.{nearest(name, known_as(known))} '
        f"Among others there are: {listed(common, len(common))}."
        for name in names
        if canonical(name) not in known
    ]
    if len({canonical(name) for name in names}) < len(names):
        wrong.append("a metric is named twice.")
    if wrong:
        raise ValueError(" ".join(wrong))
    return names


def _direction(value: object) -> tuple[str, ...] | None:
    """Take null, a direction, or a list of one direction for each metric."""
    if value is None:
        return None
    words = _texts(value)
    for word in words:
        if word not in ("minimize", "maximize"):
            hint = nearest(word, ("minimize", "maximize"))
            raise ValueError(f'"{word}" is not allowed: minimize, maximize or null.{hint}')
    return words


def _storage(value: object) -> str | None:
    """Take null, the path of an SQLite file, or the URL of a database."""
    if value is None or (isinstance(value, str) and "://" not in value):
        if value is None or value.endswith(_SQLITE_SUFFIXES):
            return value
    elif isinstance(value, str):
        scheme = value.partition("://")[0].split("+")[0].lower()
        if scheme in _DATABASES:
            return value
    raise ValueError(
        f"{redact(str(value))!r} is not allowed: null, a path that ends in .db, or a database URL "
        f"({', '.join(_DATABASES)})"
    )


def _points(value: object) -> tuple[Any, ...]:
    """Take a list (null: an empty one); what it says is checked with the space."""
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{value!r} is not allowed: it must be a list of mappings")
    return tuple(value)


@dataclass(frozen=True)
class SearchSettings:
    """A search over `space`, in the notation that `parse_space` reads.

    `metric` names one metric of the record, or several objectives; `direction` is one for each,
    or None where all are known. `trials` is the total over all workers and restarts, `timeout` is
    in seconds, `patience` counts finished trials without improvement. The first `startup_trials`
    fill the space evenly (tpe) or are drawn at random (nsgaii: its population); a pruner acts from
    `pruner_startup_trials` finished trials on (None: from one where it races, else from five).
    `tree_counts` is at how many numbers of trees each boosting is judged, None for one number that
    is sampled. The first trials have the values in `enqueue`; what these do not name is drawn.
    `workers` are processes of this machine, or with the `engine` ray of the cluster at `address`.
    """

    space: Annotated[Mapping[str, Any], PlainValidator(_space)] = field(default_factory=dict)
    metric: Annotated[tuple[str, ...], PlainValidator(_metric)] = (HEADLINE,)
    direction: Annotated[tuple[Direction, ...] | None, PlainValidator(_direction)] = None
    trials: Annotated[int, Ge(1)] = 50
    timeout: Annotated[float, Gt(0)] | None = None
    patience: Annotated[int, Ge(1)] | None = None
    enqueue: Annotated[tuple[Any, ...], PlainValidator(_points)] = ()
    sampler: Literal["tpe", "random", "grid", "nsgaii"] = "tpe"
    startup_trials: Annotated[int, Ge(1)] = 10
    tree_counts: Annotated[int, Ge(2)] | None = 12
    pruner: Literal["none", "race", "median", "percentile", "successive_halving", "hyperband"] = (
        "race"
    )
    pruner_startup_trials: Annotated[int, Ge(0)] | None = None
    storage: Annotated[str | None, PlainValidator(_storage)] = field(default=None, repr=False)
    workers: Annotated[int, Ge(1)] = 1
    engine: Literal["processes", "ray"] = "processes"
    address: RayAddress = None
    new_study: bool = False
    seed: Annotated[int, Interval(ge=0, lt=2**31)] = 42

    def __post_init__(self) -> None:
        """Refuse settings that do not go together."""
        faults = list(self._faults())
        if faults:
            raise RequestError(faults)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics by their names in the record."""
        return tuple(canonical(name) for name in self.metric)

    @property
    def directions(self) -> tuple[Direction, ...]:
        """The direction of each metric: as given, or as known of it."""
        if self.direction is not None:
            return self.direction
        known = (describe(name).better for name in self.metrics)
        return tuple(direction for direction in known if direction is not None)

    @property
    def several(self) -> bool:
        """Whether there is more than one objective."""
        return len(self.metric) > 1

    def _faults(self) -> list[Fault]:
        faults = []
        unclear = [name for name in self.metrics if describe(name).better is None]
        if self.direction is None and unclear:
            problem = f"whether {listed(unclear)} should be small or large is not known."
            remedy = "Give search.direction=minimize or maximize (a list for several metrics)."
            faults.append(Fault("search.direction", problem, remedy))
        if self.direction is not None and len(self.direction) != len(self.metric):
            problem = f"{len(self.direction)} given for {len(self.metric)} metrics."
            faults.append(Fault("search.direction", problem, "Give one for each, or null."))
        if self.several and self.pruner != "none":
            problem = f'"{self.pruner}" cannot be used with several objectives: a trial that is '
            problem += "behind in one may be ahead in another."
            faults.append(Fault("search.pruner", problem, "Give search.pruner=none."))
        if self.sampler == "grid" and self.enqueue:
            problem = "a grid has a trial for each of its points, in their order."
            faults.append(
                Fault("search.enqueue", problem, "Leave it out, or take another sampler.")
            )
        if self.several and self.patience is not None:
            problem = "several objectives have no single best trial to improve on."
            remedy = "Give search.patience=null; trials and timeout end the search."
            faults.append(Fault("search.patience", problem, remedy))
        return faults
