// Beacons: senders that only send, one way (datagrams). Nothing can be asked of them, so nothing proves where
// they are, and nothing is ever sent there. What they said last is remembered beyond their death: said again,
// it is no life. Whoever has never heard a beacon cannot tell it from its recording.

import { withinLimits } from "./conversation.ts";
import { NO_TAG } from "./frame.ts";
import {
  type Arrived,
  define,
  drop,
  type Hub,
  heardBeat,
  isDead,
  isLive,
  pairById,
  pathOf,
} from "./hub.ts";
import { type Complete, claimOf, relate } from "./incarnation.ts";
import { begin, createPair, observeBeat, remembered, unproven } from "./pairs.ts";
import { note, type Pair } from "./session.ts";
import { hasRoom, makeRoom } from "./verdicts.ts";

/** A complete BEAT without a tag that asks nothing. */
export function takeBeacon(hub: Hub, frame: Arrived<Complete>): void {
  const known = pairById(hub, frame.identity.id);
  // Whoever can be asked is never kept alive by who cannot, and to whom we only send we never listen: what bears
  // its id would lead us to another place.
  if (known && !(known.beacon && known.role === "listen")) return drop(hub, "untagged");
  const pair = known ?? admit(hub, frame);
  if (!pair?.beacon) return;
  const claim = claimOf(frame);
  const relation = relate(claim, pair.beacon.claim);
  if (relation === "old" || relation === "clock-behind") return drop(hub, relation);
  if (relation === "same" && frame.seq <= pair.beacon.seq) return drop(hub, "behind");
  const isNext = isDead(hub, pair) || (relation !== "same" && isLive(hub, pair));
  if (isNext) begin(hub, pair, frame.place, "restarted");
  pair.beacon = { claim, seq: frame.seq };
  hear(hub, pair, frame);
}

function hear(hub: Hub, pair: Pair, frame: Arrived<Complete>): void {
  const { current: session, ref } = pair;
  if (!withinLimits(hub, pair, session, frame)) return;
  session.claim = claimOf(frame);
  session.place = frame.place;
  const counted = heardBeat(hub, ref, frame.seq, {});
  note(session, frame, hub.turn.now, counted);
  session.remoteTag = NO_TAG;
  observeBeat(hub, pair, "received", frame.seq);
  if (session.negotiation.incompatible) hub.monitor.ended(ref, "incompatible");
  else hub.monitor.setPolicy(ref, session.negotiation.inForce);
}

/** A beacon nobody knows: the application decides. */
function admit(hub: Hub, { identity: { id }, place }: Arrived<Complete>): Pair | undefined {
  const { options, turn, sessions, monitor } = hub;
  const path = pathOf(place);
  if (!options.acceptBeacon || path === undefined) {
    drop(hub, "untagged");
    return undefined;
  }
  const acceptance = hasRoom(hub) && options.acceptBeacon({ id, path });
  if (!acceptance || !makeRoom(hub)) {
    drop(hub, "not-accepted");
    return undefined;
  }
  const own =
    acceptance === true || !acceptance.policy ? hub.policy : define(hub, acceptance.policy);
  const policy = remembered(unproven(own));
  const role = "listen";
  const session = sessions.open(place, policy, role, turn.now);
  const ref = monitor.add(id, { policy: session.negotiation.inForce, role });
  const how = { policy, role, anyId: false, byHand: false, beacon: { seq: 0 } } as const;
  return createPair(hub, ref, id, session, how);
}
