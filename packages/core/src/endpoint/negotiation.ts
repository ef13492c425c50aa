// How often each side sends, and what follows for our deadlines. The detecting side asks; whatever
// makes a side slower is announced and used only after the other side has said that it knows
// (RFC 5880 §6.8.3), so that two ends never need equal configuration.

import type { Role } from "../peer/state.ts";
import { derivePolicy, type Policy, scalePolicy } from "../policy.ts";
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
  /** The first frame that carries `announced`; undefined while nothing is pending. */
  #sinceSeq: number | undefined;
  readonly #isSafe: (next: number, inForce: number) => boolean;

  constructor(value: number, isSafe: (next: number, inForce: number) => boolean) {
    this.inForce = value;
    this.announced = value;
    this.#isSafe = isSafe;
  }

  get pending(): boolean {
    return this.#sinceSeq !== undefined;
  }

  /** `nextSeq` numbers the next frame of ours: the first that can announce. */
  aim(value: number, nextSeq: number): void {
    if (this.#isSafe(value, this.inForce)) {
      this.inForce = value;
      this.#sinceSeq = undefined;
    } else if (value !== this.announced || this.#sinceSeq === undefined) {
      this.#sinceSeq = nextSeq;
    }
    this.announced = value;
  }

  /** The other side has frame `seq` of ours. */
  echoed(seq: number): void {
    if (this.#sinceSeq === undefined || seq < this.#sinceSeq) return;
    this.inForce = this.announced;
    this.#sinceSeq = undefined;
  }
}

/** What fits into a frame. */
const LONGEST_MS = 2 ** 32 - 1;

export class Negotiation {
  /** We would hear the other side in gaps beyond what we stretch for. */
  incompatible = false;
  /** The policy by which this peer is judged and beaten now. The same object while nothing changes. */
  inForce: Policy;

  #policy: Policy;
  /** What the policy in force was made of. */
  #derivedFrom: Policy | undefined;
  #derivedBy = 1;
  readonly #role: Role;
  /** Our gap: shorter is safe at once, longer must be known to the other side first. */
  readonly #gap: Announced;
  /** Our D: longer is safe at once, shorter would surprise a peer that trusts the old one. */
  readonly #dead: Announced;
  /** The other side's last word; undefined before its first. */
  #theirs: Pace | undefined;
  /** The gap of theirs that our deadlines allow for. */
  #peerGapMs: number;

  constructor(policy: Policy, role: Role) {
    this.#policy = policy;
    this.#role = role;
    this.#peerGapMs = policy.intervalMs;
    const gapMs = Math.min(policy.intervalMs, this.#freshMs());
    this.#gap = new Announced(gapMs, (next, inForce) => next <= inForce);
    this.#dead = new Announced(policy.deadAfterMs, (next, inForce) => next >= inForce);
    this.inForce = policy;
    this.#refresh();
  }

  /** What our frames say. Rounded to the side that keeps the promise. */
  pace(): Pace {
    const { wishMs, minGapMs } = this.#policy;
    const judges = this.#role !== "send";
    return {
      gapMs: this.#role === "listen" ? 0 : Math.ceil(this.#gap.announced),
      wishMs: judges ? Math.max(1, Math.floor(wishMs)) : 0,
      minMs: Math.ceil(minGapMs),
      // A shorter D than ours only makes them stop trusting earlier.
      deadMs: judges ? Math.min(LONGEST_MS, Math.max(1, Math.floor(this.#dead.announced))) : 0,
    };
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

  /** The user changed the policy. */
  setPolicy(policy: Policy, nextSeq: number): void {
    this.#policy = policy;
    this.#aim(nextSeq);
  }

  /** A fresh frame of theirs, `nextSeq` being our next. */
  heard(pace: Pace, nextSeq: number): void {
    this.#hearGap(pace.gapMs);
    this.#theirs = pace;
    this.#aim(nextSeq);
  }

  /** They have our frame `seq`. */
  echoed(seq: number): void {
    if (!this.pending) return;
    this.#gap.echoed(seq);
    this.#dead.echoed(seq);
    this.#refresh();
  }

  /** Longer at once; shorter only with the second frame that says so: a beat at the new rate. */
  #hearGap(gapMs: number): void {
    if (gapMs > 0) this.#peerGapMs = Math.max(gapMs, this.#theirs?.gapMs ?? 0);
  }

  #aim(nextSeq: number): void {
    this.#gap.aim(this.#targetGapMs(), nextSeq);
    this.#dead.aim(this.#policy.deadAfterMs * this.#factor(), nextSeq);
    const gapMs = this.peerOnlyAnswers ? this.#gap.announced : this.#peerGapMs;
    const most = Math.max(this.#policy.maxGapMs, this.#policy.wishMs);
    this.incompatible = this.#theirs !== undefined && gapMs > most;
    this.#refresh();
  }

  #targetGapMs(): number {
    const { intervalMs, floorMs, wishMs } = this.#policy;
    const { wishMs: theirWishMs = 0, minMs = 0 } = this.#theirs ?? {};
    const wanted = Math.min(
      intervalMs,
      theirWishMs || intervalMs,
      // Whoever only answers is heard as often as we ask.
      this.peerOnlyAnswers ? wishMs : intervalMs,
    );
    return Math.max(minMs, Math.min(Math.max(floorMs, wanted), this.#freshMs()));
  }

  /**
   * Where only round trips count, frames of theirs that echo nothing of ours younger than our D are
   * no life: our own gap must let them, though one of ours is lost.
   */
  #freshMs(): number {
    const { proof, deadAfterMs } = this.#policy;
    const needsEchoes = proof === "round-trip" && this.#role === "both";
    return needsEchoes ? deadAfterMs / 3 : Number.POSITIVE_INFINITY;
  }

  /** How much slower they are than we wish; our deadlines stretch by it. */
  #factor(): number {
    const gapMs = this.peerOnlyAnswers ? this.#gap.inForce : this.#peerGapMs;
    if (this.#theirs === undefined) return 1;
    return Math.max(1, gapMs / Math.max(1, Math.floor(this.#policy.wishMs)));
  }

  /** Replaces the policy in force only if a number of it changed: most beats change none. */
  #refresh(): void {
    const factor = this.#factor();
    const { deadAfterMs, probeIntervalMs } = this.#policy;
    const changes = {
      intervalMs: this.#gap.inForce,
      peerGapMs: this.#peerGapMs,
      deadAfterMs: Math.max(this.#dead.inForce, deadAfterMs * factor),
      probeIntervalMs: Math.max(probeIntervalMs * factor, this.#theirs?.minMs ?? 0),
    };
    const before = this.inForce;
    const isSame =
      this.#derivedFrom === this.#policy &&
      this.#derivedBy === factor &&
      changes.intervalMs === before.intervalMs &&
      changes.peerGapMs === before.peerGapMs &&
      changes.deadAfterMs === before.deadAfterMs &&
      changes.probeIntervalMs === before.probeIntervalMs;
    if (isSame) return;
    this.#derivedFrom = this.#policy;
    this.#derivedBy = factor;
    // A returning peer is a new conversation, and that is the endpoint's to begin.
    const scaled = scalePolicy(this.#policy, factor);
    const next = derivePolicy(scaled, { ...changes, returns: "never" });
    const names = Object.keys(next) as (keyof Policy)[];
    if (names.some((name) => next[name] !== before[name])) this.inForce = next;
  }
}
