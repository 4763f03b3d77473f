// The frame: tabs, what is live, and the view that the address names.
"use strict";

const VIEWS = { runs: runsView, compare: compareView, grid: gridView, searches: searchesView,
  models: modelsView, monitoring: monitoringView };
const frame = { view: null };

function build() {
  const app = document.getElementById("app");
  frame.tabs = h("nav", { "aria-label": "views" });
  frame.live = h("span", { class: "live" });
  frame.fault = h("p", { class: "note", role: "alert", hidden: true });
  frame.main = h("main", {});
  app.replaceChildren(h("header", { class: "top" }, h("h1", {}, "Cutscore"),
    h("span", { class: "where soft" }, said(app.dataset.store || "")), frame.tabs, frame.live),
  frame.fault, frame.main);
}

function tabs() {
  const hidden = (name) => (fixed && !["runs", "compare", "grid"].includes(name))
    || (name === "monitoring" && !column("experiment").includes(MONITORING))
    || (name === "searches" && !column("kind").includes("search"));
  const chosen = chosenRuns();
  frame.tabs.replaceChildren(...Object.entries(VIEWS).filter(([name]) => !hidden(name)).map(
    ([name, view]) => h("a", { href: linkTo(name, ["runs", "compare"].includes(name) ? { run: chosen } : {}),
      "aria-current": name === address.view ? "page" : null }, view.title,
    name === "compare" && chosen.length ? ` (${chosen.length})` : "")));
}

// Draw the view of the address anew, keeping its controls.
async function update() {
  if (!store.data) return;
  const name = VIEWS[address.view] ? address.view : "runs", view = VIEWS[name];
  const version = (frame.version = (frame.version || 0) + 1);
  try {
    if (frame.view !== view) {
      frame.view = view;
      frame.main.className = name;
      frame.main.replaceChildren();
      view.mount(frame.main);
    }
    tabs();
    document.title = `${view.title} · Cutscore`;
    await view.update(() => version === frame.version);
    fault(null);
  } catch (error) {
    fault(error);
  }
}

function fault(error) {
  frame.fault.hidden = !error;
  frame.fault.textContent = error?.message ?? "";
}

function live(error) {
  const now = new Date().toTimeString().slice(0, 8);
  frame.live.className = error ? "live off" : "live";
  frame.live.textContent = fixed ? "" : error ? "not up to date" : `live, ${now}`;
  if (error || frame.away) fault(error);  // what a view has said stays
  frame.away = Boolean(error);
}

async function start() {
  build();
  readAddress();
  addEventListener(fixed ? "popstate" : "hashchange", () => { readAddress(); update(); });
  if (fixed) document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link) { event.preventDefault(); goTo(link.getAttribute("href")); }
  });
  addEventListener("resize", () => frame.view?.resize?.());
  try {
    await load();
    live(null);
  } catch (error) {
    fault(error);
    if (error instanceof TypeError) frame.live.textContent = "the server does not answer";
    setTimeout(() => location.reload(), 5000);
    return;
  }
  await update();
  watch(() => { live(null); update(); }, live);
}

start();
