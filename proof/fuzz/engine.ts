// The loop: mutate, run, look whether anything new ran, keep what did. The same from the same seed.
import type { Counters, Feature } from "./counters.ts";
import { type Kept, Mutator } from "./mutator.ts";
import { Random } from "./random.ts";
import { play, type Target } from "./target.ts";

/** What an execution ran for the first time. */
export interface Find {
  /** Which execution, counted from 1. */
  readonly execution: number;
  readonly features: readonly Feature[];
}

/** A promise was broken. */
export interface Crash {
  readonly error: unknown;
  /** From `begin` on. */
  readonly inputs: readonly Uint8Array[];
  readonly execution: number;
}

/** Sees each input before it runs, with how many came before it since `begin`. */
export type Watch = (input: Uint8Array, before: number) => void;

export class Engine {
  executions = 0;
  readonly corpus: Kept[] = [];
  readonly finds: Find[] = [];
  readonly #target: Target;
  readonly #counters: Counters;
  readonly #mutator: Mutator;
  readonly #watch: Watch | undefined;
  readonly #seeds: Uint8Array[];
  /** What was run since `begin`, where the target keeps anything. */
  #lived: Uint8Array[] = [];
  #run: (input: Uint8Array) => void;

  constructor(target: Target, counters: Counters, seed: number, watch?: Watch) {
    this.#target = target;
    this.#counters = counters;
    this.#mutator = new Mutator(target, new Random(seed));
    this.#watch = watch;
    // There is always something to mutate.
    this.#seeds = [new Uint8Array(0), ...target.seeds()]
      .map((bytes) => bytes.slice(0, target.maxBytes))
      .reverse();
    counters.clear();
    this.#run = target.begin();
  }

  /** Runs so often; a crash ends it. */
  run(executions: number): Crash | undefined {
    for (let n = 0; n < executions; n++) {
      const seed = this.#seeds.pop();
      const input = seed ?? this.#mutator.mutant(this.corpus);
      const crash = this.#execute(input);
      if (crash) return crash;
      const features = this.#counters.fresh();
      if (features) this.finds.push({ execution: this.executions, features });
      if (features || seed) {
        this.corpus.push({ bytes: input.slice(), cost: this.#counters.cost });
      }
    }
    return undefined;
  }

  #execute(input: Uint8Array): Crash | undefined {
    const { lifetime } = this.#target;
    this.executions += 1;
    this.#watch?.(input, this.#lived.length);
    if (lifetime > 1) this.#lived.push(input.slice());
    try {
      this.#run(input);
    } catch (error) {
      const inputs = lifetime > 1 ? this.#lived : [input.slice()];
      return { error, inputs, execution: this.executions };
    }
    if (lifetime > 1 && this.#lived.length >= lifetime) {
      this.#lived = [];
      this.#run = this.#target.begin();
    }
    return undefined;
  }
}

/** The first line of what went wrong, without its numbers: minimising must not slip to another fault. */
function kindOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name} ${error.message}` : String(error);
  return (text.split("\n")[0] as string).replace(/[0-9a-f]*\d[0-9a-f.]*/g, "n");
}

/** The shortest inputs that were found, within so many executions, with which the same goes wrong. */
export function minimise(target: Target, crash: Crash, executions = 300_000): Crash {
  const kind = kindOf(crash.error);
  let { error } = crash;
  let left = executions;
  const fails = (inputs: readonly Uint8Array[]): boolean => {
    if (left <= 0) return false;
    left -= inputs.length;
    try {
      play(target, inputs);
      return false;
    } catch (thrown) {
      if (kindOf(thrown) !== kind) return false;
      error = thrown;
      return true;
    }
  };
  let inputs = shorter(crash.inputs, fails);
  for (let at = 0; at < inputs.length; at++) {
    const withPart = (bytes: readonly number[]) => [
      ...inputs.slice(0, at),
      Uint8Array.from(bytes),
      ...inputs.slice(at + 1),
    ];
    const bytes = [...(inputs[at] as Uint8Array)];
    inputs = withPart(shorter(bytes, (part) => fails(withPart(part))));
    inputs = withPart(plainer([...(inputs[at] as Uint8Array)], (part) => fails(withPart(part))));
  }
  return { ...crash, inputs, error };
}

/** Leaves out parts, large ones first, as long as it still fails. */
function shorter<Item>(list: readonly Item[], fails: (list: readonly Item[]) => boolean): Item[] {
  let kept = [...list];
  for (let size = kept.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < kept.length; ) {
      const without = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (fails(without)) kept = without;
      else at += size;
    }
  }
  return kept;
}

/** Zeros, where they do as well. */
function plainer(bytes: readonly number[], fails: (bytes: readonly number[]) => boolean): number[] {
  const kept = [...bytes];
  for (const [at, byte] of bytes.entries()) {
    if (byte === 0) continue;
    kept[at] = 0;
    if (!fails(kept)) kept[at] = byte;
  }
  return kept;
}
