// Chosen runs side by side; one alone is looked at.
"use strict";

const compareView = { title: "Compare" };
const PAGES = { "report.html": "Its cut-off", "leaderboard.html": "Its leaderboard",
  "search.html": "Its search" };
const INTERVALS = { threshold: ["threshold_low", "threshold_high"],
  total_cost: ["bootstrap_cost_low", "bootstrap_cost_high"] };
const FIRST = ["crossfit_cost", "crossfit_cost_per_row", "crossfit_savings", "total_cost", "roc_auc",
  "roc_auc_gap", "pr_auc", "brier", "ece", "threshold", "precision", "recall", "fbeta",
  "outer_cost_per_row", "outer_roc_auc", "features", "rows", "seconds_total"];

compareView.mount = (root) => {
  compareView.root = root;
  compareView.key = null;
};

compareView.update = async (current) => {
  const view = compareView, ids = chosenRuns();
  const key = [...ids, ...ids.map((id) => value("state", store.row.get(id)))].join();
  if (key === view.key) return;
  if (!ids.length) {
    view.root.replaceChildren(nothing("No runs are chosen. Tick some among the ",
      h("a", { href: "#runs" }, "runs"), "."));
    view.key = key;
    return;
  }
  const told = await ask("api/compare", { run: ids });
  if (!current()) return;
  view.told = told;
  view.key = key;
  drawComparison();
};

compareView.resize = () => compareView.told && compareView.key && drawCurves(compareView.told.runs);

function drawComparison() {
  const { runs, reasons } = compareView.told;
  const plots = { costs: h("div"), aucs: h("div"), roc: h("div"), pr: h("div"), cost: h("div") };
  compareView.plots = plots;
  const pictured = (words, node) => h("figure", {}, h("figcaption", {}, words), node);
  compareView.root.replaceChildren(
    h("div", { class: "cards" }, runs.map(card)),
    part("Figures", metricsTable(runs)),
    part("How sure", h("div", { class: "two" },
      pictured("Cost at the threshold, with the interval of its bootstrap", plots.costs),
      pictured("AUC, with its spread over folds", plots.aucs))),
    part("Curves", h("div", { class: "three" },
      pictured("ROC", plots.roc), pictured("Precision and recall", plots.pr),
      pictured("Cost per row by share flagged", plots.cost))),
    part("Thresholds", thresholdTable(runs), ...reasonWords(runs, reasons)),
    settingsPart(runs),
    ...(fixed || runs.length < 2 ? [] : [part("Rows that change sides", swapTable(runs))]),
    part("Files", ...runs.map(files)));
  drawCurves(runs);
}

function named(run, at) {
  return h("span", { class: "named" }, key(at), said(run.name, 60));
}

function key(at) {
  return svg("svg", { class: "key", viewBox: "0 0 26 12", "aria-hidden": "true" },
    svg("line", { class: `line run-${at % 8}`, x1: 1, x2: 25, y1: 6, y2: 6 }));
}

function card(run, at) {
  const others = chosenRuns().filter((id) => id !== run.run_id), row = store.row.get(run.run_id);
  return h("article", { class: "card" }, h("h3", {}, named(run, at)),
    soft(said(run.experiment, 80), run.experiment ? " · " : "",
      row === undefined ? run.state : stateOf(row), " · ", h("code", {}, run.run_id.slice(0, 12))),
    failure(run),
    h("p", { class: "buttons" },
      run.files.filter((name) => name.endsWith(".html") && !fixed).map((name) => h("a",
        { class: "button", href: fileOf(run, name), target: "_blank", rel: "noopener" },
        PAGES[name] || said(name, 40))),
      h("a", { href: linkTo("compare", { run: others }) }, "leave out")));
}

function failure(run) {
  const why = run.tags["cutscore.failure"] || run.tags["cutscore.pruned"] || run.tags["cutscore.died"];
  return why ? h("p", { class: "note" }, said(why, 600)) : null;
}

function fileOf(run, name) {
  return `files/${run.run_id}/${name.split("/").map(encodeURIComponent).join("/")}`;
}

function files(run, at) {
  if (!run.files.length) return h("p", {}, named(run, at), ": no files that can be read from here.");
  return h("details", {}, h("summary", {}, named(run, at), ` ${run.files.length} files`),
    h("ul", { class: "files" }, run.files.map((name) => h("li", {}, fixed ? said(name)
      : h("a", { href: fileOf(run, name), target: "_blank", rel: "noopener" }, said(name))))));
}

