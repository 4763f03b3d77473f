// The registry: versions of each model, who has an alias, and who had it before.
"use strict";

const modelsView = { title: "Models" };

modelsView.mount = (root) => { modelsView.root = root; modelsView.drawn = null; };

modelsView.update = async (current) => {
  if (modelsView.drawn === store.version) return;
  const models = await ask("api/models");
  if (!current()) return;
  modelsView.drawn = store.version;
  modelsView.root.replaceChildren(...(models.length ? models.map(modelPart) : [nothing(
    "No model is registered. Try: ", h("code", {}, "cutscore promote RUN"))]));
};

const minute = (text) => (text ? text.slice(0, 16).replace("T", " ") : "–");

function modelPart(model) {
  const versions = [...model.versions].reverse();
  const header = ["version", "alias", "run", "made (UTC)"];
  return part(said(model.name),
    plainTable(`versions_${model.name}`, header, versions.map((each) => [each.version,
      h("strong", {}, each.aliases.map((alias) => `@${alias} `)), runLink(each),
      minute(each.created)])),
    ...Object.entries(model.history).map(([alias, reigns]) => h("div", {}, h("h3", {}, "Who was ", said(`@${alias}`)),
      plainTable(`history_${model.name}_${alias}`, ["version", "run", "since (UTC)", "until", "how", "why", "by"],
        [...reigns].reverse().map(reignRow)))));
}

function runLink({ run_id: id, run }) {
  const words = said(run || (id || "–").slice(0, 12));
  return id && store.row.has(id) ? h("a", { href: linkTo("compare", { run: id }) }, words) : words;
}

function reignRow(reign) {
  const forced = reign.forced && `gate passed over: ${reign.forced}`;
  const why = [reign.reason, forced, reign.note].filter(Boolean).join("; ");
  return [reign.version, runLink(reign), minute(reign.since),
    reign.until === null ? h("strong", {}, "now") : minute(reign.until),
    reign.kind, said(why || "–", 600), said(reign.user || "–")];
}
