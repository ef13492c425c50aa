// Peers whose address changes under way (datagrams; a NAT gave another port). A peer is its id and its
// conversation, so its frames count wherever they come from; but we go on sending to the old place until
// the new one has returned a tag that was handed out only there, and until then send no more to it than
// came from it.

import { TokenBucket } from "./bucket.ts";
import { type BeatFrame, sameWord } from "./frame.ts";
import { type Arrived, type Hub, pathOf } from "./hub.ts";
import { sendChallenge } from "./outbox.ts";
import type { Pair, Place, Session } from "./session.ts";

const MINUTE_MS = 60_000;
const MOVES_PER_MINUTE = 10;

/** A fresh frame of a peer, taken in: says where the peer is, or seems to be. */
export function locate(hub: Hub, pair: Pair, session: Session, frame: Arrived<BeatFrame>): void {
  const { move, place } = session;
  if (move && sameWord(frame.tag, move.tag)) {
    // The tag reached the peer, wherever it is: from now on it is the one we hand out everywhere, and so it
    // proves no place any more but this one.
    session.tag = move.tag;
    session.move = undefined;
    if (frame.place === move.place) return arrive(hub, pair, session, move.place);
  }
  if (frame.place === place || !moveTo(hub, pair, session, frame.place)) return;
  // A question is answered there anyway. Neither is longer than what came.
  if (!frame.asks && session.introduced) sendChallenge(hub, session, frame);
}

/** Begins a move to this place, if that is not under way; false where there were too many. */
export function moveTo(hub: Hub, pair: Pair, session: Session, place: Place): boolean {
  if (session.move?.place === place) return true;
  const perMinute = hub.options.limits?.movesPerMinute ?? MOVES_PER_MINUTE;
  pair.moves ??= new TokenBucket();
  if (!pair.moves.take(hub.turn, MINUTE_MS / perMinute, perMinute)) {
    hub.counts.movesRefused += 1;
    return false;
  }
  session.move = { place, tag: hub.sessions.handOutAnother(session) };
  return true;
}

function arrive(hub: Hub, { ref: peer, id }: Pair, session: Session, place: Place): void {
  const [from, to] = [pathOf(session.place), pathOf(place)];
  session.place = place;
  hub.counts.moves += 1;
  if (from !== undefined && to !== undefined)
    hub.turn.push({ type: "moved", peer, id, at: hub.turn.now, from, to });
}
