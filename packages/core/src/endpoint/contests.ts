// Newcomers. One id, one life: a newcomer under the id of a live peer waits while the incumbent is asked.

import { sameWord } from "./frame.ts";
import { type Hub, refuse } from "./hub.ts";
import { type Claim, relate } from "./incarnation.ts";
import { tell } from "./outbox.ts";
import { beat, bind, isDead, isLive } from "./pairs.ts";
import type { Pair, Place, Session } from "./session.ts";

/** A conversation with whoever claims to be somebody new at this place. */
export function strangerFor(hub: Hub, claim: Claim, place: Place, pair: Pair | undefined): Session {
  const challenger = pair && challengerOf(hub, pair);
  const before = challenger?.place === place ? challenger : hub.sessions.strangerAt(place);
  const isSame = before?.claim?.id === claim.id && relate(claim, before.claim) === "same";
  if (isSame) return before;
  const session = openForStranger(hub, place);
  // A place that changes its story gets no more answers than one that does not.
  if (before !== undefined) session.answeredAt = before.answeredAt;
  session.claim = claim;
  return session;
}

export function openForStranger({ sessions, policy, role, turn }: Hub, place: Place): Session {
  return sessions.openForStranger(place, policy, role, turn.now);
}

export function challengerOf({ contests }: Hub, pair: Pair): Session | undefined {
  return contests.get(pair)?.challenger;
}

/** Another process claims the id of a live peer: it waits while the incumbent is asked. */
export function challenge(hub: Hub, pair: Pair, challenger: Session): void {
  const { contests, sessions, turn } = hub;
  if (challengerOf(hub, pair) === challenger) return;
  endContest(hub, pair);
  // Strangers that come after it must not push it out while it waits.
  sessions.adopt(challenger);
  const untilAt = turn.now + pair.policy.minSuspicionMs;
  contests.set(pair, { challenger, untilAt, probeAt: turn.now });
}

/** Something valid came from the incumbent: it lives, and the newcomer must look for another id. */
export function incumbentHeard(hub: Hub, pair: Pair): void {
  const challenger = endContest(hub, pair);
  if (challenger === undefined) return;
  const { claim: rival } = challenger;
  const { claim: holder } = pair.current;
  // It may have come in by another conversation meanwhile: nobody is its own rival.
  if (rival && holder && sameWord(rival.boot, holder.boot)) return;
  tell(hub, challenger, "duplicate-id");
  refuse(hub, challenger.place, "duplicate-id");
}

/** The newcomer, if there was one, is turned away; it has no conversation with us any more. */
export function endContest(hub: Hub, pair: Pair): Session | undefined {
  const challenger = challengerOf(hub, pair);
  hub.contests.delete(pair);
  if (challenger !== undefined) hub.sessions.close(challenger);
  return challenger;
}

/** The earliest instant at which a contest wants something; Infinity when there is none. */
export function nextContestAt({ contests }: Hub): number {
  let at = Number.POSITIVE_INFINITY;
  for (const { untilAt, probeAt } of contests.values()) at = Math.min(at, untilAt, probeAt);
  return at;
}

/** We were frozen: the incumbent's answers may lie unread, so every contest waits as much longer. */
export function prolongContests({ contests }: Hub, stallMs: number): void {
  for (const contest of contests.values()) contest.untilAt += stallMs;
}

/** Asks incumbents, and lets newcomers in where the incumbent stayed silent. */
export function tickContests(hub: Hub): void {
  const { now } = hub.turn;
  for (const [pair, contest] of hub.contests) {
    if (now >= contest.untilAt || isDead(hub, pair)) {
      hub.contests.delete(pair);
      letIn(hub, pair, contest.challenger);
    } else if (now >= contest.probeAt) {
      contest.probeAt = now + pair.policy.probeIntervalMs;
      beat(hub, pair, { asks: true });
    }
  }
}

function letIn(hub: Hub, pair: Pair, challenger: Session): void {
  if (hub.isStream && isLive(hub, pair)) tell(hub, pair.current, "replaced");
  bind(hub, pair, challenger, hub.isStream ? "replaced" : "restarted");
  beat(hub, pair, { asks: true });
}
