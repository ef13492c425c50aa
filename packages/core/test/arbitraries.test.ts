// What embedders draw from has it all, and takes the fast-check, the seed and the detectors it is given.
import fc, * as namespace from "fast-check";
import { expect, test } from "vitest";
import { decodeFrame } from "../src/endpoint/decode.ts";
import { encodeFrame } from "../src/endpoint/encode.ts";
import { type Arbitrary, arbitraries } from "../src/testing/arbitraries.ts";
import { playHistory } from "../src/testing/history.ts";
import { patient } from "./arbitraries.ts";

const sample = <Value>(arbitrary: Arbitrary<Value>) =>
  fc.sample(arbitrary, { numRuns: 500, seed: 7 });
const plain = arbitraries(fc);

test("histories come by every status, every event and every output", () => {
  const played = sample(plain.histories).flatMap((history) => [...playHistory(history)]);
  const seen = (of: (step: (typeof played)[number]) => string | readonly string[]) =>
    [...new Set(played.flatMap(of))].sort();
  expect(seen(({ after }) => after.status)).toEqual(["alive", "connecting", "dead", "suspect"]);
  expect(seen(({ event }) => event.type)).toEqual(
    ["dial", "ended", "heard", "pause", "policy", "proven", "resume", "sent", "tick"].sort(),
  );
  expect(seen(({ outputs }) => outputs.map(({ type }) => type))).toEqual(
    ["beat", "changed", "dial", "forget"].sort(),
  );
});

test("a history is data: written down and read again it plays the same", () => {
  fc.assert(
    fc.property(plain.histories, (history) => {
      const again = { ...history, ...JSON.parse(JSON.stringify({ ...history, policy: null })) };
      again.policy = history.policy;
      expect([...playHistory(again)]).toEqual([...playHistory(history)]);
    }),
  );
});

test("policies have the detectors that are given, or the default", () => {
  const detectors = (from: typeof plain) =>
    new Set(sample(from.policies).map(({ detector }) => detector));
  const [fixed] = [...detectors(plain)];
  expect(detectors(plain).size).toBe(1);
  expect(detectors(arbitraries(fc, { detectors: [patient] }))).toEqual(new Set([fixed, patient]));
});

test("frames are of every type, and can be read; what is nearly one mostly cannot", () => {
  const frames = sample(plain.frames);
  expect(new Set(frames.map(({ type }) => type))).toEqual(
    new Set(["beat", "echo", "leave", "notice", "data"]),
  );
  expect(frames.every((frame) => decodeFrame(encodeFrame(frame)).ok)).toBe(true);
  const readable = sample(plain.nearlyFrames).filter((bytes) => decodeFrame(bytes).ok);
  expect(readable.length / 500).toBeLessThan(0.5);
});

test("all of fast-check will do in place of its default export", () => {
  const { ids } = arbitraries(namespace);
  expect(fc.sample(ids, { numRuns: 20, seed: 7 })).toEqual(
    fc.sample(plain.ids, { numRuns: 20, seed: 7 }),
  );
});

test("what is not fast-check is told what to give", () => {
  expect(() => arbitraries({} as typeof fc)).toThrow(
    expect.objectContaining({ code: "ERR_SYSTOLE_OPTION" }),
  );
  expect(() => arbitraries(undefined as unknown as typeof fc)).toThrow(
    'fc must be fast-check (got undefined).\nGive it what you import: import fc from "fast-check".',
  );
});
