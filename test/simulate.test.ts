// The chain of `pnpm simulate` itself: an endpoint that is broken on purpose is found out, the scenario becomes
// small, goes through a file, and breaks the same rule again. And what the chain has found stays mended.
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Process } from "../packages/core/test/cluster.ts";
import { draw } from "../proof/simulate/draw.ts";
import { type Found, minimise } from "../proof/simulate/found.ts";
import { play } from "../proof/simulate/play.ts";
import type { Scenario } from "../proof/simulate/scenario.ts";
import type { Sabotage } from "../proof/simulate/world.ts";

const FOUND = new URL("../proof/simulate/found/", import.meta.url);
/** Small scenarios, of a few milliseconds each. */
const ATTEMPTS = 40;

/** Who believes for too long that the other side still counts on it. */
const trustsTooLong: Sabotage = ({ endpoint }: Process) => {
  const trustedUntil = endpoint.trustedUntil.bind(endpoint);
  endpoint.trustedUntil = (ref) => trustedUntil(ref) + 60_000;
};

/** Whose timer is lost. */
const isNeverCalled: Sabotage = ({ name, driving }: Process) => {
  if (name === "p0") driving[Symbol.dispose]();
};

/** Whose frames for one peer are counted and then thrown away: MQTT.js#1861 the other way round. */
const isDeaf: Sabotage = ({ name, endpoint }: Process) => {
  const receive = endpoint.receive.bind(endpoint);
  let frames = 0;
  endpoint.receive = (bytes, from) => {
    frames += 1;
    if (name !== "p0" || frames < 20) receive(bytes, from);
  };
};

test.each([
  ["who trusts for too long", trustsTooLong, "nobody trusts for too long"],
  ["whose timer is lost", isNeverCalled, "no timer is lost"],
  ["who is deaf", isDeaf, "no verdict against whose frames came in time"],
] as const)(
  "a process %s is found out, in a small scenario that repeats",
  (_who, sabotage, rule) => {
    const [scenario, violation] = firstFailure(sabotage, rule);
    let attempts = 0;
    const found = minimise(scenario, violation, () => ++attempts <= ATTEMPTS, sabotage);
    expect(found.scenario.nodes.length).toBeLessThanOrEqual(scenario.nodes.length);
    expect(JSON.stringify(found.scenario).length).toBeLessThan(JSON.stringify(scenario).length);
    const read = JSON.parse(JSON.stringify(found)) as Found;
    expect(play(read.scenario, sabotage).violations.map((each) => each.rule)).toContain(rule);
    // It was the process that was broken, and not the check.
    expect(play(read.scenario).violations).toEqual([]);
  },
);

function firstFailure(sabotage: Sabotage, rule: string) {
  for (let seed = 1; seed < 200; seed++) {
    const scenario = draw(seed);
    // Small, and something is cut: there the others have verdicts to make.
    const hasCut = scenario.steps.some(({ fault }) => fault.type === "cut");
    if (scenario.nodes.length > 4 || !hasCut) continue;
    const violation = play(scenario, sabotage).violations.find((each) => each.rule === rule);
    if (violation) return [scenario, violation] as const;
  }
  throw new Error("nothing was found out");
}

test("the same seed is the same cluster, whenever it is played", () => {
  let small: Scenario = draw(1);
  for (let seed = 2; small.nodes.length > 5; seed++) small = draw(seed);
  const [one, other] = [play(small), play(JSON.parse(JSON.stringify(small)) as Scenario)];
  expect(one.tally.data).toEqual(other.tally.data);
  expect(one.violations).toEqual([]);
});

test.each(readdirSync(FOUND))("what broke a rule once breaks none any more: %s", (file) => {
  const { scenario } = JSON.parse(readFileSync(new URL(file, FOUND), "utf8")) as Found;
  expect(play(scenario).violations).toEqual([]);
});