// Metrics as rows, the telling ones first; what is best is bold and marked.
function metricsTable(runs) {
  const known = new Set(runs.flatMap((run) => Object.keys(run.metrics)));
  const first = FIRST.filter((name) => known.has(name));
  const rest = store.data.keys.metrics.filter((name) => known.has(name) && !first.includes(name));
  const row = (name) => [h("span", { title: name }, labelOf(name)),
    ...runs.map((run) => metricCell(name, run, runs))];
  const raw = (name) => [name, ...runs.map((run) => run.metrics[name] ?? null)];
  const sheet = (these, file) => plainTable(file, ["metric", ...runs.map(named)],
    these.map(row), these.map(raw));
  return h("div", {}, first.length ? sheet(first, "figures") : h("p", {}, "No figures are recorded yet."),
    rest.length ? h("details", {}, h("summary", {}, `All other metrics (${rest.length})`),
      sheet(rest, "metrics")) : null);
}

function metricCell(name, run, runs) {
  const { form, spread, better: way } = store.data.metrics[name] || {};
  const own = run.metrics[name];
  if (own === undefined) {
    const why = run.tags[`undefined.${name}`];
    return h("span", { class: "soft", title: why || null }, why ? "undefined" : "–");
  }
  const values = runs.map((each) => each.metrics[name]).filter((each) => each !== undefined);
  const best = way && values.length > 1 && new Set(values).size > 1
    && own === (way === "minimize" ? Math.min(...values) : Math.max(...values));
  const [low, high] = (INTERVALS[name] || []).map((each) => run.metrics[each]);
  const around = spread && run.metrics[spread] !== undefined ? ` ± ${formed(run.metrics[spread], form)}`
    : low !== undefined && high !== undefined ? ` ${formed(low, form)} to ${formed(high, form)}` : "";
  return h("span", { class: "figure" }, h(best ? "strong" : "span", {}, formed(own, form), best ? " ★" : ""),
    h("small", {}, around));
}

function thresholdTable(runs) {
  const share = (c) => c && (c.tp + c.fp) / (c.tp + c.fp + c.tn + c.fn);
  const costs = (given) => (given?.per_row ? "of each row"
    : given ? `${given.false_negative} : ${given.false_positive}` : "–");
  const rows = [
    ["decides", ({ rule, metrics }) => (rule.per_row ? "each row by its own costs"
      : `score ≥ ${formed(metrics.threshold, ".4f")}`)],
    ["optimal for", ({ rule }) => objective(rule)],
    ["costs FN : FP", ({ rule }) => costs(rule.costs)],
    ["hardly dearer", ({ rule: { plateau: p } }) => (p ? rangeOf(p.low, p.high, ".4f") : "–")],
    ["95 % of resamples", ({ rule: { bootstrap: b } }) => (b
      ? rangeOf(b.threshold_low, b.threshold_high, ".4f") : "–")],
    ["Bayes threshold", ({ rule: { bayes } }) => (bayes ? formed(bayes.threshold, ".4f")
      + (bayes.valid === false ? ", not valid for these scores" : "") : "–")],
    ["calibration", ({ rule }) => (rule.calibration || "–").replace("NoCalibration", "none")],
    ["flagged", ({ rule }) => formed(share(rule.confusion), ".1%")],
  ];
  return plainTable("thresholds", ["", ...runs.map(named)],
    rows.map(([words, told]) => [words, ...runs.map((run) => (run.rule ? told(run) : "–"))]));
}

function objective(rule) {
  const bounds = Object.entries(rule.constraints || {}).map(([name, bound]) => `${name} ${bound}`);
  const what = rule.objective === "fbeta" ? `F-beta, beta ${rule.beta}`
    : rule.objective === "cost" && rule.asked_ratio
      ? `cost at ${formed(rule.asked_ratio, ",.6g")}:1` : rule.objective || "–";
  return [what, ...bounds].join(", ");
}

function reasonWords(runs, reasons) {
  if (!reasons?.some((each) => each.length)) return [];
  return [h("h3", {}, "Why they differ from the first"), h("ul", {}, reasons.flatMap((each, at) =>
    each.map((reason) => h("li", {}, named(runs[at + 1], at + 1), ": ", said(reason, 400)))))];
}

// The settings that are not the same in all runs; of one run all of them.
function settingsPart(runs) {
  const all = [...new Set(runs.flatMap((run) => Object.keys(run.params)))].sort()
    .filter((name) => !name.startsWith("tracking."));
  const differs = (name) => new Set(runs.map((run) => run.params[name])).size > 1;
  const shown = runs.length > 1 ? all.filter(differs) : all;
  const row = (name) => [said(name, 120), ...runs.map((run) => said(run.params[name] ?? "not set", 400))];
  const title = runs.length > 1 ? "Settings that differ" : "Settings";
  const same = all.length - shown.length;
  const header = ["setting", ...runs.map(named)];
  const raw = shown.map((name) => [name, ...runs.map((run) => run.params[name] ?? null)]);
  const table = shown.length ? plainTable("settings", header, shown.map(row), raw)
    : h("p", {}, "None.");
  return part(title,
    runs.length > 1 ? table : h("details", {}, h("summary", {}, `${shown.length} settings`), table),
    runs.length > 1 ? soft(`${same} others are the same.`) : null);
}

