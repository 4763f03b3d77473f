// A search: its course, what made the difference, and all trials across their settings.
"use strict";

const searchesView = { title: "Searches" };
const TRIAL = "tags.cutscore.trial";

searchesView.mount = (root) => {
  Object.assign(searchesView, { controls: h("div", { class: "controls" }), charts: h("div"), asked: null });
  root.append(searchesView.controls, searchesView.charts);
};

searchesView.resize = () => update();

searchesView.update = async (current) => {
  const view = searchesView;
  const searches = placesOf("kind", "search").map((at) => value("run_id", at));
  const id = address.params.get("search") || searches[0];
  if (!id || !store.row.has(id)) {
    view.charts.replaceChildren(nothing("There is no search in this store."));
    return;
  }
  if (view.asked !== `${id} ${store.version}`) {
    const [told, keys] = [await ask("api/compare", { run: id }), await ask("api/varying", { parent: id })];
    const shares = await importances(told.runs[0]);
    if (!current()) return;
    Object.assign(view, { run: told.runs[0], keys, shares, asked: `${id} ${store.version}` });
  }
  const aims = aimsOf(view.run), asked = address.params.get("metric");
  const aim = aims.find(([name]) => name === asked) || aims[0];
  const space = spaceOf(view.run, view.keys);
  await need([TRIAL, ...aims.map(([name]) => `metrics.${name}`), ...space]);
  if (!current()) return;
  const trials = ordered(placesOf("parent", id), TRIAL, false);
  view.controls.replaceChildren(
    choice("Search", searches.map((each) => [each, value("name", store.row.get(each))]), id,
      (each) => change({ search: each, metric: null })),
    aims.length > 1 ? choice("Aim", aims.map(([name]) => [name, labelOf(name)]), aim[0],
      (name) => change({ metric: name })) : "");
  drawSearch(view, trials, aims, aim, space);
};

// What a search optimises: [[metric, minimize or maximize]...]; it says so itself once it has ended.
function aimsOf(run) {
  const said = [...(run.params["search.metric"] || "").matchAll(/([\w.]+) \((minimize|maximize)\)/g)];
  return said.length ? said.map(([, name, way]) => [name, way]) : [[costName(), "minimize"]];
}

function spaceOf(run, keys) {
  const own = Object.keys(run.params).filter((name) => name.startsWith("search.space."))
    .map((name) => `params.${name.slice("search.space.".length)}`);
  const known = own.filter((name) => store.names.includes(name));
  return known.length ? known : Object.keys(keys).filter((name) => name.startsWith("params."));
}

async function importances(run) {
  if (!run.files.includes("importances.csv")) return [];
  const text = await (await fetch(fileOf(run, "importances.csv"))).text();
  return text.trim().split("\n").slice(1).map((line) => line.split(",").map((cell) => cell.replace(/^"|"$/g, "")))
    .map(([name, share]) => ({ name, value: Number(share), text: `${(100 * share).toFixed(0)}%` }))
    .filter((row) => Number.isFinite(row.value));
}

function drawSearch(view, trials, aims, [name, way], space) {
  const metric = `metrics.${name}`, states = new Map();
  for (const at of trials) states.set(value("state", at), (states.get(value("state", at)) || 0) + 1);
  const done = trials.filter((at) => value("state", at) === "complete" && value(metric, at) !== null);
  const sign = way === "minimize" ? 1 : -1;
  const best = done.reduce((a, b) => (
    a === null || sign * value(metric, b) < sign * value(metric, a) ? b : a), null);
  const hosts = { course: h("div"), shares: h("div"), across: h("div"), front: h("div") };
  const counts = [...states].map(([word, n]) => `${n} ${word}`).join(", ");
  const sentence = h("p", { class: "verdict" }, `${trials.length} trials: ${counts}.`,
    best === null ? null : [" The best, ", h("a",
      { href: linkTo("compare", { run: value("run_id", best) }) }, said(value("name", best))),
      `, has ${heading(metric)} ${formed(value(metric, best), metricOf(metric)?.form)}.`]);
  view.charts.replaceChildren(h("section", {}, sentence),
    h("div", { class: "two" }, part("Course", hosts.course), part("What made the difference", hosts.shares)),
    part("Trials across their settings", soft("A line is a trial, the best one stands out."),
      hosts.across),
    aims.length > 1 ? part("Both aims",
      soft("The line joins the trials that no other one beats in both."), hosts.front) : "",
    part("Trials", trialTable(trials, metric, space)));
  drawCourse(hosts.course, done, metric, sign);
  if (view.shares.length) bars(hosts.shares, view.shares.slice(0, 12), ["setting", "share of the variation"]);
  else hosts.shares.append(soft("Known when the search has ended."));
  parallel(hosts.across, done, space, metric, sign);
  if (aims.length > 1) drawFront(hosts.front, trials, aims);
}

