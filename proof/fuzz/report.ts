// What the workers of a target found, put together: how much, and since when nothing new.
import type { Branch, Counters } from "./counters.ts";
import type { Find } from "./engine.ts";
import type { Outcome } from "./worker.ts";

/** How much had been seen after so many executions. */
export interface Row {
  readonly executions: number;
  readonly branches: number;
  readonly features: number;
}

export interface Report {
  readonly executions: number;
  readonly corpus: number;
  readonly cpuSeconds: number;
  readonly branches: number;
  readonly coveredBranches: number;
  /** What is not covered. */
  readonly uncovered: readonly Branch[];
  /** The execution after which nothing new ran at all, and no new branch. */
  readonly lastFeatureAt: number;
  readonly lastBranchAt: number;
  readonly rows: readonly Row[];
}

/** Workers run side by side: what one found in a tenth of its executions counts as found in a tenth of all. */
export function reportOf(outcomes: readonly Outcome[], counters: Counters): Report {
  const branches = new Set(counters.branches.map(({ at }) => at));
  const executions = outcomes.reduce((sum, outcome) => sum + outcome.executions, 0);
  const all = outcomes.flatMap((outcome) =>
    outcome.finds.map((find) => ({
      ...find,
      execution: Math.ceil((find.execution * executions) / outcome.executions),
    })),
  );
  all.sort((a, b) => a.execution - b.execution);
  const seen = new Map<number, number>();
  let [covered, features, lastFeatureAt, lastBranchAt] = [0, 0, 0, 0];
  const rows: Row[] = [];
  const marks = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8].filter((mark) => mark < executions);
  const take = ({ execution, features: found }: Find) => {
    for (const [at, bits] of found) {
      const before = seen.get(at) ?? 0;
      const fresh = bits & ~before;
      if (fresh === 0) continue;
      features += bitsIn(fresh);
      lastFeatureAt = execution;
      if (before === 0 && branches.has(at)) {
        covered += 1;
        lastBranchAt = execution;
      }
      seen.set(at, before | fresh);
    }
  };
  for (const find of all) {
    while (marks[0] !== undefined && find.execution > marks[0])
      rows.push({ executions: marks.shift() as number, branches: covered, features });
    take(find);
  }
  for (const mark of [...marks, executions])
    rows.push({ executions: mark, branches: covered, features });
  return {
    ...{ executions, rows, lastFeatureAt, lastBranchAt },
    corpus: outcomes.reduce((sum, { corpus }) => sum + corpus, 0),
    cpuSeconds: outcomes.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    branches: branches.size,
    coveredBranches: covered,
    uncovered: counters.branches.filter(({ at }) => !seen.has(at)),
  };
}

function bitsIn(word: number): number {
  let count = 0;
  for (let rest = word; rest > 0; rest &= rest - 1) count += 1;
  return count;
}
