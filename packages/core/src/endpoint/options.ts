// What users write to make an endpoint, and the door at which it is checked.

import { SystoleRangeError, SystoleTypeError } from "../errors.ts";
import type { Host } from "../host.ts";
import type { PeerRef } from "../monitor/refs.ts";
import type { Role } from "../peer/state.ts";
import type { PolicyOptions } from "../policy.ts";
import { HEADER_BYTES, LEAVE_REASONS, type LeaveReason, MAX_ID_BYTES } from "./frame.ts";
import type { Acceptance, Candidate } from "./inbox.ts";
import type { EndpointOutput } from "./outputs.ts";
import { decodeText, encodeText } from "./text.ts";

/**
 * - `stream`: ordered bytes in any chunks; paths are connections (TCP, TLS, unix sockets).
 * - `message`: ordered, whole frames; paths are connections (WebSocket, MessagePort).
 * - `datagram`: frames may be lost, doubled, reordered, forged; paths are addresses.
 */
export type Transport = "stream" | "message" | "datagram";

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
  /** Hands a frame to the transport. Throwing or `false`: not sent, and counted. */
  readonly send: (
    peer: PeerRef | undefined,
    frame: Uint8Array<ArrayBuffer>,
    path: Path | undefined,
  ) => unknown;
  /** The one sink of all outputs. May call back into the endpoint, and may throw. */
  readonly emit: (output: EndpointOutput<Path>) => void;
  /** Decides about peers that were not added. Without it nobody unknown gets in. */
  readonly accept?: ((candidate: Candidate<Path>) => Acceptance) | undefined;
  /** The longest message on a stream, in bytes. Default 1 MiB. */
  readonly maxMessageBytes?: number | undefined;
  readonly limits?: EndpointLimits | undefined;
  /** Whether beats sent and received are emitted, too; asked at each. Default: they are not. */
  readonly observeBeats?: (() => boolean) | undefined;
  /** Seeds jitter and phases. Default: entropy. */
  readonly seed?: number | undefined;
  /** See `MonitorOptions`. */
  readonly stallToleranceMs?: number | undefined;
  /** See `MonitorOptions`. */
  readonly sample?: (() => void) | undefined;
}

/** What strangers can make an endpoint hold. */
export interface EndpointLimits {
  /** Peers that came by themselves or were added. Default 100 000. */
  readonly peers?: number | undefined;
  /** Handshakes under way; the oldest gives way. Default 1024. */
  readonly candidates?: number | undefined;
}

/** Options of `endpoint.add`. */
export interface EndpointAddOptions<Path> {
  /** Where it is reached. Without one, frames are exchanged under the peer's ref. */
  readonly path?: Path | undefined;
  readonly policy?: PolicyOptions | undefined;
  readonly role?: Role | undefined;
  /** Take whoever answers at that path, whatever its id. Default false. */
  readonly anyId?: boolean | undefined;
}

/** Options of `endpoint.leave`. */
export interface LeaveOptions {
  /** When we expect to be back, in ms; told to the other side. */
  readonly returnInMs?: number | undefined;
  /** `removed`: we want nothing more from each other. Default `leaving`. */
  readonly reason?: LeaveReason | undefined;
}

const TRANSPORTS: readonly Transport[] = ["stream", "message", "datagram"];
const ROLES: readonly Role[] = ["both", "send", "listen"];
/** The length field of a frame has 32 bits, and the header is part of the length. */
const MAX_MESSAGE_BYTES = 2 ** 32 - 1 - HEADER_BYTES;
/** As many as one monitor holds. */
const MAX_PEERS = 2 ** 22;

/** @throws RangeError or TypeError `ERR_SYSTOLE_OPTION` */
export function checkOptions(options: EndpointOptions<never>): void {
  checkId(options?.id);
  for (const name of ["send", "emit"] as const) {
    if (typeof options[name] !== "function") {
      throw new SystoleTypeError(
        "ERR_SYSTOLE_OPTION",
        `createEndpoint needs the function ${name} (got ${typeof options[name]}).`,
        options[name],
      );
    }
  }
  for (const name of ["entropy", "epochMs"] as const) {
    if (typeof options.host?.[name] !== "function") {
      throw new SystoleTypeError(
        "ERR_SYSTOLE_OPTION",
        `The host of an endpoint needs the function ${name}: tags and boot ids must be unpredictable, and processes numbered.\nUse systemHost(), or give hostFrom an ${name}.`,
        options.host?.[name],
      );
    }
  }
  checkChoice("transport", options.transport, TRANSPORTS);
  checkRole(options.role);
  checkCount("maxMessageBytes", options.maxMessageBytes, MAX_MESSAGE_BYTES);
  checkCount("limits.peers", options.limits?.peers, MAX_PEERS);
  checkCount("limits.candidates", options.limits?.candidates, MAX_PEERS);
}

export function checkRole(role: Role | undefined): void {
  checkChoice("role", role, ROLES);
}

export function checkLeave({ returnInMs, reason }: LeaveOptions): void {
  checkChoice("reason", reason, LEAVE_REASONS);
  if (returnInMs === undefined || (returnInMs >= 0 && Number.isFinite(returnInMs))) return;
  throw new SystoleRangeError(
    "ERR_SYSTOLE_OPTION",
    `returnInMs must be a finite number of ms from 0 on (got ${returnInMs}).\nLeave it out if you do not know.`,
    returnInMs,
  );
}

export function checkId(id: unknown): void {
  const bytes = typeof id === "string" ? encodeText(id) : undefined;
  const isFit = bytes !== undefined && bytes.length > 0 && bytes.length <= MAX_ID_BYTES;
  // A lone surrogate does not survive UTF-8: two different strings would be one id on the wire.
  if (isFit && decodeText(bytes) === id) return;
  throw new SystoleRangeError(
    "ERR_SYSTOLE_OPTION",
    `An id must be a well-formed string of 1 to ${MAX_ID_BYTES} bytes in UTF-8 (got ${typeof id === "string" ? `${bytes?.length} bytes` : typeof id}).\nGive each process a short name of its own.`,
    id,
  );
}

function checkChoice(name: string, value: unknown, allowed: readonly unknown[]): void {
  if (value === undefined || allowed.includes(value)) return;
  const list = allowed.map((each) => JSON.stringify(each)).join(" or ");
  throw new SystoleRangeError(
    "ERR_SYSTOLE_OPTION",
    `${name} must be ${list} (got ${String(value)}).\nLeave it out for the default.`,
    value,
  );
}

function checkCount(name: string, value: unknown, most: number): void {
  if (value === undefined || isCount(value, most)) return;
  throw new SystoleRangeError(
    "ERR_SYSTOLE_OPTION",
    `${name} must be an integer from 1 to ${most} (got ${String(value)}).\nLeave it out for the default.`,
    value,
  );
}

function isCount(value: unknown, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
}
