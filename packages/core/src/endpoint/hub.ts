// What the parts of one endpoint share: who we are, everybody we talk to, and the ways in and out. It
// decides nothing.

import { definePolicy } from "../define-policy.ts";
import { createMonitor, type Monitor } from "../monitor/monitor.ts";
import type { HeardSign } from "../monitor/options.ts";
import type { MonitorOutput } from "../monitor/outputs.ts";
import type { PeerRef } from "../monitor/refs.ts";
import type { Role } from "../peer/state.ts";
import type { Policy, PolicyOptions } from "../policy.ts";
import { derivePolicy } from "../policy-variants.ts";
import { Turn } from "../turn.ts";
import { Alarms } from "./alarms.ts";
import { TokenBucket } from "./bucket.ts";
import { encodeFrame } from "./encode.ts";
import type { Frame, Word64 } from "./frame.ts";
import { DEFAULTS, type EndpointOptions } from "./options.ts";
import type { DropReason, EndpointOutput, RefusedReason } from "./outputs.ts";
import type { SealFault } from "./sealing.ts";
import type { Contest, Pair, Path, Place } from "./session.ts";
import { Sessions } from "./sessions.ts";
import type { Reassembly } from "./stream.ts";

/** A frame, and where it came from. */
export type Arrived<Of extends Frame> = Of & { readonly place: Place };

/** Frames of somebody on a connection about whom nothing is decided yet. */
export interface Undecided {
  readonly frames: Arrived<Frame>[];
  heldBytes: number;
}

export interface Hub {
  readonly options: EndpointOptions<Path>;
  readonly id: string;
  readonly isStream: boolean;
  /** Whether a path is proven by being one (a connection), or must be proven (datagrams). */
  readonly trustsPaths: boolean;
  /** Of peers that get none of their own. */
  readonly policy: Policy;
  readonly role: Role;
  /** Who we are on the wire. */
  readonly boot: Word64;
  /** Rises once another life of our id turns out to be ahead. */
  epoch: number;
  readonly turn: Turn<EndpointOutput<Path>>;
  readonly monitor: Monitor;
  readonly sessions: Sessions;
  readonly pairs: Map<PeerRef, Pair>;
  readonly contests: Map<Pair, Contest>;
  /** Until when somebody must have been taken in on a connection. */
  readonly handshakes: Alarms<Place>;
  readonly undecided: Map<Place, Undecided>;
  /** When we leave a peer at the latest. */
  readonly departures: Alarms<Pair>;
  /** The dead who came by themselves, in the order in which they died. */
  readonly tombstones: Set<Pair>;
  /** What came of unfinished frames, and one that holds nothing, for whoever needs it next. */
  readonly streams: Map<Place, Reassembly>;
  spareStream: Reassembly | undefined;
  readonly dropped: Partial<Record<DropReason, number>>;
  readonly refused: Partial<Record<RefusedReason, number>>;
  readonly counts: {
    framesSent: number;
    framesReceived: number;
    bytesSent: number;
    bytesReceived: number;
    sendFailures: number;
    moves: number;
    movesRefused: number;
    forgottenEarly: number;
  };
  lastStallMs: number;
  /** How many more strangers may be answered now. */
  readonly greetings: TokenBucket;
  /** Datagrams that were not authentic, since the last output about them. */
  readonly unauthentic: Record<SealFault, { at: number; datagrams: number }>;
  /** All our stalls so far. */
  stalledMs: number;
  /** When this endpoint began, by its clock. */
  readonly startedAt: number;
}

export function createHub(
  options: EndpointOptions<Path>,
  settled: () => void,
  onMonitor: (output: MonitorOutput) => void,
): Hub {
  const { host, transport, role = "both", limits } = options;
  const makeMonitor = options.createMonitor ?? createMonitor;
  const entropy = () => host.entropy?.() ?? 0;
  const trustsPaths = transport !== "datagram";
  const policy = define({ trustsPaths }, options.policy);
  const turn = new Turn(host, options.emit, settled);
  return {
    options,
    id: options.id,
    isStream: transport === "stream",
    trustsPaths,
    policy,
    role,
    boot: { hi: entropy(), lo: entropy() },
    epoch: Math.floor(host.epochMs?.() ?? 0),
    turn,
    monitor: makeMonitor({
      ...options,
      // The monitor's instants are the endpoint's: one reading of the clock a turn.
      host: { now: () => turn.now },
      policy,
      emit: onMonitor,
      seed: options.seed ?? entropy(),
    }),
    sessions: new Sessions(entropy, limits?.candidates ?? DEFAULTS.candidates, trustsPaths),
    pairs: new Map(),
    contests: new Map(),
    handshakes: new Alarms(),
    undecided: new Map(),
    departures: new Alarms(),
    tombstones: new Set(),
    streams: new Map(),
    spareStream: undefined,
    dropped: {},
    refused: {},
    counts: {
      framesSent: 0,
      framesReceived: 0,
      bytesSent: 0,
      bytesReceived: 0,
      sendFailures: 0,
      moves: 0,
      movesRefused: 0,
      forgottenEarly: 0,
    },
    lastStallMs: 0,
    greetings: new TokenBucket(),
    unauthentic: { unsealed: untold(), "unknown-key": untold(), "bad-seal": untold() },
    stalledMs: 0,
    startedAt: turn.now,
  };
}

