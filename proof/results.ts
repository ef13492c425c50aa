// What the tools that prove things found last, one JSON file each: docs/trust.md is written from them, so that
// no figure in it was typed by anybody.
import { writeFileSync } from "node:fs";
import { arch, cpus, platform } from "node:os";

export type Result = {
  /** What anyone types to repeat it. */
  readonly command: string;
  /** Figures by their names, in the order in which a reader wants them; texts where a unit belongs to them. */
  readonly figures: Readonly<Record<string, number | string>>;
  /** Tables, where there is more than one row to tell: each with its rows, which share their columns. */
  readonly tables?: Readonly<Record<string, readonly Readonly<Record<string, number | string>>[]>>;
};

/** Keeps a result as `proof/results/NAME.json`, with the machine and how long it took. */
export function keepResult(name: string, result: Result): void {
  const machine = `Node ${process.versions.node}, ${cpus().length} CPUs, ${platform()} ${arch()}`;
  const seconds = Math.round(performance.now() / 1_000);
  // Relative to where every script of the repository is run.
  const file = `proof/results/${name}.json`;
  writeFileSync(file, `${JSON.stringify({ ...result, machine, seconds }, null, 2)}\n`);
}
