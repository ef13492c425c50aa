// The monitor by example: ids and sessions, sinks that call back or throw, counts. Many peers at once
// are in crowd.test.ts.
import { describe, expect, test } from "vitest";
import { adaptive } from "../src/detectors/adaptive.ts";
import type { Detector } from "../src/detectors/detector.ts";
import { phi } from "../src/detectors/phi.ts";
import { createMonitor } from "../src/monitor/monitor.ts";
import type { MonitorOptions } from "../src/monitor/options.ts";
import type { MonitorOutput } from "../src/monitor/outputs.ts";
import type { PeerRef } from "../src/monitor/refs.ts";
import { ManualHost } from "../src/testing/manual-host.ts";

const policy = { intervalMs: 1_000, suspectAfterMs: 3_000, deadAfterMs: 6_000 };

function setUp(
  options: Partial<MonitorOptions> = {},
  react: (output: MonitorOutput) => void = () => {},
) {
  const host = new ManualHost();
  const outputs: MonitorOutput[] = [];
  const monitor = createMonitor({
    host,
    policy,
    ...options,
    emit(output) {
      outputs.push(output);
      react(output);
    },
  });
  const tickAt = (at: number) => {
    host.freeze(at - host.now());
    monitor.tick();
  };
  const changes = () =>
    outputs.flatMap((out) => (out.type === "changed" ? `${out.id} ${out.to}` : []));
  return { host, monitor, outputs, changes, tickAt };
}

describe("options", () => {
  test("a sink is needed", () => {
    expect(() => createMonitor({ host: new ManualHost() } as never)).toThrow(
      expect.objectContaining({
        code: "ERR_SYSTOLE_OPTION",
        message: "createMonitor needs the function emit (got undefined).",
      }),
    );
    expect(() => createMonitor(undefined as never)).toThrow(TypeError);
  });

  test("policies are checked at the door; a wrong one leaves the old one in force", () => {
    const { monitor } = setUp();
    expect(() => setUp({ policy: { deadAfterMs: 1 } })).toThrow(/^deadAfterMs must exceed/);
    expect(() => monitor.add("a", { policy: { deadAfterMs: 1 } })).toThrow(/^deadAfterMs must/);
    expect([monitor.size, monitor.find("a")]).toEqual([0, undefined]);
    const peer = monitor.add("a");
    expect(() => monitor.setPolicy(peer, { deadAfterMs: 1 })).toThrow(/^deadAfterMs must/);
    expect(monitor.policy(peer)).toMatchObject(policy);
  });

  test("the seed comes from the options, else from the host, else it is 0", () => {
    const beatAt = (options: Partial<MonitorOptions>) => {
      const { monitor } = setUp(options);
      return monitor.state(monitor.add())?.beatDueAt;
    };
    const noEntropy = { host: { now: () => 0 } };
    expect(beatAt({ seed: 7 })).toBe(beatAt({ seed: 7 }));
    expect(beatAt({ seed: 7 })).not.toBe(beatAt({ seed: 8 }));
    expect(beatAt({})).toBe(beatAt({ seed: new ManualHost().entropy() }));
    expect(beatAt(noEntropy)).toBe(beatAt({ ...noEntropy, seed: 0 }));
  });

  test("a tolerance that is none is refused", () => {
    for (const stallToleranceMs of [-1, Number.NaN, "soon" as never, Symbol("s") as never]) {
      const message =
        /^stallToleranceMs must be a number of ms from 0 \(got (-1|NaN|"soon"|Symbol\(s\))\)/;
      expect(() => setUp({ stallToleranceMs })).toThrow(message);
    }
    // Every lateness is a stall then.
    const { monitor, host } = setUp({ stallToleranceMs: 0 });
    monitor.onEarlier(() => {});
    monitor.heard(monitor.add());
    host.freeze(751);
    monitor.tick();
    expect(monitor.stats().stalls).toBe(1);
  });

  test("a given tolerance decides from when on lateness is a stall", () => {
    for (const [lateMs, stalls] of [
      [500, 0],
      [501, 1],
    ] as const) {
      const { host, monitor } = setUp({ stallToleranceMs: 500 });
      monitor.onEarlier(() => {});
      monitor.add("a");
      host.freeze(750 + lateMs);
      monitor.tick();
      expect(monitor.stats().stalls).toBe(stalls);
    }
  });
});

