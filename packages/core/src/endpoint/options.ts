// What users write to make an endpoint, and the door at which it is checked.

import { checkOption as check, SystoleTypeError, textOf } from "../errors.ts";
import type { Host } from "../host.ts";
import type { Monitor } from "../monitor/monitor.ts";
import type { MonitorOptions } from "../monitor/options.ts";
import type { PeerRef } from "../monitor/refs.ts";
import type { Role } from "../peer/state.ts";
import type { PolicyOptions } from "../policy.ts";
import { HEADER_BYTES, type LeaveReason, MAX_ID_BYTES } from "./frame.ts";
import { LEAVE_REASONS } from "./layout.ts";
import type { EndpointOutput } from "./outputs.ts";
import type { Sealing } from "./sealing.ts";
import { decodeText, encodeText } from "./text.ts";

/**
 * - `stream`: ordered bytes in any chunks; paths are connections (TCP, TLS, unix sockets).
 * - `message`: ordered, whole frames; paths are connections (WebSocket, MessagePort).
 * - `datagram`: frames may be lost, doubled, reordered, forged; paths are addresses.
 */
export type Transport = "stream" | "message" | "datagram";

/** Somebody unknown who has proven its place. */
export interface Candidate<Path> {
  readonly id: string;
  readonly path: Path;
}

/** What the application says to a candidate: no, yes, or yes with a policy and role of its own. */
export type Acceptance =
  | boolean
  | { readonly policy?: PolicyOptions | undefined; readonly role?: Role | undefined };

/** Options of `createEndpoint`. `Path` is what the transport calls a connection or an address. */
export interface EndpointOptions<Path extends string | object = object> {
  /** Our name towards others: 1 to 128 bytes of UTF-8, unique among the peers of each peer. */
  readonly id: string;
  /** Must have `entropy` and `epochMs`; see `systemHost`. */
  readonly host: Host;
  /** For peers that get none of their own. Default `standard`; `proof` defaults to `round-trip` on datagrams. */
  readonly policy?: PolicyOptions | undefined;
  /** Our role towards peers that get none of their own. Default `both`. */
  readonly role?: Role | undefined;
  /** Default `message`. */
  readonly transport?: Transport | undefined;
  /**
   * Hands a frame to the transport. Throwing or `false`: not sent, and counted. `note` is what `message`
   * was given with a message, and undefined with all other frames.
   */
  readonly send: (
    peer: PeerRef | undefined,
    frame: Uint8Array<ArrayBuffer>,
    path: Path | undefined,
    note?: unknown,
  ) => unknown;
  /**
   * Gives the bytes that a frame is written into, of any content: every one of them is written. Default
   * `new Uint8Array`. In Node `Buffer.allocUnsafe` takes small ones from a pool, which halves what a small
   * message costs; not where the buffer behind a frame is handed on, as `postMessage` does.
   */
  readonly allocate?: ((lengthBytes: number) => Uint8Array<ArrayBuffer>) | undefined;
  /** The one sink of all outputs. May call back into the endpoint, and may throw. */
  readonly emit: (output: EndpointOutput<Path>) => void;
  /**
   * Whether somebody on a connection is who it says it is; asked once a connection, before its id counts
   * for anything, also where that id is known. Undefined: not known yet, `endpoint.authenticated` will
   * tell. What comes meanwhile is held. Not for datagrams.
   */
  readonly authenticate?: ((candidate: Candidate<Path>) => boolean | undefined) | undefined;
  /** Decides about peers that were not added. Without it nobody unknown gets in. */
  readonly accept?: ((candidate: Candidate<Path>) => Acceptance) | undefined;
  /**
   * Decides about beacons: senders that cannot be asked, so that nothing proves their address, nor that
   * they say it now. Datagrams only. Without it there are none.
   */
  readonly acceptBeacon?: ((candidate: Candidate<Path>) => Acceptance) | undefined;
  /** The longest message on a stream, in bytes. Default 1 MiB. */
  readonly maxMessageBytes?: number | undefined;
  readonly limits?: EndpointLimits | undefined;
  /** Authenticates every datagram. Datagrams only: connections have TLS. Default: nothing is. */
  readonly sealing?: Sealing | undefined;
  /** Whether beats sent and received are emitted, too; asked at each. Default: they are not. */
  readonly observeBeats?: (() => boolean) | undefined;
  /**
   * Makes the monitor that judges the peers, of the options it is given. Default `createMonitor`; with
   * `recordMonitor` of `@systole/core/replay` an endpoint leaves a log that can be replayed.
   */
  readonly createMonitor?: ((options: MonitorOptions) => Monitor) | undefined;
  /** Seeds jitter and phases. Default: entropy. */
  readonly seed?: number | undefined;
  /** See `MonitorOptions`. */
  readonly stallToleranceMs?: number | undefined;
  /** See `MonitorOptions`. */
  readonly sample?: ((peer?: PeerRef) => void) | undefined;
}

