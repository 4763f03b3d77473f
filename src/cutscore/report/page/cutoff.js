// The live cut-off: a slider over all thresholds that the page holds, costs that can be changed,
// and what both mean.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const cuts = unpacked(data.cuts), decided = data.decided, last = cuts.threshold.length - 1;
const byId = (id) => document.getElementById(id);
const ENTRIES = ["false_negative", "false_positive", "true_positive", "true_negative"];

const state = { place: 0, exact: true, asked: null, costs: cuts.costs && { ...cuts.costs } };
let totals, best, plateau, moves = {}, later;

// Costs: all that depends on them but not on the threshold.
function priced() {
  totals = totalsOf(cuts, state.costs);
  best = leastPlace(totals);
  state.own = !cuts.costs || ENTRIES.every((name) => state.costs[name] === cuts.costs[name]);
  plateau = state.own ? decided.plateau : plateauOf(cuts, totals, 0.01);
  drawCost();
  if (cuts.costs) byId("of-costs").textContent = costWords();
  buttons();
}

function costWords() {
  const { low, high } = plateau;
  const about = state.own ? "" : "about ";
  const ratio = (state.costs.false_negative - state.costs.true_positive)
    / (state.costs.false_positive - state.costs.true_negative);
  const words = Number.isFinite(ratio) && ratio > 0 ? `Mistakes cost ${number(ratio)}:1 (FN:FP). ` : "";
  return `${words}Least cost at ${thresholdWords(best)}: `
    + `${number(totals[best] / cuts.repeats)}. Hardly dearer from ${about}${decimals(low)} to `
    + `${about}${decimals(high)}.${state.own ? "" : " Intervals hold for the costs of the run only."}`;
}

function thresholdWords(place) {
  return cuts.threshold[place] > cuts.highest ? "above every score" : decimals(cuts.threshold[place]);
}

// Buttons: thresholds by name; those of the least cost and the best F-beta move with the costs.
function buttons() {
  const bayes = state.costs && bayesThreshold(state.costs);
  const named = [...data.marks.map(({ name, threshold }) => [name, threshold]),
    ["Least cost", cuts.threshold[best]]];
  if (bayes !== null) named.push([data.bayes_valid === false ? "Bayes (not valid here)" : "Bayes", bayes]);
  named.push([`Best F-beta (${data.beta})`, cuts.threshold[bestFbeta(cuts, data.beta)]]);
  const focused = document.activeElement?.dataset?.name;
  byId("named").replaceChildren(...named.map(([name, threshold]) => {
    const button = element("button", { type: "button", "data-threshold": threshold, "data-name": name },
      element("bdi", {}, name), ` ${threshold > cuts.highest ? "nobody" : decimals(threshold)}`);
    button.addEventListener("click", () => ask(threshold));
    if (name === focused) setTimeout(() => button.focus());
    return button;
  }));
}

// Go to a threshold, or to the nearest that the page holds.
function ask(threshold) {
  const found = placeOf(cuts, threshold);
  Object.assign(state, { place: found.place, exact: found.exact, asked: threshold, near: found });
  show();
}

function write(name, value, text) {
  for (const node of document.querySelectorAll(`[data-figure="${name}"]`)) {
    node.value = value === null ? "" : String(value);
    node.title = value === null ? "" : String(value);
    node.textContent = text;
  }
}

function show() {
  const { place } = state, counts = countsAt(cuts, place), rates = ratesOf(counts, data.beta);
  const money = costFigures(cuts, totals, place);
  const threshold = state.exact && state.asked !== null ? state.asked : cuts.threshold[place];
  const regret = totals[place] / cuts.repeats - totals[best] / cuts.repeats;
  write("threshold", threshold, threshold > cuts.highest ? "above all" : decimals(threshold));
  write("total_cost", money.total_cost, number(money.total_cost));
  write("cost_per_row", money.cost_per_row, number(money.cost_per_row));
  write("savings", money.savings, percent(money.savings));
  write("regret", regret, number(regret));
  for (const name of ["tp", "fp", "tn", "fn"]) write(name, counts[name], number(counts[name]));
  for (const name of ["precision", "recall", "fbeta", "flagged"])
    write(name, rates[name], percent(rates[name]));
  byId("slider").value = last - place;
  byId("slider").setAttribute("aria-valuetext", `threshold ${thresholdWords(place)}`);
  if (document.activeElement !== byId("typed")) byId("typed").value = decimals(threshold);
  byId("message").textContent = state.exact ? "" : betweenWords();
  for (const button of byId("named").children)
    button.setAttribute("aria-pressed", String(Number(button.dataset.threshold) === threshold));
  const [fpr, recall] = [counts.fp / (counts.fp + counts.tn), rates.recall];
  moves.cost?.(threshold, money.total_cost);
  moves.scores?.(threshold, null);
  moves.roc?.(Number.isFinite(fpr) ? fpr : null, recall);
  moves.pr?.(recall, rates.precision);
  clearTimeout(later);
  later = setTimeout(() => { byId("spoken").textContent =
    `Threshold ${thresholdWords(place)}: cost ${number(money.total_cost)}, precision `
    + `${percent(rates.precision)}, recall ${percent(rates.recall)}.`; }, 500);
}

