// The charts of a look at later rows: figures by period, and grades.
"use strict";

const told = JSON.parse(document.getElementById("data").textContent);
const places = { low: -0.4, high: told.periods.length - 0.6, name: "",
  ticks: told.periods.map((_, at) => at).filter((at) => at % Math.ceil(told.periods.length / 6) === 0),
  form: (at) => told.periods[at] || "" };

for (const { id, label, percent, lines, levels } of told.charts) {
  const host = document.getElementById(`${id}-chart`);
  const values = lines.flatMap((line) => line.points.map((point) => point[1])).concat(levels.map((l) => l.at));
  const y = { low: Math.min(0, ...values), high: 1.12 * Math.max(...values, 1e-9), name: label };
  if (percent) y.form = (value) => `${Number((100 * value).toPrecision(3))} %`;
  chart(host, { label, x: places, y, levels,
    curves: lines.map(({ points, look }) => ({ points, look })),
    dots: lines.flatMap(({ points, look }) => points.map(([x, value]) => ({ x, y: value, low: value, high: value, look }))) });
  legend(document.getElementById(`${id}-legend`), [...lines, ...levels].map(({ name, look }) => [look, name]));
}

if (told.grades.length) {
  const high = 1.1 * Math.max(...told.grades.map((grade) => Math.max(grade.high, grade.x)));
  const form = (value) => `${Number((100 * value).toPrecision(3))} %`;
  chart(document.getElementById("grades-chart"), { label: "share of positives",
    x: { low: 0, high, name: "mean probability", form }, y: { low: 0, high, name: "share of positives", form },
    curves: [{ points: [[0, 0], [high, high]], look: "grey" }], dots: told.grades });
}
