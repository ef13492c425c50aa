// @ts-check
// Writes into docs/trust.md what the tools that prove things found last: the parts between
// `<!-- result: NAME | COMMAND -->` and `<!-- /result -->`, from proof/results/NAME.json, and a summary of all of
// them. A test compares the committed page with these files.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { root } from "./entries.mjs";

/** The page, relative to the repository. */
export const page = "docs/trust.md";

const folder = `${root}/proof/results`;
const SUMMARY = /<!-- summary -->\n[\s\S]*?<!-- \/summary -->/;
const MARKED = /<!-- result: (\S+) \| (.+?) -->\n[\s\S]*?<!-- \/result -->/g;
/** Longer tables are folded. */
const MOST_ROWS = 10;

/**
 * @typedef {Readonly<Record<string, number | string>>} Row
 * @typedef {{
 *   command: string, figures: Row, tables?: Record<string, Row[]>,
 *   machine: string, commit?: string, seconds: number,
 * }} Result
 */

/** @returns {Record<string, Result>} every result there is, by its name */
export function results() {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  return Object.fromEntries(
    files.map((file) => [
      file.replace(/\.json$/, ""),
      JSON.parse(readFileSync(`${folder}/${file}`, "utf8")),
    ]),
  );
}

/**
 * @param {string} text the page
 * @param {Record<string, Result>} all
 * @returns {string} the page with its marked parts written anew
 */
export function render(text, all) {
  /** @type {string[]} */
  const shown = [];
  const rendered = text.replace(MARKED, (_part, name, command) => {
    shown.push(name);
    const result = all[name];
    const lines = result === undefined ? [`*Not run yet:* \`${command}\``] : linesOf(result);
    return `<!-- result: ${name} | ${command} -->\n${lines.join("\n")}\n<!-- /result -->`;
  });
  const forgotten = Object.keys(all).filter((name) => !shown.includes(name));
  if (forgotten.length > 0) throw new Error(`${page} has no place for ${forgotten}`);
  return rendered.replace(SUMMARY, () => {
    const lines = table(summary(text, all));
    return `<!-- summary -->\n${lines.join("\n")}\n<!-- /summary -->`;
  });
}

/**
 * A row for each result, under the heading that it has on the page.
 *
 * @param {string} text
 * @param {Record<string, Result>} all
 */
function summary(text, all) {
  let heading = "";
  /** @type {Row[]} */
  const rows = [];
  for (const line of text.split("\n")) {
    heading = /^##+ (.+)/.exec(line)?.[1] ?? heading;
    const [, name = "", command = ""] = /^<!-- result: (\S+) \| (.+?) -->/.exec(line) ?? [];
    if (name === "") continue;
    const result = all[name];
    rows.push({
      "what ran": `[${heading}](#${slug(heading)})`,
      command: `\`${result?.command ?? command}\``,
      "last run": result?.commit ?? (result ? "" : "not yet"),
      took: result ? spent(result.seconds) : "",
    });
  }
  return rows;
}

/**
 * The anchor of a heading.
 *
 * @param {string} heading
 */
export function slug(heading) {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}

/** @param {Result} result */
function linesOf({ command, figures, tables = {}, machine, commit, seconds }) {
  const where = [machine, ...(commit ? [`commit ${commit}`] : []), spent(seconds)].join("; ");
  const lines = [`\`${command}\` (${where})`];
  const entries = Object.entries(figures);
  const rows = entries.map(([name, value]) => `| ${name} | ${cell(value, name)} |`);
  if (rows.length > 0) lines.push("", "| | |", "|---|---:|", ...rows);
  const several = Object.keys(tables).length > 1;
  for (const [name, rows] of Object.entries(tables)) {
    const title = several ? [`**${name}**`, ""] : [];
    const folded = [`<details><summary>${name}: ${rows.length} rows</summary>`, ""];
    const isLong = rows.length > MOST_ROWS;
    lines.push(
      "",
      ...(isLong ? folded : title),
      ...table(rows),
      ...(isLong ? ["", "</details>"] : []),
    );
  }
  return lines;
}

/** @param {readonly Row[]} rows */
function table(rows) {
  const [first] = rows;
  if (first === undefined) return [];
  const columns = Object.keys(first);
  /** @type {(cells: readonly string[]) => string} */
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const isNumber = columns.map((column) => rows.some((row) => typeof row[column] === "number"));
  return [
    line(columns),
    `|${isNumber.map((right) => (right ? "---:" : "---")).join("|")}|`,
    ...rows.map((row) => line(columns.map((column) => cell(row[column], column)))),
  ];
}

/**
 * @param {number | string | undefined} value
 * @param {string} column
 */
function cell(value, column) {
  // A seed is something to type.
  if (typeof value === "number" && !column.includes("seed")) return value.toLocaleString("en");
  return String(value ?? "").replaceAll("|", "\\|");
}

/** @param {number} seconds */
function spent(seconds) {
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const path = `${root}/${page}`;
  writeFileSync(path, render(readFileSync(path, "utf8"), results()));
  console.log(`wrote ${page}`);
}
