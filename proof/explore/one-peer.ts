// Scope 1: the pure machine of one peer. A state is what `transition` returns, moved so that it is always now
// (at 0, on all three clocks), with ages capped where a later value makes no difference, and counters that
// nobody compares set to a constant. What must hold is in ledger-rules.ts.

import { definePolicy } from "../../packages/core/src/define-policy.ts";
import { nextDeadline } from "../../packages/core/src/peer/deadlines.ts";
import type { PeerEvent } from "../../packages/core/src/peer/events.ts";
import type { StallTotals } from "../../packages/core/src/peer/rules.ts";
import { initialPeer, type PeerState, type Role } from "../../packages/core/src/peer/state.ts";
import { transition } from "../../packages/core/src/peer/transition.ts";
import type { Policy, PolicyOptions } from "../../packages/core/src/policy.ts";
import { type Caps, type Ledger, newLedger, passed } from "./ledger.ts";
import { checkStep } from "./ledger-rules.ts";
import { type System, Violation } from "./search.ts";

/** One shape of a policy, and what may happen under it. */
export interface Shape {
  readonly name: string;
  /** One step of time, in ms. */
  readonly unitMs: number;
  readonly role: Role;
  readonly policies: readonly PolicyOptions[];
  /** Stalls of ours, in units. */
  readonly stalls: readonly number[];
  /** The draws of phases, jitter and back-offs, one after the other, round and round. */
  readonly draws: readonly number[];
  /** Which events besides the passing of time. */
  readonly events: readonly EventName[];
  /** Only with `--all`. */
  readonly isLong?: boolean;
}

export type EventName = keyof typeof EVENTS;

/** The highest number heard so far is always this one; frames are numbered from there. */
const HIGHEST = 100;
/** A pause takes so many units at most. */
const LONGEST_PAUSE = 2;
/** How far back an overtaken frame is looked for. */
const LOOKS_BACK = 0b111;

type Make = (peer: PeerState, policy: Policy, unitMs: number) => Record<string, unknown>;

const ahead = ({ arrivals }: PeerState, by: number) => ({
  seq: arrivals.received === 0 ? HIGHEST : HIGHEST + by,
});
const doubtedAt = ({ status, sinceAt, proofFromAt = sinceAt }: PeerState) =>
  status === "connecting" ? proofFromAt : sinceAt;

/** What can happen to a peer, by the names that paths are told in. */
const EVENTS = {
  tick: () => ({ type: "tick" }),
  "tick in bad health": () => ({ type: "tick", health: 7 }),
  "tick while all is paused": () => ({ type: "tick", judging: false }),
  sent: () => ({ type: "sent" }),
  heard: () => ({ type: "heard" }),
  "heard the next frame": (peer) => ({ type: "heard", ...ahead(peer, 1) }),
  "heard a frame after a gap": (peer) => ({ type: "heard", ...ahead(peer, 3) }),
  "heard the last frame again": (peer) => ({ type: "heard", ...ahead(peer, 0) }),
  "heard an overtaken frame": (peer) => ({ type: "heard", ...ahead(peer, -2) }),
  "heard the echo of a nonce as old as D": (peer, { deadAfterMs }) => ({
    ...{ type: "heard", nonceAt: -deadAfterMs, nonceObservedAt: -deadAfterMs },
    ...ahead(peer, 1),
  }),
  "heard the echo of an older nonce": (peer, { deadAfterMs }, unitMs) => ({
    ...{ type: "heard", nonceAt: -deadAfterMs - unitMs, nonceObservedAt: -deadAfterMs - unitMs },
    ...ahead(peer, 1),
  }),
  "proven by a nonce of now": (peer) => ({ type: "proven", nonceAt: 0, ...ahead(peer, 1) }),
  "proven by a nonce of when the doubt began": (peer) => ({
    ...{ type: "proven", nonceAt: doubtedAt(peer), nonceObservedAt: 0 },
    ...ahead(peer, 1),
  }),
  "proven by a nonce from before the doubt": (peer, _policy, unitMs) => ({
    ...{ type: "proven", nonceAt: doubtedAt(peer) - unitMs, nonceObservedAt: 0 },
    ...ahead(peer, 1),
  }),
  "proven by the last frame again": (peer) => ({ type: "proven", nonceAt: 0, ...ahead(peer, 0) }),
  "ended: closed": () => ({ type: "ended", reason: "closed" }),
  "ended: it left": () => ({ type: "ended", reason: "left" }),
  "ended: we left": () => ({ type: "ended", reason: "left", bySelf: true }),
  "ended: replaced": () => ({ type: "ended", reason: "replaced" }),
  "ended: incompatible": () => ({ type: "ended", reason: "incompatible" }),
  dial: () => ({ type: "dial" }),
  pause: () => ({ type: "pause" }),
  resume: () => ({ type: "resume" }),
  "the other policy": () => ({ type: "policy" }),
} satisfies Record<string, Make>;

