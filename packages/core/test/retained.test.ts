// What beats leave behind: nothing, however many there were.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { drive } from "../src/drive.ts";
import { createEndpoint, type Endpoint } from "../src/endpoint/endpoint.ts";
import { ManualHost } from "../src/testing/manual-host.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

// Until the engine has compiled, thrown away and compiled again what it likes.
const WARM_UP = 4_000;
const BEATS = 500;
const ROUNDS = 5;

test("libp2p/js-libp2p#3392: beats leave nothing behind", () => {
  const host = new ManualHost();
  const ends: Endpoint<string>[] = [];
  for (const [n, id] of ["left", "right"].entries()) {
    const end = createEndpoint<string>({
      id,
      host,
      policy: { intervalMs: 1_000, suspectAfterMs: 3_000, deadAfterMs: 6_000, jitter: 0 },
      accept: () => true,
      send: (_peer, frame) => {
        host.defer(() => ends[1 - n]?.receive(frame, "wire"));
        return true;
      },
      emit: () => {},
    });
    drive(end, host);
    ends.push(end);
  }
  const [left, right] = ends as [Endpoint<string>, Endpoint<string>];
  left.add("right", { path: "wire" });
  const heapAfter = (beats: number) => {
    host.advance(beats * 1_000);
    collect();
    return process.memoryUsage().heapUsed;
  };
  let heapBytes = heapAfter(WARM_UP);
  const { framesReceived } = right.stats();
  const keptBytes = Array.from({ length: ROUNDS }, () => {
    const before = heapBytes;
    heapBytes = heapAfter(BEATS);
    return (heapBytes - before) / BEATS;
  });
  expect(right.stats().framesReceived - framesReceived).toBeGreaterThanOrEqual(ROUNDS * BEATS);
  // The engine still keeps things of its own now and then; what a beat leaves is there in every round.
  expect(Math.min(...keptBytes)).toBeLessThan(16);
});
