// The log of a recorded monitor, line by line, and what `replay` makes of it when something is wrong.
import { describe, expect, test } from "vitest";
import { definePolicy } from "../src/define-policy.ts";
import { drive } from "../src/drive.ts";
import { createMonitor, Monitor } from "../src/monitor/monitor.ts";
import type { MonitorOptions } from "../src/monitor/options.ts";
import type { MonitorOutput } from "../src/monitor/outputs.ts";
import type { PeerRef } from "../src/monitor/refs.ts";
import { type Policy, strict } from "../src/policy.ts";
import { derivePolicy } from "../src/policy-variants.ts";
import { CALLS } from "../src/replay/format.ts";
import { type RecordOptions, recordMonitor } from "../src/replay/recorded-monitor.ts";
import { type ReplayOptions, type ReplayStep, replay } from "../src/replay/replay.ts";
import { ManualHost } from "../src/testing/manual-host.ts";
import { patient } from "./arbitraries.ts";

const HEADER =
  '{"at":0,"systole":"monitor log","version":1,"seed":7,"policy":{"intervalMs":1000,"suspectAfterMs":2500,"deadAfterMs":5200},"stallToleranceMs":null,"sample":false}';

/** A recorded monitor, what it said, and its log. */
function recorded(options: Partial<MonitorOptions> = {}, recordOptions?: RecordOptions) {
  const host = new ManualHost();
  const lines: string[] = [];
  const said: MonitorOutput[] = [];
  const monitor = recordMonitor(
    {
      host,
      policy: strict,
      seed: 7,
      ...options,
      emit(output) {
        said.push(output);
        options.emit?.(output);
      },
    },
    (line) => lines.push(line),
    recordOptions,
  );
  return { host, monitor, lines, said };
}

function outputsOf(lines: Iterable<string> | string, options?: ReplayOptions): MonitorOutput[] {
  return [...replay(lines, options)].flatMap(({ outputs }) => outputs);
}

function caught(run: () => unknown): { code: string; message: string; value: unknown } {
  try {
    run();
  } catch (error) {
    return error as { code: string; message: string; value: unknown };
  }
  throw new Error("it did not throw");
}