/** What stays within the machine as one of its traits. */
export const STATUS_BITS = { connecting: 0, alive: 1, suspect: 2, dead: 3 } as const;
export const PAUSED = 4;

export class OnePeer implements System {
  readonly #shape: Shape;
  readonly #policies: readonly Policy[];
  readonly #graceMs: number;
  readonly #caps: Caps;
  #peer: PeerState;
  #policy = 0;
  #ledger: Ledger;

  constructor(shape: Shape) {
    this.#shape = shape;
    this.#policies = shape.policies.map((options) => definePolicy(options));
    this.#graceMs = (this.#policies[0] as Policy).suspectAfterMs / 2;
    this.#caps = this.#capsOf();
    this.#peer = this.#capped(initialPeer(this.#policies[0] as Policy, 0, { role: shape.role }));
    this.#ledger = newLedger();
  }

  get policies(): readonly Policy[] {
    return this.#policies;
  }

  moves(): readonly string[] {
    this.#checkDeadline();
    const { stalls, events } = this.#shape;
    return ["time passes", ...stalls.map((units) => `we are frozen for ${units}`), ...events];
  }

  take(move: string): void {
    const stalledUnits = Number(/frozen for (\d+)/.exec(move)?.[1] ?? 0);
    if (move === "time passes") this.#pass(this.#shape.unitMs, 0);
    else if (stalledUnits > 0) this.#pass(0, stalledUnits * this.#shape.unitMs);
    else this.#event(move as EventName);
  }

