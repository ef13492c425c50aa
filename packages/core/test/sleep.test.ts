// S6: ten minutes asleep. Nobody is declared dead by us, and our own first beats leave spread out.
// Frozen with the network up (SIGSTOP, a paused machine), the beats of the others wait in the kernel;
// asleep with it down, they are lost. `World` is the monitor, `Cluster` the endpoint.
import {
  definePolicy,
  type PeerRef,
  type PolicyOptions,
  relaxed,
  standard,
  strict,
} from "@systole/core";
import { adaptive, phi } from "@systole/core/detectors";
import { describe, expect, test } from "vitest";
import { Cluster } from "./cluster.ts";
import { World } from "./world.ts";

const TEN_MINUTES = 600_000;
const presets: [string, PolicyOptions][] = [
  ["strict", strict],
  ["standard", standard],
  ["relaxed", relaxed],
  ["quick", { intervalMs: 200, suspectAfterMs: 600, deadAfterMs: 1_300 }],
];
const kernels: [string, boolean][] = [
  ["with their beats in the kernel", true],
  ["with the network asleep, too", false],
];

/** Instants at which each of `count` peers is heard, as often as its policy says, from its own phase on. */
function beatsOf(peer: number, count: number, intervalMs: number, fromMs: number, untilMs: number) {
  const phaseMs = (peer / count) * intervalMs;
  const beats = Math.ceil((untilMs - fromMs - phaseMs) / intervalMs);
  return Array.from({ length: beats }, (_, n) => fromMs + phaseMs + n * intervalMs);
}

/** DESIGN: overdue beats leave paced within this. */
function paceMs({ intervalMs }: { readonly intervalMs: number }): number {
  return Math.min(intervalMs / 4, 250);
}

/** Who got a beat since this was last asked. */
function beatsIn(world: World): PeerRef[] {
  const outputs = world.outputs.splice(0);
  return outputs.flatMap((output) => (output.type === "beat" ? output.peer : []));
}

describe.each(presets)("a monitor, %s", (_name, preset) => {
  const policy = definePolicy(preset);
  const { intervalMs, suspectAfterMs } = policy;
  const awakeMs = 4 * suspectAfterMs;

  test.each(kernels)("%s: nobody is suspected, and all is as before", (_kernel, backlog) => {
    const world = new World({ policy, seed: 6 });
    const peers = Array.from({ length: 20 }, () => world.monitor.add());
    const wakesAt = awakeMs + TEN_MINUTES;
    peers.forEach((peer, n) => {
      const all = beatsOf(n, 20, intervalMs, 0, wakesAt + awakeMs);
      world.arrives(
        peer,
        all.filter((at) => backlog || at < awakeMs || at >= wakesAt),
      );
    });
    world.play([
      { runMs: awakeMs, freezeMs: TEN_MINUTES },
      { runMs: awakeMs, freezeMs: 0 },
    ]);
    expect(world.changes().filter(({ to }) => to !== "alive")).toEqual([]);
    expect(world.monitor.stats()).toMatchObject({ alive: 20, stalls: 1 });
    const [stall] = world.stalls();
    expect(stall?.at).toBe(wakesAt);
    // All of the sleep, and at most the quarter of S since we were last served.
    expect(stall?.stallMs).toBeGreaterThanOrEqual(TEN_MINUTES);
    expect(stall?.stallMs).toBeLessThanOrEqual(TEN_MINUTES + suspectAfterMs / 4);
  });

  test("our first beats leave within the pace, each at an instant of its own", () => {
    const world = new World({ policy, seed: 6 });
    const count = Math.round(0.8 * paceMs(policy));
    const peers = Array.from({ length: count }, () => world.monitor.add());
    for (const peer of peers) world.arrives(peer, [0, awakeMs - 1]);
    world.run(awakeMs);
    world.outputs.length = 0;
    world.freeze(TEN_MINUTES);
    const eachMs = [beatsIn(world)];
    while (eachMs.length <= paceMs(policy)) {
      world.run(1);
      eachMs.push(beatsIn(world));
    }
    expect(new Set(eachMs.flat()).size).toBe(count);
    expect(eachMs.flat()).toHaveLength(count);
    // Spread evenly, 0.8 in a millisecond: 8 in one of them come once in 10,000 sleeps, all of them never.
    expect(Math.max(...eachMs.map((beats) => beats.length))).toBeLessThan(8);
    const half = eachMs.slice(0, eachMs.length / 2).flat().length;
    expect(half).toBeGreaterThan(0.3 * count);
    expect(half).toBeLessThan(0.7 * count);
  });

  test("who fell silent before is still dead after, when its time is up", () => {
    const world = new World({ policy, seed: 6 });
    const [gone, here] = [world.monitor.add(), world.monitor.add()];
    const last = suspectAfterMs;
    world.arrives(gone, [0, last]);
    world.arrives(here, beatsOf(0, 1, intervalMs, 0, TEN_MINUTES + 10 * suspectAfterMs));
    // Asleep when half of its silence has passed.
    const sleepsAt = last + suspectAfterMs / 2;
    world.run(sleepsAt);
    world.freeze(TEN_MINUTES);
    world.run(6 * suspectAfterMs);
    const story = world.changes(gone).map(({ to, reason, at }) => ({ to, reason, at }));
    expect(story.map(({ to }) => to)).toEqual(["alive", "suspect", "dead"]);
    expect(story[2]?.reason).toBe("silence");
    const suspectedAt = story[1]?.at as number;
    // The sleep is no silence; what was there of it before is.
    expect(suspectedAt).toBeGreaterThanOrEqual(last + TEN_MINUTES + suspectAfterMs);
    expect(suspectedAt).toBeLessThanOrEqual(last + TEN_MINUTES + 1.3 * suspectAfterMs);
    expect(world.monitor.status(here)).toBe("alive");
  });
});

