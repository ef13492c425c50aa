// Breadth first over everything that can happen, to closure: each state once, with all that follows from it.
// What a state is, what can happen in it and what must hold is the system's business, not this file's.

/** A system to explore: one that is in a state, can be put back into one, and can go on from it. */
export interface System {
  /** Everything that can happen now, each with a name a reader understands. */
  moves(): readonly string[];
  /** Lets it happen. Throws a `Violation` where something must not be so. */
  take(move: string): void;
  /** Equal for two states exactly if nothing that can happen later tells them apart. */
  key(): string;
  save(): unknown;
  restore(saved: unknown): void;
  /** What cycles are judged by, as bits. */
  traits(): number;
}

/** Something that must never be. */
export class Violation extends Error {}

export function insist(isSo: boolean, who: string, complaint: () => string): void {
  if (!isSo) throw new Violation(`${who}: ${complaint()}`);
}

/** What was found: numbered states, and from each the moves that lead on. */
export interface Graph {
  readonly states: number;
  readonly depth: number;
  /** False where a limit was reached first: then nothing is proven. */
  readonly closed: boolean;
  readonly traits: ReadonlyArray<number>;
  /** Edges of state `n` are those from `firstEdge[n]` up to `firstEdge[n + 1]`. */
  readonly firstEdge: ReadonlyArray<number>;
  readonly targets: ReadonlyArray<number>;
  readonly labels: ReadonlyArray<number>;
  /** The names of the labels. */
  readonly moves: readonly string[];
  /** The shortest way to a state. */
  path(state: number): string[];
}

/** A violation, and the shortest way to it. */
export interface Found {
  readonly message: string;
  readonly path: readonly string[];
  /** Where it goes on for ever: what is repeated after the path. */
  readonly cycle?: readonly string[];
}

export interface Explored {
  readonly graph: Graph;
  readonly found: Found | undefined;
}

/** Explores a system from the state that it starts in. */
export function explore(start: () => System, mostStates: number): Explored {
  try {
    return search(start(), mostStates);
  } catch (error) {
    const violation = violationIn(error);
    if (!violation) throw error;
    return { graph: NOTHING, found: { message: violation.message, path: [] } };
  }
}

const NOTHING: Graph = {
  ...{ states: 0, depth: 0, closed: false, traits: [], firstEdge: [], targets: [], labels: [] },
  ...{ moves: [], path: () => [] },
};

function search(system: System, mostStates: number): Explored {
  const ids = new Map<string, number>([[digest(system.key()), 0]]);
  const saved: unknown[] = [system.save()];
  const traits = [system.traits()];
  const [parents, arrivals, depths] = [[-1], [-1], [0]];
  const [firstEdge, targets, labels] = [[0], [] as number[], [] as number[]];
  const moves: string[] = [];
  const numbers = new Map<string, number>();
  const labelOf = (move: string) => {
    const label = numbers.get(move) ?? moves.push(move) - 1;
    numbers.set(move, label);
    return label;
  };
  const path = (state: number): string[] => {
    const way: string[] = [];
    for (let n = state; n > 0; n = parents[n] as number) {
      way.unshift(moves[arrivals[n] as number] as string);
    }
    return way;
  };
  let found: Found | undefined;
  let state = 0;
  for (; state < traits.length && traits.length <= mostStates && !found; state++) {
    system.restore(saved[state]);
    for (const move of system.moves()) {
      system.restore(saved[state]);
      try {
        system.take(move);
      } catch (error) {
        const violation = violationIn(error);
        if (!violation) throw blamed(error, [...path(state), move]);
        found = { message: violation.message, path: [...path(state), move] };
        break;
      }
      const key = digest(system.key());
      let target = ids.get(key);
      if (target === undefined) {
        target = traits.length;
        ids.set(key, target);
        saved.push(system.save());
        traits.push(system.traits());
        parents.push(state);
        arrivals.push(labelOf(move));
        depths.push((depths[state] as number) + 1);
      }
      targets.push(target);
      labels.push(labelOf(move));
    }
    firstEdge.push(targets.length);
    // Once all that follows from it is known, it is not needed any more.
    saved[state] = undefined;
  }
  const closed = !found && state === traits.length;
  const depth = depths.at(-1) as number;
  const graph = { states: state, depth, closed, traits, firstEdge, targets, labels, moves, path };
  return { graph, found };
}

/** Where several outputs of one call must not be, an endpoint throws them together. */
function violationIn(error: unknown): Violation | undefined {
  const all: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  return all.find((each) => each instanceof Violation);
}

/** What throws in the middle of nowhere is of use only with the way there. */
function blamed(error: unknown, path: readonly string[]): Error {
  return new Error(`after ${path.join(" · ")}`, { cause: error });
}

/** 106 bits of a key: that two of a million states fall together is less likely than 1 in 10²⁰. */
function digest(key: string): string {
  let [a, b, c, d] = [0xdeadbeef, 0x41c6ce57, 0x9e3779b9, 0x85ebca6b];
  for (let n = 0; n < key.length; n++) {
    const code = key.charCodeAt(n);
    a = Math.imul(a ^ code, 0x9e3779b1);
    b = Math.imul(b ^ code, 0x5f356495);
    c = Math.imul(c ^ code, 0x85ebca77);
    d = Math.imul(d ^ code, 0xc2b2ae3d);
    a ^= b >>> 15;
    b ^= c >>> 13;
    c ^= d >>> 16;
    d ^= a >>> 14;
  }
  const high = (a >>> 0) * 2 ** 21 + (b >>> 11);
  return `${high} ${(c >>> 0) * 2 ** 21 + (d >>> 11)}`;
}
