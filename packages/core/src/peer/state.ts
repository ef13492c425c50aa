// One peer, twice: `PeerState` is what users see and keep, plain, frozen and JSON-serialisable, where
// absent means never. `Peer` is the same peer while the rules work on it: all fields there, all of them
// mutable, and NEVER for what is absent. Instants end in `At` (raw clock), unless they say Observed or
// Credited (see rules.ts).

import type { Arrivals } from "../detectors/arrivals.ts";
import type { Policy } from "../policy.ts";
import { mix, spreadAt } from "./rules.ts";
import { asData, asTally, Tally } from "./tally.ts";

/**
 * - `connecting`: nothing proven yet in this session; ends alive, or dead `unreachable`.
 * - `alive`: heard within the deadline.
 * - `suspect`: silent for too long, and being asked; ends alive again, or dead `silence`.
 * - `dead`: over, for good in this session. A return is a new session.
 */
export type Status = "connecting" | "alive" | "suspect" | "dead";

/** `both` judges and beats, `send` never judges and always beats, `listen` judges and only answers. */
export type Role = "both" | "send" | "listen";

/** Why somebody outside ends a session. */
export type EndReason =
  | "closed"
  | "left"
  | "restarted"
  | "replaced"
  | "protocol-error"
  | "duplicate-id"
  | "incompatible";

/** Every such reason. */
export const END_REASONS: readonly EndReason[] = [
  "closed",
  "left",
  "restarted",
  "replaced",
  "protocol-error",
  "duplicate-id",
  "incompatible",
];

/** Why a peer is dead: ended from outside, or by its silence. */
export type Reason = EndReason | "silence" | "unreachable";

/** One peer as data. Made by `initialPeer`, changed by `transition`, and by nothing else. */
export interface PeerState {
  readonly status: Status;
  readonly role: Role;
  /** Counts the lives of this peer, from 1. Dead is final within a session. */
  readonly session: number;
  /** What jitter, phase and back-off are hashed from. */
  readonly seed: number;
  /** When the status was entered. */
  readonly sinceAt: number;
  /** Only when dead. */
  readonly reason?: Reason;

  /** Only while connecting: nonces sent from here on prove life: the start, or the death before this session. */
  readonly proofFromAt?: number;
  /** The last sign of life in this session. */
  readonly heardAt?: number;
  /** Where silence is counted from: the last sign of life, or the start of the session. */
  readonly lifeObservedAt: number;
  readonly lifeCreditedAt: number;
  /** Only when alive or suspect: when this session was first alive. */
  readonly aliveAt?: number;

  /** Only in suspect: where the suspicion is counted from, and its stretch by our own bad health. */
  readonly suspectedObservedAt?: number;
  readonly suspectedCreditedAt?: number;
  readonly stretchMs?: number;
  /** Local health when suspicion began, for the evidence. */
  readonly health?: number;

  /** Only while paused: from when on silence is not counted. */
  readonly pausedObservedAt?: number;
  readonly pausedCreditedAt?: number;

  readonly sentAt?: number;
  /** When the next beat (or probe, or dial) is due. Absent: never. */
  readonly beatDueAt?: number;
  /** Beats asked for so far; numbers the draws of the jitter. */
  readonly beats: number;
  /** Probes asked for since this status (connecting or suspect) was entered; counted up to 65,535. */
  readonly probes: number;
  /** Whether the due beat has been spread already after it was overdue. */
  readonly paced: boolean;
  /** Back-offs since the last stable life; counted up to 65,535. */
  readonly retries: number;
  /** Only when dead: when the peer is forgotten. */
  readonly forgetAt?: number;

  readonly arrivals: Arrivals;
  /** What its timing and its detectors rest on. For them alone. */
  readonly learned?: readonly number[];
}

/** The same without "absent": comparisons with it come out right by themselves. */
export const NEVER: number = Number.POSITIVE_INFINITY;

export type Mutable<Data> = { -readonly [Name in keyof Data]: Data[Name] };

/** Where counts of retries and probes stop. */
export const MAX_COUNT = 65_535;

/** One peer in hand. For the meaning of each field see {@link PeerState}. */
export class Peer {
  status: Status = "connecting";
  role: Role = "both";
  session = 1;
  seed = 0;
  sinceAt = 0;
  reason: Reason | undefined = undefined;
  proofFromAt: number = NEVER;
  heardAt: number = NEVER;
  lifeObservedAt = 0;
  lifeCreditedAt = 0;
  aliveAt: number = NEVER;
  suspectedObservedAt: number = NEVER;
  suspectedCreditedAt: number = NEVER;
  stretchMs: number = NEVER;
  health: number = NEVER;
  pausedObservedAt: number = NEVER;
  pausedCreditedAt: number = NEVER;
  sentAt: number = NEVER;
  beatDueAt: number = NEVER;
  beats = 0;
  probes = 0;
  paced = false;
  retries = 0;
  forgetAt: number = NEVER;
  arrivals: Tally = new Tally();
}

/** A state in hand: a copy, so that rules may change it; with room for so many numbers of its arrivals. */
export function thaw({ arrivals, learned, ...state }: PeerState, width?: number): Peer {
  return Object.assign(new Peer(), state, { arrivals: asTally(arrivals, learned, width) });
}

/** What is in hand as data: frozen, and without what never happened. */
export function freeze(peer: Peer): PeerState {
  const { arrivals } = peer;
  return present({ ...peer, arrivals: asData(arrivals), learned: arrivals.learned }) as PeerState;
}

function present<Fields extends object>(fields: Fields): Partial<Fields> {
  const data: Partial<Fields> = {};
  for (const name in fields) {
    const value: unknown = fields[name];
    if (value !== NEVER && value !== undefined) data[name] = fields[name];
  }
  return Object.freeze(data);
}

/** Options of `initialPeer`. */
export interface InitialPeerOptions {
  /** Default `both`. */
  readonly role?: Role | undefined;
  /** Any integer; peers with different seeds beat at different phases. Default 0. */
  readonly seed?: number | undefined;
  /** Σ of stalls so far, where a monitor counts them. Default 0. */
  readonly lostMs?: number | undefined;
  /** The counted part of those stalls. Default 0. */
  readonly countedMs?: number | undefined;
}

/**
 * A peer in `connecting`, its first session begun at `at` (ms, raw clock). Its first beat leaves
 * within min(interval/4, 250 ms).
 *
 * @example
 * ```ts
 * const policy = definePolicy(strict);
 * const peer = initialPeer(policy, 0);
 * ```
 */
export function initialPeer(
  policy: Policy,
  at: number,
  options: InitialPeerOptions = {},
): PeerState {
  return freeze(newPeer(policy, at, options));
}

/** The same in hand. */
export function newPeer(policy: Policy, at: number, options: InitialPeerOptions): Peer {
  const { role = "both", seed = 0, lostMs = 0, countedMs = 0 } = options;
  const peer = new Peer();
  peer.role = role;
  peer.seed = peerSeed(seed);
  peer.sinceAt = peer.proofFromAt = at;
  peer.lifeObservedAt = at - lostMs;
  peer.lifeCreditedAt = at - lostMs + countedMs;
  if (role !== "listen") peer.beatDueAt = spreadAt(at, policy.intervalMs, peer.seed, 0);
  return peer;
}

/** What a peer draws from, where `seed` is what somebody chose. */
export function peerSeed(seed: number): number {
  return mix(seed, 0x5e9d);
}

/** Whether silence of this peer is being counted against it. */
export function isJudged(peer: Peer): boolean {
  return peer.status !== "dead" && peer.role !== "send" && peer.pausedObservedAt === NEVER;
}