  key(): string {
    const { arrivals, ...peer } = this.#peer;
    const parts: unknown[] = [this.#policy];
    for (const name of FIELDS) parts.push(peer[name]);
    for (const name in arrivals) parts.push(arrivals[name as keyof typeof arrivals]);
    for (const name in this.#ledger) parts.push(this.#ledger[name as keyof Ledger]);
    return parts.join();
  }

  save(): unknown {
    return [this.#peer, this.#policy, this.#ledger];
  }

  restore(saved: unknown): void {
    [this.#peer, this.#policy, this.#ledger] = saved as [PeerState, number, Ledger];
  }

  traits(): number {
    const paused = this.#peer.pausedObservedAt === undefined ? 0 : PAUSED;
    return STATUS_BITS[this.#peer.status] | paused;
  }

  // ── inside ─────────────────────────────────────────────────────────────────────────────────────

  #stalls(): StallTotals {
    // Seen from now: all that was ever lost is in the anchors, which are moved with it.
    return { lostMs: 0, countedMs: 0, graceMs: this.#graceMs };
  }

  #event(name: EventName): void {
    const before = this.#peer;
    if (name === "the other policy") this.#policy = 1 - this.#policy;
    const policy = this.#policies[this.#policy] as Policy;
    const make: Make = EVENTS[name];
    const event = { ...make(before, policy, this.#shape.unitMs), at: 0, stalls: this.#stalls() };
    const [after, outputs] = transition(before, event as unknown as PeerEvent, policy);
    const mostDraw = Math.max(...this.#shape.draws);
    const step = { before, event: event as unknown as PeerEvent, after, outputs, policy, mostDraw };
    const [ledger, complaint] = checkStep(step, this.#ledger, this.#graceMs);
    if (complaint) throw new Violation(complaint);
    this.#ledger = ledger;
    this.#peer = this.#capped(after);
  }

  /** Time passes: everything that happened is so much longer ago, on each clock by what it counts. */
  #pass(ranMs: number, stalledMs: number): void {
    const raw = ranMs + stalledMs;
    const credited = ranMs + Math.min(stalledMs, this.#graceMs);
    const moved: Record<string, unknown> = { ...this.#peer };
    for (const [name, value] of Object.entries(this.#peer)) {
      if (!name.endsWith("At")) continue;
      const by = name.endsWith("ObservedAt") ? ranMs : name.endsWith("CreditedAt") ? credited : raw;
      moved[name] = value - by;
    }
    this.#ledger = passed(this.#ledger, this.#peer, ranMs, stalledMs, this.#graceMs, this.#caps);
    this.#peer = this.#capped(moved as unknown as PeerState);
  }

  /** The next deadline announces exactly the ticks at which something happens. */
  #checkDeadline(): void {
    const policy = this.#policies[this.#policy] as Policy;
    const stalls = this.#stalls();
    const dueAt = nextDeadline(this.#peer, policy, stalls);
    const [after, outputs] = transition(this.#peer, { type: "tick", at: 0, stalls }, policy);
    const acts = after !== this.#peer || outputs.length > 0;
    if (acts === dueAt <= 0) return;
    throw new Violation(`a tick ${acts ? "acts" : "does nothing"} with the deadline at ${dueAt}`);
  }

  /** Beyond these nothing changes any more: the longest that any rule asks for, and a step. */
  #capsOf(): Caps {
    const { unitMs, events, stalls } = this.#shape;
    const longest = (of: (policy: Policy) => number) => Math.max(...this.#policies.map(of));
    const isStretched = events.includes("tick in bad health");
    const deadMs = longest(({ deadAfterMs }) => deadAfterMs);
    const stretchMs = longest((each) => 2 * (each.deadAfterMs - each.suspectAfterMs));
    const graceMs = stalls.length > 0 ? this.#graceMs : 0;
    const lateMs = longest(({ intervalMs }) => Math.min(intervalMs / 4, 250)) + unitMs;
    const asksProof = this.#policies.some(({ proof }) => proof === "round-trip");
    const forgetMs = longest(({ forgetAfterMs = 0 }) => forgetAfterMs);
    const silentMs = deadMs + (isStretched ? stretchMs : 0) + graceMs + unitMs;
    return {
      silentMs,
      heardMs: deadMs + unitMs,
      provesMs: Math.max(asksProof ? silentMs : 0, forgetMs && forgetMs + unitMs),
      lateMs,
      sentMs: longest(({ intervalMs }) => intervalMs) + lateMs,
    };
  }

  /** Ages beyond what makes a difference, and counters that nobody compares, all become one. */
  #capped(peer: PeerState): PeerState {
    const { status, arrivals, retries } = peer;
    const capped: Record<string, unknown> = { ...peer, session: 1, probes: 0 };
    capped["beats"] = peer.beats % this.#shape.draws.length;
    const { silentMs, heardMs, lateMs, sentMs, provesMs } = this.#caps;
    const ageAtMost = (name: keyof PeerState, mostMs: number) => {
      const value = peer[name] as number | undefined;
      if (value !== undefined) capped[name] = Math.max(value, -mostMs);
    };
    for (const name of FIELDS) if (name.endsWith("At")) ageAtMost(name, silentMs);
    ageAtMost("sinceAt", Math.max(silentMs, provesMs));
    // Beyond overdue there is only overdue; a frame of ours is that old once its next is.
    ageAtMost("beatDueAt", lateMs);
    ageAtMost("sentAt", sentMs);
    ageAtMost("heardAt", heardMs);
    // The back-off has reached its ceiling; without one there is nothing to forget.
    const doublings = this.#policies.map((each) =>
      Math.log2(each.backoffMaxMs / each.backoffMinMs),
    );
    capped["retries"] = Math.min(retries, Math.ceil(Math.max(...doublings)));
    if (retries === 0) drop(capped, "aliveAt");
    if (status === "alive" || status === "connecting") drop(capped, "sinceAt");
    // The dead are asked and forgotten, and that is all.
    if (status === "dead") drop(capped, "heardAt", "sentAt", "lifeObservedAt", "lifeCreditedAt");
    if (peer.pausedObservedAt !== undefined) this.#standStill(peer, capped);
    // Where anything is life nobody asks when a doubt began.
    if (this.#caps.provesMs === 0) drop(capped, "sinceAt", "proofFromAt");
    const { received, highestSeq, recent, stale } = arrivals;
    const looksBack = this.#shape.events.includes("heard an overtaken frame") ? LOOKS_BACK : 0;
    capped["arrivals"] = {
      ...{ received: Math.min(1, received), lost: 0, behind: 0, reordered: 0 },
      ...{ stale: Math.min(1, stale), highestSeq: highestSeq === 0 ? 0 : HIGHEST },
      recent: (recent | ~looksBack) >>> 0,
    };
    return capped as unknown as PeerState;
  }

  /** In a pause silence stands still: a longer one is like one of two units, with all else as long before it. */
  #standStill(peer: PeerState, capped: Record<string, unknown>): void {
    const longestMs = LONGEST_PAUSE * this.#shape.unitMs;
    for (const clock of ["Observed", "Credited"] as const) {
      const pausedAt = peer[`paused${clock}At`] as number;
      const by = Math.max(0, -longestMs - pausedAt);
      for (const name of [`life${clock}At`, `suspected${clock}At`] as const) {
        const at = peer[name];
        if (at === undefined) continue;
        // No more of it was before the pause than counts at all.
        capped[name] = Math.min(0, Math.max(at, pausedAt - this.#caps.silentMs) + by);
      }
      capped[`paused${clock}At`] = pausedAt + by;
    }
  }
}

/** What is there makes no difference as long as it is there. */
function drop(peer: Record<string, unknown>, ...names: readonly (keyof PeerState)[]): void {
  for (const name of names) if (peer[name] !== undefined) peer[name] = 0;
}

const FIELDS: readonly Exclude<keyof PeerState, "arrivals">[] = [
  ...([
    "status",
    "role",
    "session",
    "seed",
    "sinceAt",
    "reason",
    "proofFromAt",
    "heardAt",
  ] as const),
  ...(["lifeObservedAt", "lifeCreditedAt", "aliveAt", "suspectedObservedAt"] as const),
  ...(["suspectedCreditedAt", "stretchMs", "health", "pausedObservedAt"] as const),
  ...(["pausedCreditedAt", "sentAt", "beatDueAt", "beats", "probes", "paced"] as const),
  ...(["retries", "forgetAt", "learned"] as const),
];
