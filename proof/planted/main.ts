// `pnpm planted [NN…] [--tool T] [--write]`: plants each bug of this directory in a copy of the sources and
// says which tool finds it, and how soon. Two bugs side by side, a core each. Without NN all of them, and
// before them none: who finds a bug where none is has proven nothing.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { keepResult } from "../results.ts";
import { Copy } from "./copy.ts";
import { type Bug, readBugs } from "./patch.ts";
import { compile, type Found, look } from "./run.ts";
import { TOOLS, type Tool } from "./tools.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { tool: { type: "string", multiple: true }, write: { type: "boolean", default: false } },
});

const NONE: Bug = { number: "00", name: "no bug", thought: "", rule: "", files: [] };

const RESULTS = "proof/results/planted.json";
const TABLE = "seconds to find";

const all = readBugs("proof/planted");
const bugs = [NONE, ...all].filter(({ number }) => {
  return positionals.length === 0 || positionals.includes(number);
});
const tools = TOOLS.filter(({ name }) => values.tool === undefined || values.tool.includes(name));
for (const wanted of positionals)
  if (!bugs.some(({ number }) => number === wanted)) throw new Error(`there is no bug ${wanted}`);
for (const wanted of values.tool ?? []) {
  if (!tools.some(({ name }) => name === wanted))
    throw new Error(`there is no tool ${wanted}: ${TOOLS.map(({ name }) => name).join(", ")}`);
}

const UNSEEN: Found = { how: "unseen", seconds: 0 };
/** In the table: looked and found nothing, cannot have found it, did not come back. */
const SIGNS = { nothing: "–", unseen: "·", hangs: "hangs" };

/** A row of the table: the seconds after which a tool found the bug, or how it did not. */
type Row = Record<string, number | string>;

/** What this run found out. */
const found = new Map<string, Row>();
const copies: Copy[] = [];
process.once("exit", () => {
  for (const copy of copies) copy.remove();
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

const queue = [...bugs];
const faults: string[] = [];
const workers = Math.min(queue.length, Math.max(1, availableParallelism()));
await Promise.all(Array.from({ length: workers }, work));
report();

async function work(): Promise<void> {
  const copy = new Copy(process.cwd());
  copies.push(copy);
  for (let bug = queue.shift(); bug !== undefined; bug = queue.shift()) {
    try {
      copy.plant(bug);
      await compile(copy.root);
      const files = bug.files.map(({ path }) => path);
      for (const tool of tools) {
        const isSeen = files.length === 0 || files.some(tool.sees);
        note(bug, tool, isSeen ? await look(copy.root, tool, files) : UNSEEN);
      }
    } catch (error) {
      fault(`${nameOf(bug)}: ${(error as Error).message}`);
    }
    copy.restore();
    keep();
  }
}

function note(bug: Bug, tool: Tool, { how, seconds, what }: Found): void {
  const cell = how === "found" ? seconds : SIGNS[how];
  found.set(nameOf(bug), { ...found.get(nameOf(bug)), [tool.name]: cell });
  console.log(`${nameOf(bug)}: ${tool.name}, ${seconds} s, ${how}${what ? `: ${what}` : ""}`);
  if (bug === NONE && how !== "nothing") fault(`${tool.name} finds a bug where none is`);
}

function fault(what: string): void {
  faults.push(what);
  console.error(what);
}

/** A run of some bugs, or of one tool, leaves the other cells of the last table as they are. */
function table(): readonly Row[] {
  const kept = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, "utf8")).tables[TABLE] : [];
  const known = [NONE, ...all].map(nameOf).map((bug): Row => {
    const before = (kept as Row[]).find((row) => row["bug"] === bug);
    return { ...before, bug, ...found.get(bug) };
  });
  return known
    .filter((row) => TOOLS.some(({ name }) => name in row))
    .map(({ bug = "", ...cells }) => {
      return { bug, ...Object.fromEntries(TOOLS.map(({ name }) => [name, cells[name] ?? ""])) };
    });
}

function nameOf({ number, name }: Bug): string {
  return `${number} ${name}`;
}

function isFoundBy(name: string, row: Row): boolean {
  return typeof row[name] === "number";
}

/** What nobody finds, of the bugs in the table. */
function survivors(): readonly string[] {
  const planted = table().filter(({ bug }) => bug !== nameOf(NONE));
  const left = planted.filter((row) => !TOOLS.some(({ name }) => isFoundBy(name, row)));
  return left.map(({ bug }) => String(bug));
}

function figures(): Record<string, number | string> {
  const planted = table().filter(({ bug }) => bug !== nameOf(NONE));
  const found = (name: string) => planted.filter((row) => isFoundBy(name, row)).length;
  const soonest = planted
    .map((row) => Object.values(row).filter((cell) => typeof cell === "number"))
    .filter((seconds) => seconds.length > 0)
    .map((seconds) => Math.min(...seconds))
    .sort((a, b) => a - b);
  return {
    "bugs planted": planted.length,
    "found by any tool": planted.length - survivors().length,
    ...Object.fromEntries(TOOLS.map(({ name }) => [`found by ${name}`, found(name)])),
    "median seconds until the first tool finds one, on one core":
      soonest[Math.floor(soonest.length / 2)] ?? "–",
  };
}

/** After every bug: a run of an hour that is interrupted has not run in vain. */
function keep(): void {
  if (!values.write || faults.length > 0) return;
  mkdirSync(dirname(RESULTS), { recursive: true });
  keepResult("planted", {
    command: "pnpm planted",
    figures: figures(),
    tables: { [TABLE]: table() },
  });
}

function report(): void {
  console.table(Object.fromEntries(table().map(({ bug, ...cells }) => [bug, cells])));
  console.log(figures());
  const ran = bugs.map(nameOf);
  const survived = survivors().filter((bug) => ran.includes(bug));
  for (const bug of survived) console.error(`nothing finds ${bug}`);
  // Of one tool alone nobody expects that it finds everything.
  if (faults.length > 0 || (survived.length > 0 && values.tool === undefined)) process.exitCode = 1;
}
