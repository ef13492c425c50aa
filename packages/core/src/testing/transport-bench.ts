// One connected pair of a transport under test, and stand-ins for the endpoints at its two ends that
// write down what arrives. Waits without a timer: it lets the transport settle, again and again.

import { encodeFrame } from "../endpoint/encode.ts";
import { type BeatFrame, NO_TAG } from "../endpoint/frame.ts";
import type { Transport } from "../endpoint/options.ts";
import type { EndReason } from "../peer/state.ts";

/** What a transport promises to an endpoint; see `docs/custom-transports.md` for each of them. */
export type TransportRule =
  | "delivers"
  | "whole"
  | "unchanged"
  | "bytes"
  | "ordered"
  | "once"
  | "right-peer"
  | "not-kept"
  | "at-once"
  | "not-sent"
  | "ended"
  | "ended-once"
  | "silent-after-close"
  | "alive";

/** A rule that a transport broke, and how. */
export class TransportContractError extends Error {
  override readonly name: string = "TransportContractError";
  /** Which of them; the message begins with it. */
  readonly rule: TransportRule;

  constructor(rule: TransportRule, what: string) {
    super(`${rule}: ${what}`);
    this.rule = rule;
  }
}

export function broken(rule: TransportRule, what: string): never {
  throw new TransportContractError(rule, what);
}

/** What a transport calls where it has a connection or an address. */
export type ContractPath = string | object;

/** What your glue delivers to: an endpoint, or a stand-in for one. Hand it on like an endpoint. */
export interface ContractReceiver {
  /** Bytes that arrived at this end, on this connection or from this address. */
  receive(bytes: Uint8Array, from: ContractPath): void;
  /** The connection is over; not for datagrams. */
  ended(from: ContractPath, reason: EndReason): void;
  /** Only for transports that carry signs of life instead of frames: call it for each. */
  heard(from: ContractPath): void;
}

/** One end of one connection of your transport. */
export interface ContractEnd {
  /** What your glue passes as `from` for what arrives at this end. */
  readonly path: ContractPath;
  /** What your glue does in `send`: false or throwing means not sent. Never a promise. */
  send(frame: Uint8Array<ArrayBuffer>): unknown;
  /** Closes this end. May return a promise. */
  close(): unknown;
}

/** Two connected ends. */
export interface ContractPair {
  readonly left: ContractEnd;
  readonly right: ContractEnd;
  /** Lets what was sent or closed take its course for a moment, such as a turn of the event loop. */
  settle(): unknown;
  /** Called at the end of a case, after both ends were closed. */
  dispose?(): unknown;
}

/**
 * Connects two ends, one of which delivers to `left`, the other to `right`. Resolves when both are open.
 *
 * @example
 * ```ts
 * const makePair: MakePair = (left, right) => {
 *   const { port1, port2 } = new MessageChannel();
 *   return { left: bindPort(port1, left), right: bindPort(port2, right), settle: nextTurn };
 * };
 * ```
 */
export type MakePair = (
  left: ContractReceiver,
  right: ContractReceiver,
) => ContractPair | Promise<ContractPair>;

/** What is under test. */
export interface Kind {
  readonly transport: Transport | "signs";
  readonly keepsFrames: boolean;
}

export function carriesFrames({ transport }: Kind): boolean {
  return transport !== "signs";
}

/** Ends can be told, and order is kept. */
export function hasConnections({ transport }: Kind): boolean {
  return transport !== "datagram";
}

/** After so many rounds nothing more is expected to come. */
const QUIET_ROUNDS = 10;

interface Arrival {
  readonly bytes: Uint8Array;
  readonly from: ContractPath;
}

/** Stands in for an endpoint. */
export class Probe implements ContractReceiver {
  readonly arrived: Arrival[] = [];
  readonly endings: ContractPath[] = [];
  /** What was handed over instead of a Uint8Array. */
  strange: string | undefined;
  /** Arrivals after the end was told. */
  late = 0;

