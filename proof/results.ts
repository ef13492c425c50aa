// What the tools that prove things found last, one JSON file each: docs/trust.md is written from them, so that
// no figure in it was typed by anybody.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { arch, cpus, platform } from "node:os";

/** One row of a table: cells by the names of their columns. */
export type Row = Readonly<Record<string, number | string>>;

export type Result = {
  /** What anyone types to repeat it. */
  readonly command: string;
  /** Figures by their names, in the order in which a reader wants them; texts where a unit belongs to them. */
  readonly figures: Row;
  /** Tables, where there is more than one row to tell: each with its rows, which share their columns. */
  readonly tables?: Readonly<Record<string, readonly Row[]>>;
  /** How long it took, where that is not the time that this process has run. */
  readonly seconds?: number;
};

/** Keeps a result as `proof/results/NAME.json`, with the machine, the commit and how long it took. */
export function keepResult(name: string, result: Result): void {
  const machine = `Node ${process.versions.node}, ${cpus().length} CPUs, ${platform()} ${arch()}`;
  const seconds = result.seconds ?? Math.round(performance.now() / 1_000);
  // Relative to where every script of the repository is run.
  const folder = "proof/results";
  const kept = { ...result, machine, commit: commit(), seconds };
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/${name}.json`, `${JSON.stringify(kept, null, 2)}\n`);
}

/** The commit that was tried, and whether anything but results was changed since. */
function commit(): string {
  const git = (...words: readonly string[]) => execFileSync("git", words, { encoding: "utf8" });
  const changed = git("status", "--porcelain", "--", ".", ":!proof/results", ":!docs");
  return `${git("rev-parse", "--short=9", "HEAD").trim()}${changed === "" ? "" : " with changes"}`;
}
