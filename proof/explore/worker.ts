// Explores one scope after the other, as main.ts asks: in a bundle of its own, in which states can be seen.

import { parentPort, workerData } from "node:worker_threads";
import { judge } from "./cycles.ts";
import { SCOPES, type Scope } from "./scopes.ts";
import { explore, type Found } from "./search.ts";
import { TwoEnds } from "./two-ends.ts";

/** What came of a scope. */
export interface Outcome {
  readonly name: string;
  readonly number: number;
  readonly bounds: string;
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly closed: boolean;
  /** For each rule about what must end: how long it lasts at most. */
  readonly longest: readonly number[];
  readonly seconds: number;
  readonly story: readonly string[] | undefined;
}

interface Opened {
  drawn?: (n: number) => number;
}

if (parentPort && workerData) {
  const { isAll, wanted } = workerData as { isAll: boolean; wanted: string };
  const scopes = SCOPES.filter(({ isLong, name }) => (isAll || !isLong) && name.includes(wanted));
  const bySize = [...scopes].sort((one, other) => other.weight - one.weight);
  parentPort.postMessage(bySize.map(({ name }) => name));
} else if (parentPort) {
  const port = parentPort;
  port.on("message", (name: string) => {
    const scope = SCOPES.find((each) => each.name === name) as Scope;
    port.postMessage(outcomeOf(scope));
  });
  port.postMessage("ready");
}

function outcomeOf(scope: Scope): Outcome {
  const startedAt = performance.now();
  const { draws } = scope;
  // Even numbers draw jitter, odd ones phases and back-offs.
  (globalThis as Opened).drawn = (n) => draws[(n >> 1) % draws.length] as number;
  const { graph, found: inState } = explore(() => scope.start(), scope.mostStates);
  let found = inState;
  const longest: number[] = [];
  for (const rule of graph.closed ? scope.rules : []) {
    const judged = judge(graph, rule);
    longest.push(judged.longest);
    found ??= judged.found;
  }
  return {
    name: scope.name,
    number: SCOPES.indexOf(scope),
    bounds: scope.bounds,
    states: graph.states,
    transitions: graph.targets.length,
    depth: graph.depth,
    closed: graph.closed,
    longest,
    seconds: (performance.now() - startedAt) / 1_000,
    story: found && storyOf(scope, found),
  };
}

/** Goes the way to a violation once more, and tells what happens on it. */
function storyOf(scope: Scope, { message, path, cycle = [] }: Found): readonly string[] {
  const story = [message];
  if (path.length === 0 && cycle.length === 0) return [...story, "  before anything goes wrong"];
  const system = scope.start();
  if (system instanceof TwoEnds) {
    system.listen((line) => story.push(`    > ${system.world.now} ${line}`));
  }
  const go = (move: string) => {
    story.push(`  ${move}`);
    system.take(move);
  };
  try {
    path.forEach(go);
    if (cycle.length > 0) story.push("  … and then, for ever:");
    cycle.forEach(go);
  } catch (error) {
    story.push(`  ! ${(error as Error).message}`);
  }
  return story;
}