function betweenWords() {
  const { above, below } = state.near;
  const flagged = (place) => number((cuts.tp[place] + cuts.fp[place]) / cuts.repeats);
  return `${state.asked} lies between two thresholds that this page holds: ${cuts.threshold[below]} `
    + `flags ${flagged(below)} rows, ${cuts.threshold[above]} flags ${flagged(above)}. Shown is the `
    + `nearer; "cutscore threshold --at ${state.asked}" tells it exactly.`;
}

// Charts. The axis of thresholds is stretched towards 0 where the best ones lie there.
function thresholdAxis() {
  const { lowest: low, highest: high } = cuts, name = "threshold (score)";
  const optimum = decided.threshold ?? cuts.threshold[best];
  if (low < 0 || high > 1.000001) return { low, high, name };
  if (!(optimum > 0 && optimum < 0.2)) return { low: 0, high: 1, name };
  return { low: 0, high: 1, kind: "root", name: `${name}, stretched towards 0`,
    ticks: [0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1] };
}

const reversed = (points) => points.slice().reverse();

function drawCost() {
  const cost = totals.map((total) => total / cuts.repeats);
  const ends = [cost[0], cost[last]], low = cost[best];
  const high = Math.max(...ends), air = 0.06 * (high - low) || 1;
  const bands = [{ ...plateau, look: "" }];
  const entries = [["", "cost"], ["grey", "flag nobody"], ["grey dashdot", "flag everybody"],
    ["", "hardly dearer (plateau)", "band"]];
  const spread = state.own && decided.bootstrap;
  if (spread && spread.threshold_low !== null) {
    bands.push({ low: spread.threshold_low, high: spread.threshold_high, look: "second" });
    entries.push(["second", `${100 * spread.level}% of resampled optima`, "band"]);
  }
  const levels = [{ at: ends[0], look: "grey" }, { at: ends[1], look: "grey dashdot" }];
  const crossfit = decided.crossfit.total_cost;
  if (state.own && crossfit !== null && !decided.crossfit.rows_left_out) {
    levels.push({ at: crossfit, look: "third" });
    entries.push(["third", `cross-fitted: ${number(crossfit)}`]);
  }
  moves.cost = chart(byId("cost-chart"), {
    label: `Total cost of every threshold; the least is ${number(low)} at ${thresholdWords(best)}`,
    x: thresholdAxis(), y: { low: low - air, high: high + air, name: "total cost" }, height: 360,
    bands, levels, curves: [{ look: "", steps: true,
      points: reversed(cuts.threshold.map((threshold, i) => [threshold, cost[i]])) }],
  });
  legend(byId("cost-legend"), entries);
}

// Shares of each class in bins that are even on the axis, from counts at their edges.
function drawScores() {
  const bins = 50, x = thresholdAxis(), bend = x.kind === "root" ? 2 : 1;
  const edges = Array.from({ length: bins + 1 }, (_, i) => x.low + (x.high - x.low) * (i / bins) ** bend);
  const places = edges.map((edge, i) => (i === bins ? 0 : placeOf(cuts, edge).place));
  const outline = (counts, whole) => {
    const shares = places.slice(1).map((place, i) => (whole ? (counts[places[i]] - counts[place]) / whole : 0));
    return shares.flatMap((share, i) => [[edges[i], share], [edges[i + 1], share]]);
  };
  const negative = outline(cuts.fp, cuts.negatives), positive = outline(cuts.tp, cuts.positives);
  const most = Math.max(...negative.concat(positive).map(([, share]) => share));
  moves.scores = chart(byId("scores-chart"), {
    label: "How the scores of negatives and positives are spread", x: { ...x, name: x.name.replace("threshold (score)", "score") },
    y: { low: 0, high: 1.05 * most || 1, name: "share of the class in each of 50 bins", form: (share) => `${Number((100 * share).toPrecision(3))}%` },
    curves: [{ points: negative, look: "", area: true }, { points: positive, look: "second", area: true }],
  });
  legend(byId("scores-legend"), [["", `negative: ${number(cuts.negatives / cuts.repeats)}`],
    ["second", `positive: ${number(cuts.positives / cuts.repeats)}`]]);
}

