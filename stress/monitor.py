"""How often monitoring raises an alarm though nothing has moved, and how often it finds what has.

Batches are of the very distribution of the reference: 189 independent columns, a third of them
skewed, heavy in one value, rare categories or mostly missing. Of a column monitoring sees only how
many rows each bin has, and of independent rows these numbers are multinomial: they are drawn at
once, from the bins' exact probabilities, which are first held against 200,000 rows. Scores and
classes are drawn row by row. Beside it stands how many batches the usual ways would raise an alarm
for: chi-square at 5 % for each column, and a stability index above 0.1.

    uv run python stress/monitor.py [--batches 1000] [--rows 100000]
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from scipy import stats
from scipy.special import ndtr

from cutscore.cost.matrix import CostMatrix
from cutscore.metrics import ranking, roc_auc
from cutscore.metrics.drift import psi
from cutscore.metrics.histograms import fit_bins
from cutscore.monitoring.counting import PeriodCounts
from cutscore.monitoring.labelled import figures_of, labelled_findings
from cutscore.monitoring.limits import MonitorLimits
from cutscore.monitoring.verdicts import DriftFinding, judged, look
from cutscore.records import Column
from cutscore.report.judged_rows import JudgedRows
from cutscore.scoring.drift_reference import DriftReference, ScoredReference
from cutscore.threshold.exact import Exact

COLUMNS, SIZES, LIMITS = 189, (20, 200, 2_000, 20_000), MonitorLimits()
LEVELS = tuple(f"level{at}" for at in range(12))
SCHEMA = tuple(Column(f"c{at}", LEVELS if at % 9 == 8 else None) for at in range(COLUMNS))
COSTS, BASE_RATE = CostMatrix(0.0, 1.0, 10.0, 0.0), 0.08


def table(rng: np.random.Generator, rows: int, shift: float = 0.0) -> np.ndarray:
    """Draw rows; the first three columns, normally distributed, are shifted."""
    values = rng.standard_normal((rows, COLUMNS), dtype=np.float32)
    values[:, :3] += shift
    values[:, 3::9] = np.exp(values[:, 3::9])
    values[:, 4::9] = np.where(values[:, 4::9] < 1.3, 0, np.round(values[:, 4::9], 1))
    values[:, 5::9] = values[:, 5::9] > 2.2
    values[:, 6::9][values[:, 6::9] > -1.5] = np.nan
    values[:, 7::9] = np.round(3 * values[:, 7::9])
    values[:, 8::9] = np.minimum(rng.geometric(0.4, values[:, 8::9].shape) - 1, len(LEVELS) - 1)
    return values


def at_most(at: int, edges: np.ndarray) -> np.ndarray:
    """Return the exact share of a column's rows, missing ones left out, up to each edge."""
    kind = at % 9
    if kind == 3:
        return ndtr(np.log(np.maximum(edges, 1e-300)))
    if kind == 4:  # rounded to tenths from 1.3 on, else 0
        x = np.where(edges < 1.25, 1.3, np.floor(edges * 10 + 1e-3) / 10 + 0.05)
        return np.where(edges < 0, 0.0, ndtr(x))
    if kind == 5:
        return np.where(edges < 0, 0.0, np.where(edges < 1, ndtr(2.2), 1.0))
    if kind == 6:  # missing above -1.5
        return np.minimum(ndtr(edges) / ndtr(-1.5), 1.0)
    if kind == 7:
        return ndtr((np.floor(edges) + 0.5) / 3)
    return ndtr(edges)


def exact_shares(reference: DriftReference, shift: float = 0.0) -> list[np.ndarray]:
    """Return the probabilities of the bins of each column, the first three columns shifted."""
    geometric = 0.4 * 0.6 ** np.arange(len(LEVELS))
    by_level = dict(zip(LEVELS, np.append(geometric[:-1], 1 - geometric[:-1].sum()), strict=True))
    found = []
    for at, each in enumerate(reference.bins.bins):
        if each.levels is not None:
            found.append(np.array([*(by_level[level] for level in each.levels), 0.0, 0.0, 0.0]))
            continue
        edges = np.array(each.edges) - (shift if at < 3 else 0.0)
        missing = 1 - ndtr(-1.5) if at % 9 == 6 else 0.0
        inside = np.diff(np.concatenate([[0.0], at_most(at, edges), [1.0]])) * (1 - missing)
        found.append(np.append(inside, missing))
    return found


def check_shares(rng: np.random.Generator, reference: DriftReference) -> None:
    """Stop unless bins of rows come as their exact probabilities say, within 5.5 deviations."""
    rows = 200_000
    for shift in (0.0, 0.25):
        shares = np.concatenate(exact_shares(reference, shift))
        counts = reference.bins.count(table(rng, rows, shift))[0]
        error = np.sqrt(np.maximum(rows * shares * (1 - shares), 1.0))
        off = float(np.abs((counts - rows * shares) / error).max())
        if off > 5.5:
            raise SystemExit(f"the probabilities of bins are wrong by {off:.1f} deviations")


def scores(rng: np.random.Generator, rows: int, rate: float = BASE_RATE):
    """Draw classes, and probabilities that are right for `BASE_RATE`."""
    target = rng.random(rows) < rate
    x = rng.normal(1.4 * target, 1)
    odds = BASE_RATE / (1 - BASE_RATE) * np.exp(1.4 * x - 1.4**2 / 2)
    return target.astype(np.int8), odds / (1 + odds)


