// Elements, and tables as files. Texts of a store become text nodes and nothing else.
"use strict";

// An element: functions among the attributes listen to the event of that name, null leaves one out.
function h(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(key, value);
    else if (value !== null && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

// A text of the store: its direction does not turn what is around it.
function said(text, most = 300) {
  const whole = String(text ?? "");
  const cut = whole.length > most ? `${whole.slice(0, most)}…` : whole;
  return h("bdi", { title: whole.length > 24 ? whole.slice(0, 2000) : null }, cut);
}

function soft(...words) {
  return h("p", { class: "soft" }, ...words);
}

function nothing(...words) {
  return h("p", { class: "empty" }, ...words);
}

// A part of a page below its title.
function part(title, ...inside) {
  return h("section", {}, h("h2", {}, title), ...inside);
}

function field(label, control) {
  return h("label", { class: "field" }, h("span", {}, label), control);
}

// A choice among [value, words]; `changed` is told the new value.
function choice(label, entries, value, changed) {
  const select = h("select", { change: (event) => changed(event.target.value) },
    entries.map(([key, words]) => h("option", { value: key, selected: key === value }, words)));
  return field(label, select);
}

// A name to be typed or picked from many; '' stands for none.
function pick(label, names, value, changed, hint = "") {
  const id = `names-${label.replace(/\W/g, "")}`;
  const input = h("input", { type: "search", list: id, value, placeholder: hint, autocomplete: "off",
    change: (event) => {
      const found = event.target.value.trim();
      if (found === "" || names.includes(found)) changed(found, event.target);
    } });
  return h("span", {}, field(label, input), h("datalist", { id },
    names.map((name) => h("option", { value: name }))));
}

// What a spreadsheet would compute is kept a text.
function csvCell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) && Number.isNaN(Number(value)) ? `'${value}` : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csv(header, rows) {
  return [header, ...rows].map((row) => row.map(csvCell).join(",")).join("\r\n") + "\r\n";
}

// A button that saves a table; `table` returns [header, rows] when it is pressed.
function saving(name, table) {
  return h("button", { type: "button", class: "quiet", "data-file": name, click: () => {
    const url = URL.createObjectURL(new Blob([csv(...table())], { type: "text/csv" }));
    h("a", { href: url, download: `${name}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  } }, "CSV");
}

// A small table: a header of words, rows of nodes or texts, and the same as a file.
function plainTable(name, header, rows, values = null) {
  const cells = (row) => row.map((cell, at) => at === 0 ? h("th", { scope: "row" }, cell)
    : h("td", {}, cell));
  return h("div", { class: "sheet" },
    h("table", {}, h("thead", {}, h("tr", {}, header.map((word) => h("th", { scope: "col" }, word)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, cells(row))))),
    saving(name, () => [header.map(textOf), (values || rows).map((row) => row.map(textOf))]));
}

function textOf(cell) {
  return cell instanceof Node ? cell.textContent : cell;
}
