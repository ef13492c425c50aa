// How suspicious a peer is, how near its silences came, and what a shadow would have done.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { adaptive } from "../src/detectors/adaptive.ts";
import type { LearningDetector } from "../src/detectors/detector.ts";
import { phi } from "../src/detectors/phi.ts";
import { createMonitor } from "../src/monitor/monitor.ts";
import type { MonitorOutput } from "../src/monitor/outputs.ts";
import { explain } from "../src/peer/evidence.ts";
import type { PolicyOptions } from "../src/policy.ts";

const numbers = { intervalMs: 1_000, suspectAfterMs: 4_000, deadAfterMs: 10_000, jitter: 0 };

function setUp(policy: PolicyOptions = {}) {
  let now = 0;
  const outputs: MonitorOutput[] = [];
  const monitor = createMonitor({
    host: { now: () => now },
    policy: { ...numbers, ...policy },
    emit: (output) => outputs.push(output),
  });
  const at = (instant: number) => {
    now = instant;
    return monitor;
  };
  return { monitor, at, outputs };
}

const seconds = (n: number) => n * 1_000;

describe("suspicion", () => {
  test("is 0 when just heard, 1 where suspicion begins, 2 where death is declared", () => {
    const { monitor, at } = setUp();
    const peer = monitor.add("a");
    at(0).heard(peer);
    expect(at(0).suspicion(peer)).toBe(0);
    expect(at(1_000).suspicion(peer)).toBe(0.25);
    expect(at(3_999).suspicion(peer)).toBeCloseTo(1, 3);
    at(4_000).tick();
    expect(at(4_000).suspicion(peer)).toBe(1);
    expect(at(7_000).suspicion(peer)).toBe(1.5);
    at(10_000).tick();
    expect(at(10_000).suspicion(peer)).toBe(2);
  });

  test("starts at 1 while nothing is proven yet, and is 0 of whom nobody judges", () => {
    const { monitor, at } = setUp();
    const peer = monitor.add("a");
    const judgedByNobody = monitor.add("b", { role: "send" });
    expect(at(5_000).suspicion(peer)).toBe(1.5);
    expect(at(5_000).suspicion(judgedByNobody)).toBe(0);
    monitor.remove(peer);
    expect(monitor.suspicion(peer)).toBeUndefined();
  });

  test("stands still while we are paused, and while we are frozen", () => {
    const { monitor, at } = setUp();
    const peer = monitor.add("a");
    at(0).heard(peer);
    at(2_000).pause();
    expect(at(9_000).suspicion(peer)).toBe(0.5);
    at(9_000).resume();
    expect(at(10_000).suspicion(peer)).toBe(0.75);
    const newcomer = monitor.add("b");
    at(12_000).pause();
    expect(at(19_000).suspicion(newcomer)).toBe(1.2);
  });

  test("of whom a detector would never wait for is that of a suspect from the start", () => {
    const { monitor, at } = setUp({ detector: () => 0 });
    const peer = monitor.add("a");
    at(0).heard(peer);
    expect(at(0).suspicion(peer)).toBe(1);
  });

  test("only rises while nothing is heard, by whatever detector", () => {
    const detectors = fc.constantFrom(undefined, phi(), adaptive(), () => 2_500);
    const waits = fc.array(fc.integer({ min: 1, max: 1_500 }), { maxLength: 20 });
    fc.assert(
      fc.property(detectors, waits, fc.nat({ max: 5 }), (detector, steps, beats) => {
        const { monitor, at } = setUp({ detector });
        const peer = monitor.add("a");
        let now = 0;
        for (let n = 1; n <= beats; n++) {
          now += 1_000;
          at(now).heardBeat(peer, n, { sentAtMs: now });
        }
        let before = monitor.suspicion(peer) as number;
        for (const step of steps) {
          now += step;
          at(now).tick();
          const level = monitor.suspicion(peer) as number;
          expect(level).toBeGreaterThanOrEqual(before);
          expect(level).toBeLessThanOrEqual(2);
          const status = monitor.status(peer);
          if (status === "alive") expect(level).toBeLessThan(1);
          if (status === "suspect") expect(level).toBeGreaterThanOrEqual(1);
          if (status === "dead") expect(level).toBe(2);
          before = level;
        }
      }),
    );
  });
});

describe("near misses", () => {
  test("silences that ended beyond half of what is allowed are counted by eighths", () => {
    const { monitor, at } = setUp();
    const peer = monitor.add("a");
    let now = 0;
    for (const silence of [0, 1_000, 1_999, 2_000, 2_600, 3_100, 3_600, 3_999]) {
      now += silence;
      at(now).heard(peer);
    }
    expect(monitor.stats().nearMisses).toEqual({
      eighths: [1, 1, 1, 2],
      mistakes: 0,
      largest: 3_999 / 4_000,
      detections: 0,
      detectionMs: 0,
    });
  });

  test("a suspicion that was wrong is a mistake, one that was right a detection", () => {
    const { monitor, at } = setUp();
    const peer = monitor.add("a");
    at(0).heard(peer);
    at(4_000).tick();
    at(5_000).heard(peer);
    at(9_000).tick();
    at(15_000).tick();
    expect(monitor.status(peer)).toBe("dead");
    expect(monitor.stats().nearMisses).toMatchObject({
      mistakes: 1,
      largest: 1.25,
      detections: 1,
      detectionMs: 4_000,
    });
  });

  test("nothing is told of a shadow where there is none", () => {
    const { monitor, at } = setUp();
    const peer = monitor.add("a");
    at(0).heardBeat(peer, 1);
    at(3_900).heardBeat(peer, 2);
    at(7_900).tick();
    at(8_000).heardBeat(peer, 3);
    at(12_000).tick();
    at(20_000).tick();
    const { nearMisses, shadow } = monitor.stats();
    expect(nearMisses).toMatchObject({ eighths: [0, 0, 0, 1], mistakes: 1, detections: 1 });
    expect(shadow).toMatchObject({ eighths: [0, 0, 0, 0], mistakes: 0, largest: 0, detections: 0 });
  });

  test("our own stalls are in none of them", () => {
    const { monitor, at } = setUp();
    const peer = monitor.add("a");
    at(0).heard(peer);
    at(3_500).stalled(3_000);
    at(3_500).heard(peer);
    expect(monitor.stats().nearMisses.largest).toBe(0);
  });
});

