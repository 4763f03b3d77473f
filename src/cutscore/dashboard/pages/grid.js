// A sweep at a glance: two keys that vary against a figure, and how figures lie by any key.
"use strict";

const gridView = { title: "Grid" };
const BY_COST = ["crossfit_cost", "crossfit_cost_per_row", "total_cost"];
const MOST_VALUES = 40;

gridView.mount = (root) => {
  Object.assign(gridView, { controls: h("div", { class: "controls" }), heat: h("section"),
    lie: h("section"), keys: null });
  root.append(gridView.controls, gridView.heat, gridView.lie);
};

gridView.update = async (current) => {
  const view = gridView, scope = scopeOf();
  if (!scope) {
    view.heat.replaceChildren(nothing("There are no runs yet."));
    return;
  }
  const [where, which] = scope;
  const asked = `${where} ${which} ${store.version}`;
  if (view.asked !== asked) {
    const found = await ask("api/varying", { [where]: which });
    if (!current()) return;
    view.keys = sortedKeys(found);
    view.asked = asked;
  }
  const [x, y, by] = axes(view.keys), metric = metricName();
  await need([x, y, by, `metrics.${metric}`, `metrics.${costName()}`, "metrics.roc_auc"].filter(Boolean));
  if (!current()) return;
  const rows = placesOf(where, which).filter((at) => !value("kind", at));
  gridControls(view, scope, [x, y, by], metric);
  drawHeat(view.heat, rows, x, y, `metrics.${metric}`);
  drawStrips(view.lie, rows, by);
};

gridView.resize = () => update();

// What is looked at: the runs of a sweep or search, or of an experiment; else the newest sweep.
function scopeOf() {
  for (const where of ["parent", "experiment"])
    if (address.params.get(where)) return [where, address.params.get(where)];
  const parent = parents()[0];
  if (parent) return ["parent", parent];
  const newest = column("experiment")[0];
  return newest === undefined ? null : ["experiment", newest];
}

// Runs that others belong to, the newest first.
function parents() {
  const counts = new Map();
  for (const id of column("parent")) if (id && store.row.has(id)) counts.set(id, (counts.get(id) || 0) + 1);
  return [...counts].filter(([, count]) => count > 1).map(([id]) => id)
    .sort((a, b) => store.row.get(a) - store.row.get(b));
}

// Labels before settings, and keys of few values before those of many.
function sortedKeys(found) {
  const rank = (name) => (name.startsWith("params.") ? 1 : 0);
  return Object.entries(found).sort(([a, m], [b, n]) => rank(a) - rank(b) || m - n).map(([name]) => name);
}

function axes(keys) {
  const given = (word, fallback) => {
    const asked = address.params.get(word);
    return asked && keys.includes(asked) ? asked : fallback;
  };
  const x = given("x", keys[1] ?? keys[0]), y = given("y", keys.find((name) => name !== x));
  return [x, y, given("by", keys[0])];
}

function metricName() {
  const asked = address.params.get("metric");
  if (asked && store.data.keys.metrics.includes(asked)) return asked;
  return costName() || "roc_auc";
}

function costName() {
  return BY_COST.find((name) => store.data.keys.metrics.includes(name)) || store.data.keys.metrics[0];
}

function gridControls(view, [where, which], [x, y, by], metric) {
  if (view.controls.contains(document.activeElement) && document.activeElement.tagName === "INPUT") return;
  const names = (ids) => ids.map((id) => [`parent ${id}`, value("name", store.row.get(id))]);
  const experiments = [...new Set(column("experiment"))].map((name) => [`experiment ${name}`, `all of ${name}`]);
  const keys = view.keys.map((name) => [name, heading(name)]);
  const some = [...new Set([costName(), "roc_auc", metric])].filter(Boolean);
  const metrics = [...some, ...store.data.keys.metrics.filter((name) => !some.includes(name))];
  const scopes = [...names(parents().slice(0, 200)), ...experiments];
  view.controls.replaceChildren(
    scopes.length < 2 ? "" : choice("Runs of", scopes, `${where} ${which}`, (entry) => {
      const kind = entry.slice(0, entry.indexOf(" "));
      change({ parent: null, experiment: null, x: null, y: null, by: null, [kind]: entry.slice(kind.length + 1) });
    }),
    choice("Figure", metrics.map((name) => [name, labelOf(name)]), metric,
      (name) => change({ metric: name })),
    choice("Rows", keys, y, (name) => change({ y: name })),
    choice("Columns", keys, x, (name) => change({ x: name })),
    choice("Distributions by", keys, by, (name) => change({ by: name })));
}

