// Reads a log line by line: what is no line of a log is refused with its number, and what a crash cut
// off in the middle of a line is the end. What the lines do to a monitor is in replay.ts.

import { SystoleRangeError, SystoleTypeError } from "../errors.ts";
import type { PolicyOptions } from "../policy.ts";
import {
  CALLS,
  type CallName,
  isRecord,
  type Json,
  type JsonObject,
  LOG_VERSION,
  MONITOR_LOG,
  read,
} from "./format.ts";
import type { PolicyReader } from "./policies.ts";

/** The first line. */
export interface Header {
  /** Null where the clock threw. */
  readonly at: number | null;
  readonly seed: number;
  readonly policy: PolicyOptions;
  readonly stallToleranceMs: number | undefined;
  readonly sample: boolean;
}

/** Any other line: a call, or that the callback it is `in` threw. */
export interface Entry {
  /** Where it stands in the log, from 1. */
  readonly line: number;
  /** The callback it answers, counted from 1; 0 for an outermost call. */
  readonly in: number;
  /** How many callbacks there had been; undefined where as many as before. */
  readonly after: number | undefined;
  /** What the call read from the clock; null where the clock threw, undefined where it did not look. */
  readonly at: number | null | undefined;
  readonly call: CallName;
  readonly args: readonly unknown[];
  readonly throws: string | undefined;
}

export class LogLines {
  /** Whether the last line was cut off. */
  isCutOff = false;
  readonly #lines: Iterator<string>;
  readonly #policies: PolicyReader;
  /** The line in hand, and the last one that was read. */
  #line = 0;
  #lineAhead = 0;
  /** One line ahead: only the last one may be cut off. */
  #ahead: string | undefined;

  constructor(log: string | Iterable<string>, policies: PolicyReader) {
    this.#lines = (typeof log === "string" ? linesOf(log) : log)[Symbol.iterator]();
    this.#policies = policies;
    this.#ahead = this.#nextText();
  }

  header(): Header {
    const json = this.#take();
    if (json === undefined) throw this.wrong("there is no header: the log is empty or cut off");
    if (json["systole"] !== MONITOR_LOG) throw this.wrong("this is no header of a monitor's log");
    if (json["version"] !== LOG_VERSION) {
      const message = `This log has the format ${JSON.stringify(json["version"])}; this release replays format ${LOG_VERSION}.\nReplay it with the release of @systole/core that recorded it.`;
      throw new SystoleRangeError("ERR_SYSTOLE_LOG", message, json["version"]);
    }
    return {
      at: this.#instant(json) ?? null,
      seed: read(json["seed"] ?? null) as number,
      policy: this.#within(() => this.#policies.take(json["policy"] ?? null)),
      stallToleranceMs: read(json["stallToleranceMs"] ?? null) as number | undefined,
      sample: json["sample"] === true,
    };
  }

  /** The next line; undefined at the end. */
  next(): Entry | undefined {
    const json = this.#take();
    if (json === undefined) return undefined;
    const call = CALLS.find((name) => name in json);
    const { throws } = json;
    const args = call && json[call];
    if (typeof throws !== "string" && !Array.isArray(args)) throw this.wrong("it says no call");
    return {
      line: this.#line,
      in: this.#count(json, "in") ?? 0,
      after: this.#count(json, "after"),
      at: this.#instant(json),
      // A callback that threw has no call; nobody looks at it.
      call: call ?? "tick",
      args: call === undefined ? [] : this.#within(() => this.#args(call, args as Json[])),
      throws: typeof throws === "string" ? throws : undefined,
    };
  }

  #args(call: CallName, args: readonly Json[]): readonly unknown[] {
    const [first = null, second = null] = args;
    if (call === "setPolicy") return [read(first), this.#policies.take(second)];
    if (call !== "add" || !isRecord(second) || second["policy"] === undefined)
      return args.map(read);
    const { policy, ...others } = second as JsonObject;
    return [
      read(first),
      { ...(read(others) as object), policy: this.#policies.take(policy as Json) },
    ];
  }

  #take(): JsonObject | undefined {
    const text = this.#ahead;
    if (text === undefined) return undefined;
    this.#line = this.#lineAhead;
    this.#ahead = this.#nextText();
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      if (this.#ahead !== undefined) throw this.wrong("it is not JSON");
      this.isCutOff = true;
      return undefined;
    }
    if (!isRecord(json) || Array.isArray(json)) throw this.wrong("it is not a JSON object");
    return json as JsonObject;
  }

  /** Empty lines say nothing. */
  #nextText(): string | undefined {
    for (;;) {
      const { done, value } = this.#lines.next();
      if (done) return undefined;
      this.#lineAhead += 1;
      if (value.trim() !== "") return value;
    }
  }

  #instant(json: JsonObject): number | null | undefined {
    if (!("at" in json)) return undefined;
    if (json["at"] === null) return null;
    const at = read(json["at"] as Json);
    if (typeof at !== "number") throw this.wrong("`at` is no instant");
    return at;
  }

  #count(json: JsonObject, name: string): number | undefined {
    const count = json[name];
    if (count === undefined || (Number.isInteger(count) && (count as number) > 0)) {
      return count as number | undefined;
    }
    throw this.wrong(`\`${name}\` is no count`);
  }

  #within<Result>(body: () => Result): Result {
    try {
      return body();
    } catch (error) {
      const { message } = error as Error;
      if (!(error instanceof SystoleTypeError)) throw this.wrong(message);
      throw new SystoleTypeError(
        error.code,
        `Line ${this.#line} of the log: ${message}`,
        error.value,
      );
    }
  }

  /** What is to be thrown over the line that was read last. */
  wrong(what: string): SystoleTypeError {
    const message = `Line ${this.#line} of the log is broken: ${what}.\nReplay what stands before it, or the log as it was written.`;
    return new SystoleTypeError("ERR_SYSTOLE_LOG", message, this.#line);
  }
}

function* linesOf(log: string): Generator<string> {
  for (let from = 0; from < log.length; ) {
    const end = log.indexOf("\n", from);
    const until = end < 0 ? log.length : end;
    yield log.slice(from, until);
    from = until + 1;
  }
}
