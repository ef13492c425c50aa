// What must hold between two endpoints, in every state and at every step. It keeps its own notes, and looks into
// the endpoints only where a promise is about what they know.

import type { Frame } from "../../packages/core/src/endpoint/frame.ts";
import { sameWord } from "../../packages/core/src/endpoint/frame.ts";
import type { Claim } from "../../packages/core/src/endpoint/incarnation.ts";
import type { EndpointChange, EndpointOutput } from "../../packages/core/src/endpoint/outputs.ts";
import { type Pair, sentAt } from "../../packages/core/src/endpoint/session.ts";
import type { PeerState, Status } from "../../packages/core/src/peer/state.ts";
import { nextDeadline } from "../../packages/core/src/peer/transition.ts";
import { lengthOf } from "./frames.ts";
import { Violation } from "./search.ts";
import {
  type Flying,
  hubOf,
  NAMES,
  type Notes,
  otherOf,
  refOf,
  type Side,
  stallsOf,
  type World,
} from "./world.ts";

export function newNotes(): Notes {
  return {
    ...{ status: "connecting", session: 1, silentMs: 0, highest: 0, conversation: "" },
    ...{ safeAt: Number.NEGATIVE_INFINITY, lived: undefined, dead: undefined },
  };
}

export function passed(side: Side, ms: number): void {
  const { notes } = side;
  if (side.frozen < 0) notes.silentMs = Math.min(notes.silentMs + ms, 100 * ms);
}

function insist(isSo: boolean, side: Side, complaint: () => string): void {
  if (!isSo) throw new Violation(`${side.name}: ${complaint()}`);
}

function pairOf(side: Side): Pair | undefined {
  const ref = refOf(side);
  return ref === undefined || !side.endpoint ? undefined : hubOf(side.endpoint).pairs.get(ref);
}

function stateOf(side: Side): PeerState | undefined {
  const ref = refOf(side);
  return ref === undefined ? undefined : side.endpoint?.state(ref);
}

// ── outputs ──────────────────────────────────────────────────────────────────────────────────────

const LEGAL: Readonly<Record<Status, readonly Status[]>> = {
  connecting: ["alive", "dead"],
  alive: ["suspect", "dead"],
  suspect: ["alive", "dead"],
  dead: ["connecting"],
};

export function checkOutput(world: World, side: Side, output: EndpointOutput<string>): void {
  if (output.type === "changed") checkChange(world, side, output);
  if (output.type === "forget") side.notes = { ...newNotes(), dead: side.notes.dead };
  if (output.type === "declared-dead") {
    const other = world.sides[otherOf(side.name)];
    const { dead } = other.notes;
    const boot = side.endpoint && hubOf(side.endpoint).boot;
    // Whoever said it may be gone by now.
    const isTrue = other.process > 1 || (dead && boot && sameWord(dead.boot, boot));
    insist(isTrue === true, side, () => "was told it is dead, and nobody gave it up");
  }
}

function checkChange(world: World, side: Side, change: EndpointChange<string>): void {
  const { notes } = side;
  const { from, to, session, reason } = change;
  const isNext = from === "dead";
  const isLegal =
    from === notes.status &&
    session === notes.session + Number(isNext) &&
    LEGAL[from].includes(to) &&
    !(from === "alive" && reason === "silence");
  insist(
    isLegal,
    side,
    () => `${notes.status} in session ${notes.session}, then ${from} → ${to} in ${session}`,
  );
  const ref = refOf(side);
  const policy = ref === undefined ? undefined : side.endpoint?.policy(ref);
  if (policy && (to === "suspect" || reason === "silence" || reason === "unreachable")) {
    const mostMs = to === "suspect" ? policy.suspectAfterMs : policy.deadAfterMs;
    insist(
      notes.silentMs >= mostMs,
      side,
      () => `${to} ${reason ?? ""} after ${notes.silentMs} ms of silence, below ${mostMs}`,
    );
  }
  notes.status = to;
  notes.session = session;
  if (to === "connecting") notes.silentMs = 0;
  if (to === "dead") {
    notes.safeAt = world.now + (change.safeInMs ?? 0);
    // Nobody lived in a session that was only connecting.
    if (from !== "connecting") notes.dead = notes.lived ?? notes.dead;
    notes.lived = undefined;
  }
  if (to === "alive") checkReturn(side);
}

/** Dead is final: whoever comes alive is newer than whoever died. */
function checkReturn(side: Side): void {
  const { dead } = side.notes;
  const claim = pairOf(side)?.current.claim;
  if (!claim || !dead || side.notes.status !== "alive") return;
  const isSameProcess = sameWord(claim.boot, dead.boot);
  const isNewer = isSameProcess ? claim.session > dead.session : claim.epoch > dead.epoch;
  insist(isNewer, side, () => `${tellClaim(claim)} is alive again, and ${tellClaim(dead)} died`);
}