/** What strangers can make an endpoint hold. */
export interface EndpointLimits {
  /** Peers that came by themselves or were added. Default 100 000. */
  readonly peers?: number | undefined;
  /**
   * Dead peers remembered of those that came by themselves; who died first gives way, also to a newcomer
   * for whom there would be no room otherwise. Default: as many as `peers`.
   */
  readonly tombstones?: number | undefined;
  /** Handshakes under way; the oldest gives way. Default 1024, on connections 16 384. */
  readonly candidates?: number | undefined;
  /**
   * How long a connection may be up before somebody was taken in on it, `authenticate` included.
   * Default the `deadAfterMs` of the policy.
   */
  readonly handshakeMs?: number | undefined;
  /**
   * Strangers answered in a second, wherever they come from. Default four times `candidates`, so that who
   * is answered has a quarter of a second at least to prove itself.
   */
  readonly strangersPerSecond?: number | undefined;
  /** Changes of address followed for one peer in a minute, begun ones included. Default 10. */
  readonly movesPerMinute?: number | undefined;
}

/** Options of `endpoint.add`. */
export interface EndpointAddOptions<Path> {
  /** Where it is reached. Without one, frames are exchanged under the peer's ref. */
  readonly path?: Path | undefined;
  readonly policy?: PolicyOptions | undefined;
  readonly role?: Role | undefined;
  /**
   * We only send, one way: whoever is there is never asked and never judged, and hears us only if it
   * accepts beacons. Datagrams only. The role is `send`. Default false.
   */
  readonly beacon?: boolean | undefined;
  /** Take whoever answers at that path, whatever its id. Default false. */
  readonly anyId?: boolean | undefined;
}

/** What holds where nobody says otherwise. */
export const DEFAULTS: {
  readonly peers: number;
  readonly candidates: number;
  readonly connections: number;
  readonly maxMessageBytes: number;
} = { peers: 100_000, candidates: 1_024, connections: 16_384, maxMessageBytes: 2 ** 20 };

/** Options of `endpoint.leaveSoon`. */
export interface LeaveSoonOptions extends LeaveOptions {
  /**
   * How long what is queued may take. Default twice the `deadAfterMs` in force: who takes nothing for so
   * long would be dead, if it did not go on beating.
   */
  readonly withinMs?: number | undefined;
}

/** Options of `endpoint.leave`. */
export interface LeaveOptions {
  /** When we expect to be back, in ms; told to the other side. */
  readonly returnInMs?: number | undefined;
  /** `removed`: we want nothing more from each other. Default `leaving`. */
  readonly reason?: LeaveReason | undefined;
}

/** The length field of a frame has 32 bits, and the header is part of the length. */
const MAX_MESSAGE_BYTES = 2 ** 32 - 1 - HEADER_BYTES;
const MAX_DURATION_MS = 2 ** 31 - 1;
/** As many as one monitor holds. */
const MAX_PEERS = 2 ** 22;

