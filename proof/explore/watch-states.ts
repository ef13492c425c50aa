// What must hold in every state: deadlines, verdicts that are not late, trust, rates, and what the key leaves out.

import { sameWord } from "../../packages/core/src/endpoint/frame.ts";
import { BUCKET } from "../../packages/core/src/endpoint/ledger.ts";
import type { Pair, Session } from "../../packages/core/src/endpoint/session.ts";
import { nextDeadline } from "../../packages/core/src/peer/deadlines.ts";
import { insist } from "./search.ts";
import { doubtOf, silenceOf } from "./silence.ts";
import { NAMES, otherOf, stallsOf, type View, type Views, type World } from "./world.ts";

/** Whoever has seldom spoken has spent few of its tokens: then there is no need for them in the key. */
const LEAST_TOKENS = 4;

export function checkState(world: World, views: Views): void {
  for (const name of NAMES) {
    const view = views[name];
    const { side, hub, pair, state } = view;
    if (!side.endpoint || !hub) continue;
    const { notes } = side;
    insist(
      state === undefined || state.status === notes.status,
      name,
      () => `is ${state?.status}, and told of ${notes.status}`,
    );
    // It may find out meanwhile that its epoch must be higher.
    if (notes.status === "alive" || notes.status === "suspect") notes.lived = pair?.current.claim;
    checkDeadline(view);
    checkTrust(world, view, views[otherOf(name)]);
    insist(
      !pair || tokensOf(pair.current) >= LEAST_TOKENS,
      name,
      () => "has few tokens left, and they are not in the key",
    );
    const isStarved = hub.dropped["too-many-strangers"] !== undefined;
    insist(!isStarved, name, () => "ran out of answers to strangers, which are not in the key");
  }
  checkRates(views.a, views.b);
  checkRates(views.b, views.a);
}

/** How many were left when it last spent one. */
function tokensOf(session: Session): number {
  const { $cells: cells } = session as unknown as { readonly $cells: readonly number[] };
  const [tokens, filledAt] = cells.slice(BUCKET) as [number, number];
  return filledAt === Number.NEGATIVE_INFINITY ? LEAST_TOKENS : tokens;
}

// ── deadlines ────────────────────────────────────────────────────────────────────────────────────

/** When this side next wants a tick, by the pure rules. */
function pureDeadline({ state, policy, hub }: View): number {
  if (!state || !policy || !hub) return Number.POSITIVE_INFINITY;
  return nextDeadline(state, policy, stallsOf(hub));
}

/** Whoever sleeps until the deadline it was told of sleeps for none too long. */
function checkDeadline(view: View): void {
  const { side } = view;
  const deadline = side.endpoint?.nextDeadline() ?? Number.POSITIVE_INFINITY;
  const pureAt = pureDeadline(view);
  insist(deadline <= pureAt, side.name, () => `wakes at ${deadline}, and is due at ${pureAt}`);
  insist(
    side.sleepsUntil <= deadline,
    side.name,
    () => `a driver sleeps until ${side.sleepsUntil}, and the deadline is ${deadline}`,
  );
}

/** After a tick nothing is due any more, and no verdict is late. */
export function checkTicked(view: View, now: number): void {
  const { side, state, policy } = view;
  const { name } = side;
  const dueAt = pureDeadline(view);
  insist(dueAt > now, name, () => `was ticked at ${now}, and is due since ${dueAt}`);
  checkForgotten(view, now);
  if (!state || !policy || state.role === "send") return;
  const { status, stretchMs = 0 } = state;
  const { suspectAfterMs, deadAfterMs, minSuspicionMs } = policy;
  const [silentMs, doubtedMs] = [silenceOf(side), doubtOf(side)];
  const isLate = {
    connecting: silentMs >= deadAfterMs,
    alive: silentMs >= Math.min(suspectAfterMs, deadAfterMs - minSuspicionMs),
    suspect: silentMs >= deadAfterMs + stretchMs && doubtedMs >= minSuspicionMs + stretchMs,
    dead: false,
  }[status];
  insist(!isLate, name, () => `still ${status} after ${silentMs} ms of silence`);
}

