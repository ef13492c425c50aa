// What must not go on for ever: cycles in a part of a graph, and where there are none, for how long it goes on.

import type { Found, Graph } from "./search.ts";

/** Which cycles must not be. */
export interface Rule {
  readonly name: string;
  /** The states it is about, by their traits. */
  within(traits: number): boolean;
  /** The moves that somebody fair goes on making there. */
  follows(move: string, traits: number): boolean;
  /** A cycle is one that must not be if it has a move of each of these; the first are counted where there is none. */
  readonly needs: readonly ((move: string) => boolean)[];
}

export interface Judged {
  readonly found: Found | undefined;
  /** The longest that anything stays within the rule, in moves of the first kind; 0 where more are needed. */
  readonly longest: number;
}

/** Looks for cycles by strongly connected components (Tarjan, 1972), without recursion. */
export function judge(graph: Graph, rule: Rule): Judged {
  const components = componentsOf(graph, rule);
  const { of, order } = components;
  /** For each component an inner edge of each kind that is needed. */
  const inner = new Map<number, (readonly [from: number, edge: number])[]>();
  for (const from of order) {
    for (const edge of edgesOf(graph, rule, from)) {
      if (of[from] !== of[graph.targets[edge] as number]) continue;
      const component = of[from] as number;
      const edges = inner.get(component) ?? [];
      inner.set(component, edges);
      rule.needs.forEach((isNeeded, kind) => {
        if (isNeeded(moveOf(graph, edge))) edges[kind] = [from, edge];
      });
      if (!rule.needs.every((_isNeeded, kind) => edges[kind])) continue;
      const [first] = edges as [readonly [number, number]];
      const cycle = edges.flatMap(([, each], kind) => {
        const [next] = edges[(kind + 1) % edges.length] as readonly [number, number];
        return [
          moveOf(graph, each),
          ...wayBack(graph, rule, of, graph.targets[each] as number, next),
        ];
      });
      const message = `for ever: ${rule.name}`;
      return {
        found: { message, path: graph.path(first[0]), cycle },
        longest: Number.POSITIVE_INFINITY,
      };
    }
  }
  const isCounted = rule.needs.length === 1;
  return { found: undefined, longest: isCounted ? longestOf(graph, rule, components) : 0 };
}

function moveOf({ moves, labels }: Graph, edge: number): string {
  return moves[labels[edge] as number] as string;
}

/** The edges of a state that the rule follows to states it is about. */
function* edgesOf(graph: Graph, rule: Rule, state: number): Generator<number> {
  const { firstEdge, targets, traits } = graph;
  const own = traits[state] as number;
  for (let edge = firstEdge[state] as number; edge < (firstEdge[state + 1] as number); edge++) {
    if (!rule.follows(moveOf(graph, edge), own)) continue;
    if (rule.within(traits[targets[edge] as number] as number)) yield edge;
  }
}

interface Components {
  /** The component of each state; −1 where the rule is not about it. */
  readonly of: Int32Array;
  /** The states, those of a component together, after all that follow from them. */
  readonly order: readonly number[];
}

function componentsOf(graph: Graph, rule: Rule): Components {
  const of = new Int32Array(graph.states).fill(-1);
  const low = new Int32Array(graph.states);
  const index = new Int32Array(graph.states);
  const stack: number[] = [];
  const order: number[] = [];
  let [visited, components] = [0, 0];
  for (let root = 0; root < graph.states; root++) {
    if (index[root] !== 0 || !rule.within(graph.traits[root] as number)) continue;
    const calls: { state: number; edges: Iterator<number> }[] = [];
    const enter = (state: number) => {
      visited += 1;
      index[state] = low[state] = visited;
      stack.push(state);
      calls.push({ state, edges: edgesOf(graph, rule, state) });
    };
    enter(root);
    for (let call = calls.at(-1); call !== undefined; call = calls.at(-1)) {
      const { state, edges } = call;
      const next = edges.next();
      if (!next.done) {
        const to = graph.targets[next.value] as number;
        if (index[to] === 0) enter(to);
        else if (of[to] === -1) low[state] = Math.min(low[state] as number, index[to] as number);
        continue;
      }
      calls.pop();
      const caller = calls.at(-1);
      if (caller) low[caller.state] = Math.min(low[caller.state] as number, low[state] as number);
      if (low[state] !== index[state]) continue;
      for (let member = -1; member !== state; ) {
        member = stack.pop() as number;
        of[member] = components;
        order.push(member);
      }
      components += 1;
    }
  }
  return { of, order };
}

/** The shortest way from one state of a component to another. */
function wayBack(graph: Graph, rule: Rule, of: Int32Array, from: number, to: number): string[] {
  const cameBy = new Map<number, readonly [state: number, move: string]>();
  const queue = [from];
  for (const state of queue) {
    if (state === to) break;
    for (const edge of edgesOf(graph, rule, state)) {
      const next = graph.targets[edge] as number;
      if (of[next] !== of[from] || cameBy.has(next) || next === from) continue;
      cameBy.set(next, [state, moveOf(graph, edge)]);
      queue.push(next);
    }
  }
  const way: string[] = [];
  for (let state = to; state !== from; ) {
    const [before, move] = cameBy.get(state) as readonly [number, string];
    way.unshift(move);
    state = before;
  }
  return way;
}

/** No cycle counts, so the longest way through is that through the components, in their order. */
function longestOf(graph: Graph, rule: Rule, { of, order }: Components): number {
  const longest = new Int32Array(graph.states);
  let most = 0;
  for (const state of order) {
    const component = of[state] as number;
    for (const edge of edgesOf(graph, rule, state)) {
      const to = of[graph.targets[edge] as number] as number;
      const counted = Number(rule.needs[0]?.(moveOf(graph, edge)));
      longest[component] = Math.max(
        longest[component] as number,
        (longest[to] as number) + counted,
      );
    }
    // The move that leads out of what the rule is about counts, too.
    most = Math.max(most, longest[component] as number);
  }
  return most;
}