describe("an endpoint", () => {
  // The others excuse nobody's sleep but their own: theirs must be longer than it.
  const patient: PolicyOptions = {
    intervalMs: 1_000,
    suspectAfterMs: 720_000,
    deadAfterMs: 900_000,
    wishMs: 5_000,
  };
  const others = 12;

  const judges: [string, boolean, PolicyOptions][] = [
    ...kernels.map((kernel): [string, boolean, PolicyOptions] => [...kernel, standard]),
    ["judging by phi", false, { ...standard, detector: phi() }],
    ["judging by adaptive", false, { ...standard, detector: adaptive() }],
  ];

  test.each(judges)(
    "%s: no death on either side, beats at their pace",
    (_name, backlog, policy) => {
      const cluster = new Cluster("datagram", { seed: 6, delayMs: [1, 5] });
      const sleeper = cluster.start("o", { policy, accept: () => true });
      const rest = Array.from({ length: others }, (_, n) => {
        const other = cluster.start(`p${n}`, { policy: patient });
        other.add("o");
        return other;
      });
      cluster.run(10_000);
      expect(sleeper.endpoint.monitorStats().alive).toBe(others);
      sleeper.host.freeze(TEN_MINUTES);
      cluster.loses = (_from, to) => to === "o" && !backlog;
      cluster.run(TEN_MINUTES);
      cluster.loses = () => false;
      cluster.recording = true;
      const wokeAt = cluster.network.now;
      cluster.run(250 + 1);
      const answered = new Set(sleeper.sent.map(({ to }) => to));
      expect(answered.size).toBe(others);
      const beats = sleeper.sent.filter(({ frame }) => frame.type === "beat");
      if (!backlog) {
        expect(new Set(beats.map(({ to }) => to)).size).toBe(others);
        // 12 within 250 ms, at 12 instants; with some luck two share one.
        expect(new Set(beats.map(({ at }) => Math.floor(at))).size).toBeGreaterThan(9);
        expect(beats.every(({ at }) => at > wokeAt)).toBe(true);
      }
      cluster.run(10_000);
      const doubts = [sleeper, ...rest].flatMap(({ changes }) =>
        changes.filter(({ to }) => to === "suspect" || to === "dead"),
      );
      expect(doubts).toEqual([]);
      expect(sleeper.endpoint.monitorStats()).toMatchObject({ alive: others, stalls: 1 });
      expect(sleeper.outputs.filter(({ type }) => type === "declared-dead")).toEqual([]);
    },
  );
});
