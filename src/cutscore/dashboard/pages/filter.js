// What is typed into the search field: words, and conditions on columns.
//   domain -failed  state:running  auc>0.86  sampling.method=none  "two words"
"use strict";

const CONDITION = /^(-?)([\w.]+)(>=|<=|!=|=|>|<|:)(.*)$/s;

// The tokens of a text: {not, words} or {not, column, sign, words}; unknown columns are told.
function parsed(text) {
  const tokens = text.match(/(?:"[^"]*"|[^\s"]+)+/g) || [];
  return tokens.map((token) => {
    const plain = token.replaceAll('"', "");
    const found = token.startsWith('"') ? null : CONDITION.exec(plain);
    const not = plain.length > 1 && plain.startsWith("-") && !token.startsWith('"');
    if (!found) return { not, words: (not ? plain.slice(1) : plain).toLowerCase() };
    const column = columnNamed(found[2]);
    return { not: found[1] === "-", column, sign: found[3], words: found[4].toLowerCase(),
      unknown: column ? null : found[2] };
  });
}

// The column that a word means: its name, its key, or the end of one, metrics first.
function columnNamed(word) {
  const own = Object.keys(BASE).find((name) => name === word);
  if (own || store.names.includes(word)) return own || word;
  const plain = word.toLowerCase();
  const key = (name) => name.slice(name.indexOf(".") + 1).toLowerCase();
  return store.names.find((name) => key(name) === plain)
    || store.names.find((name) => heading(name).toLowerCase() === plain)
    || store.names.find((name) => key(name).endsWith(`.${plain}`)) || null;
}

// Returns what says of a row whether it fits all tokens.
function fitting(tokens) {
  const tests = tokens.filter((token) => !token.unknown).map(testOf);
  return (at) => tests.every((test) => test(at));
}

function testOf({ not, column: name, sign, words }) {
  if (!name) return (at) => haystack()[at].includes(words) !== not;
  const values = column(name), number = words.trim() === "" ? NaN : Number(words);
  const text = (at) => String(values[at] ?? "").toLowerCase();
  const compared = { ">": (a) => a > number, "<": (a) => a < number, ">=": (a) => a >= number,
    "<=": (a) => a <= number }[sign];
  const same = (at) => text(at) === words
    || (values[at] !== null && !Number.isNaN(number) && Number(values[at]) === number);
  const test = compared ? (at) => values[at] !== null && values[at] !== "" && compared(Number(values[at]))
    : sign === ":" ? (at) => text(at).includes(words)
      : sign === "=" ? same : (at) => !same(at);
  return not ? (at) => !test(at) : test;
}

// What words are looked for in: names, labels and states, made once for each state of the store.
function haystack() {
  if (haystack.version !== store.version) {
    const names = ["name", "experiment", "state", "kind", "run_id",
      ...[...store.columns.keys()].filter((name) => name.startsWith("tags."))];
    const columns = names.map(column);
    haystack.rows = column("run_id").map((_, at) =>
      columns.map((values) => values[at] ?? "").join("\n").toLowerCase());
    haystack.version = store.version;
  }
  return haystack.rows;
}