describe("the log", () => {
  test("has a header, a line a call, and a line for each answer of the sink", () => {
    const { host, monitor, lines } = recorded({
      emit(output) {
        if (output.type === "beat") monitor.sent(output.peer);
        if (output.type === "changed" && output.to === "suspect") throw new Error("no pager");
      },
    });
    const peer = monitor.add("worker-7", { role: "both" });
    host.advance(10.5);
    monitor.heard(peer);
    host.advance(2_500);
    expect(() => monitor.tick({ slice: true })).toThrow("no pager");
    monitor.ended(peer, "left", { returnInMs: 500 });
    expect(lines).toEqual([
      HEADER,
      '{"at":0,"add":["worker-7",{"role":"both"}]}',
      '{"at":10.5,"heard":[0]}',
      '{"after":1,"at":2510.5,"tick":[{"slice":true}]}',
      '{"in":2,"throws":"no pager"}',
      '{"in":3,"sent":[0]}',
      '{"after":3,"at":2510.5,"ended":[0,"left",{"returnInMs":500}]}',
    ]);
    expect(monitor.recording).toMatchObject({ lines: 7, failure: undefined });
  });

  test("numbers policies: spelt out once, then by number, whoever defined them", () => {
    const { monitor, lines, said } = recorded({ policy: undefined });
    const other = definePolicy({ ...strict, forgetAfterMs: 30_000 });
    const first = monitor.add("a", { policy: other });
    const second = monitor.add("b", { policy: { deadAfterMs: 9_000 } });
    monitor.setPolicy(first, monitor.policy(second) as Policy);
    monitor.setPolicy(second, other);
    monitor.setPolicy(second, { deadAfterMs: 9_500 });
    monitor.setPolicy(first, monitor.policy(second) as Policy);
    monitor.setPolicy(second, definePolicy());
    // Stretched beyond what may be written by hand, as an endpoint does it.
    monitor.setPolicy(second, derivePolicy(other, { suspectAfterMs: 90_000, deadAfterMs: 99_000 }));
    monitor.tick();
    const policies = lines.map((line) => JSON.parse(line)).map((line) => line.setPolicy?.[1]);
    expect(policies.slice(3, 7)).toEqual([2, 1, { deadAfterMs: 9_500 }, 3]);
    expect(policies[8]).toMatchObject({ $: "policy", detector: "fixed", suspectAfterMs: 90_000 });
    const replayed = replay(lines);
    const outputs = [...replayed].flatMap((step) => step.outputs);
    expect(outputs).toEqual(said);
    for (const peer of monitor) expect(replayed.monitor.policy(peer)).toEqual(monitor.policy(peer));
  });

  test("takes the seed from the host's entropy, as a monitor does", () => {
    const { lines, monitor } = recorded({ seed: undefined });
    const bare = createMonitor({ host: new ManualHost(), policy: strict, emit() {} });
    expect(JSON.parse(lines[0]!).seed).toBe(new ManualHost().entropy());
    expect(monitor.state(monitor.add("a"))).toEqual(bare.state(bare.add("a")));
  });

  test("writes nothing of looks: calls that move nothing", () => {
    const { monitor, lines } = recorded();
    const peer = monitor.add("a");
    monitor.state(peer);
    monitor.status(peer);
    monitor.policy(peer);
    monitor.id(peer);
    monitor.find("a");
    monitor.stats();
    monitor.nextDeadline();
    expect([[...monitor], monitor.size, lines.length]).toEqual([[peer], 1, 2]);
  });

  test("knows every method of a monitor: those that move it are recorded", () => {
    const looks = ["constructor", "find", "id", "state", "status", "policy", "size", "stats"];
    const methods = Object.getOwnPropertyNames(Monitor.prototype);
    const moving = methods.filter((name) => ![...looks, "nextDeadline"].includes(name));
    expect([...moving, "withdraw"].sort()).toEqual([...CALLS].sort());
  });

  test("ends where it cannot be written, and the monitor goes on", () => {
    const host = new ManualHost();
    const full = new Error("disk full");
    let room = 2;
    const monitor = recordMonitor({ host, policy: strict, emit() {} }, () => {
      if (room-- === 0) throw full;
    });
    const peer = monitor.add("a");
    expect(monitor.heard(peer)).toBe(true);
    room = 9;
    expect(monitor.heard(peer)).toBe(true);
    expect(monitor.recording).toMatchObject({ lines: 2, failure: full });
  });

  test("ends when it is told to", () => {
    const { monitor, lines } = recorded();
    const peer = monitor.add("a");
    monitor.recording.stop();
    monitor.heard(peer);
    expect([lines.length, monitor.status(peer)]).toEqual([2, "alive"]);
  });

  test("is not begun by a monitor that cannot be made", () => {
    const lines: string[] = [];
    const make = (options: Partial<MonitorOptions>) => () =>
      recordMonitor({ host: new ManualHost(), emit() {}, ...options }, (line) => lines.push(line));
    expect(caught(make({ policy: { suspectAfterMs: -1 } })).code).toBe("ERR_SYSTOLE_POLICY");
    expect(caught(make({ emit: undefined as never })).code).toBe("ERR_SYSTOLE_OPTION");
    expect(lines).toEqual([]);
  });
});