function drawRanks() {
  if (!cuts.positives || !cuts.negatives) return;
  const unit = (name) => ({ low: 0, high: 1, name });
  moves.roc = chart(byId("roc-chart"), {
    label: "ROC curve", x: unit("false positive rate"), y: unit("recall"),
    curves: [{ points: [[0, 0], [1, 1]], look: "grey" }, { look: "",
      points: cuts.tp.map((tp, i) => [cuts.fp[i] / cuts.negatives, tp / cuts.positives]) }],
  });
  moves.pr = chart(byId("pr-chart"), {
    label: "Precision by recall", x: unit("recall"), y: unit("precision"),
    levels: [{ at: cuts.positives / (cuts.positives + cuts.negatives), look: "grey" }],
    curves: [{ look: "", points: cuts.tp.map((tp, i) =>
      [tp / cuts.positives, tp / (tp + cuts.fp[i])]).filter(([, share]) => !Number.isNaN(share)) }],
  });
  const ratios = Array.from({ length: 100 }, (_, i) => i + 1), { positives } = cuts;
  const optima = ratios.map((ratio) =>
    cuts.threshold[leastPlace(cuts.tp.map((tp, i) => ratio * (positives - tp) + cuts.fp[i]))]);
  const asked = decided.asked_ratio;
  const levels = decided.threshold === null ? [] : [{ at: decided.threshold, look: "third" }];
  chart(byId("ratio-chart"), {
    label: "Best threshold by what a miss costs against a false alarm",
    x: { low: 1, high: 100, kind: "log", name: "cost of FN : cost of FP", ticks: [1, 2, 5, 10, 20, 50, 100] },
    y: { low: Math.min(0, ...optima), high: 1.05 * Math.max(...optima.slice(1)) || 1, name: "best threshold" },
    levels, bands: asked ? [{ low: asked / 1.015, high: asked * 1.015, look: "second" }] : [],
    curves: [{ look: "", steps: true, points: ratios.map((ratio, i) => [ratio, optima[i]]) }],
  });
  legend(byId("ratio-legend"), [["", "best threshold"],
    ...(levels.length ? [["third", "chosen threshold"]] : []),
    ...(asked ? [["second", `these costs, ${number(asked)}:1`, "band"]] : [])]);
}

function drawCalibration() {
  if (!data.calibration.length) return;
  const most = Math.max(...data.calibration.flatMap(({ score, share }) => score.concat(share)));
  const end = most < 0.5 ? 1.15 * most : 1, looks = data.calibration.length > 1 ? ["second", ""] : [""];
  chart(byId("calibration-chart"), {
    label: "Share of positives by mean score; the dotted line is perfect",
    x: { low: 0, high: end, name: "mean score" }, y: { low: 0, high: end, name: "share of positives" },
    curves: [{ points: [[0, 0], [end, end]], look: "grey" }],
    dots: data.calibration.flatMap(({ score, share, count }, k) => score.map((x, i) => {
      const [low, high] = wilson(share[i], count[i]);
      return { x, y: share[i], low, high, look: `${looks[k]} whisker` };
    })),
  });
  legend(byId("calibration-legend"), data.calibration.map(({ name }, k) => [looks[k], name, "dot"]));
}

function draw() {
  drawCost();
  drawScores();
  drawRanks();
  drawCalibration();
  if (data.periods) drawPeriods(data.periods);
  show();
}

// Costs as they are typed; what is no cost leaves the last ones in force, and says so.
function retyped() {
  const costs = {}, wrong = [];
  for (const name of ENTRIES) {
    const field = byId(name), value = Number(field.value.trim().replace(/,/g, "") || NaN);
    const valid = value >= 0 && value <= 1e30;
    field.setAttribute("aria-invalid", String(!valid));
    if (valid) costs[name] = value; else wrong.push(name.replace("_", " "));
  }
  byId("cost-message").textContent = wrong.length
    ? `Cost of a ${wrong.join(", ")}: a number from 0 to 1e30 is needed; shown are the last ones that were.` : "";
  if (wrong.length) return;
  state.costs = costs;
  priced();
  show();
}

function begin() {
  const slider = byId("slider");
  slider.max = last;
  slider.addEventListener("input", () => {
    Object.assign(state, { place: last - Number(slider.value), exact: true, asked: null });
    show();
  });
  byId("typed").addEventListener("change", (event) => {
    const value = Number(event.target.value.trim() || NaN), valid = Number.isFinite(value);
    event.target.setAttribute("aria-invalid", String(!valid));
    if (valid) ask(value);
    else byId("message").textContent = "A threshold is a number.";
  });
  for (const name of cuts.costs ? ENTRIES : [])
    byId(name).addEventListener("input", retyped);
  byId("reset")?.addEventListener("click", () => {
    for (const name of ENTRIES) byId(name).value = String(cuts.costs[name]);
    retyped();
  });
  priced();
  const found = placeOf(cuts, decided.threshold ?? cuts.threshold[best]);
  Object.assign(state, { place: found.place, exact: true, asked: decided.threshold });
  if (data.importance.length) bars(byId("importance"), data.importance, ["feature", "share of the total"]);
  for (const node of document.querySelectorAll(".control[hidden]")) node.hidden = false;
  draw();
  let width = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth !== width) requestAnimationFrame(draw);
    width = window.innerWidth;
  });
}

begin();
