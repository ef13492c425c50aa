// Why a verdict was reached: complete as data, and as one sentence a person on call understands.

import type { Policy } from "../policy.ts";
import { creditedAt, elapsedMs, observedAt, type StallTotals } from "./rules.ts";
import { type Mutable, NEVER, type Peer, type Reason, type Status } from "./state.ts";

/** What a missed deadline came from. */
export type DeadlineSource = "detector" | "deadAfterMs" | "minSuspicionMs";

/** The facts behind a change. Durations in ms. */
export interface Evidence {
  /** Silence held against the peer: our own stalls and pauses are not in it. */
  readonly silenceMs: number;
  /** The deadline that was missed, as a silence. Absent where no deadline was involved. */
  readonly deadlineMs?: number;
  /** Who set that deadline. */
  readonly deadlineBy?: DeadlineSource;
  /** Which one, by its name, where that was a detector. */
  readonly detector?: string;
  /** Our own stalls and pauses since the last sign of life. */
  readonly creditMs: number;
  /** Numbered frames received in this session. */
  readonly beats: number;
  /** Whole intervals that passed in silence. */
  readonly missed: number;
  /** Share of numbered frames that never came, from 0 to 1. */
  readonly loss: number;
  /** Smoothed round-trip time; absent before the first sample. */
  readonly rttMs?: number;
  /** The last stall that the peer declared itself in this session; absent where it declared none. */
  readonly declaredMs?: number;
  /** Probes sent while connecting or suspect. */
  readonly probes: number;
  /** We hear the peer, but it no longer echoes anything fresh of ours. */
  readonly oneWay: boolean;
  /** Local health from 0 (well) to 7. */
  readonly health: number;
}

/** A status change with its evidence. */
export interface Change {
  readonly type: "changed";
  /** Raw clock. */
  readonly at: number;
  readonly session: number;
  readonly from: Status;
  readonly to: Status;
  /** Only for deaths. */
  readonly reason?: Reason;
  /**
   * Only for deaths: ms until the other side, too, must know that it is dead to us. Work it held may
   * be reassigned after that.
   */
  readonly safeInMs?: number;
  /** Only for deaths that are followed by beats or dials: ms until the first. */
  readonly retryInMs?: number;
  /** Only for `left`: it was us who left. */
  readonly bySelf?: true;
  /** Only for `left`: ms until the peer expects to be back, if it said so. */
  readonly returnInMs?: number;
  readonly evidence: Evidence;
}

/** The silence that may be held against a peer at an instant. Never above the real elapsed time. */
export function silenceMs(peer: Peer, at: number, stalls: StallTotals): number {
  const paused = peer.pausedObservedAt !== NEVER;
  return elapsedMs(
    paused ? peer.pausedObservedAt : observedAt(at, stalls),
    paused ? peer.pausedCreditedAt : creditedAt(at, stalls),
    peer.lifeObservedAt,
    peer.lifeCreditedAt,
    stalls.graceMs,
  );
}

/** The evidence as it stands at an instant, before the change it explains. */
export function evidenceOf(
  peer: Peer,
  at: number,
  stalls: StallTotals,
  policy: Policy,
  health = 0,
): Mutable<Evidence> {
  const silence = silenceMs(peer, at, stalls);
  const { received, lost, stale, rttMs, declaredMs } = peer.arrivals;
  const rawFrom = peer.heardAt === NEVER ? peer.sinceAt : peer.heardAt;
  const evidence: Mutable<Evidence> = {
    silenceMs: silence,
    creditMs: Math.max(0, at - rawFrom - silence),
    beats: received,
    missed: Math.floor(silence / policy.peerGapMs),
    loss: received + lost === 0 ? 0 : lost / (received + lost),
    probes: peer.probes,
    oneWay: stale > 0,
    // In suspect the health that stretches the suspicion, not today's.
    health: peer.health === NEVER ? health : peer.health,
  };
  if (rttMs !== undefined) evidence.rttMs = rttMs;
  if (declaredMs > 0) evidence.declaredMs = declaredMs;
  return evidence;
}

/** What `explain` needs to know: a change, and the name of its peer if it has one. */
export interface Explainable extends Omit<Change, "type"> {
  readonly id?: string | undefined;
}

/**
 * A change as one sentence, for logs and for people on call.
 *
 * @example
 * ```ts
 * peer.on("suspect", (change) => log.warn(explain(change)));
 * // worker-7 silent for 3012 ms: 3 beats missed, loss 0 %, rtt 0.4 ms
 * ```
 */
export function explain(change: Explainable): string {
  const name = change.id ?? "peer";
  switch (change.to) {
    case "alive":
      return change.from === "suspect"
        ? `${name} is back after ${ms(change.evidence.silenceMs)} of silence: ${facts(change)}`
        : `${name} is alive (session ${change.session})`;
    case "suspect":
      return `${name} silent for ${ms(change.evidence.silenceMs)}: ${facts(change)}`;
    case "connecting":
      return `${name} returns as session ${change.session}`;
    case "dead":
      return `${name} ${deathCause(change)}${safety(change)}`;
  }
}

function deathCause(change: Explainable): string {
  const { evidence } = change;
  switch (change.reason) {
    case "silence":
      return `is dead after ${ms(evidence.silenceMs)} of silence: ${facts(change)}`;
    case "unreachable":
      return `did not answer within ${ms(evidence.silenceMs)}: ${evidence.probes} ${evidence.probes === 1 ? "try" : "tries"}`;
    case "closed":
      return "is gone: its connection was closed";
    case "left":
      if (change.bySelf) return "was left by us";
      return change.returnInMs === undefined
        ? "left"
        : `left and expects to be back in ${ms(change.returnInMs)}`;
    case "restarted":
      return "started anew: this session is over";
    case "replaced":
      return "was replaced by another process with its id";
    case "duplicate-id":
      return "refused us: another live process holds our id";
    case "incompatible":
      return "keeps gaps longer than our policy can stretch for";
    default:
      return "broke the protocol";
  }
}

function facts({ evidence }: Explainable): string {
  const { missed, loss, rttMs, creditMs, health, probes, oneWay, declaredMs = 0 } = evidence;
  const list = [
    `${missed} ${missed === 1 ? "beat" : "beats"} missed`,
    `loss ${Number((loss * 100).toFixed(1))} %`,
  ];
  if (rttMs !== undefined) list.push(`rtt ${Number(rttMs.toFixed(1))} ms`);
  if (probes > 0) list.push(`${probes} ${probes === 1 ? "probe" : "probes"}`);
  if (oneWay) list.push("one-way: we hear it, it does not hear us");
  if (declaredMs >= 1) list.push(`it declared a stall of ${ms(declaredMs)}`);
  if (creditMs >= 1) list.push(`our own stalls of ${ms(creditMs)} not counted`);
  if (health > 0) list.push(`own health ${health}/7`);
  return list.join(", ");
}

function safety({ safeInMs = 0 }: Explainable): string {
  return safeInMs > 0 ? `; safe to reassign in ${ms(safeInMs)}` : "";
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}
