// When two states are one. Everything that endpoints, frames and notes hold is in the key, except what is named
// here; instants are told from now, sequence numbers and sessions by their order, tags and boot ids by who
// came first. A field that is not known here is simply in the key, so that nothing is forgotten by oversight.

import type { Frame, Word64 } from "../../packages/core/src/endpoint/frame.ts";
import type { Hub } from "../../packages/core/src/endpoint/hub.ts";
import type { Claim } from "../../packages/core/src/endpoint/incarnation.ts";
import type { Negotiation } from "../../packages/core/src/endpoint/negotiation.ts";
import type { Pair, Session } from "../../packages/core/src/endpoint/session.ts";
import type { PeerState } from "../../packages/core/src/peer/state.ts";
import type { Policy } from "../../packages/core/src/policy.ts";
import {
  hubOf,
  NAMES,
  type Name,
  otherOf,
  refOf,
  type Side,
  stallsOf,
  type World,
} from "./world.ts";

/** Older than this is as old as can be: more than twice every D, whatever it is no longer counts. */
const OLDEST_UNITS = 12;
/** From here on the back-off is the longest. */
const MOST_RETRIES = 2;
/** Only compared with the pace of answers and probes, which is a unit at most. */
const ANSWER_UNITS = 1;

type Kind =
  | ("left out" | "session" | "our number" | "their number" | "word" | "claim")
  | ("stranger's" | "instant" | "pace" | "negotiation" | "sent");

/** How the fields of a conversation are told. What is not named is told as it is. */
const FIELDS: Readonly<Record<string, Kind>> = {
  number: "session",
  nextSeq: "our number",
  lastEcho: "our number",
  heardSeq: "their number",
  tag: "word",
  remoteTag: "word",
  claim: "claim",
  createdAt: "stranger's",
  trustedFrom: "instant",
  answeredAt: "pace",
  repliedAt: "pace",
  askedAt: "pace",
  negotiation: "negotiation",
  sent: "sent",
  pair: "left out",
  tags: "left out",
  // Never run dry in here, which watch.ts insists on.
  bucket: "left out",
  // For statistics, for detectors, or for buckets.
  heardAt: "left out",
  heardStalledMs: "left out",
  // What it repeats is told with the claim, the tag and the negotiation.
  refrain: "left out",
};

function plain(value: unknown): string | number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  return value === undefined ? "" : (JSON.stringify(value) ?? "");
}

export function keyOf(world: World, unitMs: number): string {
  return new Key(world, unitMs).text();
}

/** A number of which only the order counts, among all of its group. */
interface Ranked {
  readonly at: number;
  readonly group: number[];
  readonly value: number;
}

class Key {
  readonly #world: World;
  readonly #unitMs: number;
  readonly #parts: (string | number)[] = [];
  readonly #ranked: Ranked[] = [];
  readonly #seqs: Readonly<Record<Name, number[]>> = { a: [], b: [] };
  readonly #sessions: Readonly<Record<Name, number[]>> = { a: [], b: [] };
  readonly #words: Map<number, number> = new Map([[0, 0]]);

  constructor(world: World, unitMs: number) {
    this.#world = world;
    this.#unitMs = unitMs;
  }

