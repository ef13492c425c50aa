// Newcomers. One id, one life: a newcomer under the id of a live peer waits while the incumbent is asked.

import { sameWord } from "./frame.ts";
import { type Arrived, type Hub, isDead, isLive, refuse, settle } from "./hub.ts";
import { type Complete, claimOf, relate } from "./incarnation.ts";
import { tell } from "./outbox.ts";
import { beat, bind } from "./pairs.ts";
import type { Pair, Place, Session } from "./session.ts";

/** A conversation with whoever claims to be somebody new at this place. */
export function strangerFor(hub: Hub, pair: Pair | undefined, frame: Arrived<Complete>): Session {
  const claim = claimOf(frame);
  const before = strangerAt(hub, pair, frame.place);
  if (before?.claim?.id === claim.id && relate(claim, before.claim) === "same") return before;
  const session = openForStranger(hub, frame.place);
  // A place that changes its story gets no more answers than one that does not.
  if (before) session.answeredAt = before.answeredAt;
  session.claim = claim;
  return session;
}

/** Who is new at this place already, and under this id, where it waits for that of a peer. */
export function strangerAt(hub: Hub, pair: Pair | undefined, place: Place): Session | undefined {
  const challenger = pair && challengerOf(hub, pair);
  return challenger?.place === place ? challenger : hub.sessions.strangerAt(place);
}

export function openForStranger(hub: Hub, place: Place): Session {
  return hub.sessions.openForStranger(place, hub.policy, hub.role, hub.turn.now);
}

export function challengerOf(hub: Hub, pair: Pair): Session | undefined {
  return hub.contests.get(pair)?.challenger;
}

/** Another process claims the id of a live peer: it waits while the incumbent is asked. */
export function challenge(hub: Hub, pair: Pair, challenger: Session): void {
  if (challengerOf(hub, pair) === challenger) return;
  // Strangers that come after it must not push it out while it waits.
  hub.sessions.adopt(challenger);
  settle(hub, challenger.place);
  const now = hub.monitor.observedNow();
  // The incumbent has been silent for as long as the rival before has waited.
  const { untilAt = now + pair.policy.minSuspicionMs, probeAt = now } =
    hub.contests.get(pair) ?? {};
  const before = endContest(hub, pair);
  if (before) refuseRival(hub, before);
  hub.contests.set(pair, { challenger, untilAt, probeAt });
}

/** Something valid came from the incumbent: it lives, and the newcomer must look for another id. */
export function incumbentHeard(hub: Hub, pair: Pair): void {
  if (hub.contests.size === 0) return;
  const challenger = endContest(hub, pair);
  const rival = challenger?.claim;
  const holder = pair.current.claim;
  // It may have come in by another conversation meanwhile: nobody is its own rival.
  if (!rival || (holder && sameWord(rival.boot, holder.boot))) return;
  refuseRival(hub, challenger);
}

function refuseRival(hub: Hub, rival: Session): void {
  tell(hub, rival, "duplicate-id");
  refuse(hub, rival.place, "duplicate-id");
}

/** The newcomer, if there was one, is turned away; it has no conversation with us any more. */
export function endContest(hub: Hub, pair: Pair): Session | undefined {
  const challenger = challengerOf(hub, pair);
  hub.contests.delete(pair);
  if (challenger) turnAway(hub, challenger);
  return challenger;
}

/** Ends the conversation with a stranger. Its place gets no more answers than if it had gone on. */
export function turnAway(hub: Hub, session: Session): void {
  const { place, answeredAt } = session;
  hub.sessions.close(session);
  if (!hub.trustsPaths) openForStranger(hub, place).answeredAt = answeredAt;
}

/** The earliest instant at which a contest wants something; Infinity when there is none. */
export function nextContestAt(hub: Hub): number {
  let at = Number.POSITIVE_INFINITY;
  for (const { untilAt, probeAt } of hub.contests.values()) {
    at = Math.min(at, untilAt, probeAt);
  }
  return rawAt(hub, at);
}

/** Asks incumbents, and lets newcomers in where the incumbent stayed silent. */
export function tickContests(hub: Hub): void {
  const { monitor, turn } = hub;
  const { now } = turn;
  for (const [pair, contest] of hub.contests) {
    const { minSuspicionMs, probeIntervalMs } = pair.policy;
    // What it says lies unread, and that is our doing: it has all of its time from now on.
    if (monitor.state(pair.ref)?.pausedObservedAt !== undefined)
      contest.untilAt = monitor.observedNow() + minSuspicionMs;
    if (now >= rawAt(hub, contest.untilAt) || isDead(hub, pair)) {
      hub.contests.delete(pair);
      if (hub.isStream && isLive(hub, pair)) tell(hub, pair.current, "replaced");
      bind(hub, pair, contest.challenger, hub.isStream ? "replaced" : "restarted");
      beat(hub, pair);
    } else if (now >= rawAt(hub, contest.probeAt)) {
      contest.probeAt = monitor.observedNow() + probeIntervalMs;
      beat(hub, pair, { asks: true });
    }
  }
}

/** When an instant of observed time comes, if we are not frozen again. */
function rawAt(hub: Hub, observedAt: number): number {
  return hub.turn.now + observedAt - hub.monitor.observedNow();
}
