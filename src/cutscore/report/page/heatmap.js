// A table whose cells are shaded by their values, for pages that compare; it needs charts.js.
"use strict";

//   corner: what rows and columns are; rows, columns: their names
//   values: [[number or null...]...] by row; form: how a value is written
//   better: "low" or "high" values are shaded most; title(i, j): more on a cell
function heatmap(host, { corner, rows, columns, values, form = String, better = "high", title }) {
  const known = values.flat().filter((value) => value !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const strength = (value) => {
    const share = high > low ? (value - low) / (high - low) : 1;
    return Math.round(100 * (better === "high" ? share : 1 - share));
  };
  const best = better === "high" ? high : low;
  const cell = (value, i, j) => {
    if (value === null) return element("td", {}, "–");
    const node = element("td", { class: "shade", title: title?.(i, j) ?? String(value) },
      value === best ? element("strong", {}, `${form(value)} ★`) : form(value));
    node.style.setProperty("--shade", `${strength(value)}%`);
    return node;
  };
  const head = (name, scope) => element("th", { scope }, element("bdi", {}, name));
  host.replaceChildren(element("table", { class: "heatmap" },
    element("thead", {}, element("tr", {}, head(corner, "col"),
      ...columns.map((name) => head(name, "col")))),
    element("tbody", {}, ...rows.map((name, i) => element("tr", {}, head(name, "row"),
      ...values[i].map((value, j) => cell(value, i, j)))))));
}
