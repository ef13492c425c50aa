// One core's share of one target: runs the engine until it has run enough, or something breaks. It tells the
// others only at its end; what it is at is in shared memory, where it can be seen even if it hangs.
import { parentPort } from "node:worker_threads";
import { Counters } from "./counters.ts";
import { type Crash, Engine, type Find, minimise } from "./engine.ts";
import { play, type Target } from "./target.ts";
import { TARGETS } from "./targets.ts";

export interface Job {
  readonly target: string;
  readonly seed: number;
  /** Ends after whichever comes first. */
  readonly runs: number;
  readonly seconds: number;
  readonly shared: SharedArrayBuffer;
}

/** What came of a job. */
export interface Outcome {
  readonly executions: number;
  readonly corpus: number;
  readonly finds: readonly Find[];
  readonly cpuSeconds: number;
  readonly crash?: { readonly inputs: readonly Uint8Array[]; readonly text: string } | undefined;
}

/** Behind it stand the inputs since `begin`, each with its length. */
const HEADER_BYTES = 8;
/** What is at hand of a worker that hangs. */
export const SHARED_BYTES: number = 2 ** 18;

export function targetBy(name: string): Target {
  const target = TARGETS.find((each) => each.name === name);
  if (target) return target;
  throw new Error(`no target ${name}: ${TARGETS.map((each) => each.name).join(", ")}`);
}

/** The counters of those sources that a target is about. */
export function countersOf({ sources }: Target): Counters {
  return new Counters((path) => sources.some((source) => path.startsWith(source)));
}

/** In a worker: does the job, and tells what came of it. */
export function work({ target: name, seed, runs, seconds, shared }: Job): void {
  const target = targetBy(name);
  const beginning = process.cpuUsage();
  const startAt = performance.now();
  const show = shown(shared);
  // To look where an error was thrown costs more than all that leads to it.
  Error.stackTraceLimit = 0;
  const engine = new Engine(target, countersOf(target), seed, show);
  let crash: Crash | undefined;
  const isOver = () => engine.executions >= runs || performance.now() - startAt > seconds * 1_000;
  while (!crash && !isOver()) {
    crash = engine.run(Math.min(256, runs - engine.executions));
  }
  const { user, system } = process.cpuUsage(beginning);
  const outcome: Outcome = {
    executions: engine.executions,
    corpus: engine.corpus.length,
    finds: engine.finds,
    cpuSeconds: (user + system) / 1e6,
    crash: crash && told(target, minimise(target, crash)),
  };
  parentPort?.postMessage(outcome);
}

/** Once more, to see where. */
function told(target: Target, { error, inputs }: Crash): NonNullable<Outcome["crash"]> {
  Error.stackTraceLimit = 12;
  try {
    play(target, inputs);
  } catch (again) {
    return { inputs, text: again instanceof Error ? `${again.stack}` : String(again) };
  }
  return { inputs, text: `${error}, once; with these inputs alone it is not seen again` };
}

/** Writes each input into shared memory before it runs. */
function shown(shared: SharedArrayBuffer): (input: Uint8Array, before: number) => void {
  const [numbers, bytes] = [new Int32Array(shared), new Uint8Array(shared)];
  const view = new DataView(shared);
  let end = HEADER_BYTES;
  return (input, before) => {
    if (before === 0 || end + 4 + input.length > SHARED_BYTES) end = HEADER_BYTES;
    view.setUint32(end, input.length);
    bytes.set(input, end + 4);
    end += 4 + input.length;
    view.setUint32(4, end);
    Atomics.add(numbers, 0, 1);
  };
}

/** How many executions a worker began, and the inputs since its last `begin`. */
export function readShared(shared: SharedArrayBuffer): {
  readonly executions: number;
  readonly inputs: () => Uint8Array[];
} {
  const inputs = () => {
    const [view, bytes] = [new DataView(shared), new Uint8Array(shared)];
    const list: Uint8Array[] = [];
    for (let at = HEADER_BYTES; at < view.getUint32(4); ) {
      const length = view.getUint32(at);
      list.push(bytes.slice(at + 4, at + 4 + length));
      at += 4 + length;
    }
    return list;
  };
  return { executions: Atomics.load(new Int32Array(shared), 0), inputs };
}
