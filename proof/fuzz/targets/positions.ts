// Where an attacker can stand, what it can do there, and what is promised against it.

import type { Transport } from "../../../packages/core/src/endpoint/options.ts";
import type { DropReason } from "../../../packages/core/src/endpoint/outputs.ts";

/** Addresses and connections of the attacker. */
export const PLACES = ["x", "y", "v"] as const;

export interface Position {
  readonly name: string;
  readonly transport: Transport;
  readonly keys: boolean;
  /** It sees what the pair says. */
  readonly reads: boolean;
  /** It can drop what the pair says. */
  readonly drops: boolean;
  /** It can speak as if it were at the place of one of the pair. */
  readonly claimsPlaces: boolean;
  /** Two healthy peers do not lose each other, whatever it does. */
  readonly isHarmless: boolean;
  /** Nowhere but in the pair is more sent than came from there. */
  readonly isReflected: boolean;
  /** One of the pair believes beacons. */
  readonly beacons?: boolean;
  /** One of the pair asks the application who is there; it knows `x`, takes its time over `y`. */
  readonly asks?: boolean;
}

const OFF: Position = {
  name: "off the path",
  transport: "datagram",
  keys: false,
  reads: false,
  drops: false,
  claimsPlaces: true,
  isHarmless: true,
  isReflected: true,
};

export const POSITIONS: readonly Position[] = [
  OFF,
  { ...OFF, name: "on the path, keys", keys: true, reads: true },
  {
    ...OFF,
    name: "on the path, no keys",
    reads: true,
    isHarmless: false,
    isReflected: false,
    beacons: true,
  },
  // Connections of its own, on which it may be anybody whose id nobody living holds.
  {
    ...OFF,
    name: "another connection",
    transport: "message",
    claimsPlaces: false,
    asks: true,
    isReflected: false,
  },
  { ...OFF, name: "another stream", transport: "stream", claimsPlaces: false, isReflected: false },
  {
    ...OFF,
    name: "in the connection",
    transport: "message",
    reads: true,
    isHarmless: false,
    isReflected: false,
  },
  {
    ...OFF,
    name: "in the stream",
    transport: "stream",
    reads: true,
    isHarmless: false,
    isReflected: false,
  },
  {
    ...OFF,
    name: "on the path, keys, drops",
    keys: true,
    reads: true,
    drops: true,
    isHarmless: false,
  },
];

/** The only reasons for which an attacker without the key can make somebody die. */
export const CUT_REASONS: readonly (string | undefined)[] = ["silence", "unreachable", "restarted"];

/** What a seal drops, and nothing else may. */
export const SEAL_FAULTS: readonly DropReason[] = ["unsealed", "unknown-key", "bad-seal"];
