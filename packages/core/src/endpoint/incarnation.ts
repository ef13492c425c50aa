// Which life of a peer a frame speaks of. An incarnation is (epoch, session): the epoch numbers the
// process, the session the conversation of one pair. Both only grow; the boot id tells apart two
// processes that drew the same epoch.

import { type BeatFrame, type Identity, sameWord, TOP, type Word64 } from "./frame.ts";

export interface Incarnation {
  readonly epoch: number;
  readonly session: number;
  readonly boot: Word64;
}

/** What a complete frame claims: an incarnation, and the id it goes by. */
export type Claim = Incarnation & Identity;

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

/** Without anything known, whoever comes is new. */
export function relate(claimed: Incarnation, known: Incarnation | undefined): Relation {
  if (known === undefined) return "new-process";
  if (!sameWord(claimed.boot, known.boot)) {
    // Nobody can go above the highest epoch: whoever claimed it must not keep the id for ever.
    const isTop = known.epoch >= TOP - 1;
    return claimed.epoch > known.epoch || isTop ? "new-process" : "clock-behind";
  }
  if (claimed.epoch < known.epoch || claimed.session < known.session) return "old";
  return claimed.session === known.session ? "same" : "new-session";
}

/** A frame that says who sent it. */
export type Complete = BeatFrame & { readonly identity: Identity };

export function isComplete(frame: BeatFrame): frame is Complete {
  return frame.identity !== undefined;
}

export function claimOf({ epoch, session, identity }: Complete): Claim {
  return { epoch, session, ...identity };
}
