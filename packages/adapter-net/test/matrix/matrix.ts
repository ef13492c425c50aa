// The fault matrix: what each side must say of the other, word for word, in every round; and that no
// round leaves a handle, a listener or memory behind. How the faults are made: instant.mjs, timed.mjs.
import { describe, expect, test } from "vitest";
import { Child, type Keep } from "../waiting.ts";

/** Each fault with the stories it must have; sessions of the server count from the round's first. */
type Matrix = Readonly<Record<string, Readonly<Record<string, string>>>>;

const NOTHING = "nothing";
const MET = "connecting#1, alive#1";

const INSTANT: Matrix = {
  leave: { client: "alive#1, dead#1 left", server: `${MET}, dead#1 left` },
  fin: { client: "alive#1, dead#1 closed", server: `${MET}, dead#1 closed` },
  rst: { client: "alive#1, dead#1 closed broken", server: `${MET}, dead#1 closed broken` },
  refused: { client: "dead#1 closed refused", server: NOTHING },
  dns: { client: "dead#1 closed dns", server: NOTHING },
  "TLS: a certificate that nobody vouches for": { client: "dead#1 closed tls", server: NOTHING },
  "TLS: a server that speaks none": { client: "dead#1 closed tls", server: NOTHING },
  "garbage to the server before hello": { server: NOTHING },
  "garbage to the client before hello": { client: "dead#1 protocol-error", server: NOTHING },
  "garbage between frames": {
    client: "alive#1, dead#1 closed",
    server: `${MET}, dead#1 protocol-error`,
  },
  "a truncated hello": { client: "dead#1 closed", server: NOTHING },
  "a truncated message": { client: "alive#1, dead#1 closed", server: `${MET}, dead#1 closed` },
  "an oversized frame": {
    client: "alive#1, dead#1 closed",
    server: `${MET}, dead#1 protocol-error`,
  },
  "closed during the handshake, before the server heard": {
    client: "dead#1 closed",
    server: NOTHING,
  },
  "closed during the handshake, before the client heard": {
    client: "dead#1 closed",
    server: `${MET}, dead#1 closed`,
  },
  "broken during a large message": {
    callback: "told",
    client: "alive#1, dead#1 closed broken",
    server: `${MET}, dead#1 closed broken`,
  },
  "destroyed, and back at once under the same id": {
    client: "alive#1, dead#1 closed",
    "client again": "alive#1, dead#1 left",
    server: `${MET}, dead#1 closed, connecting#2, alive#2, dead#2 left`,
  },
};

const TIMED: Matrix = {
  "blackhole from the start": { client: "dead#1 unreachable", server: NOTHING },
  "blackhole after connect": {
    client: "alive#1, suspect#1, dead#1 silence",
    server: `${MET}, suspect#1, dead#1 silence`,
  },
  "half-open: the server never hears that the client has gone": {
    client: "alive#1, dead#1 closed broken",
    server: `${MET}, suspect#1, dead#1 silence`,
  },
  "half-open: the client never hears that the server has gone": {
    client: "alive#1, suspect#1, dead#1 silence",
    server: `${MET}, dead#1 closed`,
  },
  "one way: nothing of the client arrives": {
    client: "alive#1, dead#1 closed",
    server: `${MET}, suspect#1, dead#1 silence`,
  },
  "held back until somebody is suspect, then let go": {
    client: "alive#1, suspect#1, alive#1, dead#1 left",
    server: `${MET}, suspect#1, alive#1, dead#1 left`,
  },
  "crashed without a word, and back under the same id": {
    client: "alive#1, suspect#1, dead#1 silence",
    "client again": "alive#1, dead#1 left",
    server: `${MET}, dead#1 replaced, connecting#2, alive#2, dead#2 left`,
  },
};

const ROUNDS = new URL("rounds.mjs", import.meta.url);
const SLOPE_BYTES = 100;

interface Played {
  readonly type: "played";
  readonly stories: Readonly<Record<string, number>>;
  readonly before: Readonly<Record<string, number>>;
  readonly after: Readonly<Record<string, number>>;
  /** Bytes a round after warm-up; null where there were too few to tell. */
  readonly slope: number | null;
  readonly tookMs: number;
  readonly dropped: Readonly<Record<string, number>>;
}

/** Defines the tests; so many rounds of every fault. */
export function describeMatrix(
  rounds: { readonly instant: number; readonly timed: number },
  keep: Keep = () => {},
): void {
  describe.concurrent(`${rounds.instant} rounds of what shows at once`, () => {
    test.for(Object.entries(INSTANT))("%s", async ([fault, said]) => {
      const played = await play(fault, said, rounds.instant, 8);
      const { slope, dropped } = played;
      expect(slope).toBeLessThanOrEqual(SLOPE_BYTES);
      if (fault === "garbage to the server before hello") {
        expect(dropped).toEqual({ magic: rounds.instant });
      }
      keep(rowOf(fault, rounds.instant, played));
    });
  });

  describe.concurrent(`${rounds.timed} rounds of what only time can tell, side by side`, () => {
    test.for(Object.entries(TIMED))("%s", async ([fault, said]) => {
      const played = await play(fault, said, rounds.timed, 20);
      const { slope } = played;
      if (slope !== null) expect(slope).toBeLessThanOrEqual(SLOPE_BYTES);
      keep(rowOf(fault, rounds.timed, played));
    });
  });
}

function rowOf(fault: string, rounds: number, { stories, slope }: Played) {
  return {
    fault,
    rounds,
    "told word for word as it must be": Math.max(...Object.values(stories)),
    "bytes a round kept": slope === null ? "too few to tell" : slope.toFixed(1),
  };
}

async function play(
  fault: string,
  said: Readonly<Record<string, string>>,
  rounds: number,
  atOnce: number,
): Promise<Played> {
  const child = new Child(ROUNDS, fault, rounds, atOnce);
  const played = await child.says<Played>("played");
  const { stories, before, after, slope, tookMs } = played;
  const kept = slope === null ? "" : `, ${slope.toFixed(1)} bytes a round kept`;
  console.log(`${fault}: ${rounds} rounds in ${(tookMs / 1000).toFixed(1)} s${kept}`);
  const story = Object.entries(said).map(([who, words]) => `${who}: ${words}`);
  expect(stories).toEqual({ [story.join(" | ")]: rounds });
  expect(after).toEqual(before);
  expect(await child.exited).toBe(0);
  return played;
}
