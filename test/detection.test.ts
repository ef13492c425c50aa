// docs/detection.md: its code runs, its tables are what `predict` and `policyFor` say, and what it quotes of
// the benchmark stands in docs/quality-tables.md.

import { readFileSync } from "node:fs";
import {
  createMonitor,
  type Monitor,
  type PolicyOptions,
  relaxed,
  standard,
  strict,
} from "@systole/core";
import * as detectors from "@systole/core/detectors";
import { type Network, policyFor, predict } from "@systole/core/quality";
import { ManualHost } from "@systole/core/testing";
import { expect, test } from "vitest";
import { examplesOf, runExample } from "./examples.ts";

const read = (path: string) => readFileSync(new URL(`../docs/${path}`, import.meta.url), "utf8");
const page = read("detection.md");
const tables = read("quality-tables.md");
const examples = examplesOf("docs/detection.md");

const [SECOND, HOUR, DAY, YEAR] = [1_000, 3_600_000, 86_400_000, 365 * 86_400_000];

const networks: Record<string, Network> = {
  LAN: { loss: 0.001, delayMs: 0.7, delayVarianceMs2: 0.5 ** 2 },
  WAN: { loss: 0.01, delayMs: 60, delayVarianceMs2: 10 ** 2 },
  "long haul": { loss: 0.05, delayMs: 150, delayVarianceMs2: 10 ** 2 },
  phone: { loss: 0.05, delayMs: 200, delayVarianceMs2: 200 ** 2 },
};

/** Two digits are enough, and more than 1,000 years is for ever. */
function duration(ms: number): string {
  const units: [number, string][] = [
    [1, "ms"],
    [SECOND, "s"],
    [60 * SECOND, "min"],
    [HOUR, "h"],
    [DAY, "days"],
    [YEAR, "years"],
  ];
  if (ms > 1_000 * YEAR) return "> 1000 years";
  const rounded = Number(ms.toPrecision(2));
  const [size, unit] = units.findLast(([least]) => rounded >= least) ?? [1, "ms"];
  return `${Number((ms / size).toPrecision(2))} ${unit}`;
}

/** The rows of a table between two marks. */
function rowsOf(mark: string): string[] {
  const [, inside = ""] = page.split(`<!-- ${mark} -->\n`);
  return inside.split("<!-- end -->")[0]?.trim().split("\n").slice(2) ?? [];
}

const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;

test("what the presets give is what predict says", () => {
  const expected = Object.entries(networks).flatMap(([name, network]) =>
    Object.entries({ strict, standard, relaxed }).map(([preset, policy]) => {
      const { loss, delayMs, delayVarianceMs2 } = network;
      const said = predict(policy, network);
      // Silent for D by chance; probes, which may be answered, are left out.
      const { deadAfterMs = 0 } = policy;
      const slow: PolicyOptions = { ...policy, suspectAfterMs: deadAfterMs, deadAfterMs: 60_000 };
      const deviationMs = Math.sqrt(delayVarianceMs2);
      return row([
        preset === "strict" ? `${name}: ${loss * 100} %, ${delayMs} ± ${deviationMs} ms` : "",
        `\`${preset}\``,
        duration(said.detectionMs),
        duration(said.falseAlarmEveryMs),
        duration((1 - said.accuracy) * said.falseAlarmEveryMs),
        duration(predict(slow, network).falseAlarmEveryMs),
      ]);
    }),
  );
  expect(rowsOf("presets").join("\n")).toBe(expected.join("\n"));
});

test("what can be promised is what policyFor promises", () => {
  const expected = [3 * SECOND, 10 * SECOND, 30 * SECOND].flatMap((detectWithinMs) =>
    [7 * DAY, YEAR].map((falseAlarmEveryMs) => {
      const gaps = Object.values(networks).map((network) => {
        const plan = policyFor({ detectWithinMs, falseAlarmEveryMs }, network);
        return plan.ok ? duration(plan.policy.intervalMs as number) : "not possible";
      });
      const often = falseAlarmEveryMs === YEAR ? "year" : "week";
      return row([duration(detectWithinMs), often, ...gaps]);
    }),
  );
  expect(rowsOf("plans").join("\n")).toBe(expected.join("\n"));
});

test("relaxed with beats of 3 s is better than it is, and than standard, where frames get lost", () => {
  for (const network of [networks["WAN"], networks["long haul"], networks["phone"]] as Network[]) {
    const every = (policy: PolicyOptions) => predict(policy, network).falseAlarmEveryMs;
    expect(every(relaxed)).toBeLessThan(every(standard));
    expect(every({ ...relaxed, intervalMs: 3_000 })).toBeGreaterThan(every(standard));
  }
});

test("what is quoted of the benchmark is what the benchmark says", () => {
  const glance = tables.split("### At a glance")[1]?.split("### ")[0]?.split("\n") ?? [];
  const quoted = page.split("\n").filter((line) => /^\| S\d/.test(line));
  expect(quoted.length).toBeGreaterThan(12);
  for (const line of quoted) {
    const [, id = "", , ratios] = line.split("|").map((cell) => cell.trim());
    const source = glance.find((each) => each.split("|")[1]?.trim() === id);
    const cells = source?.split("|").slice(4, 7) ?? [];
    const said = cells.map((cell) => /^ *(\d+ : \d+|[\d.]+)/.exec(cell)?.[1] ?? "?");
    expect(`${id} ${ratios}`).toBe(`${id} ${said.join(" / ")}`);
  }
});

