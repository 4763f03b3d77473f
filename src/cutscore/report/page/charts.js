// Charts as SVG, drawn into an element as wide as that is. Looks are classes of page.css: a curve
// differs from others by its dashes as well as by its colour.
"use strict";

const SVG = "http://www.w3.org/2000/svg";

// An element of HTML, or of SVG by `svg`; children may be texts.
function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}
function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}
function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// An axis {low, high, name, kind, ticks, form}: `kind` is "linear", "root" or "log".
function scaleOf(axis, start, end) {
  const bend = { root: Math.sqrt, log: Math.log }[axis.kind] || ((value) => value);
  const low = bend(axis.low), width = bend(axis.high) - low || 1;
  return (value) => start + ((bend(value) - low) / width) * (end - start);
}

// Round numbers inside an axis.
function ticksOf(axis, most = 6) {
  if (axis.ticks) return axis.ticks.filter((tick) => tick >= axis.low && tick <= axis.high);
  const rough = (axis.high - axis.low || 1) / most, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((times) => times * power >= rough);
  const found = [];
  for (let i = Math.ceil(axis.low / step); i * step <= axis.high * (1 + 1e-12); i++)
    found.push(Number((i * step).toPrecision(12)));
  return found;
}

// Draw curves, bands and dots; return a function that moves the mark to a point, or hides it.
//   label: what a reader hears; height in pixels
//   x, y: axes
//   bands: [{low, high, look}] along x; levels: [{at, look}] along y
//   curves: [{points: [[x, y]...], look, steps, area}]
//   dots: [{x, y, low, high, look}]
function chart(host, { label, x, y, height = 260, bands = [], levels = [], curves = [], dots = [] }) {
  const width = Math.max(host.clientWidth || 560, 240), right = width - 12, top = 28, bottom = height - 40;
  const left = 14 + 6.6 * Math.max(2, ...ticksOf(y, 5).map((tick) => (y.form || short)(tick).length));
  const across = scaleOf(x, left, right), up = scaleOf(y, bottom, top);
  const inside = (value, axis) => Math.min(Math.max(value, axis.low), axis.high);
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  for (const { low, high, look } of bands) {
    const [from, to] = [across(inside(low, x)), across(inside(high, x))];
    root.append(svg("rect", { class: `band ${look}`, x: from, y: top, height: bottom - top,
      width: Math.max(to - from, 1) }));
  }
  const few = width < 420 ? 4 : 6;
  for (const tick of ticksOf(y, 5)) {
    const at = up(tick);
    root.append(svg("line", { class: "rule", x1: left, x2: right, y1: at, y2: at }),
      svg("text", { x: left - 7, y: at + 4, "text-anchor": "end" }, (y.form || short)(tick)));
  }
  let free = -1;
  for (const tick of ticksOf(x, few)) {
    const at = across(tick), text = (x.form || short)(tick);
    root.append(svg("line", { class: "tick", x1: at, x2: at, y1: bottom, y2: bottom + 4 }));
    if (at - 3.5 * text.length < free) continue;
    root.append(svg("text", { x: at, y: bottom + 17, "text-anchor": "middle" }, text));
    free = at + 3.5 * text.length + 6;
  }
  root.append(svg("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }),
    svg("text", { class: "name", x: (left + right) / 2, y: height - 5,
      "text-anchor": "middle" }, x.name),
    svg("text", { class: "name", x: 0, y: 12 }, y.name));
  for (const { at, look } of levels)
    root.append(svg("line", { class: `line ${look}`, x1: left, x2: right,
      y1: up(inside(at, y)), y2: up(inside(at, y)) }));
  for (const { points, look, steps, area } of curves) {
    const d = pathOf(points.map(([a, b]) => [across(inside(a, x)), up(inside(b, y))]), steps);
    if (area) root.append(svg("path", { class: `area ${look}`,
      d: `${d}V${bottom}H${across(inside(points[0][0], x)).toFixed(1)}Z` }));
    root.append(svg("path", { class: `line ${look}`, d }));
  }
  for (const { x: a, y: b, low, high, look } of dots) {
    const at = across(inside(a, x));
    root.append(svg("line", { class: `line ${look}`, x1: at, x2: at, y1: up(inside(low, y)),
      y2: up(inside(high, y)) }), svg("circle", { class: `dot ${look}`, cx: at,
      cy: up(inside(b, y)), r: 3.5 }));
  }
  const rod = svg("line", { class: "line here", y1: top, y2: bottom, x1: 0, x2: 0 });
  const ball = svg("circle", { class: "dot here", r: 6 });
  const mark = svg("g", { visibility: "hidden" }, rod, ball);
  root.append(mark);
  host.replaceChildren(root);
  return (a, b) => {
    const there = a !== null && b !== null;
    mark.setAttribute("visibility", there ? "visible" : "hidden");
    if (!there) return;
    const at = across(inside(a, x));
    rod.setAttribute("transform", `translate(${at} 0)`);
    ball.setAttribute("transform", `translate(${at} ${up(inside(b, y))})`);
  };
}

// A path through pixels, leaving out what lies on the same tenth of one.
function pathOf(points, steps) {
  let d = "", before = "";
  for (const [x, y] of points) {
    const [a, b] = [x.toFixed(1), y.toFixed(1)];
    if (`${a} ${b}` === before) continue;
    d += d ? (steps ? `H${a}V${b}` : `L${a} ${b}`) : `M${a} ${b}`;
    before = `${a} ${b}`;
  }
  return d;
}

function short(value) {
  const size = Math.abs(value);
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(4))}M`;
  return size >= 1000 ? value.toLocaleString("en-US") : String(Number(value.toPrecision(4)));
}

// Which look is what: [[look, words]...], where the chart has lines (or fills).
function legend(host, entries) {
  host.replaceChildren(...entries.map(([look, words, kind = "line"]) => element("li", {},
    svg("svg", { class: "key", viewBox: "0 0 26 12", "aria-hidden": "true" },
      kind === "line" ? svg("line", { class: `line ${look}`, x1: 1, x2: 25, y1: 6, y2: 6 })
        : kind === "dot" ? svg("circle", { class: `dot ${look}`, cx: 13, cy: 6, r: 4 })
          : svg("rect", { class: `${kind} ${look}`, x: 1, y: 1, width: 24, height: 10 })),
    words)));
}

// Bars as a table: [{name, value, text}], the longest bar for the largest value.
function bars(host, rows, [first, second]) {
  const most = Math.max(...rows.map((row) => row.value)) || 1;
  host.replaceChildren(element("table", { class: "bars" },
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, first),
      element("th", { scope: "col", colspan: 2 }, second))),
    element("tbody", {}, ...rows.map(({ name, value, text }) => {
      const bar = element("span", { class: "bar" });
      bar.style.width = `${(100 * value) / most}%`;
      return element("tr", {}, element("th", { scope: "row" }, element("bdi", {}, name)),
        element("td", {}, bar), element("td", { class: "figure" }, text));
    }))));
}
