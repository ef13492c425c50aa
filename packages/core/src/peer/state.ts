// One peer as plain, frozen, JSON-serialisable data. Absent means never: no Infinity, no NaN, no
// undefined. Instants end in `At` (raw clock), unless they say Observed or Credited (see rules.ts).

import type { Arrivals } from "../detectors/fixed.ts";
import type { Policy } from "../policy.ts";
import { mix, paceWindowMs, unit } from "./rules.ts";

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

/** Why a peer is dead: ended from outside, or by its silence. */
export type Reason = EndReason | "silence" | "unreachable";

/** One peer. Made by `initialPeer`, changed by `transition`, and by nothing else. */
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

  /** Nonces sent from here on prove life: the start, the suspicion, or the death before this session. */
  readonly proofFromAt: number;
  /** The last sign of life in this session. */
  readonly heardAt?: number;
  /** Where silence is counted from: the last sign of life, or the start of the session. */
  readonly lifeObservedAt: number;
  readonly lifeCreditedAt: number;
  /** When this session was first alive. */
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
  /** Probes asked for since this status (connecting or suspect) was entered. */
  readonly probes: number;
  /** Whether the due beat has been spread already after it was overdue. */
  readonly paced: boolean;
  /** Back-offs since the last stable life. */
  readonly retries: number;
  /** Only when dead: when the peer is forgotten. */
  readonly forgetAt?: number;

  readonly arrivals: Arrivals;
}

export const NO_ARRIVALS: Arrivals = Object.freeze({
  received: 0,
  lost: 0,
  behind: 0,
  stale: 0,
  highestSeq: 0,
});

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
  const { role = "both", lostMs = 0, countedMs = 0 } = options;
  const seed = mix(options.seed ?? 0, 0x5e9d);
  const firstBeatAt = at + paceWindowMs(policy.intervalMs) * unit(seed, 0);
  return Object.freeze({
    status: "connecting",
    role,
    session: 1,
    seed,
    sinceAt: at,
    proofFromAt: at,
    lifeObservedAt: at - lostMs,
    lifeCreditedAt: at - lostMs + countedMs,
    ...(role !== "listen" && { beatDueAt: firstBeatAt }),
    beats: 0,
    probes: 0,
    paced: false,
    retries: 0,
    arrivals: NO_ARRIVALS,
  });
}

/** Whether silence of this peer is being counted against it. */
export function isJudged(state: PeerState): boolean {
  return state.status !== "dead" && state.role !== "send" && state.pausedObservedAt === undefined;
}

/** New values for some fields of a state; undefined removes one. */
export type Changes = { readonly [K in keyof PeerState]?: PeerState[K] | undefined };

/** A new frozen state. Undefined removes: absent means never, also after a trip through JSON. */
export function change(state: PeerState, changes: Changes): PeerState {
  const names = Object.keys(changes) as (keyof PeerState)[];
  if (names.every((name) => changes[name] === state[name])) return state;
  const merged: Changes = { ...state, ...changes };
  if (!names.some((name) => changes[name] === undefined)) return Object.freeze(merged as PeerState);
  // Built anew rather than deleted from: engines keep objects that lost a property in slow tables.
  const next: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(merged)) if (value !== undefined) next[name] = value;
  return Object.freeze(next) as unknown as PeerState;
}
