// What the BEATs of a conversation say again and again, in one object: to look at each thing they say where it is
// kept, and at the numbers these hold, is what takes the time of a beat that says nothing new.

import { i32At } from "./decode.ts";
import type { Word64 } from "./frame.ts";
import type { Claim } from "./incarnation.ts";
import type { Pace } from "./negotiation.ts";

/**
 * What a BEAT said of who it is, the tag it hands out, and its pace, word by word; and what was known of all that
 * when it was found to be nothing new. As long as that is known, whoever says the same words says nothing new.
 */
export interface Refrain {
  readonly claim: Claim;
  readonly remoteTag: Word64;
  readonly pace: Pace;
  readonly at16: number;
  readonly at20: number;
  readonly at24: number;
  readonly at34: number;
  readonly at38: number;
  readonly at52: number;
  readonly at56: number;
  readonly at60: number;
  readonly at64: number;
}

export function refrainOf(claim: Claim, remoteTag: Word64, pace: Pace, bytes: Uint8Array): Refrain {
  return {
    claim,
    remoteTag,
    pace,
    at16: i32At(bytes, 16),
    at20: i32At(bytes, 20),
    at24: i32At(bytes, 24),
    at34: i32At(bytes, 34),
    at38: i32At(bytes, 38),
    at52: i32At(bytes, 52),
    at56: i32At(bytes, 56),
    at60: i32At(bytes, 60),
    at64: i32At(bytes, 64),
  };
}

export function repeats(refrain: Refrain, bytes: Uint8Array): boolean {
  return (
    refrain.at16 === i32At(bytes, 16) &&
    refrain.at20 === i32At(bytes, 20) &&
    refrain.at24 === i32At(bytes, 24) &&
    refrain.at34 === i32At(bytes, 34) &&
    refrain.at38 === i32At(bytes, 38) &&
    refrain.at52 === i32At(bytes, 52) &&
    refrain.at56 === i32At(bytes, 56) &&
    refrain.at60 === i32At(bytes, 60) &&
    refrain.at64 === i32At(bytes, 64)
  );
}