function drawCourse(host, done, metric, sign) {
  if (!done.length) { host.append(soft("No trial is complete yet.")); return; }
  let least = Infinity;
  const points = done.map((at) => [Number(value(TRIAL, at)), value(metric, at)]);
  const line = points.map(([x, y]) => [x, sign * (least = Math.min(least, sign * y))]);
  chart(host, { label: "course of the search",
    x: { low: 0, high: Math.max(1, ...points.map(([x]) => x)), name: "trial" },
    y: around(points.map(([, y]) => y), heading(metric)), curves: [{ points: line, look: "", steps: true }],
    dots: points.map(([x, y]) => ({ x, y, low: y, high: y, look: "second" })) });
}

// Lines through one axis per setting, the last one the figure itself.
function parallel(host, done, space, metric, sign) {
  const names = [...space.slice(0, 11), metric];
  if (done.length < 2) { host.append(soft("Two complete trials are needed.")); return; }
  const wide = Math.max(host.clientWidth || 700, names.length * 92), height = 300, top = 40, bottom = height - 22;
  const root = svg("svg", { viewBox: `0 0 ${wide} ${height}`, role: "img",
    "aria-label": "trials across their settings" });
  const apart = (wide - 100) / (names.length - 1);
  const scales = names.map((name, place) =>
    parallelAxis(root, name, done, 46 + place * apart, top, bottom));
  const rank = [...done].sort((a, b) => sign * (value(metric, b) - value(metric, a)));
  rank.forEach((at, place) => {
    const d = scales.map(({ x, y }, i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y(at).toFixed(1)}`).join("");
    const line = svg("path", { class: place === rank.length - 1 ? "line trial top" : "line trial", d });
    line.style.setProperty("--rank", String(0.1 + 0.6 * (place / rank.length) ** 3));
    root.append(line);
  });
  host.append(h("div", { class: "sheet" }, root));
  root.style.minWidth = `${wide}px`;
}

function parallelAxis(root, name, done, x, top, bottom) {
  const own = done.map((at) => value(name, at)), numbers = own.map(Number);
  const numeric = own.every((each, i) => each !== null && !Number.isNaN(numbers[i]));
  const words = numeric ? [] : [...new Set(own.map((each) => String(each ?? "not set")))].sort();
  const [low, high] = numeric ? [Math.min(...numbers), Math.max(...numbers)] : [0, Math.max(words.length - 1, 1)];
  const log = numeric && low > 0 && high / low > 20;
  const axis = { low, high, kind: log ? "log" : "linear" }, up = scaleOf(axis, bottom, top);
  const text = (y, what, more = {}) => svg("text", { x, y, "text-anchor": "middle", ...more }, what);
  const title = text(16, clipped(heading(name), 14), { class: "name" });
  title.append(svg("title", {}, name));
  root.append(svg("line", { class: "axis", x1: x, x2: x, y1: top, y2: bottom }), title,
    text(top - 8, numeric ? short(high) : clipped(shownValue(name, words[words.length - 1]), 14)),
    text(bottom + 15, numeric ? short(low) : clipped(shownValue(name, words[0]), 14)));
  const word = (at) => words.indexOf(String(value(name, at) ?? "not set"));
  return { x, y: (at) => up(numeric ? Number(value(name, at)) : word(at)) };
}

// The trials in two aims, and those that no other one beats.
function drawFront(host, trials, aims) {
  const [[a, wayA], [b, wayB]] = aims, [s, t] = [wayA, wayB].map((way) => (way === "minimize" ? 1 : -1));
  const points = trials.filter((at) => value("state", at) === "complete")
    .map((at) => [value(`metrics.${a}`, at), value(`metrics.${b}`, at)]).filter((p) => finite(p).length === 2);
  if (!points.length) return;
  let least = Infinity;
  const front = [...points].sort((p, q) => s * (p[0] - q[0]) || t * (p[1] - q[1]))
    .filter((p) => t * p[1] < least && ((least = t * p[1]), true));
  chart(host, { label: "both aims", x: around(points.map((p) => p[0]), heading(`metrics.${a}`)),
    y: around(points.map((p) => p[1]), heading(`metrics.${b}`)), curves: [{ points: front, look: "", steps: true }],
    dots: points.map(([x, y]) => ({ x, y, low: y, high: y, look: "second" })) });
}

function trialTable(trials, metric, space) {
  const names = [TRIAL, "name", "state", metric, ...space];
  return plainTable("trials", names.map((name) => (name === TRIAL ? "trial" : said(heading(name), 30))),
    trials.map((at) => names.map((name) => (name === TRIAL ? value(name, at) ?? "–" : name.startsWith("params.")
      ? said(tidy(value(name, at))) : runCell(name, at)))), trials.map((at) => names.map((name) => value(name, at))));
}

function tidy(text) {
  const number = Number(text);
  return text === null ? "–" : text === "" || Number.isNaN(number) ? text : String(Number(number.toPrecision(5)));
}