  text(): string {
    const { sides, flying, left } = this.#world;
    for (const name of NAMES) this.#side(sides[name]);
    for (const { to, frame, doubled } of flying) {
      this.#parts.push(to, doubled ? 1 : 0);
      this.#frame(otherOf(to), frame);
    }
    const { cut } = this.#world;
    this.#parts.push(Number(cut.a), Number(cut.b));
    for (const name in left) this.#parts.push(left[name as keyof typeof left]);
    for (const group of [...Object.values(this.#seqs), ...Object.values(this.#sessions)]) {
      group.sort((one, other) => one - other);
    }
    for (const { at, group, value } of this.#ranked) this.#parts[at] = rankOf(group, value);
    return this.#parts.join();
  }

  // ── numbers ────────────────────────────────────────────────────────────────────────────────────

  #rank(group: number[], value: number): void {
    // 0 and Infinity mean something by themselves.
    if (value === 0 || value === Number.POSITIVE_INFINITY) {
      this.#parts.push(value);
      return;
    }
    if (!group.includes(value)) group.push(value);
    this.#ranked.push({ at: this.#parts.length, group, value });
    this.#parts.push(0);
  }

  #at(at: number | undefined, oldest: number = OLDEST_UNITS, now: number = this.#world.now): void {
    if (at === undefined || Math.abs(at) === Number.POSITIVE_INFINITY) this.#parts.push("-");
    else this.#parts.push(Math.max(at - now, -oldest * this.#unitMs));
  }

  #word({ hi, lo }: Word64): void {
    // Two random words that agree in 53 bits do not occur among a handful.
    const word = hi * 2 ** 21 + (lo >>> 11) + (lo & 2047) / 2048;
    const name = this.#words.get(word) ?? this.#words.size;
    this.#words.set(word, name);
    this.#parts.push(name);
  }

  // ── one side ───────────────────────────────────────────────────────────────────────────────────

  #side(side: Side): void {
    const { name, endpoint, frozen, otherPolicy, hasLeft, sleepsUntil, notes, epoch } = side;
    const parts = this.#parts;
    parts.push(
      name,
      epoch,
      frozen,
      Number(otherPolicy),
      Number(hasLeft),
      Math.min(2, side.process),
    );
    if (!endpoint) return;
    this.#at(sleepsUntil);
    parts.push(notes.status, Math.min(notes.silentMs, OLDEST_UNITS * this.#unitMs));
    this.#rank(this.#seqs[otherOf(name)], notes.highest);
    this.#at(notes.safeAt, 0);
    this.#claim(otherOf(name), notes.dead);
    this.#claim(otherOf(name), notes.lived);
    const hub = hubOf(endpoint);
    parts.push(hub.epoch, hub.tombstones.size);
    this.#word(hub.boot);
    this.#monitor(side, hub);
    this.#at((endpoint as unknown as { $settledAt: number }).$settledAt);
    const echoed = this.#echoed(name);
    for (const session of sessionsOf(hub)) this.#session(name, hub, session, echoed);
    for (const pair of hub.pairs.values()) this.#pair(name, pair);
    const observed = hub.monitor.observedNow();
    for (const { challenger, untilAt, probeAt } of hub.contests.values()) {
      this.#rank(this.#sessions[name], challenger.number);
      this.#at(untilAt, OLDEST_UNITS, observed);
      this.#at(probeAt, OLDEST_UNITS, observed);
    }
  }

  #monitor(side: Side, hub: Hub): void {
    const parts = this.#parts;
    const { now } = this.#world;
    const stalls = stallsOf(side);
    const { lostMs, countedMs, health, steadyFromAt, $healthChangedAt, $servedAt } = stalls;
    const open = hub.monitor as unknown as OpenMonitor;
    parts.push(health, stalls.$promisedMs, stalls.$promisesMs);
    this.#at($servedAt);
    this.#at($healthChangedAt, 1);
    this.#at(open.$settledAt);
    const ref = refOf(side);
    const state = ref === undefined ? undefined : hub.monitor.state(ref);
    if (!state || ref === undefined) return;
    parts.push(Number((state.heardAt ?? 0) >= steadyFromAt));
    this.#at(open.$peers.deadlines.at(ref & (2 ** 22 - 1)), 1);
    this.#peer(otherOf(side.name), state, now - lostMs, now - lostMs + countedMs);
    parts.push(digestOf(hub.monitor.policy(ref) as Policy));
  }