test("what stall credit is worth as things come is what the benchmark says", () => {
  const [, section = ""] = tables.split("### As they come");
  const source = section.split("\n").find((line) => line.startsWith("| S5 "));
  const cells = source?.split("|").slice(4, 7) ?? [];
  const said = cells.map((cell) => /[\d.]+/.exec(cell)?.[0] ?? "?");
  expect(page).toContain(`makes ${said.join(" / ")} of the mistakes`);
});

test("every scenario that survives the correction against us is named as lost", () => {
  const glance = tables.split("### At a glance")[1]?.split("### ")[0]?.split("\n") ?? [];
  const lost = glance
    .filter((line) => line.includes("**more**"))
    .map((line) => line.split("|")[1]?.trim());
  expect(lost).toEqual(["S1d", "S2b", "S11", "S13b"]);
  for (const id of lost) expect(page).toMatch(new RegExp(`^\\| ${id} .*\\*\\*lost\\*\\*`, "m"));
});

test("need", async () => {
  const said: number[] = [];
  await runExample(examples.get("need") ?? "", { console: { log: (n: number) => said.push(n) } });
  const shown = [...(examples.get("need") ?? "").matchAll(/console\.log.*\/\/ (\S+)$/gm)];
  expect(said.map((n) => `${Math.round(n)}`)).toEqual(shown.map(([, text]) => text));
});

test("measured", async () => {
  let now = 0;
  const monitor = createMonitor({ host: { now: () => now }, emit() {} });
  const peer = monitor.add("worker-7");
  const hear = (from: number, to: number) => {
    for (let seq = from; seq <= to; seq++) {
      now += 100;
      if (seq % 50 > 0) monitor.heardBeat(peer, seq, { sentAtMs: now - (seq % 7), rttMs: 8 });
    }
  };
  const lines: string[] = [];
  const scope = {
    monitor,
    target: { detectWithinMs: 5_000, falseAlarmEveryMs: DAY },
    console: { log: (line: string) => lines.push(line) },
  };
  hear(1, 12);
  await runExample(examples.get("measured") ?? "", scope);
  expect(lines).toEqual([expect.stringMatching(/^12 frames are too few to tell a network by: /)]);
  expect(examples.get("measured")).toContain("12 frames are too few to tell a network by: …");
  hear(13, 2_000);
  await runExample(examples.get("measured") ?? "", scope);
  expect(lines).toHaveLength(1);
  expect(monitor.policy(peer)?.suspectAfterMs).toBeGreaterThan(4_900);
  expect(monitor.policy(peer)?.intervalMs).not.toBe(standard.intervalMs);
});

test("shadow, and compare after 10,000 beats of which one in 50 is lost, and a death", async () => {
  let now = 0;
  const imports = { "@systole/core/detectors": detectors };
  const scope = { host: { now: () => now }, emit() {} };
  const made = await runExample(examples.get("shadow") ?? "", scope, ["monitor"], imports);
  const monitor = made["monitor"] as Monitor;
  const peer = monitor.add("worker-7", { role: "listen" });
  const at = (ms: number) => {
    for (let due = monitor.nextDeadline(); due <= ms; due = monitor.nextDeadline()) {
      now = due;
      monitor.tick();
    }
    now = ms;
  };
  const random = new ManualHost({ seed: 11 });
  const u = () => random.entropy() / 2 ** 32;
  for (let seq = 1; seq <= 10_000; seq++) {
    const sentAtMs = 1_000 * (seq - u() / 4);
    const isLost = u() < 0.02;
    at(Math.max(now, sentAtMs + 20 + 30 * u()));
    if (!isLost) monitor.heardBeat(peer, seq, { sentAtMs, gapMs: 1_000 });
  }
  at(now + 30_000);
  expect(monitor.status(peer)).toBe("dead");
  const said: string[] = [];
  const log = (...values: number[]) => said.push(values.map(Math.round).join(" "));
  await runExample(examples.get("compare") ?? "", { monitor, console: { log } });
  const shown = [...(examples.get("compare") ?? "").matchAll(/\/\/ (.*)$/gm)];
  expect(said).toEqual(shown.map(([, text]) => text));
});

test("no block was forgotten, every picture exists, and every link leads somewhere", () => {
  expect([...examples.keys()]).toEqual(["need", "measured", "shadow", "compare"]);
  const targets = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target);
  expect(targets.length).toBeGreaterThan(10);
  const anchors = new Set(
    [...page.matchAll(/^## (.*)$/gm)].map(
      ([, title = ""]) =>
        `#${title
          .toLowerCase()
          .replaceAll(/[^\w -]/g, "")
          .replaceAll(" ", "-")}`,
    ),
  );
  for (const target of targets) {
    if (target.startsWith("#")) expect(anchors).toContain(target);
    else expect(() => read(target.split("#")[0] as string), target).not.toThrow();
  }
});
