// Report the metrics of several runs as a page.
//   report.mjs --metrics FILE [--sort-by NAME] [--title TEXT] --page FILE --best FILE
// The file of metrics is a JSON object: the metrics of each run by its name, such as {"a": {"loss": 0.5}}.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { argv, exit } from "node:process";

const NEEDED = ["metrics", "page", "best"];

function fail(message) {
  console.error(`error: ${message}`);
  exit(1);
}

function optionsOf(words) {
  // An engine passes nothing for what its caller leaves out, so the defaults stand here and in component.yaml.
  const given = { "sort-by": "", title: "Metrics" };
  for (let place = 0; place < words.length; place += 2) {
    const name = words[place].replace(/^--/, "");
    if (!(name in given) && !NEEDED.includes(name)) fail(`unknown option ${words[place]}`);
    if (place + 1 === words.length) fail(`${words[place]} has no value`);
    given[name] = words[place + 1];
  }
  const missing = NEEDED.find((name) => !(name in given));
  if (missing) fail(`--${missing} is needed`);
  return given;
}

function runsOf(path) {
  let runs;
  try {
    runs = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    fail(`cannot read ${path}: ${error.message}`);
  }
  if (typeof runs !== "object" || runs === null || Array.isArray(runs)) fail(`${path} is not an object of runs`);
  return Object.entries(runs).map(([name, metrics]) => ({ name, metrics }));
}

const escaped = (text) => String(text).replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
const row = (cells, tag) => `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join("")}</tr>\n`;

function pageOf(title, names, runs) {
  const head = row(["run", ...names], "th");
  const body = runs.map((run) => row([run.name, ...names.map((name) => run.metrics[name] ?? "")], "td"));
  const start = `<!doctype html>\n<meta charset="utf-8">\n<title>${escaped(title)}</title>\n<h1>${escaped(title)}</h1>\n`;
  return `${start}<table>\n${head}${body.join("")}</table>\n`;
}

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const given = optionsOf(argv.slice(2));
const runs = runsOf(given.metrics);
const names = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))];
const key = given["sort-by"] || names[0];
if (given["sort-by"] && !names.includes(key)) fail(`no metric ${key}; there are: ${names.join(", ")}`);
// The highest value is the best, and runs without the metric come last.
runs.sort((one, other) => (other.metrics[key] ?? -Infinity) - (one.metrics[key] ?? -Infinity));
write(given.page, pageOf(given.title, names, runs));
write(given.best, runs.length > 0 ? runs[0].name : "");