describe("a shadow", () => {
  /** Suspects after so many ms, and says nothing before its first beat. */
  const impatient: LearningDetector = {
    name: "impatient",
    size: 1,
    learn(memory, from) {
      memory[from] = 1_500;
    },
  };

  test("oceanprotocol/ocean-node#1238: judges beside the real detector and acts on nothing", () => {
    const { monitor, at, outputs } = setUp({ shadow: impatient });
    const peer = monitor.add("a");
    for (const [n, second] of [0, 1, 3, 4].entries()) at(seconds(second)).heardBeat(peer, n + 1);
    expect(outputs.filter(({ type }) => type === "changed")).toHaveLength(1);
    at(8_000).tick();
    at(14_000).tick();
    const { nearMisses, shadow } = monitor.stats();
    expect(nearMisses).toMatchObject({ mistakes: 0, detections: 1, detectionMs: 4_000 });
    // It would have been wrong once, and right two and a half seconds earlier.
    expect(shadow).toMatchObject({ mistakes: 1, detections: 1, detectionMs: 1_500 });
    expect(shadow.largest).toBeCloseTo(2_000 / 1_500, 9);
  });

  test("beside a detector that learns each has a memory of its own", () => {
    const { monitor, at } = setUp({ detector: adaptive(), shadow: phi() });
    const peer = monitor.add("a");
    for (let n = 0; n <= 40; n++) {
      at(seconds(n)).heardBeat(peer, n + 1, { sentAtMs: seconds(n) + 5, gapMs: 1_000 });
    }
    at(seconds(43)).tick();
    expect(monitor.status(peer)).toBe("suspect");
    at(seconds(60)).tick();
    const { nearMisses, shadow } = monitor.stats();
    expect(nearMisses.detectionMs).toBeGreaterThan(2_000);
    expect(nearMisses.detectionMs).toBeLessThan(3_000);
    // The mean, three gaps, 5.226 times the least deviation; not beyond what the policy allows.
    expect(shadow.detectionMs).toBeCloseTo(4_000 + 522.6, 0);
  });
});

describe("what a detector learned", () => {
  const peerOf = (detector: PolicyOptions["detector"]) => {
    const { monitor, at, outputs } = setUp({ detector });
    const peer = monitor.add("a");
    for (let n = 0; n <= 30; n++) {
      at(seconds(n)).heardBeat(peer, n + 1, { sentAtMs: seconds(n) + 5, gapMs: 1_000 });
    }
    return { monitor, at, outputs, peer };
  };

  test("is named in the evidence", () => {
    const { at, outputs } = peerOf(adaptive());
    at(seconds(33)).tick();
    const change = outputs.findLast((output) => output.type === "changed");
    expect(change).toMatchObject({ to: "suspect", evidence: { detector: "adaptive" } });
    expect(explain(change as never)).toContain("a silent for 3000 ms");
  });

  test("is forgotten with the detector: another one starts with suspectAfterMs", () => {
    const { monitor, at, peer } = peerOf(adaptive());
    monitor.setPolicy(peer, { ...numbers, detector: phi() });
    at(seconds(33.9)).tick();
    expect(monitor.status(peer)).toBe("alive");
    at(seconds(34)).tick();
    expect(monitor.status(peer)).toBe("suspect");
  });

  test("stays when other numbers of the policy change", () => {
    const detector = adaptive();
    const { monitor, at, peer } = peerOf(detector);
    monitor.setPolicy(peer, { ...numbers, suspectAfterMs: 5_000, detector });
    at(seconds(33)).tick();
    expect(monitor.status(peer)).toBe("suspect");
  });

  test("is forgotten with the session", () => {
    const { monitor, at, peer } = peerOf(adaptive());
    monitor.ended(peer, "restarted");
    monitor.dial(peer);
    expect(monitor.state(peer)).not.toHaveProperty("learned");
    at(seconds(31)).heard(peer);
    at(seconds(34.9)).tick();
    expect(monitor.status(peer)).toBe("alive");
  });

  test("without timestamps adaptive is a timeout of gap and margin", () => {
    const { monitor, at } = setUp({ detector: adaptive({ margin: 1 }) });
    const peer = monitor.add("a");
    for (let n = 0; n <= 200; n++) at(seconds(n)).heardBeat(peer, n + 1);
    at(seconds(201.9)).tick();
    expect(monitor.status(peer)).toBe("alive");
    at(seconds(202.1)).tick();
    expect(monitor.status(peer)).toBe("suspect");
  });

  test.each([0, -1, 1_001, Number.NaN])("adaptive refuses a margin of %s gaps", (margin) => {
    expect(() => adaptive({ margin })).toThrow(`adaptive needs a margin above 0`);
  });
});
