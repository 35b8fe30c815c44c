// Select the records with a number that is high enough.
//   select.mjs --records FILE --field NAME [--least NUMBER] --selected FILE --count FILE

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { argv, exit } from "node:process";

const OPTIONS = ["records", "field", "least", "selected", "count"];

function fail(message) {
  console.error(`error: ${message}`);
  exit(1);
}

/** Return the options: --name value --name value. */
function optionsOf(words) {
  // An engine passes no number if its caller gives none, so the default stands here and in component.yaml.
  const given = { least: "0" };
  for (let place = 0; place < words.length; place += 2) {
    const name = words[place].replace(/^--/, "");
    if (!OPTIONS.includes(name)) fail(`unknown option ${words[place]}`);
    if (place + 1 === words.length) fail(`${words[place]} has no value`);
    given[name] = words[place + 1];
  }
  const missing = OPTIONS.find((name) => given[name] === undefined);
  if (missing) fail(`--${missing} is needed`);
  return given;
}

/** Return the records of a file, which has one as JSON on each line. */
function recordsOf(path) {
  let text;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    fail(`cannot read ${path}: ${error.code}`);
  }
  return text.split("\n").flatMap((line, place) => {
    if (!line.trim()) return [];
    try {
      return [JSON.parse(line)];
    } catch (error) {
      return fail(`${path}:${place + 1}: ${error.message}`);
    }
  });
}

/** Write a file; not every engine makes the folders of outputs. */
function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const given = optionsOf(argv.slice(2));
const least = Number(given.least);
if (Number.isNaN(least)) fail(`--least ${given.least} is not a number`);
const records = recordsOf(given.records);
for (const [place, record] of records.entries()) {
  if (typeof record?.[given.field] !== "number") fail(`record ${place + 1} has no number ${given.field}`);
}

const selected = records.filter((record) => record[given.field] >= least);
write(given.selected, selected.map((record) => `${JSON.stringify(record)}\n`).join(""));
// A value is the whole text of its file, so it has no line end.
write(given.count, String(selected.length));