describe("a replay", () => {
  test("gives each call with its outputs, its result and its error", () => {
    const { host, monitor, lines } = recorded();
    const peer = monitor.add("a");
    expect(() => monitor.add("a")).toThrow();
    host.advance(5);
    monitor.heard(peer);
    const steps = [...replay(lines)];
    const brief = steps.map(({ line, at, call, args, result }) => [line, at, call, args, result]);
    expect(brief).toEqual([
      [2, 0, "add", ["a"], peer],
      [3, 0, "add", ["a"], undefined],
      [4, 5, "heard", [peer], true],
    ]);
    expect(steps[1]!.error).toMatchObject({ code: "ERR_SYSTOLE_DUPLICATE_PEER" });
    expect(steps[2]!.outputs).toMatchObject([{ type: "changed", to: "alive" }]);
  });

  test("shows outputs when they are made, and goes on where one left off", () => {
    const { host, monitor, lines, said } = recorded();
    const driving = drive(monitor, host);
    monitor.heard(monitor.add("a"));
    host.advance(9_000);
    driving[Symbol.dispose]();
    const seen: unknown[] = [];
    const emit = (output: MonitorOutput) =>
      seen.push(output.type === "changed" && replayed.monitor.status(output.peer));
    const replayed = replay(lines, { emit });
    const outputs: MonitorOutput[] = [];
    for (const step of replayed) {
      outputs.push(...step.outputs);
      if (outputs.length > 3) break;
    }
    for (const step of replayed) outputs.push(...step.outputs);
    expect(outputs).toEqual(said);
    expect(seen.filter(Boolean)).toEqual(["alive", "suspect", "dead"]);
  });

  test("answers drivers as they were answered: called back twice, or by one callback given twice", () => {
    const calls: string[][] = [];
    const play = (monitor: Monitor, host: ManualHost) => {
      const served: string[] = [];
      calls.push(served);
      const serve = () => {
        served.push("served");
        monitor.tick();
      };
      const first = monitor.onEarlier(serve);
      const second = monitor.onEarlier(serve);
      let isFirst = true;
      const third = monitor.onEarlier(() => {
        monitor.stalled(-1);
        if (!isFirst) return;
        isFirst = false;
        throw new Error("driver");
      });
      expect(() => monitor.heard(monitor.add("a"))).toThrow("driver");
      first();
      host.freeze(4_000);
      monitor.heard(monitor.find("a") as PeerRef);
      second();
      third();
      host.freeze(8_000);
      monitor.tick();
    };
    const { host, monitor, lines, said } = recorded();
    play(monitor, host);
    const bareHost = new ManualHost();
    const bare = { host: bareHost, policy: strict, seed: 7, emit() {} };
    play(createMonitor(bare), bareHost);
    expect(calls[0]).toEqual(calls[1]);
    expect(said.map(({ type }) => type)).toContain("stalled");
    expect(outputsOf(lines)).toEqual(said);
    const errors = [...replay(lines)].flatMap(({ error }) => error ?? []);
    expect(errors).toEqual([new Error("driver")]);
  });

  test("gives the errors that a sink ran into", () => {
    const { monitor, lines } = recorded({
      emit() {
        monitor.add("a");
      },
    });
    const peer = monitor.add("a");
    expect(caught(() => monitor.heard(peer)).code).toBe("ERR_SYSTOLE_DUPLICATE_PEER");
    expect([...replay(lines)][1]!).toMatchObject({
      error: { code: "ERR_SYSTOLE_DUPLICATE_PEER" },
      answers: [{ line: 4, at: undefined, call: "add", args: ["a"] }],
    });
  });

  test("gets strange numbers as they were: a clock that breaks, throws, or reads −0", () => {
    const readings: (number | Error)[] = [-0, -0, Number.NaN, new Error("no clock"), -5, 7_000];
    const now = () => {
      const reading = readings.shift() as number | Error;
      if (reading instanceof Error) throw reading;
      return reading;
    };
    const { monitor, lines, said } = recorded({ host: { now } });
    const peer = monitor.add(undefined, { role: "listen" });
    expect(() => monitor.tick()).toThrow("finite");
    expect(() => monitor.tick()).toThrow("no clock");
    monitor.heard(peer, { rttMs: Number.POSITIVE_INFINITY, nonceAt: -0, proof: true });
    monitor.ended(peer, "left", { returnInMs: Number.NaN, bySelf: undefined });
    const replayed = replay(lines);
    const steps = [...replayed];
    expect(steps.flatMap(({ outputs }) => outputs)).toEqual(said);
    expect(steps.map(({ at }) => at)).toEqual([-0, Number.NaN, undefined, -5, 7_000]);
    expect(steps[3]!.args).toEqual([
      peer,
      { rttMs: Number.POSITIVE_INFINITY, nonceAt: -0, proof: true },
    ]);
    expect(replayed.monitor.state(peer)).toEqual(monitor.state(peer));
    expect(replayed.monitor.stats()).toEqual(monitor.stats());
  });

  test("refuses what was refused: arguments of no sense, and a thing that throws nonsense", () => {
    const { monitor, lines, said } = recorded({
      emit() {
        throw Object.create(null);
      },
    });
    const peer = monitor.add("a");
    for (const wrong of [null, 5, "x", { detector: "phi" }, { suspectAfter: undefined }]) {
      expect(() => monitor.setPolicy(peer, wrong as never)).toThrow();
      expect(() => monitor.add("b", { policy: wrong as never })).toThrow();
    }
    expect(() => monitor.add("b", null as never)).toThrow();
    expect(() => monitor.heard(peer, null as never)).toThrow();
    expect(() => monitor.onEarlier(undefined as never)).not.toThrow();
    expect(() => monitor.heard(peer)).toThrow();
    const steps = [...replay(lines)];
    expect(steps.flatMap(({ outputs }) => outputs)).toEqual(said);
    expect(steps.filter(({ error }) => error !== undefined).length).toBe(13);
  });

  test("hands over observed time, and whatever a sample finds", () => {
    const { host, monitor, lines, said } = recorded({ sample: () => monitor.heard(peer) });
    const peer = monitor.add("a");
    monitor.pause();
    host.advance(3_000);
    expect(monitor.observedNow()).toBe(0);
    monitor.resume();
    monitor.tick();
    expect(outputsOf(lines)).toEqual(said);
    expect(said).toMatchObject([{ to: "alive" }]);
  });
});

