// A table of any length that holds only the rows in sight; heights are fixed in the style sheet.
"use strict";

const ROW_HEIGHT = 34, SPARE = 12;

// The order of rows by a column, missing ones last whichever way.
function ordered(rows, name, down) {
  const values = column(name), sign = down ? -1 : 1;
  const numeric = rows.every((at) => values[at] === null || values[at] === undefined
    || values[at] === "" || !Number.isNaN(Number(values[at])));
  const words = new Intl.Collator("en", { numeric: true });
  const compare = numeric ? (a, b) => Number(a) - Number(b) : (a, b) => words.compare(a, b);
  const there = (at) => values[at] !== null && values[at] !== undefined && values[at] !== "";
  const known = rows.filter(there).sort((a, b) => sign * compare(values[a], values[b]) || a - b);
  return [...known, ...rows.filter((at) => !there(at))];
}

// Returns {node, show}: `show(columns, items, sort)` draws items, which are places of rows or
// groups {words, count, ...}; `cell(name, item)` gives the inside of a cell.
function longTable({ cell, rowClass, sorted, removed }) {
  const head = h("thead"), body = h("tbody"), foot = { before: h("tr"), after: h("tr") };
  const table = h("table", {}, head, body);
  const node = h("div", { class: "long", tabindex: "0", role: "region", "aria-label": "runs",
    scroll: () => requestAnimationFrame(draw) }, table);
  let shown = { columns: [], items: [] }, drawn = "";

  function draw(force = false) {
    const { columns, items } = shown;
    const first = Math.max(0, Math.floor(node.scrollTop / ROW_HEIGHT) - SPARE);
    const last = Math.min(items.length,
      Math.ceil((node.scrollTop + (node.clientHeight || 600)) / ROW_HEIGHT) + SPARE);
    if (!force && drawn === `${first} ${last}`) return;
    drawn = `${first} ${last}`;
    foot.before.style.height = `${first * ROW_HEIGHT}px`;
    foot.after.style.height = `${(items.length - last) * ROW_HEIGHT}px`;
    const rows = items.slice(first, last).map((item, at) => h("tr",
      { class: rowClass(item), "aria-rowindex": first + at + 2 },
      columns.map((name) => h("td", { class: isFigure(name) ? "figure" : null }, cell(name, item)))));
    body.replaceChildren(foot.before, ...rows, foot.after);
  }

  function heads(columns, sort) {
    head.replaceChildren(h("tr", {}, columns.map((name) => {
      if (name === "chosen") return h("th", { scope: "col", class: "tick" },
        h("span", { class: "away" }, "chosen"));
      const down = sort === `-${name}`, up = sort === name;
      return h("th", { scope: "col", class: isFigure(name) ? "figure" : null, title: name,
        "aria-sort": down ? "descending" : up ? "ascending" : null },
      h("button", { type: "button", click: () => sorted(name) }, said(heading(name), 40),
        down ? " ▾" : up ? " ▴" : ""),
      removed && name !== "name" ? h("button", { type: "button", class: "off",
        "aria-label": `leave out ${heading(name)}`, click: () => removed(name) }, "×") : null);
    })));
  }

  return {
    node,
    show(columns, items, sort) {
      const key = columns.join("\n") + sort;
      if (key !== shown.key) heads(columns, sort);
      shown = { columns, items, key };
      table.setAttribute("aria-rowcount", items.length + 1);
      draw(true);
    },
  };
}

function isFigure(name) {
  return name.startsWith("metrics.") || name === "seconds";
}
