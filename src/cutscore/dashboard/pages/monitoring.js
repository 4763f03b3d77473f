// What monitoring has recorded: a figure by step in each run, or one point a run in order of time.
"use strict";

const MONITORING = "monitoring";
const monitoringView = { title: "Monitoring" };

monitoringView.mount = (root) => {
  Object.assign(monitoringView, { controls: h("div", { class: "controls" }), part: h("section") });
  root.append(monitoringView.controls, monitoringView.part);
};

monitoringView.resize = () => update();

monitoringView.update = async (current) => {
  const rows = placesOf("experiment", MONITORING).reverse();
  const of = address.params.get("of");
  const run = of === "all" ? undefined : rows.find((at) => value("run_id", at) === of) ?? rows[rows.length - 1];
  const names = store.data.keys.metrics;
  await need(names.map((name) => `metrics.${name}`).slice(0, 150));
  const known = names.filter((name) => rows.some((at) => value(`metrics.${name}`, at) !== null));
  const metric = known.includes(address.params.get("metric")) ? address.params.get("metric") : known[0];
  if (!metric) {
    monitoringView.part.replaceChildren(nothing("Nothing is recorded yet."));
    return;
  }
  const told = run === undefined ? [] : await ask("api/history", { run: value("run_id", run), metric });
  const steps = told.length ? told : null;  // of a server only the latest values are known
  if (!current()) return;
  monitoringView.controls.replaceChildren(
    choice("Figure", known.map((name) => [name, labelOf(name)]), metric,
      (name) => change({ metric: name })),
    choice("Of", [["all", "all runs, by time"],
      ...rows.map((at) => [value("run_id", at), `${value("name", at)}, by step`])],
      run === undefined ? "all" : value("run_id", run), (id) => change({ of: id })));
  const points = steps || rows.map((at, place) => [place + 1, value(`metrics.${metric}`, at)])
    .filter(([, y]) => y !== null);
  const host = h("div"), form = store.data.metrics[metric]?.form;
  const words = (place) => (steps ? place : value("name", rows[place - 1]));
  monitoringView.part.replaceChildren(h("h2", {}, labelOf(metric)), host,
    plainTable("monitoring", [steps ? "step" : "run", "value"],
      points.map(([x, y]) => [words(x), formed(y, form)]), points.map(([x, y]) => [words(x), y])));
  if (!points.length) { host.append(soft("No values.")); return; }
  const xs = points.map(([x]) => x);
  chart(host, { label: metric, x: { low: Math.min(...xs), high: Math.max(...xs, xs[0] + 1),
    name: steps ? "step" : "run, in order of time" },
    y: around(points.map(([, y]) => y), labelOf(metric)), curves: [{ points, look: "" }],
    dots: points.map(([x, y]) => ({ x, y, low: y, high: y, look: "" })) });
};
