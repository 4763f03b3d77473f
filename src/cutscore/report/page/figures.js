// What a threshold means, computed as the record computes it: the same operations in the same
// order on the same numbers (cost/matrix.py, metrics/decisions.py, threshold/plateau.py), so that
// figures are equal to the last bit. Nothing here knows of a document.
"use strict";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// The evidence of `evidence.py` as arrays, from the highest threshold (nobody flagged) down.
// Counts are sums over all repeats. From `lowest` to `highest` thresholds make a difference.
function unpacked(packed) {
  const counts = (steps) => sumsOf(steps).map((count) => count * packed.unit);
  const short = sumsOf(packed.short).map((whole) => (packed.first + whole) / packed.scale);
  const threshold = short.concat(packed.full).sort((a, b) => b - a);
  const tp = counts(packed.tp), fp = counts(packed.fp), last = tp.length - 1;
  const highest = threshold[tp.findIndex((count, i) => count + fp[i] > 0)];
  const lowest = threshold[tp.findIndex((count, i) => count === tp[last] && fp[i] === fp[last])];
  return { ...packed, threshold, tp, fp, positives: tp[last], negatives: fp[last], highest, lowest };
}

// Whole numbers from their steps: five bits a digit, the lowest first; the sixth says "more".
function sumsOf(steps) {
  const sums = [];
  let sum = 0, place = 1;
  for (const digit of steps) {
    const value = DIGITS.indexOf(digit);
    sum += (value & 31) * place;
    place = value > 31 ? place * 32 : 1;
    if (value < 32) sums.push(sum);
  }
  return sums;
}

// Where a threshold stands: the place whose counts are its own, or the nearest one, with the two
// between which it lies.
function placeOf(cuts, threshold) {
  const values = cuts.threshold, last = values.length - 1;
  let above = -1, below = values.length;
  while (below - above > 1) {
    const middle = (above + below) >> 1;
    if (values[middle] >= threshold) above = middle; else below = middle;
  }
  if (above < 0) return { place: 0, exact: true };
  const same = below > last || cuts.complete || values[above] === threshold
    || (cuts.tp[above] === cuts.tp[below] && cuts.fp[above] === cuts.fp[below]);
  if (same) return { place: above, exact: true };
  const nearer = values[above] - threshold <= threshold - values[below] ? above : below;
  return { place: nearer, exact: false, above, below };
}

// Counts of a place, averaged over repeats.
function countsAt(cuts, place) {
  const tp = cuts.tp[place], fp = cuts.fp[place];
  const share = (count) => count / cuts.repeats;
  return {
    tp: share(tp), fp: share(fp),
    tn: share(cuts.negatives - fp), fn: share(cuts.positives - tp),
  };
}

// Total cost of counts of outcomes.
function costOf(costs, tp, fp, tn, fn) {
  let total = costs.false_negative * fn + costs.false_positive * fp;
  if (costs.true_positive) total += costs.true_positive * tp;
  if (costs.true_negative) total += costs.true_negative * tn;
  return total;
}

// Total cost of every place, over all repeats; `costs` is null where rows have their own.
function totalsOf(cuts, costs) {
  if (!costs) return cuts.cost;
  const { positives, negatives } = cuts;
  return cuts.tp.map((tp, i) =>
    costOf(costs, tp, cuts.fp[i], negatives - cuts.fp[i], positives - tp));
}

// What a total means: a pass over the rows, a row, against the cheaper rule without a model.
function costFigures(cuts, totals, place) {
  const total = totals[place];
  const cheaper = Math.min(totals[0], totals[totals.length - 1]);
  return {
    total_cost: total / cuts.repeats,
    cost_per_row: total / (cuts.positives + cuts.negatives),
    savings: cheaper > 0 ? 1.0 - total / cheaper : null,
  };
}

// Figures of four counts; null is a figure that does not exist.
function ratesOf(counts, beta) {
  const { tp, fp, tn, fn } = counts, square = beta * beta;
  const ratio = (part, whole) => (whole ? part / whole : null);
  return {
    precision: ratio(tp, tp + fp),
    recall: ratio(tp, tp + fn),
    fbeta: tp + fn === 0 ? null : ((1.0 + square) * tp) / (square * (tp + fn) + tp + fp),
    flagged: ratio(tp + fp, tp + fp + tn + fn),
  };
}

// The first place of the least value: of equal ones the highest threshold.
function leastPlace(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] < values[best]) best = i;
  return best;
}

function bestFbeta(cuts, beta) {
  const square = beta * beta, positives = cuts.positives;
  return leastPlace(cuts.tp.map((tp, i) =>
    positives ? -((1.0 + square) * tp) / (square * positives + tp + cuts.fp[i]) : 0));
}

// Thresholds around the optimum that cost at most a share of the cheaper no-model rule more, as
// far as the places tell.
function plateauOf(cuts, totals, share) {
  const allowed = share * Math.max(Math.min(totals[0], totals[totals.length - 1]), 0);
  const best = leastPlace(totals), near = (i) => totals[i] - totals[best] <= allowed;
  let high = best, low = best;
  while (high > 0 && near(high - 1)) high--;
  while (low < totals.length - 1 && near(low + 1)) low++;
  return { low: cuts.threshold[low], high: cuts.threshold[high] };
}

// The probability from which flagging has the lower expected cost; null if there is none.
function bayesThreshold(costs) {
  const alarm = costs.false_positive - costs.true_negative;
  const miss = costs.false_negative - costs.true_positive;
  return alarm + miss > 0 ? alarm / (alarm + miss) : null;
}

// The 95 % interval of a share by Wilson (1927).
function wilson(share, count) {
  const z = 1.959964, whole = 1 + (z * z) / count;
  const centre = (share + (z * z) / (2 * count)) / whole;
  const half = (z * Math.sqrt((share * (1 - share)) / count + (z * z) / (4 * count * count))) / whole;
  return [centre - half, centre + half];
}

// Numbers as people read them, like `report/figures/style.py`.
function number(value) {
  if (value === null) return "–";
  if (Math.abs(value) >= 1000) return Number(value.toFixed(0)).toLocaleString("en-US");
  return String(Number(value.toPrecision(4)));
}
const percent = (value) => (value === null ? "–" : `${(100 * value).toFixed(2)}%`);
const decimals = (value) => (value === null ? "–" : String(Number(value.toPrecision(6))));