describe("ids and sessions", () => {
  test("a live id cannot be added twice", () => {
    const { monitor } = setUp();
    const peer = monitor.add("a");
    expect(() => monitor.add("a")).toThrow(
      expect.objectContaining({
        code: "ERR_SYSTOLE_DUPLICATE_PEER",
        message:
          'A peer with the id "a" is connecting already.\nUse find(id) for its ref, or remove it first.',
      }),
    );
    expect([...monitor]).toEqual([peer]);
    // Peers without an id are never the same.
    expect(monitor.add()).not.toBe(monitor.add());
  });

  test("outputs about a peer without an id have none, and neither has the peer", () => {
    const { monitor, outputs, tickAt } = setUp();
    const peer = monitor.add();
    monitor.heard(peer);
    for (let at = 0; at <= 1_000; at += 50) tickAt(at);
    expect(monitor.id(peer)).toBeUndefined();
    expect(new Set(outputs.map(({ type }) => type))).toEqual(new Set(["changed", "beat"]));
    for (const output of outputs) expect(output).not.toHaveProperty("id");
  });

  test("hashicorp/memberlist#311: a dead id comes back as the next session, by add or by being heard", () => {
    const { monitor, changes, tickAt } = setUp();
    const peer = monitor.add("a");
    tickAt(6_000);
    expect(monitor.add("a", { policy: { ...policy, deadAfterMs: 9_000 } })).toBe(peer);
    expect(monitor.policy(peer)?.deadAfterMs).toBe(9_000);
    expect(monitor.state(peer)).toMatchObject({ status: "connecting", session: 2 });
    monitor.ended(peer, "closed");
    expect(monitor.heard(peer)).toBe(true);
    expect(monitor.state(peer)).toMatchObject({ status: "alive", session: 3 });
    expect(changes()).toEqual([...["a dead", "a connecting", "a dead", "a connecting", "a alive"]]);
  });

  test("returns: 'never' keeps the dead dead, also for a frame of the same instant", () => {
    const { monitor } = setUp({ policy: { ...policy, returns: "never" } });
    const peer = monitor.add("a");
    monitor.heard(peer);
    monitor.ended(peer, "closed");
    expect(monitor.heard(peer)).toBe(false);
    expect(monitor.state(peer)).toMatchObject({ status: "dead", session: 1 });
  });

  test("says whether a frame counted as life", () => {
    const { monitor } = setUp();
    const peer = monitor.add("a");
    const beats = [1, 3, 3, 2, 4].map((seq) => monitor.heardBeat(peer, seq));
    expect(beats).toEqual([true, true, false, false, true]);
    const unproven = monitor.add("b", { policy: { ...policy, proof: "round-trip" } });
    expect(monitor.heard(unproven)).toBe(false);
    expect(monitor.heard(unproven, { proof: true })).toBe(true);
  });

  test("forgetting drops the peer, its id and its ref", () => {
    const { monitor, outputs, tickAt } = setUp({ policy: { ...policy, forgetAfterMs: 30_000 } });
    const peer = monitor.add("a");
    tickAt(6_000);
    tickAt(36_000);
    expect(outputs.at(-1)).toEqual({ type: "forget", peer, id: "a" });
    expect([monitor.size, monitor.find("a"), monitor.state(peer)]).toEqual([
      0,
      undefined,
      undefined,
    ]);
    expect(monitor.add("a")).not.toBe(peer);
  });

  test("peers added by hand are never forgotten by default", () => {
    const { monitor, tickAt } = setUp();
    const peer = monitor.add("a");
    for (let at = 6_000; at < 1e7; at += 1e5) tickAt(at);
    expect(monitor.state(peer)?.status).toBe("dead");
  });
});

