// How often each side sends, and what follows for our deadlines. The detecting side asks; whatever
// makes a side slower is announced and used only after the other side has said that it knows
// (RFC 5880 §6.8.3), so that two ends never need equal configuration.

import type { Role } from "../peer/state.ts";
import { leastForgetAfterMs, type Policy } from "../policy.ts";
import { derivePolicy, samePolicy, scalePolicy } from "../policy-variants.ts";
import type { BeatFrame } from "./frame.ts";

/** What a BEAT or ECHO says about pace. */
export type Pace = Pick<BeatFrame, "gapMs" | "wishMs" | "minMs" | "deadMs">;

/**
 * A number that may be used at once when it moves to the safe side, and otherwise only after the
 * other side has echoed a frame that announced it.
 */
class Announced {
  inForce: number;
  announced: number;
  /** The first frame that carries `announced`; Infinity while nothing is pending. */
  sinceSeq: number = Number.POSITIVE_INFINITY;
  /** 1 where more is safe, −1 where less is. */
  readonly #safe: 1 | -1;

  constructor(safe: 1 | -1) {
    this.#safe = safe;
    // Whatever comes first is on the safe side of that.
    this.inForce = this.announced = -safe * Number.POSITIVE_INFINITY;
  }

  /** `nextSeq` numbers the next frame of ours: the first that can announce. */
  aim(value: number, nextSeq: number): void {
    if (this.#safe * value >= this.#safe * this.inForce) this.#settle(value);
    else if (value !== this.announced) this.sinceSeq = nextSeq;
    this.announced = value;
  }

  /** The other side has frame `seq` of ours. */
  echoed(seq: number): void {
    if (seq >= this.sinceSeq) this.#settle(this.announced);
  }

  get pending(): boolean {
    return this.sinceSeq < Number.POSITIVE_INFINITY;
  }

  #settle(value: number): void {
    this.inForce = value;
    this.sinceSeq = Number.POSITIVE_INFINITY;
  }
}

/** From so many intervals on a gap of ours is one that we did not keep. */
const LATE = 1.5;
/** Two late ones are in a row if there are not more than so many of them between. */
const ROW = 3;
/** The slowest timers there are (a browser's, in the background), and as much as others stretch for. */
const SLOWEST_MS = 60_000;

/** What fits into a frame. */
const LONGEST_MS = 2 ** 32 - 1;

export class Negotiation implements Pace {
  /** We would hear the other side in gaps beyond what we stretch for. */
  incompatible = false;
  /** The policy by which this peer is judged and beaten now. The same object while nothing changes. */
  inForce: Policy;
  /** Their last word, while nothing follows from it when they say it again. */
  settled: Pace | undefined;

  #policy: Policy;
  /** What `inForce` was made of. */
  #derivedFrom: Policy | undefined;
  #role: Role;
  /** Our gap: shorter is safe at once, longer must be known to the other side first. */
  readonly #gap: Announced = new Announced(-1);
  /** Our D: longer is safe at once, shorter would surprise a peer that trusts the old one. */
  readonly #dead: Announced = new Announced(1);
  /** The other side's last word; undefined before its first. */
  #theirs: Pace | undefined;
  /** The gap of theirs that our deadlines allow for. */
  #peerGapMs: number;
  /** The last gap of ours that was longer than we meant it to be, from when to when, and what we say now; 0: nothing. */
  #lateMs = 0;
  #lateFromAt: number = Number.NEGATIVE_INFINITY;
  #lateAt = 0;
  #throttledMs = 0;

  constructor(policy: Policy, role: Role) {
    this.#policy = this.inForce = policy;
    this.#role = role;
    this.#peerGapMs = policy.intervalMs;
    this.#aim(1);
  }

  /** What our frames say. */
  pace(): Pace {
    const { gapMs, wishMs, minMs, deadMs } = this;
    return { gapMs, wishMs, minMs, deadMs };
  }

  // The same one by one, for who needs no object. Rounded to the side that keeps the promise.

