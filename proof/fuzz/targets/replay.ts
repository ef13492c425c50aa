// Logs: any text is replayed, the same every time, or refused with the line that is wrong.
import { readFileSync } from "node:fs";
import { adaptive } from "../../../packages/core/src/detectors/adaptive.ts";
import { phi } from "../../../packages/core/src/detectors/phi.ts";
import type { PeerRef } from "../../../packages/core/src/monitor/refs.ts";
import { CALLS } from "../../../packages/core/src/replay/format.ts";
import { recordMonitor } from "../../../packages/core/src/replay/recorded-monitor.ts";
import { replay } from "../../../packages/core/src/replay/replay.ts";
import { must, type Target } from "../target.ts";

const CODES = ["ERR_SYSTOLE_LOG", "ERR_SYSTOLE_DETECTOR", "ERR_SYSTOLE_DIVERGED"];
/** Line 0 of a log without lines. */
const PLACED =
  /^Line (0 of the log is broken: there is no header|[1-9]\d* of the log)|^This log has the format/;
const detectors = { adaptive: adaptive(), phi: phi() };

export const replays: Target = {
  name: "replay",
  promise:
    "any text is replayed, again as it was, as a text or as lines, or refused with a code and the line",
  sources: ["log-lines", "replay", "format", "policies"].map((name) => `replay/${name}.ts`),
  maxBytes: 2_400,
  isLines: true,
  dictionary: [
    ...CALLS.map((name) => `"${name}":[0]`),
    ...['{"at":', '"in":1', '"after":1', '"throws":"x"', '{"$":"NaN"}', '{"$":"Infinity"}'],
    ...['{"$":"-0"}', '{"$":"null"}', '{"$":"policy"', '"detector":"phi"', '"shadow":"adaptive"'],
    ...['"__proto__":', "null", "[[", "{}", "1e999", "-1", ',"seed":', '{"slice":true}', "\n\n"],
    ...['"sample":true', '"role":"send"', '"policy":0', '"left"', '"restarted"', "[".repeat(300)],
  ].map((word) => new TextEncoder().encode(word)),
  lifetime: 1,
  // Short ones, mostly: each says a few things.
  seeds: () => [
    documented(),
    recorded(1, 0, 17),
    ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((n) => recorded(1 + (n % 3), n, n + 4)),
  ],
  begin: () => (input) => {
    const text = Buffer.from(input).toString("utf8");
    const steps = stepsOf(text);
    // Once in eight is enough for that, but always of the same ones.
    if ((input.length & 7) !== 0) return;
    const [told, again] = [steps, stepsOf(text.split("\n"))].map((each) => JSON.stringify(each));
    must(told === again, () => `as a text it says\n${told}\nand as lines\n${again}`);
  },
};

/** All that comes of a log. */
function stepsOf(log: string | readonly string[]): readonly unknown[] {
  const said: unknown[] = [];
  try {
    const replayed = replay(log, { detectors });
    for (const { error, ...step } of replayed) said.push(step, (error as Error)?.message);
    const states = [...replayed.monitor].map((ref) => replayed.monitor.state(ref));
    said.push(replayed.isCutOff, replayed.monitor.nextDeadline(), states);
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    must(CODES.includes(code as string), () => `an error without a code of a log: ${error}`);
    must(PLACED.test(message as string), () => `an error without a line: ${message}`);
    said.push(message);
  }
  return said;
}

/** The log of docs/replay.md. */
function documented(): Uint8Array {
  const [, log = ""] = /```json\n(.*?)```/s.exec(readFileSync("docs/replay.md", "utf8")) ?? [];
  return new TextEncoder().encode(log);
}

/** Some of a history that has every call, with a sink that calls back and throws. */
function recorded(seed: number, from: number, until: number): Uint8Array {
  let now = 100 * seed;
  const lines: string[] = [];
  const policy = { intervalMs: 300, suspectAfterMs: 1_000, deadAfterMs: 2_500 };
  const attempt = (body: () => unknown) => {
    try {
      body();
    } catch {
      // It is in the log.
    }
  };
  const shadow = seed === 3 ? detectors.phi : undefined;
  const monitor = recordMonitor(
    {
      ...{ host: { now: () => now }, seed, policy: { ...policy, shadow } },
      sample: seed === 2 ? (peer) => peer !== undefined && monitor.heard(peer) : undefined,
      emit: (output) => {
        if (output.type === "beat") monitor.sent(output.peer);
        if (output.type === "changed" && output.to === "suspect") throw new Error("no pager");
      },
    },
    (line) => lines.push(line),
    { detectors },
  );
  const withdraw = monitor.onEarlier(() => monitor.observedNow());
  const own = { detector: seed === 1 ? detectors.adaptive : undefined };
  const one = monitor.add("one", { policy: { ...policy, ...own } });
  const two = monitor.add(undefined, { role: "listen" });
  const steps: readonly (() => unknown)[] = [
    () => monitor.heard(one),
    () => monitor.heardBeat(two, 1, { rttMs: 0.25, sentAtMs: 5, gapMs: 300 }),
    () => monitor.tick({ slice: true }),
    () => monitor.heardBeat(two, 3, { proof: true, nonceAt: now - 7, heldMs: 1 }),
    () => monitor.setPolicy(one, { ...policy, deadAfterMs: -1 }),
    () => monitor.setPolicy(one, { ...policy, deadAfterMs: 4_000 }),
    () => monitor.pause(two),
    () => monitor.resume(two),
    () => monitor.stalled(40),
    () => monitor.suspicion(one),
    () => monitor.tick(),
    () => monitor.ended(two, "left", { returnInMs: 500 }),
    () => monitor.dial(two),
    () => monitor.add("one"),
    () => monitor.remove(9_999 as PeerRef),
    () => monitor.tick(),
    () => withdraw(),
  ];
  for (const step of steps.slice(from, until)) {
    now += 37 * seed + 150 * (steps.indexOf(step) % 4);
    attempt(step);
  }
  return new TextEncoder().encode(`${lines.join("\n")}\n`);
}