describe("what cannot be replayed says so", () => {
  const sound = [HEADER, '{"at":0,"add":["a"]}', '{"at":5,"heard":[0]}'];

  test("a log that was cut off by a crash is replayed up to there", () => {
    const replayed = replay(`${sound.join("\n")}\n{"at":5200,"ti`);
    expect([...replayed].map(({ call }) => call)).toEqual(["add", "heard"]);
    expect(replayed.isCutOff).toBe(true);
    const whole = replay(`${sound.join("\r\n")}\r\n\n`);
    expect([...whole].length).toBe(2);
    expect(whole.isCutOff).toBe(false);
  });

  test.each([
    ["it is not JSON", "{oops"],
    ["it is not a JSON object", "[1]"],
    ["it says no call", '{"at":5}'],
    ["it says no call", '{"at":5,"heard":0}'],
    ["`at` is no instant", '{"at":"noon","tick":[]}'],
    ["`in` is no count", '{"in":-1,"tick":[]}'],
    ["there is no policy 9 before it", '{"setPolicy":[0,9]}'],
    ["a policy cannot have jitter x", '{"setPolicy":[0,{"$":"policy","jitter":"x"}]}'],
  ])("a broken line is named, and what stands before it is replayed: %s", (what, line) => {
    const steps: ReplayStep[] = [];
    const error = caught(() => {
      for (const step of replay([...sound, line, '{"at":9,"tick":[]}'])) steps.push(step);
    });
    expect(error).toMatchObject({ code: "ERR_SYSTOLE_LOG", value: 4 });
    expect(error.message).toMatch(`Line 4 of the log is broken: ${what}.`);
    expect(steps.length).toBe(2);
  });

  test.each([[""], ["{"], ['{"hello":1}\n'], ["[]\n"]])("no header: %j", (log) => {
    expect(caught(() => replay(log)).code).toBe("ERR_SYSTOLE_LOG");
  });

  test.each([
    ['"suspectAfterMs":0', /suspectAfterMs must be a number of ms/],
    ['"at":null', /the clock threw/],
  ])("a header of which no monitor can be made, %s, is a broken line", (wrong, why) => {
    const name = wrong.slice(0, wrong.indexOf(":"));
    const header = HEADER.replace(new RegExp(`${name}:[^,}]+`), wrong);
    const error = caught(() => replay([header, ...sound.slice(1)]));
    expect(error).toMatchObject({ code: "ERR_SYSTOLE_LOG", value: 1 });
    expect(error.message).toMatch("Line 1 of the log is broken: it makes no monitor: ");
    expect(error.message).toMatch(why);
  });

  test("another version of the format is refused, with a way out", () => {
    const error = caught(() => replay([HEADER.replace('"version":1', '"version":2')]));
    expect(error).toMatchObject({ code: "ERR_SYSTOLE_LOG", value: 2 });
    expect(error.message).toMatch("Replay it with the release of @systole/core that recorded it.");
  });

  test("a detector that nobody knows is asked for; names can be given on both sides", () => {
    const { monitor, lines } = recorded(
      { policy: { detector: patient } },
      { detectors: { "of ours": (...both) => patient(...both), mine: patient } },
    );
    monitor.add("a", { policy: { detector: () => 9 } });
    const error = caught(() => replay(lines));
    expect(error).toMatchObject({ code: "ERR_SYSTOLE_DETECTOR", value: "mine" });
    expect(error.message).toMatch(
      'Line 1 of the log: the detector "mine" is unknown (known: fixed)',
    );
    expect(caught(() => outputsOf(lines, { detectors: { mine: patient } })).value).toBe("detector");
    const detectors = { mine: patient, detector: () => 9 };
    expect(outputsOf(lines, { detectors })).toEqual([]);
  });

  test.each([
    ["it answers callback 1, which did not come", '{"in":1,"sent":[0]}'],
    ["there had been 2 callbacks, and now 1", '{"after":2,"at":9,"tick":[]}'],
    ["there had been 0 callbacks, and now 1", '{"at":9,"tick":[]}'],
    ["it read the clock, and does not now", '{"after":1,"at":9,"setPolicy":[0,{"jitter":9}]}'],
    ["it reads the clock, and did not then", '{"after":1,"tick":[]}'],
  ])("code that behaves otherwise: %s", (what, line) => {
    const lines = what.startsWith("it answers") ? sound.slice(0, 2) : sound;
    const error = caught(() => outputsOf([...lines, line]));
    expect(error.code).toBe("ERR_SYSTOLE_DIVERGED");
    expect(error.message).toMatch(`Line ${lines.length + 1} of the log does not fit: ${what}.`);
  });
});