/** Who came by itself is forgotten after half a minute and twice its D; who was added by hand never is. */
function checkForgotten({ side, pair, policy }: View, now: number): void {
  if (!pair || !policy || side.notes.status !== "dead") return;
  const deadMs = now - side.notes.changedAt;
  const isForgotten = deadMs >= Math.max(30_000, 2 * policy.deadAfterMs);
  insist(
    pair.byHand || !isForgotten,
    side.name,
    () => `remembers for ${deadMs} ms who came by itself`,
  );
}

// ── what each may count on ───────────────────────────────────────────────────────────────────────

/** Nobody trusts for longer than the other side waits: see `trustedUntil` and `safeInMs`. */
function checkTrust(world: World, { side, ref, pair }: View, other: View): void {
  const claim = pair?.current.claim;
  if (ref === undefined || !side.endpoint || !other.hub || !claim) return;
  // It trusts a process that is gone, and gives nobody up any more.
  if (!sameWord(claim.boot, other.hub.boot)) return;
  const until = side.endpoint.trustedUntil(ref);
  if (until <= world.now) return;
  const { state, policy } = other;
  const { heardAt = Number.NEGATIVE_INFINITY } = state ?? {};
  // Who never judges never gives up.
  if (state?.role === "send") return;
  const isLive = state?.status === "alive" || state?.status === "suspect";
  const deadAt = isLive && policy ? heardAt + policy.deadAfterMs : Number.NEGATIVE_INFINITY;
  const latestAt = Math.max(deadAt, other.side.notes.safeAt);
  insist(
    until <= latestAt,
    side.name,
    () =>
      `trusts until ${until}, and ${other.side.name} (${state?.status}) gives it up at ${latestAt}`,
  );
}

interface OpenNegotiation {
  readonly $theirs: { readonly wishMs: number; readonly minMs: number } | undefined;
}

/** Who hears allows for what who speaks does, and has asked for it; who trusts counts on no more than is kept. */
function checkRates(one: View, other: View): void {
  const [mine, theirs] = [one.pair, other.pair];
  if (!mine || !theirs || !isInTalk(one, other) || !isInTalk(other, one)) return;
  const { inForce } = theirs.current.negotiation;
  const gapMs = inForce.intervalMs;
  const { peerGapMs, deadAfterMs } = mine.current.negotiation.inForce;
  insist(
    gapMs <= peerGapMs,
    one.side.name,
    () => `expects a gap of ${peerGapMs}, and ${other.side.name} keeps ${gapMs}`,
  );
  const trustsMs = theirs.current.negotiation.peerDeadMs;
  insist(
    trustsMs <= deadAfterMs,
    other.side.name,
    () => `counts on ${trustsMs}, and ${one.side.name} waits for ${deadAfterMs}`,
  );
  // Shorter is used at once, so what it knows of our wishes is kept.
  const { $theirs } = theirs.current.negotiation as unknown as OpenNegotiation;
  const { wishMs = 0, minMs = 0 } = $theirs ?? {};
  if (wishMs === 0) return;
  const mostMs = Math.max(wishMs, minMs, theirs.policy.floorMs);
  insist(
    gapMs <= mostMs,
    other.side.name,
    () => `keeps a gap of ${gapMs}, and knows that ${mostMs} is wanted`,
  );
}

/** Both are alive to each other, each in the conversation that the other is in. */
function isInTalk({ pair, state }: View, other: View): boolean {
  const claim = (pair as Pair).current.claim;
  const boot = other.hub?.boot;
  return (
    state?.status === "alive" &&
    claim !== undefined &&
    boot !== undefined &&
    sameWord(claim.boot, boot) &&
    claim.session === other.pair?.current.number
  );
}
