"""What a validation report is made of: a run's record and its rows, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutscore.report.judged_rows import JudgedRows
from cutscore.report.page.cutoff import CutoffFacts
from cutscore.report.validator.swaps import SwapSet


@dataclass(frozen=True, eq=False)
class OtherRun:
    """The run that a report compares with.

    Attributes
    ----------
    name, run_id : the run's
    metrics : by name
    settings : those that differ: name, value here, value there
    swaps : the decisions of both on the same rows, or why there are none
    """

    name: str
    run_id: str
    metrics: Mapping[str, float]
    settings: Sequence[tuple[str, str, str]]
    swaps: SwapSet | str


@dataclass(frozen=True, eq=False)
class ReasonFacts:
    """What a kept model's reasons are told against, and what columns add in a sample of rows.

    Attributes
    ----------
    against, rows, points_to_double : of `reasons.json`
    columns : label, direction, mean of the absolute points
    """

    against: str
    rows: int
    points_to_double: float
    columns: Sequence[tuple[str, str, float]]


@dataclass(frozen=True, eq=False)
class ValidationFacts:
    """What the report tells.

    Attributes
    ----------
    name, run_id, experiment, started : the run's
    metrics, tags, params : by name
    document : its `threshold.json`
    config, choices, overrides : the resolved config, the option of each group, what was asked for
    environment : versions by name, `python` and `platform` among them
    dataset : name, source and digest of its data
    rows : of the first pass, where folds were repeated
    passes : how many passes over the rows there were
    outer : rows that no fold has seen, or why there are none
    in_time : whether folds follow each other in time
    fold_times : when the rows of each fold are, as in its `folds.csv`
    importance : features with the mean and the spread of their share, the largest first
    pictures : PNG files by name
    cutoff : of the live cut-off
    reasons, other : where there are such
    missing : what its record lacks
    commands : what to type to see it again
    full : whether all is told
    """

    name: str
    run_id: str
    experiment: str
    started: str
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    params: Mapping[str, str]
    document: Mapping[str, Any]
    config: Mapping[str, Any]
    choices: Mapping[str, str]
    overrides: Sequence[str]
    environment: Mapping[str, str]
    dataset: Mapping[str, str]
    rows: JudgedRows
    passes: int
    outer: JudgedRows | str
    in_time: bool
    fold_times: Sequence[Mapping[str, str]]
    importance: Sequence[tuple[str, float, float]]
    pictures: Mapping[str, bytes]
    cutoff: CutoffFacts
    reasons: ReasonFacts | None
    other: OtherRun | None
    missing: Sequence[str]
    commands: Sequence[str]
    full: bool = False