function tellClaim({ epoch, session }: Claim): string {
  return `(${epoch}, ${session})`;
}

// ── frames ───────────────────────────────────────────────────────────────────────────────────────

interface Before {
  readonly heardAt: number | undefined;
  readonly status: Status | undefined;
  /** The conversation it is in. */
  readonly current: number | undefined;
  /** A tag that this process handed out. */
  readonly isTagged: boolean;
  /** Whether this frame must count: of the conversation, new, and an echo of something sent within D. */
  readonly isFresh: boolean;
  /** A number it was given already in this conversation. */
  readonly isOld: boolean;
  /** It echoes something that this process sent in the conversation of that tag. */
  readonly isEcho: boolean;
}

export function beforeFrame(side: Side, frame: Flying["frame"]): Before {
  const state = stateOf(side);
  const pair = pairOf(side);
  const none = { isTagged: false, isFresh: false, isOld: false, isEcho: false };
  const before = {
    heardAt: state?.heardAt,
    status: state?.status,
    current: pair?.current.number,
    ...none,
  };
  if (!side.endpoint) return before;
  const hub = hubOf(side.endpoint);
  const session = hub.sessions.byTag(frame.tag);
  if (!session || frame.type === "leave" || frame.type === "notice") return before;
  const sent = sentAt(session, frame.echo);
  const tagged = { ...before, isTagged: true, isEcho: sent !== undefined };
  if (pair?.current !== session || !session.claim) return tagged;
  const { claim } = session;
  const { notes } = side;
  const conversation = `${claim.boot.hi} ${claim.boot.lo} ${claim.session} ${session.number}`;
  if (notes.conversation !== conversation) {
    notes.conversation = conversation;
    notes.highest = session.heardSeq;
  }
  const isOfIt =
    frame.session === claim.session &&
    frame.epoch >= claim.epoch &&
    (!frame.identity || sameWord(frame.identity.boot, claim.boot));
  const isOld = isOfIt && frame.seq <= notes.highest;
  const isLive = state?.status === "alive" || state?.status === "suspect";
  const deadAfterMs = side.endpoint.policy(pair.ref)?.deadAfterMs ?? 0;
  const isTimely = sent !== undefined && hub.monitor.observedNow() - sent.observedAt <= deadAfterMs;
  if (isOfIt) notes.highest = Math.max(notes.highest, frame.seq);
  return { ...tagged, isOld, isFresh: isOfIt && !isOld && isLive && isTimely };
}

export function checkFrame(
  world: World,
  side: Side,
  { frame, bytes }: Flying,
  before: Before,
  caused: readonly Frame[],
): void {
  const state = stateOf(side);
  const { notes } = side;
  if (before.isFresh) {
    notes.silentMs = 0;
    insist(
      state?.heardAt === world.now || state?.status === "dead",
      side,
      () => "a fresh frame did not count",
    );
  }
  const isHeard = state?.heardAt === world.now && before.heardAt !== world.now;
  if (before.isOld) insist(!isHeard, side, () => "an old frame counted");
  const isRaised = state?.status === "alive" && before.status !== "alive";
  insist(!isRaised || (before.isTagged && before.isEcho), side, () => "alive without a round trip");
  if (isRaised) notes.silentMs = 0;
  checkAnswers(side, frame, bytes, before, caused);
  if (frame.type !== "notice") return;
  const { current } = before;
  const isAccused = frame.aboutSession === current || pairOf(side)?.current.number === current;
  insist(isAccused, side, () => `gave up ${current}, and ${frame.aboutSession} was accused`);
}

/** Answers are never answered, and nobody who proved nothing is sent more than it sent. */
function checkAnswers(
  side: Side,
  frame: Frame,
  bytes: Uint8Array,
  { isTagged }: Before,
  caused: readonly Frame[],
): void {
  const answers = caused.filter(({ type }) => type === "echo" || type === "notice");
  const isAnswer = frame.type === "echo" || frame.type === "notice" || frame.type === "leave";
  insist(
    !isAnswer || answers.length === 0,
    side,
    () => `answered a ${frame.type} by a ${answers[0]?.type}`,
  );
  insist(answers.length <= 1, side, () => `answered a ${frame.type} ${answers.length} times`);
  const sentBytes = caused.reduce((sum, each) => sum + lengthOf(each), 0);
  insist(
    isTagged || frame.type === "notice" || frame.type === "leave" || sentBytes <= bytes.length,
    side,
    () => `sent ${sentBytes} bytes for ${bytes.length} that proved nothing`,
  );
}

// ── states ───────────────────────────────────────────────────────────────────────────────────────

