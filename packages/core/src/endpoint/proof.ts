// What a frame proves by echoing one of ours.

import type { BeatFrame } from "./frame.ts";
import type { Hub } from "./hub.ts";
import { type Session, sentAt } from "./session.ts";

/**
 * Whether a frame was sent after one of ours that left within D: who it speaks for was there then. What
 * somebody held back for longer is as good as never sent. Connections deliver in order, and prove themselves.
 */
export function isTimely(
  hub: Hub,
  session: Session,
  { echo }: BeatFrame,
  { deadAfterMs }: { readonly deadAfterMs: number },
): boolean {
  if (hub.trustsPaths) return true;
  const nonce = sentAt(session, echo);
  return nonce !== undefined && hub.monitor.observedNow() - nonce.observedAt <= deadAfterMs;
}