/** @throws RangeError or TypeError `ERR_SYSTOLE_OPTION` */
export function checkOptions(options: EndpointOptions<never>): void {
  checkId(options?.id);
  const { send, emit, host, limits } = options;
  const functions = { send, emit, "host.entropy": host?.entropy, "host.epochMs": host?.epochMs };
  for (const [name, value] of Object.entries(functions)) {
    const isFit = typeof value === "function";
    check(
      isFit,
      name,
      value,
      "a function",
      "Give one; systemHost() has those of a host.",
      SystoleTypeError,
    );
  }
  checkChoice("transport", options.transport, ["stream", "message", "datagram"]);
  const isSealable = !options.sealing || options.transport === "datagram";
  check(isSealable, "sealing", options.transport, "for datagrams", "Use TLS on connections.");
  checkCount("sealing.sealBytes", options.sealing?.sealBytes, 256);
  checkRole(options.role);
  checkCount("maxMessageBytes", options.maxMessageBytes, MAX_MESSAGE_BYTES);
  checkCount("limits.peers", limits?.peers, MAX_PEERS);
  checkCount("limits.tombstones", limits?.tombstones, MAX_PEERS);
  checkCount("limits.candidates", limits?.candidates, MAX_PEERS);
  checkCount("limits.strangersPerSecond", limits?.strangersPerSecond, MAX_PEERS);
  checkCount("limits.movesPerMinute", limits?.movesPerMinute, 60_000);
  checkCount("limits.handshakeMs", limits?.handshakeMs, MAX_DURATION_MS);
  check(
    options.authenticate === undefined || options.transport !== "datagram",
    "transport",
    options.transport,
    "one with connections where there is authenticate",
    "Use accept, and keys: an address proves nothing.",
  );
}

export function strangersPerSecond({ limits }: Pick<EndpointOptions, "limits">): number {
  return limits?.strangersPerSecond ?? 4 * (limits?.candidates ?? DEFAULTS.candidates);
}

/** @throws RangeError or TypeError `ERR_SYSTOLE_OPTION` */
export function checkMessage(bytes: unknown, maxBytes: number = DEFAULTS.maxMessageBytes): void {
  const isBytes = bytes instanceof Uint8Array;
  check(
    isBytes,
    "A message",
    typeof bytes,
    "bytes",
    "Encode text with new TextEncoder().encode(text).",
    SystoleTypeError,
  );
  const { length } = bytes as Uint8Array;
  const wayOut = "Raise maxMessageBytes on both sides, or send it in parts.";
  check(length <= maxBytes, "A message", length, `at most ${maxBytes} bytes long`, wayOut);
}

export function checkRole(role: Role | undefined): void {
  checkChoice("role", role, ["both", "send", "listen"]);
}

export function checkBeacon(beacon: boolean | undefined, transport: Transport | undefined): void {
  check(!beacon || transport === "datagram", "beacon", transport, "for datagrams");
}

export function checkLeave({ returnInMs, reason, withinMs }: LeaveSoonOptions): void {
  checkChoice("reason", reason, LEAVE_REASONS);
  for (const [name, value = 0] of Object.entries({ returnInMs, withinMs })) {
    check(Number.isFinite(value) && value >= 0, name, value, "a finite number of ms from 0 on");
  }
}

export function checkId(id: unknown): void {
  const bytes = encodeText(textOf(id));
  // A lone surrogate does not survive UTF-8: two different strings would be one id on the wire.
  const isFit = decodeText(bytes) === id && bytes.length > 0 && bytes.length <= MAX_ID_BYTES;
  const what = `a well-formed string of 1 to ${MAX_ID_BYTES} bytes in UTF-8`;
  check(isFit, "An id", id, what, "Give each process a short name of its own.");
}

function checkChoice<Value>(
  name: string,
  value: Value | undefined,
  allowed: readonly Value[],
): void {
  const isFit = value === undefined || allowed.includes(value);
  check(isFit, name, value, `one of ${allowed.join(", ")}`);
}

function checkCount(name: string, value: number | undefined = 1, most: number): void {
  const isFit = Number.isInteger(value) && value > 0 && value <= most;
  check(isFit, name, value, `an integer from 1 to ${most}`);
}