// The values of a key among rows in a natural order; the most frequent ones where there are many.
function valuesOf(rows, name) {
  const counts = new Map();
  for (const at of rows) {
    const own = value(name, at) ?? "not set";
    counts.set(own, (counts.get(own) || 0) + 1);
  }
  const words = new Intl.Collator("en", { numeric: true });
  const often = [...counts].sort(([, m], [, n]) => n - m).slice(0, MOST_VALUES).map(([own]) => own);
  return often.sort((a, b) => Number(a) - Number(b) || words.compare(a, b));
}

function drawHeat(host, rows, x, y, metric) {
  const title = h("h2", {}, labelOf(metric.slice(8)));
  const known = rows.filter((at) => value(metric, at) !== null);
  if (!x || !known.length) {
    host.replaceChildren(title, nothing(known.length
      ? "No setting differs among these runs." : "None of these runs has this figure yet."));
    return;
  }
  const across = valuesOf(rows, x), down = y ? valuesOf(rows, y) : ["all"];
  const cells = new Map();
  for (const at of known) {
    const place = `${y ? value(y, at) ?? "not set" : "all"}\n${value(x, at) ?? "not set"}`;
    if (!cells.has(place)) cells.set(place, []);
    cells.get(place).push(at);
  }
  const bestOf = (ats) => ats.reduce((a, b) => (better(metric, value(metric, b), value(metric, a)) ? b : a));
  const bests = [...cells.values()].map((ats) => value(metric, bestOf(ats)));
  const merit = meritOf(bests, metricOf(metric)?.better === "minimize");
  const best = bests.reduce((a, b) => (better(metric, b, a) ? b : a));
  const cell = (row, col) => {
    const ats = cells.get(`${row}\n${col}`);
    if (!ats) return h("td", { class: "none" }, "no run");
    const at = bestOf(ats), own = value(metric, at);
    const node = h("td", { class: own === best ? "best" : null }, h("a", { href: linkTo("compare",
      { run: ats.slice(0, 8).map((each) => value("run_id", each)) }) }, runCell(metric, at),
    own === best ? " ★" : ""),
    ats.length > 1 ? h("small", {}, ` best of ${ats.length}${spreadOf(metric, ats)}`) : null);
    node.style.setProperty("--merit", `${Math.round(100 * merit(own))}%`);
    return node;
  };
  const raw = down.flatMap((row) => across.map((col) => [row, col,
    cells.has(`${row}\n${col}`) ? value(metric, bestOf(cells.get(`${row}\n${col}`))) : null]));
  host.replaceChildren(title, soft(wayWords(metric)), h("div", { class: "sheet" },
    h("table", { class: "heat" }, h("thead", {}, h("tr", {},
      h("th", {}, y ? said(heading(y), 60) : "", " ╲ ", said(heading(x), 60)),
      across.map((col) => h("th", { scope: "col" }, said(shownValue(x, col), 60))))),
    h("tbody", {}, down.map((row) => h("tr", {}, h("th", { scope: "row" }, said(y ? shownValue(y, row) : row, 60)),
      across.map((col) => cell(row, col)))))),
    saving("grid", () => [[y || "", x, metric], raw])));
}

function wayWords(metric) {
  const way = metricOf(metric)?.better;
  if (!way) return "Each cell is the first of its runs.";
  return `${way === "minimize" ? "Less" : "More"} is better: the deeper the colour, the better; `
    + "★ marks the best. ± is the spread over folds.";
}

function spreadOf(metric, ats) {
  const values = ats.map((at) => value(metric, at)), form = metricOf(metric)?.form;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low === high ? "" : `, ${rangeOf(low, high, form)}`;
}

// Values scaled to 0..1, best is 1; what lies far below the middle is cut off.
function meritOf(values, less) {
  const signed = values.map((each) => (less ? -each : each)).sort((a, b) => a - b);
  const high = signed[signed.length - 1], middle = signed[signed.length >> 1];
  const low = high > middle ? Math.max(signed[0], middle - 3 * (high - middle)) : signed[0];
  return (each) => (high > low ? Math.max(0, ((less ? -each : each) - low) / (high - low)) : 0.5);
}

function drawStrips(host, rows, by) {
  const hosts = ["roc_auc", costName()].filter((name) => name && store.data.keys.metrics.includes(name))
    .map((name) => [name, h("div")]);
  if (!by || !hosts.length) { host.replaceChildren(); return; }
  const figures = hosts.map(([name, node]) => h("figure", {},
    h("figcaption", {}, `${labelOf(name)} by ${heading(by)}`), node));
  host.replaceChildren(h("h2", {}, "Distributions"), soft("A dot is a run, the bar their median."),
    h("div", { class: "two" }, figures));
  const groups = valuesOf(rows, by);
  for (const [name, node] of hosts)
    strips(node, groups.map((own) => ({ words: shownValue(by, own), values: rows
      .filter((at) => (value(by, at) ?? "not set") === own).map((at) => value(`metrics.${name}`, at)) })),
    labelOf(name));
}
