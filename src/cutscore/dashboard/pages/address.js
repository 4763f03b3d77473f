// What is shown stands in the address: a view and its parameters, so that it can be sent.
"use strict";

const address = { view: "runs", params: new URLSearchParams() };

function readAddress() {
  const [view, query = ""] = location.hash.replace(/^#/, "").split("?");
  address.view = view || (fixed ? "grid" : "runs");
  address.params = new URLSearchParams(query);
}

function hashOf(view, params) {
  const query = params.toString();
  return `#${view}${query ? `?${query}` : ""}`;
}

// The address of a view with parameters; lists give a parameter several times.
function linkTo(view, values = {}) {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(values))
    for (const each of [value].flat()) if (each !== "" && each !== null) params.append(key, each);
  return hashOf(view, params);
}

// Change parameters of the present view; null takes one away. `replace` leaves no step back.
function change(values, replace = false) {
  for (const [key, value] of Object.entries(values)) {
    address.params.delete(key);
    for (const each of [value ?? []].flat()) if (each !== "") address.params.append(key, each);
  }
  const hash = hashOf(address.view, address.params);
  if (hash === location.hash) return;
  if (!replace) { location.hash = hash; return; }
  try { history.replaceState(null, "", hash); } catch { /* a frame of its own has no history */ }
  update();
}
