// Point at a trial, or type its number, and see it in every chart with all that it had.
"use strict";

const trials = JSON.parse(document.getElementById("data").textContent);
const typed = document.getElementById("trial"), best = document.getElementById("best");
let pinned = false;

function show(trial) {
  for (const node of document.querySelectorAll(".on")) node.classList.remove("on");
  const told = document.getElementById("told");
  if (!trials[trial]) { told.textContent = "There is no such trial."; return; }
  for (const node of document.querySelectorAll(`[data-trial="${trial}"]`)) node.classList.add("on");
  typed.value = trials[trial].number;
  const lines = trials[trial].lines.map((line) => {
    const node = document.createElement("li");
    node.textContent = line;
    return node;
  });
  told.replaceChildren(...lines);
}

for (const kind of ["pointerover", "click"])
  document.querySelector("main").addEventListener(kind, (event) => {
    const trial = event.target.dataset?.trial;
    if (kind === "click") pinned = trial !== undefined;
    if (trial !== undefined && (kind === "click" || !pinned)) show(trial);
  });
typed.addEventListener("input", () => {
  pinned = true;
  show(trials.findIndex(({ number }) => String(number) === typed.value.trim()));
});

// Lines of the parallel coordinates stand from the worst to the best.
const lines = [...document.querySelectorAll(".lines > *")];
best.parentElement.hidden = !lines.length;
best.max = lines.length;
best.value = lines.length;
best.addEventListener("input", () => {
  document.getElementById("best-told").textContent = best.value;
  lines.forEach((line, i) => { line.style.display = i < lines.length - best.value ? "none" : ""; });
});
document.getElementById("best-told").textContent = lines.length;
for (const node of document.querySelectorAll(".control[hidden]")) node.hidden = false;
