// What is shown stands in the address: a view and its parameters, so that it can be sent.
"use strict";

const address = { view: "runs", params: new URLSearchParams() };

function readAddress(hash = location.hash) {
  const [view, query = ""] = hash.replace(/^#/, "").split("?");
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
  goTo(hash, replace);
}

// A page of its own may be in a frame that must not change its address: it keeps it to itself.
function goTo(hash, replace = false) {
  if (!replace && !fixed) { location.hash = hash; return; }
  try {
    if (replace) history.replaceState(null, "", hash); else history.pushState(null, "", hash);
  } catch { /* then the address stays as it is */ }
  readAddress(hash);
  update();
}