  #peer(of: Name, state: PeerState, observed: number, credited: number): void {
    const { status, arrivals } = state;
    const isLive = status !== "dead";
    const parts = this.#parts;
    parts.push(
      status,
      state.reason ?? "",
      Number(state.paced),
      Math.min(state.retries, MOST_RETRIES),
    );
    this.#at(status === "suspect" || state.forgetAt !== undefined ? state.sinceAt : undefined);
    this.#at(state.proofFromAt);
    this.#at(state.beatDueAt, 2);
    this.#at(state.forgetAt);
    if (!isLive) {
      // What was asked since the death proves the next life.
      this.#at(state.sinceAt);
      return;
    }
    this.#at(state.heardAt);
    this.#at(state.sentAt);
    this.#at(state.retries > 0 ? state.aliveAt : undefined);
    this.#at(state.lifeObservedAt, OLDEST_UNITS, observed);
    this.#at(state.lifeCreditedAt, OLDEST_UNITS, credited);
    this.#at(state.suspectedObservedAt, OLDEST_UNITS, observed);
    this.#at(state.suspectedCreditedAt, OLDEST_UNITS, credited);
    parts.push(state.stretchMs ?? "", state.health ?? "");
    parts.push(Number(arrivals.received > 0), Number(arrivals.stale > 0));
    this.#rank(this.#seqs[of], arrivals.highestSeq);
  }

  #pair(name: Name, pair: Pair): void {
    const { current, previous, successor, buried, byHand, policy, leaving } = pair;
    for (const session of [current, previous, successor]) {
      this.#rank(this.#sessions[name], session?.number ?? 0);
    }
    this.#claim(otherOf(name), buried);
    this.#parts.push(Number(byHand), digestOf(policy), leaving ? 1 : 0);
  }

  /** The frames of a side that may still be echoed: all others are as good as forgotten. */
  #echoed(name: Name): ReadonlySet<number> {
    const echoed = new Set<number>();
    for (const { to, frame } of this.#world.flying) {
      if (frame.type === "leave") continue;
      if (to !== name) echoed.add(frame.type === "notice" ? 0 : frame.seq);
      else echoed.add(frame.type === "notice" ? frame.answers : frame.echo);
    }
    const { endpoint } = this.#world.sides[otherOf(name)];
    if (endpoint) for (const { heardSeq } of sessionsOf(hubOf(endpoint))) echoed.add(heardSeq);
    return echoed;
  }

  // ── a conversation ─────────────────────────────────────────────────────────────────────────────

  #session(name: Name, hub: Hub, session: Session, echoed: ReadonlySet<number>): void {
    const isStranger = hub.sessions.strangerAt(session.place) === session;
    for (const field in session) {
      const value = session[field as keyof Session];
      switch (FIELDS[field]) {
        case "left out":
          break;
        case "session":
          this.#rank(this.#sessions[name], value as number);
          break;
        case "our number":
          this.#rank(this.#seqs[name], value as number);
          break;
        case "their number":
          this.#rank(this.#seqs[otherOf(name)], value as number);
          break;
        case "word":
          this.#word(value as Word64);
          break;
        case "claim":
          this.#claim(otherOf(name), value as Claim | undefined);
          break;
        case "stranger's":
          this.#at(isStranger ? (value as number) : undefined, 8);
          break;
        case "instant":
          this.#at(value as number);
          break;
        case "pace":
          this.#at(value as number, ANSWER_UNITS);
          break;
        case "negotiation":
          this.#negotiation(name, value as Negotiation);
          break;
        case "sent":
          this.#sent(name, hub, session, echoed);
          break;
        default:
          this.#parts.push(plain(value));
      }
    }
    this.#parts.push(isStranger ? "stranger" : "", session.pair ? 1 : 0);
  }

  #sent(name: Name, hub: Hub, { sent }: Session, echoed: ReadonlySet<number>): void {
    for (const seq of [...echoed].sort((one, other) => one - other)) {
      const row = sent.rowOf(seq);
      if (row < 0) continue;
      this.#rank(this.#seqs[name], seq);
      this.#at(sent.at(row));
      this.#at(sent.observedAt(row), OLDEST_UNITS, hub.monitor.observedNow());
    }
    this.#at(sent.lastAt);
  }

  #negotiation(name: Name, negotiation: Negotiation): void {
    const open = negotiation as unknown as OpenNegotiation;
    const parts = this.#parts;
    parts.push(
      Number(negotiation.incompatible),
      digestOf(negotiation.inForce),
      digestOf(open.$policy),
    );
    for (const { inForce, announced, sinceSeq } of [open.$gap, open.$dead]) {
      parts.push(inForce, announced);
      this.#rank(this.#seqs[name], sinceSeq);
    }
    const { $theirs: theirs } = open;
    if (theirs) parts.push(theirs.gapMs, theirs.wishMs, theirs.minMs, theirs.deadMs);
    parts.push(open.$peerGapMs, open.$lateMs, open.$throttledMs);
    if (open.$lateMs === 0) return;
    this.#at(open.$lateFromAt);
    this.#at(open.$lateAt);
  }

  #claim(of: Name, claim: Claim | undefined): void {
    if (!claim) {
      this.#parts.push("-");
      return;
    }
    this.#parts.push(claim.epoch);
    this.#rank(this.#sessions[of], claim.session);
    this.#word(claim.boot);
  }

  #frame(from: Name, frame: Frame): void {
    if (frame.type === "data") return;
    const parts = this.#parts;
    const to = otherOf(from);
    parts.push(frame.type, frame.epoch);
    this.#rank(this.#sessions[from], frame.session);
    this.#word(frame.tag);
    if (frame.type === "notice") {
      parts.push(frame.kind, frame.aboutEpoch, frame.knownEpoch);
      this.#rank(this.#sessions[to], frame.aboutSession);
      this.#word(frame.aboutBoot);
      this.#rank(this.#seqs[to], frame.answers);
      return;
    }
    this.#rank(this.#seqs[from], frame.seq);
    if (frame.type === "leave") {
      parts.push(frame.reason, frame.returnInMs);
      return;
    }
    this.#word(frame.handed);
    this.#rank(this.#seqs[to], frame.echo);
    parts.push(Number(frame.counted), Number(frame.asks), frame.gapMs, frame.wishMs);
    parts.push(frame.minMs, frame.deadMs);
    if (frame.identity) this.#word(frame.identity.boot);
  }
}