def reference_of(rng: np.random.Generator, rows: int):
    """Return the reference of drawn rows, and the threshold that is best for them."""
    values = table(rng, rows)
    bins = fit_bins(SCHEMA, values)
    target, p = scores(rng, rows)
    chosen = Exact().choose(target, p, COSTS)
    grades = tuple(np.quantile(p, np.arange(1, 10) / 10))
    which = np.searchsorted(grades, p, side="left")
    number, hits = np.bincount(which), np.bincount(which, target)
    cost = chosen.total_cost / rows
    scored = ScoredReference(
        rows=rows,
        base_rate=float(target.mean()),
        flagged=float(chosen.rule.flag(p).mean()),
        roc_auc=roc_auc(ranking(target, p)),
        grades=grades,
        counts=tuple(number),
        positives=tuple(hits),
        mean=tuple(np.bincount(which, p) / number),
        cost_per_row=cost,
        cost_low=cost * 0.98,
        cost_high=cost * 1.02,
        objective="cost",
    )
    return DriftReference(rows, bins, bins.count(values)[0], scored), chosen.rule


def unlabelled(
    rng, reference, rule, size: int, batches: int, shift: float = 0.0
) -> Iterator[tuple[list[DriftFinding], PeriodCounts]]:
    """Yield the findings of batches, and what they counted."""
    scored = reference.scored
    drawn = [rng.multinomial(size, each, batches) for each in exact_shares(reference, shift)]
    columns = np.concatenate(drawn, axis=1).astype(np.float64)
    for at in range(batches):
        _, p = scores(rng, size)
        counts = PeriodCounts(size, int(rule.flag(p).sum()))
        counts.grades = np.bincount(scored.grade(p), minlength=10).astype(float)
        counts.columns, counts.sums[0] = columns[at], p.sum()
        yield judged(list(look(reference, scored, "all", counts, LIMITS)), LIMITS), counts


def usual(reference, counts) -> tuple[bool, bool]:
    """Return whether chi-square at 5 % by column, or an index above 0.1, raise any alarm."""
    starts, before, after = reference.bins.starts, reference.counts, counts.columns
    both, n = before + after, after.sum() / COLUMNS
    share = n / (n + before.sum() / COLUMNS)
    terms = (after - both * share) ** 2 / np.maximum(both * share * (1 - share), 1e-300)
    statistic, bins = (np.add.reduceat(each, starts[:-1]) for each in (terms, both > 0))
    any_chi = bool((stats.chi2.sf(statistic, bins - 1) < 0.05).any())
    any_psi = any(psi(before[a:b], after[a:b]) > 0.1 for a, b in pairwise(starts))
    return any_chi, any_psi


def labelled(rng, scored, rule, size: int, rate: float):
    """Return the findings of labelled rows."""
    target, p = scores(rng, size, rate)
    flagged = rule.flag(p)
    rows = JudgedRows(np.arange(size), target, p, p, flagged, np.zeros(size, int), COSTS)
    figures = figures_of(rows, scored, LIMITS)
    return judged(list(labelled_findings("all", rows, figures, scored, LIMITS)), LIMITS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=100_000)
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    reference, rule = reference_of(rng, asked.rows)
    check_shares(rng, reference)
    print(f"{asked.batches} batches each, reference of {asked.rows:,} rows, {COLUMNS} columns")
    for size in SIZES:
        alarms = unknown = chi = index = 0
        for found, counts in unlabelled(rng, reference, rule, size, asked.batches):
            alarms += any(each.verdict == "alarm" for each in found)
            unknown += sum(each.verdict == "insufficient data" for each in found)
            one, other = usual(reference, counts)
            chi, index = chi + one, index + other
        share = unknown / asked.batches / (COLUMNS + 2)
        print(
            f"nothing moved, {size:>6,} rows: {alarms / asked.batches:.1%} of batches alarm, "
            f"{share:.0%} of columns have insufficient data "
            f"(chi-square at 5 %: {chi / asked.batches:.0%}, "
            f"index > 0.1: {index / asked.batches:.0%})",
            flush=True,
        )
    for size in (500, 2_000):
        hits = [
            sum(e.verdict == "alarm" for e in found if e.name in ("c0", "c1", "c2"))
            for found, _ in unlabelled(rng, reference, rule, size, asked.batches, 0.25)
        ]
        any_, all_ = np.mean(np.array(hits) > 0), np.mean(np.array(hits) == 3)
        print(f"0.25 sd in 3 columns, {size:,} rows: any found {any_:.1%}, all three {all_:.1%}")
    for size in (2_000, 20_000):
        for rate in (BASE_RATE, 2 * BASE_RATE):
            runs = [labelled(rng, reference.scored, rule, size, rate) for _ in range(asked.batches)]
            kinds = {
                kind: np.mean(
                    [any(e.kind == kind and e.verdict == "alarm" for e in r) for r in runs]
                )
                for kind in ("threshold", "calibration", "roc_auc", "cost")
            }
            told = ", ".join(f"{kind} {share:.1%}" for kind, share in kinds.items())
            any_ = np.mean([any(e.verdict == "alarm" for e in run) for run in runs])
            print(
                f"base rate {rate:.0%}, {size:,} labelled rows: {told}; any {any_:.1%}", flush=True
            )
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
