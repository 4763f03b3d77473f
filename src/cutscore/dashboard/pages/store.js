// The runs as columns, asked of the server; a page of its own has them inlined.
"use strict";

const inlined = document.getElementById("data");
const fixed = inlined ? JSON.parse(inlined.textContent) : null;
const store = { data: null, stamp: null, columns: new Map(), asked: new Set(), row: new Map(),
  version: 0 };
const POLL_MS = 2000;

async function ask(path, values = {}) {
  if (fixed) return fixedAnswer(path, values);
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(values))
    for (const each of [value].flat()) params.append(key, each);
  const answer = await fetch(`${path}?${params}`);
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error);
  return told;
}

function fixedAnswer(path, values) {
  if (path === "api/runs") return fixed.runs;
  if (path === "api/varying") return fixed.varying;
  if (path === "api/compare") return { ...fixed.compare,
    runs: [values.run].flat().map((id) => fixed.compare.runs.find((run) => run.run_id === id))
      .filter(Boolean) };
  throw new Error("This page has no server to ask.");
}

function unpack(packed) {
  if (packed.numbers) return packed.numbers;
  return packed.codes.map((code) => (code < 0 ? null : packed.texts[code]));
}

// Load all columns that were asked for so far, of one moment.
async function load() {
  const data = await ask("api/runs", { column: [...store.asked] });
  store.columns = new Map(Object.entries(data.columns).map(([name, each]) => [name, unpack(each)]));
  delete data.columns;
  store.data = data;
  store.stamp = data.stamp;
  store.row = new Map(store.columns.get("run_id").map((id, at) => [id, at]));
  store.names = [...data.keys.metrics.map((key) => `metrics.${key}`),
    ...data.keys.tags.map((key) => `tags.${key}`), ...data.keys.params.map((key) => `params.${key}`)];
  store.version++;
}

// See that columns are there; names that the store does not have are left out.
async function need(names) {
  const missing = names.filter((name) => !store.columns.has(name) && store.names.includes(name));
  if (!missing.length) return;
  missing.forEach((name) => store.asked.add(name));
  await load();
}

function column(name) {
  return store.columns.get(name) || [];
}

// The places of the rows of which a column has a value.
function placesOf(name, wanted) {
  return column(name).map((_, at) => at).filter((at) => column(name)[at] === wanted);
}

// A row's value by its place; null where there is none.
function value(name, at) {
  return store.columns.get(name)?.[at] ?? null;
}

// Ask every two seconds whether anything has changed, while somebody looks.
function watch(changed, failed) {
  if (fixed) return;
  setInterval(async () => {
    if (document.hidden || store.busy) return;
    store.busy = true;
    try {
      const { stamp } = await ask("api/state");
      if (stamp !== store.stamp) { await load(); changed(); } else failed(null);
    } catch (error) {
      failed(error);
    } finally {
      store.busy = false;
    }
  }, POLL_MS);
}