  receive(bytes: Uint8Array, from: ContractPath): void {
    if (this.endings.length > 0) this.late += 1;
    if (bytes instanceof Uint8Array) this.arrived.push({ bytes: new Uint8Array(bytes), from });
    else this.strange = Object.prototype.toString.call(bytes).slice(8, -1);
  }

  heard(from: ContractPath): void {
    if (this.endings.length > 0) this.late += 1;
    this.arrived.push({ bytes: new Uint8Array(0), from });
  }

  ended(from: ContractPath): void {
    this.endings.push(from);
  }

  /** Everything that arrived, as one piece. */
  get all(): Uint8Array {
    const all = new Uint8Array(this.arrived.reduce((sum, { bytes }) => sum + bytes.length, 0));
    let at = 0;
    for (const { bytes } of this.arrived) {
      all.set(bytes, at);
      at += bytes.length;
    }
    return all;
  }
}

/** A pair with its probes, for one case. */
export class Bench {
  readonly left: Probe = new Probe();
  readonly right: Probe = new Probe();
  readonly #makePair: MakePair;
  readonly #patience: number;
  readonly #pairs: ContractPair[] = [];

  constructor(makePair: MakePair, patience: number) {
    this.#makePair = makePair;
    this.#patience = patience;
  }

  /** Another connection, by default between the two probes. */
  async connect(
    left: ContractReceiver = this.left,
    right: ContractReceiver = this.right,
  ): Promise<ContractPair> {
    const pair = await this.#makePair(left, right);
    this.#pairs.push(pair);
    return pair;
  }

  /** Sends a frame, again where the transport says that it was not sent. */
  async send(end: ContractEnd, frame: Uint8Array<ArrayBuffer>): Promise<void> {
    if (await this.until(() => isTaken(end, frame))) return;
    broken(
      "delivers",
      `an open connection refused a frame of ${frame.length} bytes ${this.#patience} times`,
    );
  }

  /** Whether `done` came true while everything settled. */
  async until(done: () => boolean): Promise<boolean> {
    for (let round = 0; round < this.#patience; round++) {
      if (done()) return true;
      await this.#settle();
    }
    return done();
  }

  /** Lets happen what is going to happen. */
  async quiet(): Promise<void> {
    for (let round = 0; round < QUIET_ROUNDS; round++) await this.#settle();
  }

  async dispose(): Promise<void> {
    for (const pair of this.#pairs) {
      for (const end of [pair.left, pair.right]) {
        try {
          await end.close();
        } catch {
          // Closing twice may be an error of the transport; no rule is about that.
        }
      }
      await pair.dispose?.();
    }
  }

  async #settle(): Promise<void> {
    for (const pair of this.#pairs) await pair.settle();
  }
}

/** Whether a transport takes a frame. */
export function isTaken(end: ContractEnd, frame: Uint8Array<ArrayBuffer>): boolean {
  try {
    const answer = end.send(frame);
    // Its failure would be nobody's; that there is a promise at all is a rule of its own.
    if (isPromise(answer)) answer.then(undefined, () => {});
    return answer !== false;
  } catch {
    return false;
  }
}

export function isPromise(answer: unknown): answer is PromiseLike<unknown> {
  return typeof (answer as PromiseLike<unknown> | undefined)?.then === "function";
}

/** A valid BEAT, told apart by its number, with every byte value in it as far as its size allows. */
export function sampleFrame(seq: number, sizeBytes: number): Uint8Array<ArrayBuffer> {
  const beat: BeatFrame = {
    type: "beat",
    tag: { hi: 0x80ff0001, lo: 0x0d0a001a },
    epoch: 1,
    session: 1,
    seq,
    handed: NO_TAG,
    echo: 0,
    heldMicros: 0,
    counted: false,
    asks: false,
    gapMs: 1_000,
    wishMs: 1_000,
    minMs: 20,
    deadMs: 9_000,
    sentMicros: 0,
    stalledMs: 0,
    extra: new Uint8Array(0),
  };
  const extraBytes = sizeBytes - encodeFrame(beat).length;
  const extra = Uint8Array.from({ length: extraBytes }, (_, n) => n % 256);
  return encodeFrame({ ...beat, extra });
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}
