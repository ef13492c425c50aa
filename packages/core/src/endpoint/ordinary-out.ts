// The hot path out: the short BEAT that neither asks nor says who we are, and DATA. They are written straight
// into their bytes. What a BEAT says is said by `beatFrame` in outbox.ts, and where by layout.ts: this file
// must say the same, without an object.

import { allocated, putU32, putU48 } from "./encode.ts";
import { HEADER_BYTES } from "./frame.ts";
import type { Hub } from "./hub.ts";
import { BEAT_BYTES, BEAT_HEAD, COUNTED, DATA_HEAD } from "./layout.ts";
import type { Session } from "./session.ts";

/** The bytes of such a BEAT that leaves now, and room for a seal behind it. */
export function ordinaryBeat(hub: Hub, session: Session, seq: number): Uint8Array<ArrayBuffer> {
  const { options, epoch, turn, startedAt, stalledMs } = hub;
  const { sealing, allocate = allocated } = options;
  const { heardSeq, heardAt, heardCounted, negotiation } = session;
  const heldMs = heardSeq ? turn.now - heardAt : 0;
  const bytes = allocate(BEAT_BYTES + (sealing?.sealBytes ?? 0));
  putU32(bytes, 0, heardCounted ? BEAT_HEAD | COUNTED : BEAT_HEAD);
  putU32(bytes, 4, BEAT_BYTES);
  session.putTags(bytes, 8, 34);
  putU48(bytes, 16, epoch);
  putU48(bytes, 22, session.number);
  putU48(bytes, 28, seq);
  putU48(bytes, 42, heardSeq);
  putU32(bytes, 48, Math.min(2 ** 32 - 1, Math.round(heldMs * 1_000)));
  putU32(bytes, 52, negotiation.gapMs);
  putU32(bytes, 56, negotiation.wishMs);
  putU32(bytes, 60, negotiation.minMs);
  putU32(bytes, 64, negotiation.deadMs);
  putU48(bytes, 68, 1 + Math.round((turn.now - startedAt) * 1_000));
  putU32(bytes, 74, Math.min(2 ** 32 - 1, Math.round(stalledMs)));
  return bytes;
}

/** The bytes of a DATA frame. Streams have no seals. */
export function messageBytes({ options }: Hub, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const { allocate = allocated } = options;
  const lengthBytes = HEADER_BYTES + payload.length;
  const bytes = allocate(lengthBytes);
  putU32(bytes, 0, DATA_HEAD);
  putU32(bytes, 4, lengthBytes);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}