/** After a tick nothing is due any more. */
export function checkTicked(side: Side, now: number): void {
  const dueAt = pureDeadline(side);
  insist(dueAt > now, side, () => `was ticked at ${now}, and is due since ${dueAt}`);
}

/** When this side next wants a tick, by the pure rules. */
function pureDeadline(side: Side): number {
  const [state, ref] = [stateOf(side), refOf(side)];
  const policy = ref === undefined ? undefined : side.endpoint?.policy(ref);
  if (!state || !policy || !side.endpoint) return Number.POSITIVE_INFINITY;
  return nextDeadline(state, policy, stallsOf(side));
}

interface OpenBucket {
  readonly $tokens: number;
}
const LEAST_TOKENS = 4;

export function checkState(world: World): void {
  for (const name of NAMES) {
    const side = world.sides[name];
    if (!side.endpoint) continue;
    const { status } = side.notes;
    // It may find out meanwhile that its epoch must be higher.
    if (status === "alive" || status === "suspect") side.notes.lived = pairOf(side)?.current.claim;
    checkDeadline(side, side.endpoint.nextDeadline());
    checkTrust(world, side);
    const tokens =
      (pairOf(side)?.current.bucket as unknown as OpenBucket | undefined)?.$tokens ?? LEAST_TOKENS;
    insist(tokens >= LEAST_TOKENS, side, () => "has few tokens left, and they are not in the key");
    const { dropped } = side.endpoint.stats();
    const isStarved = dropped["too-many-strangers"] !== undefined;
    insist(!isStarved, side, () => "ran out of answers to strangers, which are not in the key");
  }
  checkRates(world);
}

/** Whoever sleeps until the deadline it was told of sleeps for none too long. */
function checkDeadline(side: Side, deadline: number): void {
  const pureAt = pureDeadline(side);
  insist(deadline <= pureAt, side, () => `wakes at ${deadline}, and is due at ${pureAt}`);
  insist(
    side.sleepsUntil <= deadline,
    side,
    () => `a driver sleeps until ${side.sleepsUntil}, and the deadline is ${deadline}`,
  );
}

/** Nobody trusts for longer than the other side waits: see `trustedUntil` and `safeInMs`. */
function checkTrust(world: World, side: Side): void {
  const other = world.sides[otherOf(side.name)];
  const ref = refOf(side);
  const claim = pairOf(side)?.current.claim;
  if (ref === undefined || !side.endpoint || !other.endpoint || !claim) return;
  // It trusts a process that is gone, and gives nobody up any more.
  if (!sameWord(claim.boot, hubOf(other.endpoint).boot)) return;
  const until = side.endpoint.trustedUntil(ref);
  if (until <= world.now) return;
  const state = stateOf(other);
  const policy = other.endpoint.policy(refOf(other) as never);
  const { heardAt = Number.NEGATIVE_INFINITY } = state ?? {};
  // Who never judges never gives up.
  if (state?.role === "send") return;
  const isLive = state?.status === "alive" || state?.status === "suspect";
  const deadAt = isLive && policy ? heardAt + policy.deadAfterMs : Number.NEGATIVE_INFINITY;
  const latestAt = Math.max(deadAt, other.notes.safeAt);
  insist(
    until <= latestAt,
    side,
    () => `trusts until ${until}, and ${other.name} (${state?.status}) gives it up at ${latestAt}`,
  );
}

/** Who hears allows for what who speaks does; who trusts counts on no more than is kept. */
function checkRates(world: World): void {
  const { a, b } = world.sides;
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const [mine, theirs] = [pairOf(one), pairOf(other)];
    if (!mine || !theirs || !one.endpoint || !other.endpoint) continue;
    const isTalk =
      stateOf(one)?.status === "alive" &&
      stateOf(other)?.status === "alive" &&
      isInTalk(mine, other, theirs.current.number) &&
      isInTalk(theirs, one, mine.current.number);
    if (!isTalk) continue;
    const gapMs = theirs.current.negotiation.inForce.intervalMs;
    const { peerGapMs, deadAfterMs } = mine.current.negotiation.inForce;
    const trustsMs = theirs.current.negotiation.peerDeadMs;
    insist(
      gapMs <= peerGapMs,
      one,
      () => `expects a gap of ${peerGapMs}, and ${other.name} keeps ${gapMs}`,
    );
    insist(
      trustsMs <= deadAfterMs,
      other,
      () => `counts on ${trustsMs}, and ${one.name} waits for ${deadAfterMs}`,
    );
  }
}

function isInTalk({ current }: Pair, other: Side, number: number): boolean {
  const boot = other.endpoint && hubOf(other.endpoint).boot;
  const { claim } = current;
  return (
    claim !== undefined &&
    boot !== undefined &&
    sameWord(claim.boot, boot) &&
    claim.session === number
  );
}