  get gapMs(): number {
    const isSilent = this.#role === "listen";
    return isSilent ? 0 : Math.ceil(Math.max(this.#gap.announced, this.#throttledMs));
  }

  get wishMs(): number {
    return this.#judges ? atLeast1(this.#policy.wishMs) : 0;
  }

  get minMs(): number {
    return Math.ceil(this.#policy.minGapMs);
  }

  /** A shorter D than ours only makes them stop trusting earlier. */
  get deadMs(): number {
    return this.#judges ? Math.min(LONGEST_MS, atLeast1(this.#dead.announced)) : 0;
  }

  get #judges(): boolean {
    return this.#role !== "send";
  }

  /** Whether the other side's next echo would put something into force. */
  get pending(): boolean {
    return this.#gap.pending || this.#dead.pending;
  }

  /** The D they announced last, in ms: after that silence they declare us dead. 0: never. */
  get peerDeadMs(): number {
    return this.#theirs?.deadMs ?? 0;
  }

  /** They only answer, so we must ask. */
  get peerOnlyAnswers(): boolean {
    return this.#theirs?.gapMs === 0;
  }

  /** The user changed the policy, or a stranger turned out to be somebody who has one of its own. */
  setPolicy(policy: Policy, nextSeq: number, role: Role = this.#role): void {
    this.#policy = policy;
    this.#role = role;
    this.#aim(nextSeq);
  }

  /** A fresh frame of theirs, `nextSeq` being our next. */
  heard(pace: Pace, nextSeq: number): void {
    const { gapMs, wishMs, minMs, deadMs } = pace;
    if (this.settled && samePace(this.settled, pace)) return;
    // Longer at once; shorter only with the second frame that says so: a beat at the new rate.
    if (gapMs > 0) this.#peerGapMs = Math.max(gapMs, this.#theirs?.gapMs ?? 0);
    this.#theirs = { gapMs, wishMs, minMs, deadMs };
    this.#aim(nextSeq);
  }

  /**
   * A frame is to leave; ours before it left at `beforeAt`. Whoever is throttled (a tab in the background, a
   * starved process) cannot keep its gap, and says so: after two that were late, because one stall is no new
   * pace, however often the transport refuses what would end it. It goes on trying, and so finds out when that
   * is over.
   */
  leaves(at: number, beforeAt: number, nextSeq: number): void {
    const gapMs = at - beforeAt;
    const before = this.#throttledMs;
    const isOver = at - this.#lateAt > ROW * Math.max(this.#lateMs, before, gapMs);
    if (isOver) this.#lateMs = this.#throttledMs = 0;
    if (gapMs > LATE * this.#gap.inForce) {
      const lateMs = Math.min(gapMs, SLOWEST_MS);
      const isNext = this.#lateMs > 0 && beforeAt !== this.#lateFromAt;
      if (isNext) this.#throttledMs = Math.max(lateMs, this.#lateMs);
      this.#lateMs = lateMs;
      this.#lateFromAt = beforeAt;
      this.#lateAt = at;
    }
    if (this.#throttledMs !== before) this.#aim(nextSeq);
  }

  /** They have our frame `seq`. */
  echoed(seq: number): void {
    if (!this.pending) return;
    this.#gap.echoed(seq);
    this.#dead.echoed(seq);
    this.#refresh();
  }

  #aim(nextSeq: number): void {
    const { maxGapMs, wishMs, deadAfterMs } = this.#policy;
    this.#gap.aim(this.#targetGapMs(), nextSeq);
    this.#dead.aim(deadAfterMs * this.#factor(), nextSeq);
    const gapMs = this.peerOnlyAnswers ? this.#gap.announced : this.#peerGapMs;
    this.incompatible = this.#theirs !== undefined && gapMs > Math.max(maxGapMs, wishMs);
    this.#refresh();
  }

  #targetGapMs(): number {
    const { intervalMs, floorMs, wishMs, deadAfterMs } = this.#policy;
    const { wishMs: theirWishMs = 0, minMs = 0 } = this.#theirs ?? {};
    // Whoever only answers is heard as often as we ask.
    const ownMs = this.peerOnlyAnswers ? Math.min(intervalMs, wishMs) : intervalMs;
    const wantedMs = Math.max(floorMs, Math.min(ownMs, theirWishMs || ownMs));
    return Math.max(minMs, Math.min(wantedMs, deadAfterMs / this.#gapsADeath));
  }

  /**
   * Where only round trips count, frames of theirs that echo nothing of ours younger than our D are no life:
   * so many of our gaps must fit into it, though one of our frames is lost. Elsewhere none.
   */
  get #gapsADeath(): number {
    return this.#policy.proof === "round-trip" && this.#role === "both" ? 3 : 0;
  }

  /** How much slower they are than we wish, or we than our D needs; our deadlines stretch by it. */
  #factor(): number {
    const { wishMs, deadAfterMs } = this.#policy;
    const gapMs = this.peerOnlyAnswers ? this.#gap.inForce : this.#peerGapMs;
    const ownFactor = (this.#gapsADeath * this.#throttledMs) / deadAfterMs;
    return this.#theirs ? Math.max(1, ownFactor, gapMs / atLeast1(wishMs)) : 1;
  }

  /** Replaces the policy in force only if a number of it changed: most beats change none. */
  #refresh(): void {
    const theirs = this.#theirs;
    const isMade = theirs?.gapMs === 0 || this.#peerGapMs === theirs?.gapMs;
    this.settled = isMade && !this.pending && !this.incompatible ? theirs : undefined;
    const policy = this.#policy;
    const { inForce } = this;
    const factor = this.#factor();
    const intervalMs = this.#gap.inForce;
    const peerGapMs = this.#peerGapMs;
    const deadAfterMs = Math.max(this.#dead.inForce, policy.deadAfterMs * factor);
    const probeIntervalMs = Math.max(policy.probeIntervalMs * factor, theirs?.minMs ?? 0);
    // Looked at first, because to derive a policy and to compare two of them takes a hundred times as long.
    if (
      this.#derivedFrom === policy &&
      inForce.intervalMs === intervalMs &&
      inForce.peerGapMs === peerGapMs &&
      inForce.suspectAfterMs === policy.suspectAfterMs * factor &&
      inForce.deadAfterMs === deadAfterMs &&
      inForce.probeIntervalMs === probeIntervalMs
    ) {
      return;
    }
    this.#derivedFrom = policy;
    // A returning peer is a new conversation, and that is the endpoint's to begin.
    const returns = "never";
    const changes = { intervalMs, peerGapMs, deadAfterMs, probeIntervalMs, returns } as const;
    // Both sides of a cut must still know each other when it heals.
    const memory = policy.forgetAfterMs && {
      forgetAfterMs: Math.max(policy.forgetAfterMs, leastForgetAfterMs({ deadAfterMs })),
    };
    const next = derivePolicy(scalePolicy(policy, factor), { ...changes, ...memory });
    if (!samePolicy(next, inForce)) this.inForce = next;
  }
}

function samePace(a: Pace, b: Pace): boolean {
  return (
    a.gapMs === b.gapMs && a.wishMs === b.wishMs && a.minMs === b.minMs && a.deadMs === b.deadMs
  );
}

/** Rounded down, but never to 0: that means something else. */
function atLeast1(durationMs: number): number {
  return Math.max(1, Math.floor(durationMs));
}
