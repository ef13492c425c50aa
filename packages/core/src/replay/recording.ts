// Who is talking, and what is written about it. A call of the user's is written with the instant it
// read; what the monitor then calls by itself follows from it and is not. Where a callback of the
// user's calls back, the line says which callback it answers.

import { written } from "./format.ts";

/** Where a recording stands. */
export interface RecordingState {
  /** How many lines were written. */
  readonly lines: number;
  /** What `write` threw, if it did: the log ends before that line. The monitor is not disturbed. */
  readonly failure: unknown;
  /** Ends the log. The monitor goes on without it. */
  stop(): void;
}

export class Recording implements RecordingState {
  lines = 0;
  failure: unknown;
  #write: ((line: string) => void) | undefined;
  /** What the call under way will write as soon as its instant is known, or as it is known to have none. */
  #pending: string | undefined;
  /** Whether code of the user's is running, and not the monitor's. */
  #isOutside = true;
  #callbacks = 0;
  /** How many callbacks the log accounts for. */
  #accounted = 0;
  /** The callback that is running; 0 where none is. */
  #answering = 0;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  stop(): void {
    this.#write = undefined;
    this.#pending = undefined;
  }

  /** The monitor is being made: what its constructor reads belongs to the header. */
  begin(header: string): void {
    this.#pending = header;
    this.#isOutside = false;
  }

  begun(): void {
    this.#isOutside = true;
  }

  /** Runs a call of the user's; `line` is asked only if it is one, and says all but the instant. */
  call<Result>(line: () => string, body: () => Result): Result {
    if (!this.#isOutside || this.#write === undefined) return body();
    this.#pending = line();
    this.#isOutside = false;
    try {
      return body();
    } finally {
      this.#flush();
      this.#isOutside = true;
    }
  }

  /** Reads the clock for the monitor: at most once in a call, and before anything comes of it. */
  instant(clock: { now(): number }): number {
    let at: number;
    try {
      at = clock.now();
    } catch (error) {
      this.#flush(`"at":null,`);
      throw error;
    }
    if (this.#pending !== undefined) {
      const isPlain = Number.isFinite(at) && at !== 0;
      this.#flush(`"at":${isPlain ? at : JSON.stringify(written(at))},`);
    }
    return at;
  }

  /** Runs a callback of the user's. */
  callback(body: () => void): void {
    this.#flush();
    const before = this.#answering;
    this.#callbacks += 1;
    this.#answering = this.#callbacks;
    this.#isOutside = true;
    try {
      body();
    } catch (error) {
      this.#put(`{"in":${this.#answering},"throws":${JSON.stringify(messageOf(error))}}`);
      throw error;
    } finally {
      this.#isOutside = false;
      this.#answering = before;
    }
  }

  #flush(at = ""): void {
    const rest = this.#pending;
    if (rest === undefined) return;
    this.#pending = undefined;
    let place = "";
    if (this.#answering > 0) {
      place = `"in":${this.#answering},`;
    } else if (this.#callbacks !== this.#accounted) {
      this.#accounted = this.#callbacks;
      place = `"after":${this.#callbacks},`;
    }
    this.#put(`{${place}${at}${rest}}`);
  }

  /** A log with a hole says nothing: what cannot be written is the end of it. */
  #put(line: string): void {
    if (this.#write === undefined) return;
    try {
      this.#write(line);
      this.lines += 1;
    } catch (error) {
      this.failure = error;
      this.stop();
    }
  }
}

function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return "something without a text";
  }
}