describe("a sink", () => {
  test("may call back: its outputs queue, first in first out, in the same instant", () => {
    const { monitor, changes, tickAt } = setUp({}, (output) => {
      if (output.type !== "changed") return;
      if (output.id === "a" && output.to === "dead") {
        monitor.heard(monitor.add("c"));
        monitor.remove(output.peer);
      }
    });
    for (const id of ["a", "b"]) monitor.add(id, { role: "listen" });
    tickAt(6_000);
    expect(changes()).toEqual(["a dead", "b dead", "c alive"]);
    expect(monitor.find("a")).toBeUndefined();
  });

  test("amqp-node/amqplib#557: that throws crashes nobody else; all is delivered, then it is thrown", () => {
    const { monitor, changes, tickAt } = setUp({}, (output) => {
      if (output.type === "changed" && output.to === "dead") throw new Error(output.id);
    });
    for (const id of ["a", "b", "c"]) monitor.add(id, { role: "listen" });
    expect(() => tickAt(6_000)).toThrow(AggregateError);
    expect(changes()).toEqual(["a dead", "b dead", "c dead"]);
    expect(monitor.stats()).toMatchObject({ dead: 3 });
  });

  test("may remove peers whose outputs are still waiting", () => {
    const { monitor, changes, tickAt } = setUp({}, (output) => {
      if (output.type === "changed") for (const peer of [...monitor]) monitor.remove(peer);
    });
    for (const id of ["a", "b"]) monitor.add(id, { role: "listen" });
    tickAt(6_000);
    expect(changes()).toEqual(["a dead", "b dead"]);
    expect(monitor.size).toBe(0);
  });
});

test("tulios/kafkajs#1396, #447: beats prove a process, so its work is a peer of its own, heard when it moves", () => {
  const { monitor, changes, tickAt } = setUp();
  const worker = monitor.add("worker-7");
  const work = monitor.add("worker-7's work", { role: "listen" });
  for (let at = 0; at <= 20_000; at += 1_000) {
    tickAt(at);
    monitor.heard(worker);
    // Stuck after 10 s: the process beats on.
    if (at < 10_000) monitor.heard(work);
  }
  expect(changes()).toEqual([
    ...["worker-7 alive", "worker-7's work alive"],
    ...["worker-7's work suspect", "worker-7's work dead"],
  ]);
});

