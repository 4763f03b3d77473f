"""Whether a batch of rows differs from a reference by more than chance, and by how much.

Bins are counted in both. How far they are apart is the population stability index; whether that
can be chance is asked of each bin, exactly, at any number of rows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]


def psi(reference: Floats, batch: Floats) -> float:
    """Return the population stability index of two rows of counts, shape (bins,).

    The sum of (q − p) ln(q / p) over bins, p and q being the shares of each (Siddiqi 2006). Half a
    row is added to each bin, so that an empty one does not make it infinite. Bins that are empty
    in both are left out.
    """
    used = reference + batch > 0
    before, after = reference[used] + 0.5, batch[used] + 0.5
    p, q = before / before.sum(), after / after.sum()
    return float(((q - p) * np.log(q / p)).sum())


def psi_noise(reference: Floats, batch: Floats) -> float:
    """Return about how large the index is, on average, where nothing but chance differs.

    (B − 1)(1/n + 1/m), B being the bins that are used (Yurdakul 2018): twice the index's leading
    term is distributed as chi-square.
    """
    n, m = batch.sum(), reference.sum()
    if n == 0 or m == 0:
        return float("inf")
    return float((np.count_nonzero(reference + batch) - 1) * (1 / n + 1 / m))


def chance(reference: Floats, batch: Floats) -> float:
    """Return the probability that bins differ so much, somewhere, by chance alone.

    Given how many rows a bin has in both together, those of the batch are binomial (a little
    wider than the hypergeometric distribution that they have): twice the smaller tail, times the
    number of bins (Bonferroni). Unlike the chi-square form of the index it holds at any number of
    rows: with 20 rows the tail of chi-square that 189 columns ask for is far off.
    """
    n, m = batch.sum(), reference.sum()
    used = reference + batch > 0
    if n == 0 or m == 0 or np.count_nonzero(used) < 2:
        return 1.0
    tails = binomial_tails(batch[used], (reference + batch)[used], n / (n + m))
    return float(min(1.0, 2 * tails.min() * np.count_nonzero(used)))


def binomial_tails(hits: Floats, trials: Floats, share: float | Floats) -> Floats:
    """Return the smaller of the two tails of binomial counts, each with the count in it."""
    with np.errstate(all="ignore"):
        upper = np.where(hits > 0, special.betainc(hits, trials - hits + 1, share), 1.0)
        lower = np.where(hits < trials, special.betaincc(hits + 1, trials - hits, share), 1.0)
    return np.minimum(upper, lower)


def discoveries(probabilities: Floats, level: float) -> npt.NDArray[np.bool_]:
    """Return which of several findings stand (Benjamini and Hochberg 1995), shape (findings,).

    Of those that stand, a share of at most `level` is chance on average; where nothing has
    changed, any stands with a probability of at most `level`.
    """
    if len(probabilities) == 0:
        return np.zeros(0, dtype=bool)
    order = np.argsort(probabilities, kind="stable")
    allowed = level * np.arange(1, len(order) + 1) / len(order)
    passed = np.flatnonzero(probabilities[order] <= allowed)
    found = np.zeros(len(order), dtype=bool)
    found[order[: passed[-1] + 1 if len(passed) else 0]] = True
    return found


def jeffreys(events: Floats, rows: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the interval of shares by Jeffreys' prior, Beta(1/2, 1/2), each of shape (grades,).

    Its ends are 0 where there is no event and 1 where all are (Brown, Cai and DasGupta 2001).
    """
    tail = (1 - level) / 2
    low = np.where(events > 0, special.betaincinv(events + 0.5, rows - events + 0.5, tail), 0.0)
    high = np.where(
        events < rows, special.betaincinv(events + 0.5, rows - events + 0.5, 1 - tail), 1.0
    )
    return low, high


def prior_shift(probability: Floats, rows: Floats, base_rate: float) -> tuple[float, float]:
    """Return the share of positives among unlabelled rows, and its standard error.

    By the EM algorithm of Saerens, Latinne and Decaestecker (2002). It stands on two assumptions:
    probabilities were right for `base_rate`, and only the share of positives has changed, not what
    positives and negatives look like.

    Parameters
    ----------
    probability, rows : array, shape (values,)
        Distinct probabilities, and how many rows have each.
    base_rate : float
        The share of positives that the probabilities are made for.
    """
    positive, negative = probability / base_rate, (1 - probability) / (1 - base_rate)
    total, share = rows.sum(), base_rate
    for _ in range(10_000):
        mixed = share * positive + (1 - share) * negative
        new = float((rows * share * positive / mixed).sum() / total)
        step, share = abs(new - share), new
        if step < 1e-10:
            break
    mixed = share * positive + (1 - share) * negative
    information = float((rows * ((positive - negative) / mixed) ** 2).sum())
    return share, float("inf") if information <= 0 else 1 / float(np.sqrt(information))
