// How often each side sends, and what follows for our deadlines. The detecting side asks; whatever
// makes a side slower is announced and used only after the other side has said that it knows
// (RFC 5880 §6.8.3), so that two ends never need equal configuration.

import { leastForgetAfterMs } from "../bounds.ts";
import type { Role } from "../peer/state.ts";
import type { Policy } from "../policy.ts";
import { derivePolicy, samePolicy, scalePolicy } from "../policy-variants.ts";
import type { BeatFrame } from "./frame.ts";

/** What a BEAT or ECHO says about pace. */
export type Pace = Pick<BeatFrame, "gapMs" | "wishMs" | "minMs" | "deadMs">;

/** What we say of ourselves and do not do yet: once the other side has echoed the first frame that says so, or a later one. */
interface Announcement {
  readonly ms: number;
  readonly sinceSeq: number;
}

/** A gap of ours that was longer than we meant it to be. */
interface Late {
  readonly gapMs: number;
  readonly fromAt: number;
  readonly at: number;
  /** What we say since then instead of what we mean; 0: nothing. */
  readonly throttledMs: number;
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
  settled: Pace | undefined = undefined;

  #policy: Policy;
  /** What `inForce` was made of. */
  #derivedFrom: Policy | undefined = undefined;
  #role: Role;
  /** A longer gap of ours than the one in force. A shorter one is safe at once. */
  #longerGap: Announcement | undefined = undefined;
  /** A shorter D of ours: a peer still trusts the one in force. A longer one is safe at once. */
  #shorterDead: Announcement | undefined = undefined;
  /** The other side's last word; undefined before its first. */
  #theirs: Pace | undefined = undefined;
  /** The gap of theirs that our deadlines allow for. */
  #peerGapMs: number;
  /** The last one, while it is not over. */
  #late: Late | undefined = undefined;

  constructor(policy: Policy, role: Role) {
    this.#policy = this.inForce = policy;
    this.#role = role;
    this.#peerGapMs = policy.intervalMs;
    // Nobody knows of anything else yet.
    this.#refresh(this.#targetGapMs(), policy.deadAfterMs);
  }

  /** What our frames say. */
  pace(): Pace {
    const { gapMs, wishMs, minMs, deadMs } = this;
    return { gapMs, wishMs, minMs, deadMs };
  }

  // The same one by one, for who needs no object. Rounded to the side that keeps the promise.

  get gapMs(): number {
    const isSilent = this.#role === "listen";
    return isSilent ? 0 : Math.ceil(Math.max(this.#ownGapMs, this.#throttledMs));
  }

  get wishMs(): number {
    return this.#judges ? atLeast1(this.#policy.wishMs) : 0;
  }

  get minMs(): number {
    return Math.ceil(this.#policy.minGapMs);
  }

  /** A shorter D than ours only makes them stop trusting earlier. */
  get deadMs(): number {
    const deadMs = this.#shorterDead?.ms ?? this.inForce.deadAfterMs;
    return this.#judges ? Math.min(LONGEST_MS, atLeast1(deadMs)) : 0;
  }

  /** The gap we mean to keep, as the other side is told. */
  get #ownGapMs(): number {
    return this.#longerGap?.ms ?? this.inForce.intervalMs;
  }

  get #throttledMs(): number {
    return this.#late?.throttledMs ?? 0;
  }

  get #judges(): boolean {
    return this.#role !== "send";
  }

  /** Whether the other side's next echo would put something into force. */
  get pending(): boolean {
    return this.#longerGap !== undefined || this.#shorterDead !== undefined;
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
    const isLate = gapMs > LATE * this.inForce.intervalMs;
    if (!isLate && !this.#late) return;
    const before = this.#throttledMs;
    if (this.#late && isOver(this.#late, at, gapMs)) this.#late = undefined;
    if (isLate) this.#late = lateAfter(this.#late, at, beforeAt);
    if (this.#throttledMs !== before) this.#aim(nextSeq);
  }

  /** They have our frame `seq`. */
  echoed(seq: number): void {
    if (!this.pending) return;
    const { intervalMs, deadAfterMs } = this.inForce;
    const [gap, dead] = [known(this.#longerGap, seq), known(this.#shorterDead, seq)];
    if (gap) this.#longerGap = undefined;
    if (dead) this.#shorterDead = undefined;
    this.#refresh(gap?.ms ?? intervalMs, dead?.ms ?? deadAfterMs);
  }

  #aim(nextSeq: number): void {
    const { maxGapMs, wishMs, deadAfterMs } = this.#policy;
    const { inForce } = this;
    const gapMs = this.#targetGapMs();
    const keptMs = Math.min(gapMs, inForce.intervalMs);
    this.#longerGap = announced(gapMs, gapMs > keptMs, this.#longerGap, nextSeq);
    const deadMs = deadAfterMs * this.#factor(keptMs);
    const heldMs = Math.max(deadMs, inForce.deadAfterMs);
    this.#shorterDead = announced(deadMs, deadMs < heldMs, this.#shorterDead, nextSeq);
    const peerGapMs = this.peerOnlyAnswers ? gapMs : this.#peerGapMs;
    this.incompatible = peerGapMs > Math.max(maxGapMs, wishMs);
    this.#refresh(keptMs, heldMs);
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
  #factor(ownGapMs: number): number {
    const { wishMs, deadAfterMs } = this.#policy;
    const gapMs = this.peerOnlyAnswers ? ownGapMs : this.#peerGapMs;
    const ownFactor = (this.#gapsADeath * this.#throttledMs) / deadAfterMs;
    return this.#theirs ? Math.max(1, ownFactor, gapMs / atLeast1(wishMs)) : 1;
  }

  /** Puts our gap and D into force. Replaces the policy only if a number of it changed: most beats change none. */
  #refresh(intervalMs: number, heldMs: number): void {
    const theirs = this.#theirs;
    const isMade = theirs?.gapMs === 0 || this.#peerGapMs === theirs?.gapMs;
    this.settled = isMade && !this.pending && !this.incompatible ? theirs : undefined;
    const policy = this.#policy;
    const { inForce } = this;
    const factor = this.#factor(intervalMs);
    const peerGapMs = this.#peerGapMs;
    const deadAfterMs = Math.max(heldMs, policy.deadAfterMs * factor);
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

/** What is said from now on where that is not safe at once. Said before, it is known that much sooner. */
function announced(
  ms: number,
  isUnsafe: boolean,
  before: Announcement | undefined,
  nextSeq: number,
): Announcement | undefined {
  if (!isUnsafe) return undefined;
  return before?.ms === ms ? before : { ms, sinceSeq: nextSeq };
}

/** The announcement, if whoever has our frame `seq` has heard it. */
function known(announcement: Announcement | undefined, seq: number): Announcement | undefined {
  return announcement && seq >= announcement.sinceSeq ? announcement : undefined;
}

function isOver(
  { at: lateAt, gapMs: lateMs, throttledMs }: Late,
  at: number,
  gapMs: number,
): boolean {
  return at - lateAt > ROW * Math.max(lateMs, throttledMs, gapMs);
}

/** Another one: from the second in a row on it is our pace. */
function lateAfter(before: Late | undefined, at: number, fromAt: number): Late {
  const gapMs = Math.min(at - fromAt, SLOWEST_MS);
  const isNext = before !== undefined && fromAt !== before.fromAt;
  const throttledMs = isNext ? Math.max(gapMs, before.gapMs) : (before?.throttledMs ?? 0);
  return { gapMs, fromAt, at, throttledMs };
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