describe("whoever drives it", () => {
  test("is called when the deadline moves earlier, once per outermost call, until it withdraws", () => {
    const { monitor, host } = setUp();
    let calls = 0;
    const withdraw = monitor.onEarlier(() => {
      calls += 1;
    });
    const peer = monitor.add("a", { role: "listen" });
    expect(calls).toBe(1);
    host.freeze(10);
    monitor.heard(peer);
    expect(calls).toBe(1);
    monitor.setPolicy(peer, { ...policy, intervalMs: 500, suspectAfterMs: 1_000 });
    expect(calls).toBe(2);
    withdraw();
    monitor.setPolicy(peer, { ...policy, intervalMs: 50, suspectAfterMs: 100 });
    expect(calls).toBe(2);
    // Nobody promises anything any more, so nothing can be broken.
    host.freeze(2_000);
    monitor.heard(peer);
    expect(monitor.stats().stalls).toBe(0);
  });

  test("has nothing to wait for once the last who was judged is gone", () => {
    const { monitor, host } = setUp();
    monitor.onEarlier(() => {});
    const peer = monitor.add("a", { role: "listen" });
    monitor.heard(peer);
    expect(monitor.nextDeadline()).toBe(750);
    host.freeze(100);
    monitor.ended(peer, "left");
    expect(monitor.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  });

  test("is told when there is nothing to wait for any more", () => {
    const { monitor } = setUp();
    const told: number[] = [];
    monitor.onEarlier(() => told.push(monitor.nextDeadline()));
    const peer = monitor.add("a", { role: "listen" });
    monitor.heard(peer);
    told.length = 0;
    monitor.ended(peer, "left");
    expect(told).toEqual([Number.POSITIVE_INFINITY]);
  });

  test("has nothing to wait for either once the last who was beaten is gone", () => {
    const { monitor, tickAt } = setUp();
    const peer = monitor.add("a");
    tickAt(250);
    monitor.ended(peer, "left");
    expect(monitor.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  });

  test("need not come for a promise to those who are gone, if somebody is to be beaten later", () => {
    const { monitor, tickAt } = setUp({ policy: { ...policy, intervalMs: 2_000, jitter: 0 } });
    monitor.onEarlier(() => {});
    const judged = monitor.add("judged", { role: "listen" });
    const beaten = monitor.add("beaten", { role: "send" });
    tickAt(250);
    monitor.sent(beaten);
    expect(monitor.nextDeadline()).toBe(1_000);
    monitor.remove(judged);
    expect(monitor.nextDeadline()).toBe(2_250);
  });

  test("pausing what is paused already loses none of the pause", () => {
    const { monitor, host } = setUp();
    const peer = monitor.add("a", { role: "listen" });
    monitor.heard(peer);
    for (const pausedMs of [500, 700]) {
      monitor.pause();
      host.freeze(pausedMs);
    }
    monitor.resume();
    expect(monitor.stats().lostMs).toBe(1_200);
    for (const [at, status] of [
      [4_199, "alive"],
      [4_200, "suspect"],
    ] as const) {
      host.freeze(at - host.now());
      monitor.tick();
      expect(monitor.status(peer)).toBe(status);
    }
  });

  test("a sample before the verdicts of a tick may still save a peer", () => {
    let saved: PeerRef | undefined;
    const { monitor, changes, tickAt } = setUp({
      sample: () => saved !== undefined && monitor.heard(saved),
    });
    for (const id of ["a", "b"]) monitor.heard(monitor.add(id));
    saved = monitor.find("a");
    tickAt(3_000);
    expect(changes()).toEqual(["a alive", "b alive", "b suspect"]);
  });
});

describe("sampling", () => {
  function sampled(react: (peer: PeerRef) => void = () => {}) {
    const looks: (string | undefined)[] = [];
    const made = setUp({
      sample: (peer) => {
        looks.push(peer === undefined ? "all" : made.monitor.id(peer));
        if (peer !== undefined) react(peer);
      },
    });
    return { ...made, looks };
  }

  test("looks at everybody a quarter of S apart, however often somebody ticks", () => {
    const { monitor, looks, tickAt } = sampled();
    for (const id of ["a", "b"]) monitor.heard(monitor.add(id, { role: "listen" }));
    for (let at = 0; at <= 2_250; at += 10) tickAt(at);
    expect(looks).toEqual(["all", "all", "all", "all"]);
    expect(monitor.nextDeadline()).toBe(3_000);
  });

  test("looks at whoever is judged or beaten before that is done, and at nobody else", () => {
    const { monitor, looks, tickAt, changes } = sampled();
    for (const id of ["a", "b"]) monitor.heard(monitor.add(id, { role: "listen" }));
    tickAt(2_400);
    monitor.heard(monitor.find("b") as PeerRef);
    looks.length = 0;
    tickAt(3_000);
    expect([looks, changes().at(-1)]).toEqual([["a"], "a suspect"]);
  });

  test("goes on where nobody is judged: a reader that was paused may read again", () => {
    const { monitor, looks, tickAt } = sampled();
    const peer = monitor.add("a");
    monitor.heard(peer);
    monitor.pause(peer);
    tickAt(0);
    looks.length = 0;
    expect(monitor.nextDeadline()).toBeLessThanOrEqual(750);
    tickAt(750);
    expect(looks[0]).toBe("all");
  });

  test("does not look at whom another look removed", () => {
    const { monitor, looks, tickAt } = sampled((peer) => {
      if (peer === monitor.find("a")) monitor.remove(monitor.find("b") as PeerRef);
    });
    for (const id of ["a", "b", "c"]) monitor.heard(monitor.add(id, { role: "listen" }));
    tickAt(3_000);
    expect(looks).toEqual(["all", "a", "c"]);
  });

  test("who is removed meanwhile gets nothing more", () => {
    const { monitor, outputs, tickAt } = setUp({
      sample: (peer) => peer !== undefined && monitor.remove(peer),
    });
    monitor.add("a");
    tickAt(10_000);
    expect([outputs, monitor.size, monitor.nextDeadline()]).toEqual([
      [],
      0,
      Number.POSITIVE_INFINITY,
    ]);
  });
});

describe("figures", () => {
  test("counts add up, and the clock's jumps are counted", () => {
    let now = 1_000;
    const { monitor } = setUp({ host: { now: () => now } });
    monitor.heard(monitor.add("a"));
    monitor.add("b");
    monitor.ended(monitor.add("c"), "left");
    now = 500;
    monitor.tick();
    const eighths = [0, 0, 0, 0];
    const none = { eighths, mistakes: 0, largest: 0, detections: 0, detectionMs: 0 };
    expect(monitor.stats()).toEqual({
      ...{ peers: 3, connecting: 1, alive: 1, suspect: 0, dead: 1 },
      ...{ staleRefs: 0, stalls: 0, lostMs: 0, clockWentBack: 1, health: 0, retiredSlots: 0 },
      ...{ nearMisses: none, shadow: none },
    });
    expect(monitor.size).toBe(3);
    expect([...monitor].map((peer) => monitor.id(peer))).toEqual(["a", "b", "c"]);
  });

  test("observed time leaves out stalls and pauses", () => {
    const { monitor, host } = setUp();
    host.freeze(5_000);
    monitor.tick();
    monitor.stalled(2_000);
    expect(monitor.observedNow()).toBe(5_000);
    host.freeze(5_000);
    monitor.stalled(2_000);
    expect(monitor.observedNow()).toBe(8_000);
    monitor.pause();
    monitor.pause();
    host.freeze(1_000);
    monitor.stalled(1_000);
    monitor.tick();
    expect(monitor.observedNow()).toBe(8_000);
    monitor.resume();
    monitor.resume();
    expect(monitor.observedNow()).toBe(8_000);
    expect(monitor.stats()).toMatchObject({ stalls: 1, lostMs: 3_000 });
  });
});

test("a stall is taken off the silence since the last sign of life, not since an earlier one", () => {
  const { monitor, tickAt, changes, host } = setUp();
  const peers = ["a", "b"].map((id) => monitor.add(id, { role: "listen" }));
  for (const peer of peers) monitor.heard(peer);
  for (const at of [1_000, 2_000]) {
    host.freeze(at - host.now());
    for (const peer of peers) monitor.heard(peer);
  }
  host.freeze(1_000);
  monitor.stalled(1_000);
  tickAt(5_999);
  expect(changes()).toEqual(["a alive", "b alive"]);
  tickAt(6_000);
  expect(changes()).toEqual(["a alive", "b alive", "a suspect", "b suspect"]);
});

test("a detector that throws costs an error, not a timer, neither its own nor another's", () => {
  const host = new ManualHost();
  const changes: string[] = [];
  let isBroken = false;
  const detector: Detector = (_arrivals, { suspectAfterMs }) => {
    if (isBroken) throw new Error("broken");
    return suspectAfterMs;
  };
  const numbers = { intervalMs: 1_000, suspectAfterMs: 3_000, deadAfterMs: 6_000 };
  const monitor = createMonitor({
    host,
    policy: numbers,
    emit: (output) => output.type === "changed" && changes.push(`${output.id} ${output.to}`),
  });
  const peers = ["a", "b", "c"].map((id) =>
    monitor.add(id, { role: "listen", ...(id === "b" && { policy: { ...numbers, detector } }) }),
  );
  for (const peer of peers) monitor.heard(peer);
  isBroken = true;
  host.freeze(3_000);
  expect(() => monitor.tick()).toThrow("broken");
  expect(changes.slice(3)).toEqual(["a suspect", "c suspect"]);
  expect(monitor.nextDeadline()).toBeGreaterThan(host.now());
  isBroken = false;
  host.freeze(monitor.nextDeadline() - host.now());
  monitor.tick();
  expect(changes.at(-1)).toBe("b suspect");
  // Nor does it cost a sign of life, nor a death; and who owns it is told of both.
  isBroken = true;
  expect(() => monitor.heard(peers[1] as PeerRef)).toThrow("broken");
  expect(changes.at(-1)).toBe("b alive");
  isBroken = false;
  host.freeze(3_000);
  monitor.tick();
  isBroken = true;
  host.freeze(3_000);
  expect(() => monitor.tick()).toThrow("broken");
  expect(changes.at(-1)).toBe("b dead");
});

test("whose detector throws is beaten at all the same, and so are the others", () => {
  const host = new ManualHost();
  const beats = new Map<string | undefined, number>();
  const detector: Detector = () => {
    throw new Error("broken");
  };
  const monitor = createMonitor({
    host,
    policy: { ...policy, jitter: 0 },
    emit: (output) => {
      if (output.type === "beat") beats.set(output.id, (beats.get(output.id) ?? 0) + 1);
    },
  });
  for (const id of ["well", "broken"]) {
    const own = id === "broken" ? { policy: { ...policy, jitter: 0, detector } } : {};
    const peer = monitor.add(id, own);
    try {
      monitor.heard(peer);
    } catch {}
  }
  for (let ms = 0; ms < 2_900; ms += 100) {
    host.freeze(100);
    try {
      monitor.tick();
    } catch (error) {
      const errors = error instanceof AggregateError ? error.errors : [error];
      expect(errors.map(String)).toEqual(errors.map(() => "Error: broken"));
    }
  }
  expect(beats.get("well")).toBeGreaterThanOrEqual(2);
  expect(beats.get("broken")).toBe(beats.get("well"));
});

describe("a detector that throws when it is to learn", () => {
  const broken: Detector = {
    name: "broken",
    size: 1,
    learn() {
      throw new Error("broken");
    },
  };
  const isBroken = (): number => {
    throw new Error("broken");
  };

  test.each([
    ["as a detector", { detector: broken }],
    ["as a shadow", { shadow: broken }],
    ["as a function", { detector: isBroken }],
  ])("costs an error, not a sign of life: %s", (_how, own) => {
    const { host, monitor, changes } = setUp({ policy: { ...policy, ...own } });
    const peer = monitor.add("a", { role: "listen" });
    for (let seq = 1; seq < 20; seq++) {
      host.freeze(1_000);
      expect(() => monitor.heardBeat(peer, seq)).toThrow("broken");
      expect(monitor.state(peer)?.heardAt).toBe(host.now());
      try {
        monitor.tick();
      } catch {}
    }
    expect(changes()).toEqual(["a alive"]);
    expect(monitor.state(peer)?.arrivals.received).toBe(19);
  });
});

test("the first beat that is learned from knows of no beat before it", () => {
  const seen: number[] = [];
  const curious: Detector = {
    name: "curious",
    size: 1,
    learn: (_memory, _from, { stalledMs }) => seen.push(stalledMs),
  };
  const { host, monitor } = setUp();
  const peer = monitor.add("a", { role: "listen" });
  const stall = (ms: number) => {
    host.freeze(ms);
    monitor.stalled(ms);
  };
  monitor.heardBeat(peer, 1);
  stall(2_000);
  monitor.heardBeat(peer, 2);
  monitor.setPolicy(peer, { ...policy, detector: curious });
  monitor.heardBeat(peer, 3);
  stall(500);
  monitor.heardBeat(peer, 4);
  expect(seen).toEqual([0, 500]);
  host.freeze(1_000);
  // One that bears a timestamp cannot be late against those that bore none.
  const timed = monitor.add("b", { role: "listen" });
  monitor.heardBeat(timed, 1);
  monitor.heardBeat(timed, 2, { sentAtMs: 50_000 });
  expect(monitor.state(timed)?.arrivals.timing?.slips).toBe(0);
});

test("who takes the place of a peer while that is looked at is judged in time", () => {
  let next: PeerRef | undefined;
  const { monitor, changes, tickAt } = setUp({
    sample: (ref) => {
      if (ref === undefined || next !== undefined) return;
      monitor.remove(ref);
      next = monitor.add("next", { role: "listen" });
      monitor.heard(next);
    },
  });
  monitor.heard(monitor.add("first", { role: "listen" }));
  tickAt(3_000);
  expect(changes()).toEqual(["first alive", "next alive"]);
  tickAt(6_000);
  expect(changes().at(-1)).toBe("next suspect");
});

test("a pause of one peer leaves alone what is known of its neighbours", () => {
  const { host, monitor } = setUp();
  const peers = ["a", "b", "c"].map((id) => monitor.add(id));
  for (const peer of peers) for (const seq of [1, 3, 4]) monitor.heardBeat(peer, seq);
  const before = peers.map((peer) => monitor.state(peer)?.arrivals);
  monitor.pause(peers[0]);
  host.freeze(500);
  monitor.resume(peers[0]);
  expect(peers.map((peer) => monitor.state(peer)?.arrivals)).toEqual(before);
  for (const peer of peers) {
    monitor.heardBeat(peer, 5, { rttMs: 8 });
    expect(monitor.state(peer)?.arrivals).toMatchObject({ rttMs: 8, rttVariationMs: 4 });
  }
});

test("what lay unread while a peer was paused teaches nobody anything", () => {
  const seen: unknown[] = [];
  const curious: Detector = {
    name: "curious",
    size: 1,
    learn: (_memory, _from, { stalledMs, spoilt }) => seen.push([stalledMs, spoilt]),
  };
  const { host, monitor } = setUp({ policy: { ...policy, detector: curious } });
  const peer = monitor.add("a", { role: "listen" });
  const hear = (seq: number) => monitor.heardBeat(peer, seq, { sentAtMs: 1_000 * seq });
  host.freeze(1_000);
  hear(1);
  monitor.pause(peer);
  host.freeze(2_000);
  monitor.resume(peer);
  hear(2);
  hear(3);
  host.freeze(1_000);
  hear(4);
  expect(seen.slice(1)).toEqual([
    [2_000, true],
    [0, true],
    [0, false],
  ]);
  expect(monitor.state(peer)?.arrivals.timing?.varianceMs2).toBe(0);
});

test("what was learned begins anew with another detector, and with another shadow alone", () => {
  const { monitor, tickAt } = setUp({ policy: { ...policy, detector: phi() } });
  const peer = monitor.add("a");
  for (let seq = 1; seq <= 20; seq++) {
    tickAt(1_000 * seq);
    monitor.heardBeat(peer, seq);
  }
  const learned = () => monitor.state(peer)?.learned;
  const before = learned();
  const with3500 = { ...policy, suspectAfterMs: 3_500 };
  monitor.setPolicy(peer, { ...with3500, detector: monitor.policy(peer)?.detector });
  expect(learned()).toEqual(before);
  monitor.setPolicy(peer, {
    ...with3500,
    detector: monitor.policy(peer)?.detector,
    shadow: adaptive(),
  });
  expect(learned()).not.toEqual(before);
});

test("numbers of frames are kept for everybody, whoever comes after the first that numbers them", () => {
  const { monitor } = setUp();
  const peers = [monitor.add()];
  monitor.heardBeat(peers[0] as PeerRef, 1);
  for (let n = 1; n < 100; n++) peers.push(monitor.add());
  for (const [n, peer] of peers.entries())
    for (const seq of [2, 4]) monitor.heardBeat(peer, seq + n);
  for (const [n, peer] of peers.entries()) {
    expect(monitor.state(peer)?.arrivals.highestSeq).toBe(4 + n);
  }
});

test("near misses after a stall are measured from where the silence of each began", () => {
  const { monitor, host } = setUp();
  monitor.onEarlier(() => {});
  const peers = ["a", "b", "c"].map((id) => monitor.add(id, { role: "listen" }));
  for (const peer of peers) monitor.heard(peer);
  host.freeze(10_000);
  monitor.tick();
  for (const _ of [1, 2, 3]) {
    host.freeze(700);
    monitor.tick();
  }
  for (const peer of peers) monitor.heard(peer);
  // The 2,100 ms after it, of 3,000.
  expect(monitor.stats().nearMisses).toMatchObject({ eighths: [0, 3, 0, 0], mistakes: 0 });
});

test("whoever hears us again shows it with any sign of life, not only with an echo", () => {
  const { monitor, host } = setUp({ policy: { ...policy, proof: "round-trip" } });
  const peer = monitor.add("a");
  monitor.heardBeat(peer, 1, { proof: true, nonceAt: 0 });
  const stale = () => monitor.state(peer)?.arrivals.stale;
  host.freeze(1_000);
  monitor.heardBeat(peer, 2, { proof: true, nonceAt: -10_000 });
  expect([monitor.status(peer), stale()]).toEqual(["alive", 1]);
  monitor.heard(peer);
  expect(stale()).toBe(0);
});
