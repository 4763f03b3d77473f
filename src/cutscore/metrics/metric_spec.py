"""What the catalogue says of a metric."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Flag, auto
from typing import Literal

Direction = Literal["minimize", "maximize"]
Scope = Literal["run", "fold", "period", "outer", "trial", "parent"]
"""Who records a metric: every run, each of its folds, each of its periods, a run that was judged on
outer rows, a trial of a search, or a run that only holds others together."""


class MetricView(Flag):
    """The tables that show a metric, in the order of the catalogue."""

    NONE = 0
    LIST = auto()
    """`cutscore runs list`."""
    BOARD = auto()
    """A sweep's leaderboard in a terminal."""
    WIDE_BOARD = auto()
    """The same where there is room."""
    FILE = auto()
    """leaderboard.csv, with the spread over folds."""
    SINGLE = auto()
    """The summary of a single run."""
    BEST = auto()
    """What a sweep's parent holds of its best cell as well, with best_ before the name."""
    FIRST = auto()
    """The first metrics of an export."""
    NAMED = auto()
    """What a message names where a metric is unknown."""


@dataclass(frozen=True)
class MetricSpec:
    """A metric of the record.

    Parameters
    ----------
    name : str
        Its key in the record.
    label : str
        Its name for people; `heading` is a shorter one for columns.
    better : "minimize", "maximize" or None
        Which way is better; None where neither large nor small is good in itself.
    form : str
        Format of its values in tables.
    scope : str
        Who records it.
    required : bool
        Whether a record in that scope is incomplete without it.
    searchable : bool
        Whether a search may optimise it.
    views : MetricView
        The tables that show it.
    spread, outer : str, optional
        The metrics that are its standard deviation over folds, and the same on outer rows.
    stand_in : str
        What finished folds show of it before the last one is done (`experiment/partial.py`): a
        score metric, one in training or its gap, a decision metric, savings or the cost per row.
    aliases : tuple of str
        Other words for it.
    varies : bool
        Whether it differs when the same run is made again, as time and memory do.
    """

    name: str
    label: str
    better: Direction | None = None
    form: str = ",.6g"
    heading: str = ""
    scope: Scope = "run"
    required: bool = False
    searchable: bool = True
    views: MetricView = MetricView.NONE
    spread: str | None = None
    outer: str | None = None
    stand_in: str = "cost_per_row"
    aliases: tuple[str, ...] = ()
    varies: bool = False

    @property
    def stepped(self) -> bool:
        """Whether it has a value for each fold or period, of which a store shows the last."""
        return self.scope in ("fold", "period")

    @property
    def column(self) -> str:
        """The heading of its column in a table."""
        return self.heading or self.label

    def text(self, value: float | None) -> str:
        """Return a value for a table, a dash where there is none."""
        return "-" if value is None else format(value, self.form)


def score_family(mean: MetricSpec) -> Iterator[MetricSpec]:
    """Yield what folds record of a score metric, whose mean over folds is `mean`."""
    name, label = mean.name, mean.label
    yield replace(mean, required=True, spread=f"{name}_std", outer=f"outer_{name}", stand_in=name)
    for form, told, better, stand_in in (
        ("{}_std", f"{label}, spread over folds", "minimize", mean.stand_in),
        ("{}_oof", f"{label} of all folds together", mean.better, name),
        ("train_{}", f"{label} in training", mean.better, f"train_{name}"),
        ("{}_gap", f"{label}, training less validation", "minimize", f"{name}_gap"),
    ):
        yield _variant(mean, form, told, better=better, stand_in=stand_in, required=True)
    by_fold = replace(mean, scope="fold", better=None)  # the store shows the last fold's value
    yield _variant(by_fold, "fold_{}", f"{label} by fold", required=True)
    yield _variant(by_fold, "fold_train_{}", f"{label} in training by fold")


def on_outer_rows(spec: MetricSpec) -> MetricSpec:
    """Return the same metric on rows that no fold has seen."""
    views = spec.views & MetricView.SINGLE
    told = f"{spec.label} on outer rows"
    return _variant(spec, "outer_{}", told, scope="outer", required=True, views=views)


def _variant(spec: MetricSpec, form: str, label: str, **changes: object) -> MetricSpec:
    """Return a metric that is named after another, and so are its aliases."""
    defaults: dict[str, object] = {
        "heading": "",
        "views": MetricView.NONE,
        "spread": None,
        "outer": None,
    }
    other = tuple(form.format(alias) for alias in spec.aliases)
    made: dict[str, object] = {**defaults, "aliases": other, **changes}
    return replace(spec, name=form.format(spec.name), label=label, **made)  # type: ignore[arg-type]  # the fields' own types
