// The one file of core that touches the real world: clock, timer, I/O turn and entropy of Node,
// Bun, Deno, browsers and workers. Its ambient declarations stay in here.

import type { Host } from "./host.ts";
import { hostFrom } from "./host.ts";

declare const performance: { now(): number };
declare const Date: { now(): number };
declare const crypto: { getRandomValues(words: Uint32Array): Uint32Array };
declare function setTimeout(callback: () => void, delayMs: number): unknown;
declare function clearTimeout(timer: unknown): void;
declare const setImmediate: ((callback: () => void) => unknown) | undefined;

/** One call to the system's generator serves this many requests. */
const ENTROPY_WORDS = 256;

/**
 * The real host of the runtime this code runs in.
 *
 * `now` is `performance.now()`: monotonic, and not moved by changes of the wall clock. It stops
 * while Linux sleeps and goes on while Windows sleeps, so `countsSleep` is false: what follows from
 * it (`trustedUntil`) does not cover system sleep. Bring another `now` with
 * `{ ...systemHost(), now, countsSleep: true }` if you have one that does.
 *
 * Timers are unref'd: they do not keep a process alive, unless `drive(…, { ref: true })` asks.
 */
export function systemHost(): Host {
  let words: Uint32Array | undefined;
  let used = ENTROPY_WORDS;
  return hostFrom({
    now: () => performance.now(),
    setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
    clearTimeout: (timer) => clearTimeout(timer),
    // Browsers have no setImmediate: a zero timer runs after input that is already waiting.
    setImmediate:
      typeof setImmediate === "function" ? (callback) => setImmediate?.(callback) : undefined,
    entropy() {
      if (used === ENTROPY_WORDS || words === undefined) {
        words = crypto.getRandomValues(new Uint32Array(ENTROPY_WORDS));
        used = 0;
      }
      return words[used++] as number;
    },
    epochMs: () => Date.now(),
    countsSleep: false,
  });
}