interface OpenMonitor {
  readonly $settledAt: number;
  readonly $peers: { readonly deadlines: { at(slot: number): number } };
}

interface OpenNegotiation {
  readonly $policy: Policy;
  readonly $gap: Announced;
  readonly $dead: Announced;
  readonly $theirs: { gapMs: number; wishMs: number; minMs: number; deadMs: number } | undefined;
  readonly $peerGapMs: number;
  readonly $lateMs: number;
  readonly $lateFromAt: number;
  readonly $lateAt: number;
  readonly $throttledMs: number;
}

interface Announced {
  readonly inForce: number;
  readonly announced: number;
  readonly sinceSeq: number;
}

/** All that are open, in the order in which they were opened. */
function sessionsOf(hub: Hub): readonly Session[] {
  const { $slots } = hub.sessions as unknown as {
    readonly $slots: readonly (Session | undefined)[];
  };
  const open = new Set($slots.filter((session) => session !== undefined));
  return [...open].sort((one, other) => one.number - other.number);
}

const digests: WeakMap<Policy, string> = new WeakMap();

/** What of a policy follows from what was agreed, as text. */
function digestOf(policy: Policy): string {
  const known = digests.get(policy);
  if (known !== undefined) return known;
  const { intervalMs, peerGapMs, suspectAfterMs, deadAfterMs, minSuspicionMs } = policy;
  const { probeIntervalMs, forgetAfterMs = 0, proof } = policy;
  const judged = [intervalMs, peerGapMs, suspectAfterMs, deadAfterMs, minSuspicionMs];
  const digest = [...judged, probeIntervalMs, forgetAfterMs, proof].join(" ");
  digests.set(policy, digest);
  return digest;
}

/** From 1: how many of the group are below, and itself. */
function rankOf(group: readonly number[], value: number): number {
  return group.indexOf(value) + 1;
}