function untold(): { at: number; datagrams: number } {
  return { at: Number.NEGATIVE_INFINITY, datagrams: 0 };
}

/** A policy as users write it, with the defaults of this transport. */
export function define(
  { trustsPaths }: Pick<Hub, "trustsPaths">,
  options: PolicyOptions = {},
): Policy {
  const policy = definePolicy(trustsPaths ? options : { proof: "round-trip", ...options });
  // Written out for each peer anew, it is one object all the same, which stays in the caches.
  return derivePolicy(NOBODYS, policy);
}

/** What policies are variants of that were written out. */
const NOBODYS: Policy = /* @__PURE__ */ Object.freeze({}) as Policy;

/** What a callback of the user's throws surfaces at the end of the turn, and stops nothing else. */
export function attempt({ turn }: Hub, body: () => void): void {
  try {
    body();
  } catch (error) {
    turn.fail(error);
  }
}

/**
 * Tells the monitor of a numbered frame. Where a detector throws over it that surfaces at the end of the turn;
 * so that we never say we counted what we did not, it then passes for not counted.
 */
export function heardBeat(
  { monitor, turn }: Hub,
  ref: PeerRef,
  seq: number,
  sign: HeardSign,
): boolean {
  try {
    return monitor.heardBeat(ref, seq, sign);
  } catch (error) {
    turn.fail(error);
    return false;
  }
}

/** Something that arrived had no effect. */
export function drop({ dropped }: Hub, reason: DropReason): void {
  dropped[reason] = (dropped[reason] ?? 0) + 1;
}

/** Hands a frame to the transport; false where it was not taken. */
export function transmit(
  hub: Hub,
  peer: PeerRef | undefined,
  place: Place,
  frame: Frame,
  note?: unknown,
): boolean {
  const { sealing, allocate } = hub.options;
  return transmitBytes(hub, peer, place, encodeFrame(frame, sealing?.sealBytes, allocate), note);
}

/** As `transmit`, for the bytes of a frame with room for a seal behind it. */
export function transmitBytes(
  { options, counts }: Hub,
  peer: PeerRef | undefined,
  place: Place,
  bytes: Uint8Array<ArrayBuffer>,
  note?: unknown,
): boolean {
  const { sealing } = options;
  try {
    sealing?.seal(bytes);
    if (options.send(peer, bytes, pathOf(place), note) !== false) {
      counts.framesSent += 1;
      counts.bytesSent += bytes.length;
      return true;
    }
  } catch {
    // A transport that throws did not send; which it says is its own business.
  }
  counts.sendFailures += 1;
  return false;
}

/** Whoever is at this place can do nothing useful there any more. */
export function refuse(hub: Hub, place: Place, reason: RefusedReason): void {
  const path = pathOf(place);
  settle(hub, place);
  hub.streams.delete(place);
  if (path === undefined) return;
  hub.refused[reason] = (hub.refused[reason] ?? 0) + 1;
  hub.turn.push({ type: "refused", path, reason });
}

/** A handshake is over, however it ended. */
export function settle({ handshakes, undecided }: Hub, place: Place): void {
  handshakes.delete(place);
  undecided.delete(place);
}

/** A place as the transport knows it: undefined for a peer that was added without a path. */
export function pathOf(place: Place | undefined): Path | undefined {
  return typeof place === "number" ? undefined : place;
}

export function pairById(hub: Hub, id: string): Pair | undefined {
  return hub.pairs.get(hub.monitor.find(id) as PeerRef);
}

/** The peer whose conversation is held at this place, once it said who it is. */
export function speakerAt(hub: Hub, place: Place): Pair | undefined {
  const session = hub.sessions.at(place);
  return session?.claim && session === session.pair?.current ? session.pair : undefined;
}

export function isDead(hub: Hub, pair: Pair): boolean {
  return hub.monitor.status(pair.ref) === "dead";
}

/** Whether its session has begun and not ended: while connecting, nobody has lived in it yet. */
export function isLive(hub: Hub, pair: Pair): boolean {
  const status = hub.monitor.status(pair.ref);
  return status === "alive" || status === "suspect";
}
