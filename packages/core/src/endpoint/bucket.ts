// A token bucket: how much of something is let through. Time comes in, nothing is read. It is three numbers of an
// array, so that it can lie among others: its tokens, when they were counted, and since when it refuses.

import { NEVER } from "../peer/state.ts";

const FILLED_AT = 1;
const OVERDRAWN_AT = 2;

/** A bucket that is full to its capacity, whatever that is when it is first asked. */
export const FULL_BUCKET: readonly number[] = [0, -NEVER, NEVER];

/**
 * Takes one token if there is one; one comes back every `refillMs`, up to `capacity`. A smaller capacity than
 * before takes away nothing that is there. `now` comes in an object that is there anyway, because engines box
 * a fraction that is handed on as it is.
 */
export function takeToken(
  cells: number[],
  bucket: number,
  { now }: { readonly now: number },
  refillMs: number,
  capacity: number,
): boolean {
  const before = cells[bucket] as number;
  const filled = before + (now - (cells[bucket + FILLED_AT] as number)) / refillMs;
  const tokens = Math.max(before, Math.min(capacity, filled));
  const isRefused = tokens < 1;
  cells[bucket] = isRefused ? tokens : tokens - 1;
  cells[bucket + FILLED_AT] = now;
  if (filled >= capacity) cells[bucket + OVERDRAWN_AT] = NEVER;
  // When it first refused since it was last full.
  if (isRefused) cells[bucket + OVERDRAWN_AT] = Math.min(overdrawnAt(cells, bucket), now);
  return !isRefused;
}

/** For how long it has been refusing, with no pause in which it filled up; 0 when it is not. */
export function overdrawnMs(cells: readonly number[], bucket: number, now: number): number {
  return Math.max(0, now - overdrawnAt(cells, bucket));
}

function overdrawnAt(cells: readonly number[], bucket: number): number {
  return cells[bucket + OVERDRAWN_AT] as number;
}

/** One by itself. */
export class TokenBucket {
  readonly #cells: number[] = [...FULL_BUCKET];

  take(turn: { readonly now: number }, refillMs: number, capacity: number): boolean {
    return takeToken(this.#cells, 0, turn, refillMs, capacity);
  }
}
