// What the soak tests found, kept like the results of the other tools. A tier of tests has no `--write`: a
// soak keeps its figures when all of its file has passed, and at no other time.
import { afterAll, afterEach, type RunnerTask } from "vitest";
import { keepResult, type Result, type Row } from "./results.ts";

/**
 * Called at the top of the file of a soak, says where its tests put their figures, one row each. They are
 * kept as `proof/results/NAME.json` where every test of the file ran and passed.
 *
 * @param path what `pnpm test:soak` must be given to run just this file
 */
export function soakRows(name: string, path: string): (row: Row) => void {
  const rows: Row[] = [];
  keepIfPassed(name, path, () => ({ figures: {}, tables: { rounds: rows } }));
  return (row) => rows.push(row);
}

/** As `soakRows`, where the one test of the file has all figures. */
export function soakFigures(name: string, path: string): (figures: Row) => void {
  let figures: Row = {};
  keepIfPassed(name, path, () => ({ figures }));
  return (found) => {
    figures = found;
  };
}

function keepIfPassed(name: string, path: string, found: () => Omit<Result, "command">): void {
  let tests: readonly RunnerTask[] = [];
  afterEach(({ task }) => {
    tests = task.file.tasks;
  });
  afterAll(() => {
    const { figures, tables } = found();
    const isNothing = [figures, ...Object.values(tables ?? {})].every(
      (each) => Object.keys(each).length === 0,
    );
    if (isNothing || !tests.every(passed)) return;
    keepResult(name, { command: `pnpm test:soak ${path}`, ...found() });
  });
}

function passed(task: RunnerTask): boolean {
  return "tasks" in task ? task.tasks.every(passed) : task.result?.state === "pass";
}
