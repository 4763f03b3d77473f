"""A search as arrays to draw and as columns to write."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.metrics.catalogue import describe
from cutscore.report.figures.search.searched import Searched, SearchObjective, Setting
from cutscore.search.pruning import RACED
from cutscore.search.records import Scale, StudyRecord, TrialRecord, Value, pareto

Columns = dict[str, npt.NDArray[Any]]


def words(metric: str) -> str:
    """Return a metric's name for people."""
    return describe(metric).label


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """Return for each dotted key as few of its last parts as tell it from the others."""
    names = list(keys)
    parts = {key: key.split(".") for key in names}
    short = dict.fromkeys(names, 1)
    while True:
        shown = {key: ".".join(parts[key][-short[key] :]) for key in names}
        taken = Counter(shown.values())
        longer = [key for key in names if taken[shown[key]] > 1 and short[key] < len(parts[key])]
        if not longer:
            return shown
        for key in longer:
            short[key] += 1


def value_text(value: Value) -> str:
    """Return a proposed value as it is written on the command line."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def searched(study: StudyRecord, first: Sequence[str] = ()) -> Searched:
    """Return the study as arrays to draw, the settings in `first` before the others."""
    trials = sorted(study.trials, key=lambda trial: trial.number)
    keys = [*dict.fromkeys([*(key for key in first if key in study.space), *study.space])]
    names = short_names(study.space)
    best = None if study.best is None else study.best.number
    front = {trial.number for trial in pareto(trials, study.objectives)}
    return Searched(
        number=np.array([trial.number for trial in trials], dtype=np.int64),
        state=np.array(["" if t.left_out else t.state for t in trials], dtype=np.str_),
        aims=tuple(
            SearchObjective(
                words(metric), _reached(trials, i), direction == "minimize", _ended(study, trials)
            )
            for i, (metric, direction) in enumerate(study.objectives)
        ),
        settings=tuple(_setting(names[key], key, study.space[key], trials) for key in keys),
        best=next((i for i, t in enumerate(trials) if t.number == best and t.counts), None),
        front=np.array([trial.number in front for trial in trials], dtype=bool),
    )


def trial_columns(study: StudyRecord) -> Columns:
    """Return one row a trial: what it had, what it reached, how it ended and which run it is."""
    trials = sorted(study.trials, key=lambda trial: trial.number)
    columns: Columns = {
        "number": np.array([trial.number for trial in trials], dtype=np.int64),
        "name": _texts(trial.name for trial in trials),
        "state": _texts(trial.state for trial in trials),
    }
    for i, (metric, _) in enumerate(study.objectives):
        columns[metric] = _objects(_finite(_nth(trial.values, i)) for trial in trials)
    for key, scale in study.space.items():
        columns[key] = _column(key, scale, trials)
    columns["run_id"] = _texts(trial.run_id for trial in trials)
    columns["seconds"] = _objects(_finite(trial.seconds) for trial in trials)
    columns["folds_reported"] = np.array([len(trial.partial) for trial in trials], dtype=np.int64)
    columns["prune_value"] = _objects(_finite(last_partial(trial)) for trial in trials)
    columns["reason"] = _texts(trial.reason for trial in trials)
    return columns


def front_columns(study: StudyRecord) -> Columns:
    """Return the Pareto front's rows of the table of trials, best in the first objective first."""
    columns = trial_columns(study)
    place = {number: i for i, number in enumerate(columns["number"].tolist())}
    rows = [place[trial.number] for trial in pareto(study.trials, study.objectives)]
    left_out = ("state", "folds_reported", "prune_value", "reason")
    return {name: column[rows] for name, column in columns.items() if name not in left_out}


def last_partial(trial: TrialRecord) -> float | None:
    """Return what a trial reported last, None if it reported nothing."""
    return trial.partial[max(trial.partial)] if trial.partial else None


def numeric(value: Value) -> float:
    """Return a proposed value as a number, NaN if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value)


def _setting(name: str, key: str, scale: Scale, trials: Sequence[TrialRecord]) -> Setting:
    """Return one searched setting with the places of the trials on it."""
    if scale.kind != "categorical":
        place = np.array([numeric(trial.params.get(key)) for trial in trials], dtype=np.float64)
        whole = scale.kind == "int"
        return Setting(name, place, scale.log, (), scale.low, scale.high, whole)
    had = [value_text(trial.params[key]) for trial in trials if key in trial.params]
    labels = tuple(dict.fromkeys([*(value_text(choice) for choice in scale.choices), *had]))
    index = {label: float(i) for i, label in enumerate(labels)}
    places = [
        index[value_text(trial.params[key])] if key in trial.params else math.nan
        for trial in trials
    ]
    return Setting(name, np.array(places, dtype=np.float64), labels=labels or ("none",))


def _reached(trials: Sequence[TrialRecord], objective: int) -> npt.NDArray[np.float64]:
    """Return one objective's value of each trial, NaN where the trial does not count."""
    values = [_nth(trial.values, objective) if trial.counts else None for trial in trials]
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)


def _ended(study: StudyRecord, trials: Sequence[TrialRecord]) -> npt.NDArray[np.float64] | None:
    """Return where pruned trials were in the objective when they ended, NaN for all others.

    What they reported last, which may be another quantity (a cost per row), times the median of
    what complete trials came to as a multiple of theirs after so many folds.
    """
    metric = study.objectives[0][0]
    same = metric in RACED or metric.endswith(describe(metric).stand_in)
    if len(study.objectives) > 1 or not same:
        return None
    place = np.full(len(trials), np.nan)
    for i, trial in enumerate(trials):
        last = last_partial(trial)
        if trial.state != "PRUNED" or last is None:
            continue
        step = max(trial.partial)
        there = [(t.values, t.partial.get(step, 0.0)) for t in study.complete]
        ratios = [values[0] / part for values, part in there if values and part]
        if ratios and min(ratios) > 0:
            place[i] = last * float(np.median(ratios))
    return place


def _column(key: str, scale: Scale, trials: Sequence[TrialRecord]) -> npt.NDArray[Any]:
    """Return a setting's column: numbers, or choices as texts; empty where there is none."""
    if scale.kind == "categorical":
        return _texts(
            value_text(trial.params[key]) if key in trial.params else "" for trial in trials
        )
    numbers = (_finite(numeric(trial.params.get(key))) for trial in trials)
    whole = scale.kind == "int"
    return _objects(int(n) if whole and n is not None else n for n in numbers)


def _nth(values: Sequence[float] | None, i: int) -> float | None:
    return values[i] if values is not None and i < len(values) else None


def _finite(value: float | None) -> float | None:
    """Return the number, None where it is missing or not finite."""
    return value if value is not None and math.isfinite(value) else None


def _texts(texts: Iterable[str]) -> npt.NDArray[Any]:
    return np.array(list(texts), dtype=np.str_)


def _objects(values: Iterable[float | None]) -> npt.NDArray[Any]:
    """Return numbers with None for missing, which a table writes as an empty field."""
    return np.array(list(values), dtype=object)


def importance_columns(shares: Mapping[str, float]) -> Columns:
    """Return each setting and its share, greatest first."""
    return {
        "setting": _texts(shares),
        "importance": np.array(list(shares.values()), dtype=np.float64),
    }
