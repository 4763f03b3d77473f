// All runs: filtered, sorted, grouped, chosen for a comparison.
"use strict";

const STATES = { complete: "●", finished: "●", running: "◐", failed: "✕", killed: "✕", dead: "✕",
  pruned: "–" };
const runsView = { title: "Runs" };

runsView.mount = (root) => {
  const view = runsView;
  view.search = h("input", { type: "search", spellcheck: "false", autocomplete: "off",
    placeholder: "domain   auc>0.86   state:running   -failed", "aria-describedby": "filter-note",
    input: (event) => change({ q: event.target.value || null }, true) });
  view.note = h("p", { id: "filter-note", class: "message", role: "status" });
  view.bar = h("div", { class: "bar-of-runs" });
  view.more = h("div", { class: "more" });
  view.table = longTable({ cell: runCell, rowClass, sorted: sortBy, removed: leaveOut });
  root.append(h("div", { class: "controls" }, field("Filter", view.search), view.more), view.bar,
    view.note, view.table.node);
  view.open = new Set();
  view.names = null;
};

runsView.update = async () => {
  const view = runsView, query = address.params.get("q") || "";
  if (document.activeElement !== view.search) view.search.value = query;
  const tokens = parsed(query);
  await need([...tokens.map((token) => token.column).filter(Boolean), ...shownColumns(),
    address.params.get("group") || ""]);
  controls(view);
  const rows = runsShown();
  view.table.show(["chosen", ...shownColumns()], inGroups(rows), sortOf());
  const unknown = tokens.filter((token) => token.unknown).map((token) => token.unknown);
  view.note.replaceChildren(unknown.length
    ? `No column is called ${unknown.join(", ")}; this part is left out.` : "");
  bar(view, rows);
};

// The places of the rows that the filter leaves, in their order.
function runsShown() {
  const fits = fitting(parsed(address.params.get("q") || ""));
  const rows = column("run_id").map((_, at) => at).filter(fits), sort = sortOf();
  return sort ? ordered(rows, sort.replace(/^-/, ""), sort.startsWith("-")) : rows;
}

function sortOf() {
  return address.params.get("sort") || store.data.sort || "-started";
}

function shownColumns() {
  const asked = address.params.getAll("column");
  const usual = fixed ? ["state", ...store.data.usual, "seconds"]
    : ["experiment", "state", ...store.data.usual, "started", "seconds"];
  return ["name", ...(asked.length ? asked : usual.filter(useful))];
}

// Whether a column says anything: a label that no run has, or all runs share, does not.
function useful(name) {
  return !name.startsWith("tags.") || new Set(column(name).filter((each) => each !== null)).size > 1;
}

function sortBy(name) {
  const now = sortOf(), first = metricOf(name)?.better === "maximize" || name === "started";
  const next = now === name ? `-${name}` : now === `-${name}` ? name : first ? `-${name}` : name;
  change({ sort: next });
}

function leaveOut(name) {
  change({ column: shownColumns().filter((each) => each !== name && each !== "name") });
}

function chosenRuns() {
  return address.params.getAll("run").filter((id) => store.row.has(id));
}

function toggle(id) {
  const chosen = chosenRuns();
  change({ run: chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id] }, true);
}

function controls(view) {
  if (view.names === store.names.length) return;
  view.names = store.names.length;
  const labels = ["experiment", "state", "kind", "parent", ...store.names];
  view.more.replaceChildren(
    pick("Add a column", [...Object.keys(BASE), ...store.names], "", (name, input) => {
      input.value = "";
      if (name) change({ column: [...shownColumns().slice(1), name] });
    }, "any param, tag or metric"),
    pick("Group by", labels, address.params.get("group") || "", (name) => {
      view.open.clear();
      change({ group: name || null });
    }, "none"));
}

