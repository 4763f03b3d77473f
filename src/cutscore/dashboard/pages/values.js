// Figures in words, as the metric catalogue says, and columns by name.
"use strict";

// Write a number as Python's format would: ".4f", ",.0f", ".1%", ",.6g".
function formed(value, form) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const [, comma, digits, kind] = /(,?)\.(\d+)([f%g])/.exec(form || "") || [null, ",", "6", "g"];
  if (kind === "%") return `${(100 * value).toFixed(digits)}%`;
  if (kind === "g") return Math.abs(value) >= 1e6 || (value && Math.abs(value) < 1e-4)
    ? String(Number(value.toPrecision(digits))) : grouped(Number(value.toPrecision(digits)), comma);
  return grouped(value, comma, Number(digits));
}
function grouped(value, comma, digits = null) {
  if (!comma) return digits === null ? String(value) : value.toFixed(digits);
  const exact = digits === null ? { maximumFractionDigits: 12 }
    : { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return value.toLocaleString("en-US", exact);
}

function seconds(value) {
  if (value === null) return "–";
  if (value < 90) return `${value.toFixed(value < 10 ? 1 : 0)} s`;
  return value < 5400 ? `${Math.round(value / 60)} min` : `${(value / 3600).toFixed(1)} h`;
}

function moment(value) {
  return value === null ? "–" : new Date(value).toISOString().slice(0, 16).replace("T", " ");
}

const BASE = { name: "run", experiment: "experiment", state: "state", started: "started (UTC)",
  seconds: "took", kind: "kind", run_id: "run id", parent: "part of" };

// A column's heading: the catalogue's word for a metric, else the end of its dotted name.
function heading(name) {
  if (BASE[name]) return BASE[name];
  const [family, key] = [name.slice(0, name.indexOf(".")), name.slice(name.indexOf(".") + 1)];
  if (family === "metrics") return store.data.metrics[key]?.heading || key;
  return key.replace(/^model\.params\./, "").replace(/\._target_$/, "").replaceAll("_", " ");
}

function metricOf(name) {
  return name.startsWith("metrics.") ? store.data.metrics[name.slice(8)] : undefined;
}

function rangeOf(low, high, form) {
  return `${formed(low, form)} to ${formed(high, form)}`;
}

// A metric's name for people.
function labelOf(key) {
  return store.data.metrics[key]?.label || key;
}

// A cell's text in tables.
function shownValue(name, value) {
  if (value === null || value === undefined) return "–";
  if (name === "started") return moment(value);
  if (name === "seconds") return seconds(value);
  if (name.startsWith("metrics.")) return formed(value, metricOf(name)?.form);
  const text = String(value);
  return name.endsWith("._target_") ? text.slice(text.lastIndexOf(".") + 1) : text;
}

// Which of two values of a metric is better; nothing known is worst.
function better(name, a, b) {
  const sign = metricOf(name)?.better === "minimize" ? -1 : 1;
  if (a === null || a === undefined) return false;
  return b === null || b === undefined || sign * a > sign * b;
}
