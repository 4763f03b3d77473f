// How scores rank and what decisions cost, period by period.
"use strict";

function drawPeriods({ stretch, names, mean, gini, lines }) {
  const step = Math.ceil(names.length / 6), last = names.length - 1;
  const x = { low: -0.5, high: last + 0.5, name: stretch, form: (at) => names[at],
    ticks: names.map((_, at) => at).filter((at) => at % step === 0) };
  const ranked = gini.flatMap(([, , low, high]) => [low, high]);
  chart(byId("gini-chart"), {
    label: `Gini by ${stretch} with its 95 % interval`, x, y: { ...spanOf(ranked), name: "Gini" },
    levels: mean === undefined || mean === null ? [] : [{ at: mean, look: "grey" }],
    curves: [{ look: "", points: gini.map(([at, value]) => [at, value]) }],
    dots: gini.map(([at, y, low, high]) => ({ x: at, y, low, high, look: "whisker" })),
  });
  legend(byId("gini-legend"), [["", "Gini, 95 % interval", "dot"], ["grey", "mean"]]);
  const known = lines.filter(({ points }) => points.length);
  chart(byId("recut-chart"), {
    label: `Cost per row by ${stretch}`, x,
    y: { ...spanOf(known.flatMap(({ points }) => points.map(([, cost]) => cost))), name: "cost per row" },
    curves: known,
    dots: known.flatMap(({ look, points }) =>
      points.map(([at, y]) => ({ x: at, y, low: y, high: y, look }))),
  });
  legend(byId("recut-legend"), known.map(({ look, name }) => [look, name]));
}

// An axis with some air around values.
function spanOf(values) {
  const low = Math.min(...values), high = Math.max(...values), air = 0.08 * (high - low) || 0.1;
  return values.length ? { low: low - air, high: high + air } : { low: 0, high: 1 };
}
