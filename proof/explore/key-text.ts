// The text that a state is known by: instants are told from now, numbers of which only the order counts by their
// rank, random words by who came first.

import type { Word64 } from "../../packages/core/src/endpoint/frame.ts";
import type { Claim } from "../../packages/core/src/endpoint/incarnation.ts";
import type { Name } from "./world.ts";

/** A number of which only the order counts, among all of its group. */
interface Ranked {
  readonly at: number;
  readonly group: number[];
  readonly value: number;
}

export class KeyText {
  readonly now: number;
  readonly unitMs: number;
  readonly oldestMs: number;
  /** Numbers of the frames of a side, and of its conversations. */
  readonly seqs: Readonly<Record<Name, number[]>> = { a: [], b: [] };
  readonly sessions: Readonly<Record<Name, number[]>> = { a: [], b: [] };
  readonly #parts: (string | number)[] = [];
  readonly #ranked: Ranked[] = [];
  readonly #words: Map<number, number> = new Map([[0, 0]]);

  /** What is older than so many units is as old as can be. */
  constructor(now: number, unitMs: number, oldestUnits: number) {
    this.now = now;
    this.unitMs = unitMs;
    this.oldestMs = oldestUnits * unitMs;
  }

  /** As it is. */
  push(...parts: readonly (string | number)[]): void {
    for (const part of parts) this.#parts.push(part);
  }

  rank(group: number[], value: number): void {
    // 0 and Infinity mean something by themselves.
    if (value === 0 || value === Number.POSITIVE_INFINITY) {
      this.#parts.push(value);
      return;
    }
    if (!group.includes(value)) group.push(value);
    this.#ranked.push({ at: this.#parts.length, group, value });
    this.#parts.push(0);
  }

  /** An instant of a clock on which it is `now`; all before the last `oldestMs` are one. */
  at(at: number | undefined, oldestMs: number = this.oldestMs, now: number = this.now): void {
    if (at === undefined || Math.abs(at) === Number.POSITIVE_INFINITY) this.#parts.push("-");
    else this.#parts.push(Math.max(at - now, -oldestMs));
  }

  word({ hi, lo }: Word64): void {
    // Two random words that agree in 53 bits do not occur among a handful.
    const word = hi * 2 ** 21 + (lo >>> 11) + (lo & 2047) / 2048;
    const name = this.#words.get(word) ?? this.#words.size;
    this.#words.set(word, name);
    this.#parts.push(name);
  }

  claim(of: Name, claim: Claim | undefined): void {
    if (!claim) {
      this.#parts.push("-");
      return;
    }
    this.#parts.push(claim.epoch);
    this.rank(this.sessions[of], claim.session);
    this.word(claim.boot);
  }

  text(): string {
    for (const group of [...Object.values(this.seqs), ...Object.values(this.sessions)]) {
      group.sort((one, other) => one - other);
    }
    // From 1: how many of the group are below, and itself.
    for (const { at, group, value } of this.#ranked) this.#parts[at] = group.indexOf(value) + 1;
    return this.#parts.join();
  }
}
