// What of a conversation, and of a frame on its way, is in the key of a state.

import type { Frame, Word64 } from "../../packages/core/src/endpoint/frame.ts";
import type { Hub } from "../../packages/core/src/endpoint/hub.ts";
import type { Claim } from "../../packages/core/src/endpoint/incarnation.ts";
import type { Negotiation } from "../../packages/core/src/endpoint/negotiation.ts";
import type { Session } from "../../packages/core/src/endpoint/session.ts";
import type { Policy } from "../../packages/core/src/policy.ts";
import type { KeyText } from "./key-text.ts";
import { hubOf, type Name, otherOf, type World } from "./world.ts";

/** For so many units whoever was a stranger may still be looked at. */
const STRANGER_UNITS = 8;

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
  // Never run dry in here, which watch-states.ts insists on.
  bucket: "left out",
  // For statistics, for detectors, or for buckets.
  heardAt: "left out",
  heardStalledMs: "left out",
  // What it repeats is told with the claim, the tag and the negotiation.
  refrain: "left out",
  // Only their numbers are compared, wherever the monitor counts on from.
  numberedFrom: "left out",
};

function plain(value: unknown): string | number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  return value === undefined ? "" : (JSON.stringify(value) ?? "");
}

/** `echoed` are the frames of this side that may still be echoed. */
export function tellSession(
  key: KeyText,
  name: Name,
  hub: Hub,
  session: Session,
  echoed: ReadonlySet<number>,
): void {
  const isStranger = hub.sessions.strangerAt(session.place) === session;
  for (const field in session) {
    const value = session[field as keyof Session];
    switch (FIELDS[field]) {
      case "left out":
        break;
      case "session":
        key.rank(key.sessions[name], value as number);
        break;
      case "our number":
        key.rank(key.seqs[name], value as number);
        break;
      case "their number":
        key.rank(key.seqs[otherOf(name)], value as number);
        break;
      case "word":
        key.word(value as Word64);
        break;
      case "claim":
        key.claim(otherOf(name), value as Claim | undefined);
        break;
      case "stranger's":
        key.at(isStranger ? (value as number) : undefined, STRANGER_UNITS * key.unitMs);
        break;
      case "instant":
        key.at(value as number);
        break;
      case "pace":
        // Only compared with the pace of answers and probes, which is a unit at most.
        key.at(value as number, key.unitMs);
        break;
      case "negotiation":
        tellNegotiation(key, name, value as Negotiation);
        break;
      case "sent":
        tellSent(key, name, hub, session, echoed);
        break;
      default:
        key.push(plain(value));
    }
  }
  key.push(isStranger ? "stranger" : "", session.pair ? 1 : 0);
}

function tellSent(
  key: KeyText,
  name: Name,
  hub: Hub,
  { sent }: Session,
  echoed: ReadonlySet<number>,
): void {
  for (const seq of [...echoed].sort((one, other) => one - other)) {
    const row = sent.rowOf(seq);
    if (row < 0) continue;
    key.rank(key.seqs[name], seq);
    key.at(sent.at(row));
    key.at(sent.observedAt(row), key.oldestMs, hub.monitor.observedNow());
  }
  key.at(sent.lastAt);
}

/** The frames of a side that may still be echoed: all others are as good as forgotten. */
export function echoedOf(name: Name, { flying, sides }: World): ReadonlySet<number> {
  const echoed = new Set<number>();
  for (const { to, frame } of flying) {
    if (frame.type === "leave") continue;
    if (to !== name) echoed.add(frame.type === "notice" ? 0 : frame.seq);
    else echoed.add(frame.type === "notice" ? frame.answers : frame.echo);
  }
  const { endpoint } = sides[otherOf(name)];
  if (endpoint) for (const { heardSeq } of sessionsOf(hubOf(endpoint))) echoed.add(heardSeq);
  return echoed;
}

/** All that are open, in the order in which they were opened. */
export function sessionsOf(hub: Hub): readonly Session[] {
  const { $slots } = hub.sessions as unknown as {
    readonly $slots: readonly (Session | undefined)[];
  };
  const open = new Set($slots.filter((session) => session !== undefined));
  return [...open].sort((one, other) => one.number - other.number);
}

// ── what was agreed ──────────────────────────────────────────────────────────────────────────────

interface Announced {
  readonly inForce: number;
  readonly announced: number;
  readonly sinceSeq: number;
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

function tellNegotiation(key: KeyText, name: Name, negotiation: Negotiation): void {
  const open = negotiation as unknown as OpenNegotiation;
  key.push(Number(negotiation.incompatible));
  key.push(digestOf(negotiation.inForce), digestOf(open.$policy));
  for (const { inForce, announced, sinceSeq } of [open.$gap, open.$dead]) {
    key.push(inForce, announced);
    key.rank(key.seqs[name], sinceSeq);
  }
  const { $theirs: theirs } = open;
  if (theirs) key.push(theirs.gapMs, theirs.wishMs, theirs.minMs, theirs.deadMs);
  key.push(open.$peerGapMs, open.$lateMs, open.$throttledMs);
  if (open.$lateMs === 0) return;
  key.at(open.$lateFromAt);
  key.at(open.$lateAt);
}

const digests: WeakMap<Policy, string> = new WeakMap();

/** What of a policy follows from what was agreed, as text. */
export function digestOf(policy: Policy): string {
  const known = digests.get(policy);
  if (known !== undefined) return known;
  const { intervalMs, peerGapMs, suspectAfterMs, deadAfterMs, minSuspicionMs } = policy;
  const { probeIntervalMs, forgetAfterMs = 0, proof } = policy;
  const judged = [intervalMs, peerGapMs, suspectAfterMs, deadAfterMs, minSuspicionMs];
  const digest = [...judged, probeIntervalMs, forgetAfterMs, proof].join(" ");
  digests.set(policy, digest);
  return digest;
}

// ── frames on their way ──────────────────────────────────────────────────────────────────────────

export function tellFrame(key: KeyText, from: Name, frame: Frame): void {
  if (frame.type === "data") return;
  const to = otherOf(from);
  key.push(frame.type, frame.epoch);
  key.rank(key.sessions[from], frame.session);
  key.word(frame.tag);
  if (frame.type === "notice") {
    key.push(frame.kind, frame.aboutEpoch, frame.knownEpoch);
    key.rank(key.sessions[to], frame.aboutSession);
    key.word(frame.aboutBoot);
    key.rank(key.seqs[to], frame.answers);
    return;
  }
  key.rank(key.seqs[from], frame.seq);
  if (frame.type === "leave") {
    key.push(frame.reason, frame.returnInMs);
    return;
  }
  key.word(frame.handed);
  key.rank(key.seqs[to], frame.echo);
  key.push(Number(frame.counted), Number(frame.asks), frame.gapMs, frame.wishMs);
  key.push(frame.minMs, frame.deadMs);
  if (frame.identity) key.word(frame.identity.boot);
}