function bar(view, rows) {
  const chosen = chosenRuns(), all = store.data.rows;
  const count = rows.length === all ? `${all.toLocaleString("en-US")} runs`
    : `${rows.length.toLocaleString("en-US")} of ${all.toLocaleString("en-US")} runs`;
  view.bar.replaceChildren(h("strong", {}, count),
    all === 0 ? h("span", {}, "The store is empty. Try: ", h("code", {}, "cutscore run experiment=quickstart")) : "",
    chosen.length ? h("a", { class: "button", href: linkTo("compare", { run: chosen }) },
      chosen.length === 1 ? "Look at 1 run" : `Compare ${chosen.length} runs`)
      : h("span", { class: "soft" }, "Tick runs to compare them."),
    chosen.length ? h("button", { type: "button", class: "quiet", click: () => change({ run: null }) }, "Clear") : "",
    saving("runs", () => {
      const names = shownColumns();
      return [["run_id", ...names], rows.map((at) => [value("run_id", at),
        ...names.map((name) => name === "started" ? moment(value(name, at)) : value(name, at))])];
    }));
}

// Rows under the values of the grouping column, in the order of their first ones; closed until opened.
function inGroups(rows) {
  const name = address.params.get("group");
  if (!name) return rows;
  const groups = new Map();
  for (const at of rows) {
    const key = String(value(name, at) ?? "–");
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(at);
  }
  return [...groups].flatMap(([words, members]) => [{ words, members, name },
    ...(runsView.open.has(words) ? members : [])]);
}

function rowClass(item) {
  if (typeof item === "object") return "group";
  return chosenRuns().includes(value("run_id", item)) ? "chosen" : null;
}

function runCell(name, item) {
  if (typeof item === "object") return groupCell(name, item);
  const id = value("run_id", item);
  if (name === "chosen") return h("input", { type: "checkbox", "aria-label": `choose ${value("name", item)}`,
    checked: chosenRuns().includes(id), change: () => toggle(id) });
  if (name === "name") return h("a", { href: linkTo("compare", { run: id }) },
    said(value("name", item) || id.slice(0, 12)));
  if (name === "state") return stateOf(item);
  if (name === "parent") return parentLink(value("parent", item));
  const text = said(shownValue(name, value(name, item)));
  const spread = metricOf(name)?.spread;
  const around = spread ? value(`metrics.${spread}`, item) : null;
  return around === null ? text : [text, h("small", {}, ` ± ${formed(around, metricOf(name).form)}`)];
}

// How a run stands; of an open one how far it is: its folds, or the runs that belong to it.
function stateOf(at) {
  const state = value("state", at), id = value("run_id", at), folds = store.data.folds?.[id];
  let far = folds ? `, ${folds} folds` : "";
  if (state === "running" && value("kind", at)) {
    const ended = placesOf("parent", id).filter((place) => value("state", place) !== "running");
    far = `, ${ended.length} of its runs ended`;
  }
  return h("span", { class: `state ${state}` }, `${STATES[state] || "○"} ${state}${far}`);
}

function parentLink(id) {
  const at = store.row.get(id);
  if (at === undefined) return "–";
  return h("a", { href: linkTo("grid", { parent: id }) }, said(value("name", at)));
}

// A group's row: how many, and the best of each metric.
function groupCell(name, group) {
  if (name === "chosen") return "";
  if (name === "name") {
    const open = runsView.open.has(group.words);
    return h("button", { type: "button", class: "plain", "aria-expanded": String(open), click: () => {
      open ? runsView.open.delete(group.words) : runsView.open.add(group.words);
      update();
    } }, open ? "▾ " : "▸ ", said(shownValue(group.name, group.words === "–" ? null : group.words), 60),
    h("small", {}, ` ${group.members.length} run${group.members.length > 1 ? "s" : ""}`));
  }
  const metric = metricOf(name);
  if (!metric) return "";
  const values = group.members.map((at) => value(name, at)).filter((each) => each !== null);
  if (!values.length) return "–";
  if (!metric.better)
    return h("small", {}, rangeOf(Math.min(...values), Math.max(...values), metric.form));
  const best = values.reduce((a, b) => (better(name, b, a) ? b : a));
  return [formed(best, metric.form), h("small", {}, " best")];
}
