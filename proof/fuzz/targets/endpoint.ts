// An endpoint among hostile frames: a healthy pair, and an attacker who plays the input as a program. Which
// promises hold depends on where the attacker stands; docs/security.md says which.
import { Reader } from "../reader.ts";
import type { Target } from "../target.ts";
import { KEY, PAIR_IDS, World } from "./endpoint-world.ts";
import { forge, patch } from "./forger.ts";
import { PLACES, POSITIONS, type Position } from "./positions.ts";
import { SEAL_BYTES } from "./sealing.ts";

/** Of one input: the pair lives on from one to the next. */
const MOST_STEPS = 3;
const WAITS_MS = [0, 1, 5, 20, 60, 200, 450, 1_000, 2_600];
const PACES = [
  { intervalMs: 1_000, suspectAfterMs: 3_000, deadAfterMs: 6_000, jitter: 0 },
  { intervalMs: 1_000, suspectAfterMs: 4_500, deadAfterMs: 9_000, jitter: 0.25 },
  { intervalMs: 400, suspectAfterMs: 1_600, deadAfterMs: 4_000, jitter: 0 },
];

type Step = (world: World, reader: Reader) => void;

const wait: Step = (world, reader) => world.run(reader.oneOf(WAITS_MS));

/** A frame of the attacker's own making. */
const say: Step = (world, reader) => {
  const to = reader.byte() & 1;
  const place = placeOf(world, reader, to);
  const bytes = forge(reader, world.knowledge, to, place);
  world.attack(to, place, cutBy(reader, world.position.keys ? sealed(reader, bytes) : bytes));
};

/** Not at all, under the right key's name, or under another's. */
function sealed(reader: Reader, bytes: Uint8Array): Uint8Array {
  const how = reader.byte() & 3;
  if (how === 0) return bytes;
  const sealed = new Uint8Array(bytes.length + SEAL_BYTES).fill(how === 1 ? KEY : KEY + 1);
  sealed.set(bytes);
  return sealed;
}

/** Something that was on the wire before, as it was or not quite. */
const sayAgain: Step = (world, reader) => {
  const { seen } = world.knowledge;
  const { bytes, to: right } = seen[
    seen.length - 1 - (reader.byte() % Math.max(1, seen.length))
  ] ?? {
    bytes: new Uint8Array(0),
    to: 0,
  };
  const how = reader.byte();
  const to = (how & 7) === 7 ? 1 - right : right;
  const place = placeOf(world, reader, to);
  world.attack(to, place, cutBy(reader, patch(reader, bytes, (how >> 3) & 3)));
};

/** Anything. */
const sayBytes: Step = (world, reader) => {
  const to = reader.byte() & 1;
  const place = placeOf(world, reader, to);
  world.attack(to, place, [reader.bytes(reader.byte())]);
};

/** What an application does with a healthy pair, which must not harm it. */
const act: Step = (world, reader) => {
  const end = reader.byte() & 1;
  const what = reader.below(8);
  if (what < 2) world.setPolicy(end, reader.oneOf(PACES));
  else if (what === 2) world.hold(end, reader.oneOf(WAITS_MS));
  else if (what === 3) world.message(end, reader.bytes(reader.byte() & 31));
  else if (what === 4) world.freeze(reader.oneOf(WAITS_MS));
  else if (what === 5) world.tellWhoItIs(end, reader.oneOf(PLACES), (reader.byte() & 1) === 1);
  else if (what === 6) world.part(end, reader.byte());
  else world.hangUp(end, reader.oneOf(PLACES));
};

/** The cable is the attacker's, too, where it may drop. */
const lose: Step = (world, reader) => world.loseNext(1 + reader.below(8));

const STEPS: readonly Step[] = [wait, wait, say, say, say, sayAgain, sayAgain, sayBytes, act, lose];

export const endpoint: Target = {
  name: "endpoint",
  promise:
    "a hostile frame makes nobody throw, grow, live an illegal life or send more than it was sent; off the path, or without the key, it changes nothing between two healthy peers",
  sources: ["endpoint/"],
  maxBytes: 64,
  dictionary: [],
  lifetime: 256,
  seeds: () =>
    POSITIONS.flatMap((_, n) => [
      Uint8Array.of(n, 0, 7, 0, 8),
      // A hello, an ECHO, a LEAVE, each kind of NOTICE; something again; bytes; what an application does.
      ...[0, 1, 2, 3, 4].map((type) => Uint8Array.of(n, 2, 1, 0, 2 * type, 3, 2, 0, 0, 5)),
      ...[0, 1, 2].map((who) => Uint8Array.of(n, 2, 1, 1, 3, 0, who, 0, 0, 2, 1, 1, 3, 11, who, 0)),
      Uint8Array.of(n, 5, 0, 0, 0, 0, 0, 5, 1, 8, 1, 3, 0, 9, 3, 0, 7),
      Uint8Array.of(
        n,
        7,
        1,
        0,
        9,
        0x53,
        1,
        5,
        0,
        0,
        0,
        0,
        9,
        1,
        8,
        0,
        1,
        1,
        8,
        1,
        3,
        4,
        1,
        2,
        3,
        4,
      ),
    ]),
  begin() {
    // Each position has a pair of its own, made when it is first wanted.
    const worlds = new Map<Position, World>();
    return (input) => {
      const reader = new Reader(input);
      const position = reader.oneOf(POSITIONS);
      let world = worlds.get(position);
      if (!world?.isFit) world = new World(position);
      worlds.set(position, world);
      for (let n = 0; n < MOST_STEPS && !reader.isAtEnd; n++) reader.oneOf(STEPS)(world, reader);
      world.settle();
    };
  },
};

/** Where it comes from: another place, or that of the healthy peer, where the attacker can say so. */
function placeOf({ position }: World, reader: Reader, to: number): string {
  const place = reader.below(PLACES.length + 2);
  if (place < PLACES.length || !position.claimsPlaces)
    return PLACES[place % PLACES.length] as string;
  return position.transport === "datagram" ? (PAIR_IDS[1 - to] as string) : "wire";
}

/** In one piece, or in two, which only means something on a stream. */
function cutBy(reader: Reader, bytes: Uint8Array): readonly Uint8Array[] {
  const at = reader.byte();
  if (at === 0 || at >= bytes.length) return [bytes];
  return [bytes.subarray(0, at), bytes.subarray(at)];
}
