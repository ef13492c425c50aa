// Which life of a peer a frame speaks of. An incarnation is (epoch, session): the epoch numbers the
// process, the session the conversation of one pair. Both only grow; the boot id tells apart two
// processes that drew the same epoch.

import { sameWord, type Word64 } from "./frame.ts";

export interface Incarnation {
  readonly epoch: number;
  readonly session: number;
  readonly boot: Word64;
}

/** How a claimed incarnation relates to the one we know under the same id. */
export type Relation =
  /** The conversation we are in (the process may have raised its epoch meanwhile). */
  | "same"
  /** The same process began a new conversation: it gave the old one up. */
  | "new-session"
  /** Behind what we know: delayed, replayed, or already over. */
  | "old"
  /** Another process with a higher epoch. */
  | "new-process"
  /** Another process whose epoch is not higher: its clock was stepped back, or both are equal. */
  | "clock-behind";

export function relate(claimed: Incarnation, known: Incarnation): Relation {
  if (!sameWord(claimed.boot, known.boot)) {
    return claimed.epoch > known.epoch ? "new-process" : "clock-behind";
  }
  if (claimed.epoch < known.epoch || claimed.session < known.session) return "old";
  return claimed.session === known.session ? "same" : "new-session";
}
