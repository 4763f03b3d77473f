"""What `cutscore threshold` says to people."""

from __future__ import annotations

from rich import box
from rich.table import Table

from cutscore.assess.assessing import Assessment
from cutscore.assess.words import (
    constraint_words,
    cut_words,
    exact_number,
    implied_range,
    objective_words,
    sentence,
    threshold_words,
)
from cutscore.cli.console import output
from cutscore.metrics import fbeta, precision, recall
from cutscore.metrics.catalogue import describe
from cutscore.records import (
    Confusion,
    MetricValue,
    ThresholdChoice,
    Undefined,
    positive_share,
    weight_figures,
)


def print_assessment(made: Assessment) -> None:
    """Print the threshold with its evidence, the thresholds beside it, and a sentence on each."""
    console = output()
    console.print(_summary(made))
    if made.at:
        console.print(_beside(made))
        for at in made.at:
            console.print(sentence(at, made))
    for caution in made.warnings:
        console.print(f"WARNING: {caution}", style="bold red")


def _summary(made: Assessment) -> Table:
    chosen, evidence, interval = made.chosen, made.reference, made.interval
    rows, positives = len(made.rows.target), made.rows.positives
    share = positive_share(made.rows.target, made.rows.weights)
    by_weight = "" if made.rows.weights is None else " by weight"
    title = f"{rows:,} rows, {positives:,} positive ({share:.2%}{by_weight})"
    table = Table(title=title, title_justify="left", show_header=False, box=box.SIMPLE_HEAD)
    table.add_column("figure")
    table.add_column("value")
    table.add_row(describe("roc_auc").label, _figure(made.cut_table.roc_auc))
    table.add_row("optimised", objective_words(made) + constraint_words(chosen))
    table.add_row("threshold", threshold_words(chosen, made), style="bold")
    if chosen.median_threshold is not None:
        table.add_row("  the rows' thresholds, median", exact_number(chosen.median_threshold))
    if interval.threshold_low is not None and interval.threshold_high is not None:
        told = _span(interval.threshold_low, interval.threshold_high, made)
        table.add_row(f"  {interval.level:.0%} of resamples", told)
    table.add_row("cost", f"{chosen.total_cost:,.10g}, {evidence.cost_per_row:.4g} a row")
    table.add_row(
        f"  {interval.level:.0%} of resamples",
        f"{interval.cost_low:,.10g} to {interval.cost_high:,.10g} ({_resamples(made)})",
    )
    if not isinstance(made.crossfit.total_cost, Undefined):
        table.add_row("  cross-fitted", f"{made.crossfit.total_cost:,.10g}")
    table.add_row("savings against no model", _share(evidence.savings))
    table.add_row(
        "flag nobody, everybody",
        f"{evidence.flag_nobody:,.10g}, {evidence.flag_everybody:,.10g}",
    )
    table.add_row("exact cost optimum", _priced(evidence.exact, made))
    if made.grid_covers:
        grid = evidence.grid
        table.add_row(f"  on a grid of {grid.step:g}", _priced(grid, made))
    if not isinstance(evidence.bayes, Undefined):
        table.add_row("  Bayes, if calibrated", _priced(evidence.bayes, made))
    plateau = made.certainty.plateau
    pieces = "" if plateau.pieces == 1 else f", in {plateau.pieces} pieces"
    table.add_row(
        "within 1 % of no-model cost",
        _span(plateau.low, plateau.high, made) + pieces,
    )
    table.add_row("confusion", _confusion(chosen.confusion))
    if made.rows.weights is not None:
        weights = weight_figures(made.rows.target, made.rows.weights)
        effective = f"{weights['weight_effective_rows']:,.0f} effective rows"
        table.add_row("weights", f"{weights['weight_sum']:,.10g} in all, {effective}")
    table.add_row("scores", _scores(made))
    return table


def _span(low: float, high: float, made: Assessment) -> str:
    ends = cut_words(low, made), cut_words(high, made)
    return ends[0] if low > made.highest_score else f"{ends[0]} to {ends[1]}"


def _resamples(made: Assessment) -> str:
    interval = made.interval
    text = f"{interval.resamples:,} resamples"
    if interval.cuts is not None:
        text += f", counted over {interval.cuts:,} buckets of scores"
    if interval.unmet:
        text += f", {interval.unmet:,} without a threshold that keeps the constraints"
    return text


def _scores(made: Assessment) -> str:
    basis = made.chosen.basis
    return "" if basis is None else f"{basis.origin}, sha256 {basis.digest[:12]}"


def _beside(made: Assessment) -> Table:
    """Return the thresholds side by side, the chosen one first."""
    table = Table(title="Side by side", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("")
    chosen, beta = made.chosen, made.rule.beta
    table.add_column(f"{threshold_words(chosen, made)}\n(chosen)", justify="right")
    for at in made.at:
        table.add_column(exact_number(at.threshold), justify="right")
    counts = [chosen.confusion, *(at.confusion for at in made.at)]
    costs = [chosen.total_cost, *(at.total_cost for at in made.at)]
    best = made.reference.exact.total_cost
    table.add_row("total cost", *(f"{cost:,.10g}" for cost in costs))
    table.add_row("  above the optimum", *(_above(cost, best) for cost in costs))
    savings = [made.reference.savings, *(at.savings for at in made.at)]
    table.add_row("savings", *(_share(value) for value in savings))
    for name in ("tp", "fp", "tn", "fn"):
        table.add_row(name.upper(), *(f"{getattr(c, name):,.0f}" for c in counts))
    table.add_row("precision", *(_share(precision(c)) for c in counts))
    table.add_row("recall", *(_share(recall(c)) for c in counts))
    table.add_row(f"F-beta, beta {beta:g}", *(_figure(fbeta(c, beta)) for c in counts))
    table.add_row("fits FN:FP cost ratios", "", *(implied_range(at.ratio, ":1") for at in made.at))
    table.add_row("fits betas", "", *(implied_range(at.beta) for at in made.at))
    return table


def _above(cost: float, best: float) -> str:
    if cost == best:
        return "0"
    return f"{cost - best:,.10g}" + (f" ({(cost - best) / best:.2%})" if best > 0 else "")


def _confusion(counts: Confusion) -> str:
    names = ("tp", "fp", "tn", "fn")
    return ", ".join(f"{name.upper()} {getattr(counts, name):,.0f}" for name in names)


def _priced(choice: ThresholdChoice, made: Assessment) -> str:
    return f"{threshold_words(choice, made)}: {choice.total_cost:,.10g}"


def _share(value: MetricValue) -> str:
    return "-" if isinstance(value, Undefined) else f"{value:.2%}"


def _figure(value: MetricValue) -> str:
    return "-" if isinstance(value, Undefined) else f"{value:.4f}"
