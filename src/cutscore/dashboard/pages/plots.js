// Charts that only the dashboard has, drawn with the parts of charts.js.
"use strict";

const finite = (values) => values.filter((each) => Number.isFinite(each));

// A little room around values, for an axis.
function around(values, name) {
  const known = finite(values), low = Math.min(...known), high = Math.max(...known);
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  return { low: low - room, high: high + room, name };
}

// A dot with its interval per row: [{at, name, value, low, high}], `at` the run's look.
function whiskers(host, rows, name) {
  const known = rows.filter((row) => Number.isFinite(row.value));
  if (!known.length) { host.replaceChildren(soft("Not recorded.")); return; }
  const width = Math.max(host.clientWidth || 560, 240), line = 30, height = known.length * line + 44;
  const axis = around(known.flatMap((row) => [row.value, row.low, row.high]), name);
  const across = scaleOf(axis, 16, width - 16);
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": name });
  xTicks(root, axis, across, height - 40, width);
  known.forEach((row, place) => {
    const y = 8 + place * line, look = `run-${row.at % 8}`;
    root.append(svg("text", { x: 16, y: y + 8, class: "name" }, clipped(row.name, width / 7)));
    if (Number.isFinite(row.low) && Number.isFinite(row.high))
      root.append(svg("line", { class: `line solid ${look}`, x1: across(row.low),
        x2: across(row.high), y1: y + 16, y2: y + 16 }));
    root.append(svg("circle", { class: `dot ${look}`, cx: across(row.value), cy: y + 16, r: 4.5 }));
  });
  host.replaceChildren(root);
}

function xTicks(root, axis, across, bottom, width) {
  for (const tick of ticksOf(axis, width < 420 ? 3 : 6)) {
    const x = across(tick);
    root.append(svg("line", { class: "rule", x1: x, x2: x, y1: 4, y2: bottom }),
      svg("text", { x, y: bottom + 16, "text-anchor": "middle" }, short(tick)));
  }
  root.append(svg("text", { class: "name", x: width / 2, y: bottom + 34, "text-anchor": "middle" }, axis.name));
}

function clipped(text, most) {
  const cut = Math.max(8, Math.floor(most));
  return text.length > cut ? `${text.slice(0, cut - 1)}…` : text;
}

// How a figure lies by the values of a key: [{words, values}]; a dot a run, a bar at the median.
function strips(host, groups, name) {
  const known = groups.map((group) => ({ ...group, values: finite(group.values) })).filter((g) => g.values.length);
  if (!known.length) { host.replaceChildren(soft("Nothing to show.")); return; }
  const width = Math.max(host.clientWidth || 560, 240), line = 34, height = known.length * line + 44;
  const left = Math.min(170, width * 0.35), axis = around(known.flatMap((g) => g.values), name);
  const across = scaleOf(axis, left, width - 14);
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": name });
  xTicks(root, axis, across, height - 40, width);
  known.forEach(({ words, values }, place) => {
    const y = 18 + place * line, sorted = [...values].sort((a, b) => a - b);
    const middle = (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
    root.append(svg("text", { x: left - 8, y: y + 4, "text-anchor": "end", class: "name" }, clipped(words, left / 7)),
      ...values.map((each, i) => svg("circle", { class: "dot faint", cx: across(each),
        cy: y + ((i * 7) % 15) - 7, r: 3 })),
      svg("line", { class: "line here", x1: across(middle), x2: across(middle), y1: y - 11, y2: y + 11 }));
  });
  host.replaceChildren(root);
}
