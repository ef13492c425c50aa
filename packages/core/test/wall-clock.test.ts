// S7: the wall clock is set by an hour, forward or back, while everything runs. Nothing changes: every
// output, and every byte that is sent, is the same as if nobody had touched it.
import { standard } from "@systole/core";
import { ManualHost } from "@systole/core/testing";
import { describe, expect, test } from "vitest";
import { drive } from "../src/drive.ts";
import type { Transport } from "../src/endpoint/options.ts";
import { createMonitor } from "../src/monitor/monitor.ts";
import { Cluster, type Process } from "./cluster.ts";

const HOUR = 3_600_000;

/** What is done to the wall clock, by the instant at which it is done. */
type Settings = readonly (readonly [atMs: number, byMs: number])[];

const settings: [string, Settings][] = [
  ["forward", [[7_000, HOUR]]],
  ["back", [[7_000, -HOUR]]],
  [
    "forward and back, in the middle of a suspicion",
    [
      [7_000, HOUR],
      [14_500, -HOUR],
    ],
  ],
  ["back to 1970", [[7_000, -2e12]]],
];

/** A monitor through a life: beats, a suspicion that ends, one that does not, a freeze, a return. */
function livesOf(changes: Settings): string {
  const host = new ManualHost({ seed: 7 });
  const said: unknown[] = [];
  const monitor = createMonitor({
    host,
    policy: standard,
    seed: 7,
    emit: (output) => {
      said.push([host.now(), output]);
      if (output.type === "beat") monitor.sent(output.peer);
    },
  });
  drive(monitor, host);
  const [steady, wavering, leaving] = ["steady", "wavering", "leaving"].map((id) =>
    monitor.add(id),
  );
  for (let second = 0; second < 60; second++) {
    for (const [atMs, byMs] of changes) {
      if (atMs >= second * 1_000 && atMs < (second + 1) * 1_000)
        host.setEpochMs(host.epochMs() + byMs);
    }
    monitor.heardBeat(steady!, second + 1, { rttMs: 3 });
    if (second % 20 < 10) monitor.heard(wavering!);
    if (second < 8 || second > 40) monitor.heard(leaving!);
    if (second === 30) host.freeze(5_000);
    host.advance(1_000);
  }
  said.push(
    [...monitor].map((peer) => monitor.state(peer)),
    monitor.stats(),
  );
  return JSON.stringify(said);
}

describe("a monitor", () => {
  const undisturbed = livesOf([]);

  test("has a life to be disturbed", () => {
    for (const word of ["suspect", "dead", "stalled"]) {
      expect(undisturbed).toContain(`"${word}"`);
    }
  });

  test.each(settings)(
    "nats-io/nats-server#6999: set %s, the same, byte for byte",
    (_name, changes) => {
      expect(livesOf(changes)).toBe(undisturbed);
    },
  );
});

/** Two endpoints through losses, a partition and a freeze: all that they said and sent. */
function talk(transport: Transport, changes: Settings): string {
  const cluster = new Cluster(transport, { seed: 7, delayMs: [1, 40], loss: 0.05 });
  cluster.recording = true;
  const [a, b] = ["a", "b"].map((name) =>
    cluster.start(name, { policy: standard, accept: () => true, observeBeats: () => true }),
  ) as [Process, Process];
  a.add("b");
  const startedAt = a.host.epochMs();
  const setClocks = () => {
    for (const [atMs, byMs] of changes) {
      if (atMs !== cluster.network.now) continue;
      for (const { host } of [a, b]) {
        const before = host.epochMs.bind(host);
        host.epochMs = () => before() + byMs;
      }
    }
  };
  for (let passedMs = 0; passedMs < 60_000; passedMs += 500) {
    setClocks();
    if (passedMs === 12_000) cluster.network.cut("a", "b");
    if (passedMs === 28_000) cluster.network.heal("a", "b");
    if (passedMs === 45_000) b.host.freeze(3_000);
    cluster.run(500);
  }
  // Whoever had read a wall clock would have noticed.
  const byMs = changes.reduce((sum, [, by]) => sum + by, 0);
  expect([a.host.epochMs(), b.host.epochMs()]).toEqual(Array(2).fill(startedAt + 60_000 + byMs));
  const all = [a, b].map(({ name, outputs, sent, endpoint }) => ({
    name,
    outputs,
    sent: sent.map(({ at, to, bytes }) => [at, to, Array.from(bytes)]),
    trusted: [...endpoint].map((peer) => endpoint.trustedUntil(peer)),
    stats: [endpoint.stats(), endpoint.monitorStats()],
  }));
  return JSON.stringify(all, (_name, value) => (typeof value === "bigint" ? `${value}n` : value));
}

describe.each(["datagram", "message", "stream"] as const)("endpoints over %ss", (transport) => {
  const undisturbed = talk(transport, []);

  test("have a life to be disturbed", () => {
    for (const word of ["suspect", "dead", "beat"]) expect(undisturbed).toContain(`"${word}"`);
  });

  test.each(settings)(
    "nats-io/nats-server#6999: set %s, the same, byte for byte",
    (_name, changes) => {
      expect(talk(transport, changes)).toBe(undisturbed);
    },
  );
});
