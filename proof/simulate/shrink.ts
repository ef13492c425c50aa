// Makes a failing scenario small: drops steps, nodes and edges, then whatever is not as by default, as long as
// the same rule is still broken. Every attempt is a whole run of its own, so what is left really fails.
import type { Fault, NodePlan, Scenario, Step } from "./scenario.ts";

/** Whether a scenario still breaks the rule it was found by. */
export type Fails = (scenario: Scenario) => boolean;

/** The scenario that was tried, or one like it, if it fails. */
type Try = (scenario: Scenario) => Scenario | undefined;

/** Whoever is missing draws nothing, and so everybody else draws otherwise: some other luck is tried, too. */
const OTHER_SEEDS = 3;

/** The smallest scenario that is found before `until` (of `performance.now()`). */
export function shrink(scenario: Scenario, fails: Fails, until: number): Scenario {
  const tries: Try = (candidate) => {
    for (let n = 0; n <= OTHER_SEEDS && performance.now() < until; n++) {
      const lucky = { ...candidate, seed: candidate.seed + n };
      if (fails(lucky)) return lucky;
    }
    return undefined;
  };
  let best = scenario;
  for (let size = Number.POSITIVE_INFINITY; sizeOf(best) < size && performance.now() < until; ) {
    size = sizeOf(best);
    best = dropChunks(best, best.steps.length, withoutSteps, tries);
    best = dropChunks(best, best.nodes.length, withoutNodes, tries);
    best = dropChunks(best, best.edges.length, withoutEdges, tries);
    for (const simpler of simplerOnes(best)) {
      const candidate = simpler(best);
      if (sizeOf(candidate) < sizeOf(best)) best = tries(candidate) ?? best;
    }
  }
  return best;
}

function sizeOf(scenario: Scenario): number {
  return JSON.stringify(scenario).length;
}

/** Drops halves, then quarters, and so on down to single ones, from behind. */
function dropChunks(
  scenario: Scenario,
  count: number,
  without: (scenario: Scenario, from: number, to: number) => Scenario,
  tries: Try,
): Scenario {
  let best = scenario;
  let left = count;
  for (
    let chunk = Math.ceil(count / 2);
    chunk >= 1;
    chunk = chunk === 1 ? 0 : Math.ceil(chunk / 2)
  ) {
    for (let from = left - chunk; from > -chunk; from -= chunk) {
      const candidate = without(best, Math.max(0, from), from + chunk);
      const smaller = candidate === best ? undefined : tries(candidate);
      if (smaller === undefined) continue;
      best = smaller;
      left -= Math.min(chunk, from + chunk);
    }
  }
  return best;
}

const isOutside = (from: number, to: number) => (_: unknown, n: number) => n < from || n >= to;

function withoutSteps(scenario: Scenario, from: number, to: number): Scenario {
  return { ...scenario, steps: scenario.steps.filter(isOutside(from, to)) };
}

function withoutEdges(scenario: Scenario, from: number, to: number): Scenario {
  if (scenario.edges.length - (to - from) < 1) return scenario;
  return keeping(
    scenario,
    scenario.nodes.map(() => true),
    (n) => n < from || n >= to,
  );
}

function withoutNodes(scenario: Scenario, from: number, to: number): Scenario {
  const kept = scenario.nodes.map(isOutside(from, to));
  return kept.filter(Boolean).length < 2 ? scenario : keeping(scenario, kept, () => true);
}

/** With some nodes and edges only, numbered anew; what happened to others does not happen. */
function keeping(
  scenario: Scenario,
  nodes: readonly boolean[],
  edges: (n: number) => boolean,
): Scenario {
  const numberOf = numbers(nodes);
  const keepsEdge = scenario.edges.map(
    ({ from, to }, n) => edges(n) && numberOf[from] !== undefined && numberOf[to] !== undefined,
  );
  if (!keepsEdge.includes(true)) return scenario;
  const edgeOf = numbers(keepsEdge);
  const fault = (fault: Fault): Fault => {
    if ("who" in fault) {
      const who = numberOf[fault.who];
      return who === undefined ? { type: "nothing" } : { ...fault, who };
    }
    if (!("edge" in fault)) return fault;
    const edge = edgeOf[fault.edge % scenario.edges.length];
    return edge === undefined ? { type: "nothing" } : { ...fault, edge };
  };
  return {
    ...scenario,
    nodes: scenario.nodes.filter((_, n) => nodes[n]),
    edges: scenario.edges
      .filter((_, n) => keepsEdge[n])
      .map((edge) => ({
        ...edge,
        from: numberOf[edge.from] as number,
        to: numberOf[edge.to] as number,
      })),
    steps: scenario.steps.map((step) => ({ ...step, fault: fault(step.fault) })),
  };
}

function numbers(kept: readonly boolean[]): readonly (number | undefined)[] {
  let next = 0;
  return kept.map((isKept) => (isKept ? next++ : undefined));
}

type Simpler = (scenario: Scenario) => Scenario;

function simplerOnes({ nodes, edges, steps }: Scenario): readonly Simpler[] {
  return [
    (scenario) => ({ ...scenario, link: {} }),
    (scenario) => ({ ...scenario, keys: false }),
    (scenario) => ({ ...scenario, twins: false }),
    (scenario) => ({ ...scenario, buries: false }),
    ...nodes.map((_, n) => withNode(n, (node) => ({ ...node, driftPpm: 0, countsSleep: true }))),
    ...nodes.map((_, n) =>
      withNode(n, ({ policy, ...node }) => ({ ...node, policy: plain(policy) })),
    ),
    ...edges.map(
      (_, n): Simpler =>
        (scenario) => ({
          ...scenario,
          edges: scenario.edges.map((edge, m) =>
            m === n ? { ...edge, policies: [null, null] } : edge,
          ),
        }),
    ),
    ...steps.map((_, n) => withStep(n, (step) => ({ ...step, fault: { type: "nothing" } }))),
    ...steps.map((_, n) =>
      withStep(n, (step) => ({ ...step, waitMs: Math.floor(step.waitMs / 2) })),
    ),
  ];
}

/** A policy of three numbers. */
function plain({
  intervalMs,
  suspectAfterMs,
  deadAfterMs,
}: NodePlan["policy"]): NodePlan["policy"] {
  return { intervalMs, suspectAfterMs, deadAfterMs, detector: "fixed" };
}

function withNode(n: number, change: (node: NodePlan) => NodePlan): Simpler {
  return (scenario) => ({
    ...scenario,
    nodes: scenario.nodes.map((node, m) => (m === n ? change(node) : node)),
  });
}

function withStep(n: number, change: (step: Step) => Step): Simpler {
  return (scenario) => ({
    ...scenario,
    steps: scenario.steps.map((step, m) => (m === n ? change(step) : step)),
  });
}
