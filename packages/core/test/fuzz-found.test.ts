// What the fuzzer found once stays mended, and the fuzzer finds what is planted for it. How to read the files
// of what was found: proof/fuzz/README.md.
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { Counters } from "../../../proof/fuzz/counters.ts";
import { Engine, minimise } from "../../../proof/fuzz/engine.ts";
import { instrument } from "../../../proof/fuzz/instrument.mjs";
import { fromHex, must, play, type Target, toHex } from "../../../proof/fuzz/target.ts";
import { TARGETS } from "../../../proof/fuzz/targets.ts";
import { root } from "../../../scripts/entries.mjs";

const FOUND = `${root}/proof/fuzz/found`;
const found = readdirSync(FOUND);

describe("what was found keeps its promises", () => {
  test.each(found)("%s", (file) => {
    const target = TARGETS.find(({ name }) => file.startsWith(`${name}.`)) as Target;
    for (const history of readFileSync(`${FOUND}/${file}`, "utf8").trim().split("\n"))
      play(target, fromHex(history));
  });

  test.each(TARGETS)("what $name begins with", (target) => {
    play(target, target.seeds());
  });
});

/** Most find it within 200,000 tries; with this one that takes the least time. */
const SEED = 6;

/** Four bytes that open it, one after the other; then it counts what it is given. */
const PLANTED = `
  let opened = 0;
  export function eat(bytes) {
    if (bytes[0] === 0xb3) {
      if (bytes[1] === 0x07) {
        if (bytes[2] === 0xe1) {
          if (bytes[3] === 0x5c) opened += 1;
        }
      }
    }
    return opened;
  }
  export function close() { opened = 0; }
`;

describe("what is planted is found", () => {
  let eat: (bytes: Uint8Array) => number;
  let close: () => void;

  beforeAll(async () => {
    const code = instrument(PLANTED, "planted.ts");
    ({ eat, close } = await import(`data:text/javascript,${encodeURIComponent(code)}`));
  });

  /** Breaks once it was opened more often than `most`. */
  const planted = (most: number, lifetime: number): Target => ({
    ...{
      name: "planted",
      promise: "never open",
      sources: [],
      maxBytes: 24,
      dictionary: [],
      lifetime,
    },
    seeds: () => [],
    begin() {
      close();
      return (input) => must(eat(input) <= most, () => `opened ${most + 1} times`);
    },
  });

  const hunt = (target: Target, seed: number, runs: number) => {
    const engine = new Engine(target, new Counters((path) => path === "planted.ts"), seed);
    return engine.run(runs);
  };

  test("behind four bytes, which chance alone would need four billion tries for", () => {
    const crash = hunt(planted(0, 1), SEED, 200_000)!;
    expect(toHex(minimise(planted(0, 1), crash).inputs)).toBe("b307e15c");
    // The same from the same seed.
    expect(hunt(planted(0, 1), SEED, 200_000)!.execution).toBe(crash.execution);
  });

  test("in what several inputs leave behind, of which only those that matter are told", () => {
    const target = planted(2, 64);
    const { inputs } = minimise(target, hunt(target, SEED, 200_000)!);
    expect(toHex(inputs)).toBe("b307e15c,b307e15c,b307e15c");
    expect(() => play(target, inputs.slice(1))).not.toThrow();
  });

  test("and where nothing is planted nothing is found", () => {
    expect(hunt(planted(Number.POSITIVE_INFINITY, 1), SEED, 20_000)).toBeUndefined();
  });
});
