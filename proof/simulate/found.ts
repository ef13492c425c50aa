// What a failure leaves behind: a small scenario in a file that anybody can read, play again, and keep as a test.
import { mkdirSync, writeFileSync } from "node:fs";
import type { Violation } from "./checks/check.ts";
import { play } from "./play.ts";
import type { Scenario } from "./scenario.ts";
import { shrink } from "./shrink.ts";
import type { Sabotage } from "./world.ts";

export interface Found {
  /** The rule that was broken, and how. */
  readonly rule: string;
  readonly text: string;
  readonly scenario: Scenario;
}

/** The smallest scenario around the first violation of a rule that is found in so many seconds. */
export function minimise(
  scenario: Scenario,
  { rule }: Violation,
  seconds: number,
  sabotage?: Sabotage,
): Found {
  const broken = (candidate: Scenario) =>
    play(candidate, sabotage).violations.find((violation) => violation.rule === rule);
  const until = performance.now() + 1_000 * seconds;
  const small = shrink(scenario, (candidate) => broken(candidate) !== undefined, until);
  const violation = broken(small);
  return { rule, text: violation?.text ?? "not again", scenario: small };
}

/** Keeps it; returns the file. */
export function keepFound(found: Found, name: string): string {
  // Relative to where every script of the repository is run.
  const directory = "proof/simulate/found";
  mkdirSync(directory, { recursive: true });
  const file = `${directory}/${name}.json`;
  writeFileSync(file, `${JSON.stringify(found, null, 2)}\n`);
  return file;
}
