// Connections of nobody we know yet: how many there may be, for how long, and what happens to their
// frames while the application looks into who they say they are. Datagrams have no such thing: there,
// nothing is kept of anybody who has proven nothing.

import type { Frame } from "./frame.ts";
import { type Arrived, attempt, drop, type Hub, pathOf, refuse } from "./hub.ts";
import { type Complete, claimOf } from "./incarnation.ts";
import { DEFAULTS } from "./options.ts";
import type { RefusedReason } from "./outputs.ts";
import type { Path, Place, Session } from "./session.ts";

/** What a frame without a payload costs us, about. */
const FRAME_BYTES = 256;
/** Room for so many beats beside the longest message, also where that must be short. */
const BEATS_BYTES = 64 * FRAME_BYTES;

/** A connection is up: somebody must be heard of on it in time. The oldest gives way to the newest. */
export function opened(hub: Hub, place: Place): void {
  const { handshakes, monitor, options, policy, sessions } = hub;
  const isSettled = sessions.at(place) && !sessions.strangerAt(place);
  if (!hub.trustsPaths || handshakes.has(place) || isSettled) return;
  const { candidates = DEFAULTS.connections, handshakeMs = policy.deadAfterMs } =
    options.limits ?? {};
  const { oldest } = handshakes;
  if (handshakes.size >= candidates && oldest !== undefined) {
    giveUp(hub, oldest, "too-many-handshakes");
  }
  handshakes.set(place, monitor.observedNow() + handshakeMs);
}

/** Ends the handshakes that have lasted too long. */
export function tickHandshakes(hub: Hub): void {
  for (const place of hub.handshakes.take(hub.monitor.observedNow())) {
    giveUp(hub, place, "handshake-timeout");
  }
}

function giveUp(hub: Hub, place: Place, reason: RefusedReason): void {
  const session = hub.sessions.strangerAt(place);
  if (session) hub.sessions.close(session);
  refuse(hub, place, reason);
}

/**
 * Whether a stranger is who it says it is, as the application knows. Where that takes its time, the
 * frame and what follows it are held.
 */
export function isAuthentic(hub: Hub, session: Session, frame: Arrived<Complete>): boolean {
  const { authenticate } = hub.options;
  const path = pathOf(session.place);
  if (session.authentic || !authenticate || path === undefined) return true;
  const verdict = authenticate({ id: claimOf(frame).id, path });
  if (verdict === true) session.authentic = true;
  else if (verdict === undefined) hub.undecided.set(path, { frames: [frame], heldBytes: 0 });
  else giveUpForged(hub, session);
  return verdict === true;
}

/** Whether a frame is held because its sender's identity is being looked into. */
export function isHeld(hub: Hub, frame: Arrived<Frame>): boolean {
  const { place } = frame;
  const undecided = hub.undecided.size > 0 && hub.undecided.get(place);
  if (!undecided) return false;
  undecided.heldBytes += FRAME_BYTES + (frame.type === "data" ? frame.payload.length : 0);
  const { maxMessageBytes = DEFAULTS.maxMessageBytes } = hub.options;
  if (undecided.heldBytes <= maxMessageBytes + BEATS_BYTES) {
    undecided.frames.push(frame);
  } else {
    drop(hub, "too-many");
    giveUp(hub, place, "protocol-error");
  }
  return true;
}

/** The application has made up its mind; too late is never. */
export function decide(
  hub: Hub,
  path: Path,
  authentic: boolean,
  take: (frame: Arrived<Frame>) => void,
): void {
  const undecided = hub.undecided.get(path);
  const session = hub.sessions.strangerAt(path);
  hub.undecided.delete(path);
  if (!undecided || !session) return;
  if (!authentic) return giveUpForged(hub, session);
  session.authentic = true;
  for (const frame of undecided.frames) {
    // Whoever was refused over the first of them is nobody again, and what is left is of nobody.
    if (hub.sessions.at(path)) attempt(hub, () => take(frame));
  }
}

function giveUpForged(hub: Hub, { place }: Session): void {
  drop(hub, "not-authentic");
  giveUp(hub, place, "not-authentic");
}
