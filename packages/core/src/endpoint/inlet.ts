// Bytes in: whose they are, and the frames in them. Where a path ends is here, too.

import type { EndReason } from "../peer/state.ts";
import { incumbentHeard } from "./contests.ts";
import { decodeFrame } from "./decode.ts";
import type { Frame } from "./frame.ts";
import { opened } from "./handshakes.ts";
import { drop, type Hub, refuse, settle, speakerAt } from "./hub.ts";
import { takeFrame } from "./inbox.ts";
import { DEFAULTS } from "./options.ts";
import { takeOrdinary } from "./ordinary.ts";
import type { Place, Session } from "./session.ts";
import { Reassembly } from "./stream.ts";
import { unsealedBytes } from "./unseal.ts";

/** Takes in what arrived. True where no deadline can have moved earlier by it. */
export function takeBytes(hub: Hub, bytes: Uint8Array, from: Place): boolean {
  const place = typeof from === "number" ? sessionAt(hub, from)?.place : from;
  if (place === undefined) {
    drop(hub, "unknown-path");
    return false;
  }
  hub.counts.bytesReceived += bytes.length;
  if (hub.isStream) return takeChunk(hub, bytes, place);
  if (hub.trustsPaths) opened(hub, place);
  const lengthBytes = unsealedBytes(hub, bytes, place);
  if (lengthBytes === undefined) return false;
  const taken = takeOrdinary(hub, bytes, lengthBytes, place);
  if (taken) return taken === "quiet";
  const decoded = decodeFrame(bytes, lengthBytes);
  if (decoded.ok) take(hub, decoded.frame, place);
  else drop(hub, decoded.fault);
  return false;
}

function take(hub: Hub, frame: Frame, place: Place): void {
  hub.counts.framesReceived += 1;
  // Set, not assigned from an object: that would take longer than to decode the frame.
  const arrived = frame as Frame & { place: Place };
  arrived.place = place;
  // As `attempt`, without a closure.
  try {
    takeFrame(hub, arrived);
  } catch (error) {
    hub.turn.fail(error);
  }
}

function takeChunk(hub: Hub, bytes: Uint8Array, place: Place): boolean {
  // Any byte of somebody who said who it is is life, part of a frame too: a slow transfer must not
  // look like silence. Before that, anything might be talking.
  const speaker = speakerAt(hub, place);
  if (speaker) {
    hub.monitor.heard(speaker.ref);
    // Its ECHO may be stuck behind a long message.
    incumbentHeard(hub, speaker);
  } else {
    opened(hub, place);
  }
  const known = hub.streams.get(place);
  // Nobody who does nothing but beat sends anything but this.
  const taken = !known?.heldBytes && speaker && takeOrdinary(hub, bytes, bytes.length, place);
  if (taken) return taken === "quiet";
  const { maxMessageBytes = DEFAULTS.maxMessageBytes } = hub.options;
  // Kept only where part of a frame is: most connections hold nothing, and share one.
  const stream = known ?? hub.spareStream ?? new Reassembly(maxMessageBytes);
  hub.spareStream = undefined;
  hub.streams.set(place, stream);
  // Nothing more is taken of a path that was refused meanwhile.
  const isOpen = () => hub.streams.get(place) === stream;
  const fault = stream.push(bytes, (frame) => isOpen() && take(hub, frame, place));
  if (!fault && stream.heldBytes === 0) {
    hub.spareStream = stream;
    hub.streams.delete(place);
  }
  if (!fault || !isOpen()) return false;
  // The bytes of a stream are no frames: nothing that follows can be trusted.
  drop(hub, fault);
  endPath(hub, place, "protocol-error");
  refuse(hub, place, "protocol-error");
  return false;
}

/** A path, or the peer on it, is over. */
export function endPath(hub: Hub, from: Place, reason: EndReason): void {
  const session = sessionAt(hub, from);
  hub.streams.delete(session?.place ?? from);
  settle(hub, session?.place ?? from);
  if (!session) return;
  const { pair } = session;
  if (pair?.current === session) hub.monitor.ended(pair.ref, reason);
  if (pair) return;
  hub.sessions.close(session);
  // A newcomer that has gone takes over from nobody.
  for (const [contested, { challenger }] of hub.contests)
    if (challenger === session) hub.contests.delete(contested);
}

function sessionAt(hub: Hub, from: Place): Session | undefined {
  return typeof from === "number" ? hub.pairs.get(from)?.current : hub.sessions.at(from);
}
