// What of a conversation, and of a frame on its way, is in the key of a state.

import type { Frame, Word64 } from "../../packages/core/src/endpoint/frame.ts";
import type { Hub } from "../../packages/core/src/endpoint/hub.ts";
import type { Claim } from "../../packages/core/src/endpoint/incarnation.ts";
import { Ledger } from "../../packages/core/src/endpoint/ledger.ts";
import type { Negotiation } from "../../packages/core/src/endpoint/negotiation.ts";
import { type Session, sentAt } from "../../packages/core/src/endpoint/session.ts";
import type { Policy } from "../../packages/core/src/policy.ts";
import type { KeyText } from "./key-text.ts";
import { hubOf, type Name, otherOf, type World } from "./world.ts";

/** For so many units whoever was a stranger may still be looked at. */
const STRANGER_UNITS = 8;

type Kind =
  | ("left out" | "session" | "our number" | "their number" | "word" | "claim")
  | ("stranger's" | "instant" | "pace" | "negotiation");

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
  pair: "left out",
  tags: "left out",
  // For statistics, for detectors, or for buckets.
  heardAt: "left out",
  heardStalledMs: "left out",
  // What is repeated is told with the claim, the tag and the negotiation.
  refrainClaim: "left out",
  // Follows from the tag, and from our frames that are told below.
  hasRemoteTag: "left out",
  lastSentAt: "left out",
  // Only their numbers are compared, wherever the monitor counts on from.
  numberedFrom: "left out",
};

/** What a ledger is read by. */
const NUMBERS: readonly string[] = Object.entries(
  Object.getOwnPropertyDescriptors(Ledger.prototype),
)
  .filter(([, { get }]) => get !== undefined)
  .map(([name]) => name);

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
  for (const field of [...Object.keys(session), ...NUMBERS]) {
    // Its numbers are told one by one, but for tokens: watch-states.ts insists that those never run dry in here.
    if (field === "$cells") continue;
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
      default:
        key.push(plain(value));
    }
  }
  tellSent(key, name, hub, session, echoed);
  key.push(isStranger ? "stranger" : "", session.pair ? 1 : 0);
}

function tellSent(
  key: KeyText,
  name: Name,
  hub: Hub,
  session: Session,
  echoed: ReadonlySet<number>,
): void {
  for (const seq of [...echoed].sort((one, other) => one - other)) {
    const sent = sentAt(session, seq);
    if (!sent) continue;
    key.rank(key.seqs[name], seq);
    key.at(sent.at);
    key.at(sent.observedAt, key.oldestMs, hub.monitor.observedNow());
  }
  key.at(session.lastSentAt);
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

interface OpenNegotiation {
  readonly $policy: Policy;
  readonly $longerGap: { readonly ms: number; readonly sinceSeq: number } | undefined;
  readonly $shorterDead: { readonly ms: number; readonly sinceSeq: number } | undefined;
  readonly $theirs: { gapMs: number; wishMs: number; minMs: number; deadMs: number } | undefined;
  readonly $peerGapMs: number;
  readonly $late: { gapMs: number; fromAt: number; at: number; throttledMs: number } | undefined;
}

function tellNegotiation(key: KeyText, name: Name, negotiation: Negotiation): void {
  const open = negotiation as unknown as OpenNegotiation;
  key.push(Number(negotiation.incompatible));
  key.push(digestOf(negotiation.inForce), digestOf(open.$policy));
  for (const announcement of [open.$longerGap, open.$shorterDead]) {
    key.push(announcement?.ms ?? "");
    if (announcement) key.rank(key.seqs[name], announcement.sinceSeq);
  }
  const { $theirs: theirs } = open;
  if (theirs) key.push(theirs.gapMs, theirs.wishMs, theirs.minMs, theirs.deadMs);
  const { $late: late } = open;
  key.push(open.$peerGapMs, late?.gapMs ?? "", late?.throttledMs ?? "");
  if (!late) return;
  key.at(late.fromAt);
  key.at(late.at);
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
