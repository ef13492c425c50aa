// What the BEATs of a conversation say again and again, in one object: to look at each thing they say where it is
// kept, and at the numbers these hold, is what takes the time of a beat that says nothing new.

import { i32At } from "./decode.ts";
import { putU32, putU48, putWord } from "./encode.ts";
import type { Word64 } from "./frame.ts";
import type { Claim } from "./incarnation.ts";
import { BEAT_BYTES } from "./layout.ts";
import type { Pace } from "./negotiation.ts";

/** What is known of the other side, and the words of a short BEAT that says just that. */
export interface Refrain {
  readonly claim: Claim;
  readonly words: readonly number[];
}

/** Where these words are: who it is, which tag it hands out, its pace. */
const PLACES: readonly number[] = [16, 20, 24, 34, 38, 52, 56, 60, 64];
const said = new Uint8Array(BEAT_BYTES);

export function refrainOf(claim: Claim, remoteTag: Word64, pace: Pace): Refrain {
  putU48(said, 16, claim.epoch);
  putU48(said, 22, claim.session);
  putWord(said, 34, remoteTag);
  putU32(said, 52, pace.gapMs);
  putU32(said, 56, pace.wishMs);
  putU32(said, 60, pace.minMs);
  putU32(said, 64, pace.deadMs);
  return { claim, words: PLACES.map((at) => i32At(said, at)) };
}

/** Whether a BEAT says the same. */
export function repeats({ words }: Refrain, bytes: Uint8Array): boolean {
  for (let n = 0; n < PLACES.length; n++) {
    if (words[n] !== i32At(bytes, PLACES[n] as number)) return false;
  }
  return true;
}