function drawCurves(runs) {
  const { plots } = compareView;
  whiskers(plots.costs, runs.map((run, at) => ({ at, name: run.name, value: run.metrics.total_cost,
    low: run.metrics.bootstrap_cost_low, high: run.metrics.bootstrap_cost_high })), "total cost");
  whiskers(plots.aucs, runs.map(({ name, metrics: { roc_auc: auc, roc_auc_std: std } }, at) => (
    { at, name, value: auc, low: auc - std, high: auc + std })), "AUC");
  const drawn = runs.map((run, at) => ({ ...run, at })).filter((run) => run.curve);
  const rate = (name) => ({ low: 0, high: 1, name });
  const lines = (make) => drawn.map((run) => ({ look: `run-${run.at % 8}`, points: points(run.curve, make) }));
  const dots = (make) => drawn.filter((run) => run.rule?.confusion).map((run) => {
    const { tp, fp, tn, fn } = run.rule.confusion, [a, b] = make(tp, fp, tn, fn, run.metrics.total_cost);
    return { x: a, y: b, low: b, high: b, look: `run-${run.at % 8}` };
  }).filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  const draw = (host, label, x, y, make) => {
    if (!drawn.length) { host.replaceChildren(soft("No curve is recorded.")); return; }
    const curves = lines(make);
    chart(host, { label, ...(y.high ? { x, y } : valley(curves, x, y)), height: 280, curves, dots: dots(make) });
  };
  const size = (tp, fp, tn, fn) => tp + fp + tn + fn;
  draw(plots.roc, "ROC curves", rate("false positive rate"), rate("true positive rate"),
    (tp, fp, tn, fn) => [fp / (fp + tn), tp / (tp + fn)]);
  draw(plots.pr, "precision by recall", rate("recall"), rate("precision"),
    (tp, fp, tn, fn) => [tp / (tp + fn), tp + fp ? tp / (tp + fp) : NaN]);
  draw(plots.cost, "cost per row by share flagged", rate("share flagged"), { name: "cost per row" },
    (tp, fp, tn, fn, cost) => [(tp + fp) / size(tp, fp, tn, fn), cost / size(tp, fp, tn, fn)]);
}

// The axes of the part of cost curves in which thresholds are chosen; curves are cut to it.
function valley(curves, x, y) {
  const least = Math.min(...curves.flatMap((curve) => curve.points.map(([, b]) => b)));
  const high = least > 0 ? least * 1.6 : Infinity;
  for (const curve of curves) curve.points = curve.points.filter(([, b]) => b <= high);
  const [xs, ys] = [0, 1].map((i) => curves.flatMap((curve) => curve.points.map((point) => point[i])));
  return { x: { ...x, low: Math.min(...xs), high: Math.max(...xs) }, y: around(ys, y.name) };
}

function points(curve, make) {
  return curve.threshold.map((_, i) => make(curve.tp[i], curve.fp[i], curve.tn[i], curve.fn[i], curve.total_cost[i]))
    .filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b));
}

// Two runs' decisions on the rows that both have scored, asked for when wanted: it reads all rows.
function swapTable(runs) {
  const host = h("div"), others = runs.slice(1);
  const show = async (at) => {
    const other = runs[at];
    host.replaceChildren("Reading the rows of both runs…");
    try {
      const { rows, counts, difference, low, high } = await ask("api/swap",
        { first: runs[0].run_id, second: other.run_id });
      const line = (words, name) => [words, ...counts[name].map((n) => formed(n, ",.0f"))];
      host.replaceChildren(h("p", {}, `Of ${formed(rows, ",.0f")} rows that both have scored:`),
        plainTable("swap_set", ["", "negatives", "positives"], [line("flagged by both", "both"),
          line(`flagged only by ${runs[0].name}`, "first"), line(`flagged only by ${other.name}`, "second"),
          line("flagged by neither", "neither")]),
        h("p", {}, low === 0 && high === 0 ? "Every row is decided alike." : [said(runs[0].name, 60),
          ` costs ${formed(Math.abs(difference), ",.4g")} ${difference < 0 ? "less" : "more"} than `,
          said(other.name, 60), ` (95 % of resamples: ${formed(low, ",.4g")} to ${formed(high, ",.4g")})`,
          low <= 0 && high >= 0 ? ": these rows cannot tell which is cheaper." : "."]));
    } catch (error) {
      host.replaceChildren(soft(error.message));
    }
  };
  return h("div", {}, h("p", { class: "buttons" }, others.map((run, at) => h("button",
    { type: "button", click: () => show(at + 1) }, said(runs[0].name, 40), " against ", said(run.name, 40)))), host);
}
