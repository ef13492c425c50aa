// Which policies are in force: kept once each, gone with the last who has them, and what follows for all.
import { expect, test } from "vitest";
import { definePolicy } from "../src/define-policy.ts";
import { fixed } from "../src/detectors/fixed.ts";
import { phi } from "../src/detectors/phi.ts";
import { Policies } from "../src/monitor/policies.ts";
import type { PolicyOptions } from "../src/policy.ts";

const policy = (options: PolicyOptions = {}) =>
  definePolicy({ intervalMs: 1_000, suspectAfterMs: 3_000, deadAfterMs: 6_000, ...options });

test("each has one number for as long as somebody has it", () => {
  const policies = new Policies();
  const [one, other] = [policy(), policy({ deadAfterMs: 7_000 })];
  expect([one, other, one].map((each) => policies.take(each))).toEqual([1, 2, 1]);
  policies.release(1);
  expect(policies.at(1)).toBe(one);
  policies.release(1);
  expect(policies.take(other)).toBe(2);
  expect(policies.take(policy({ deadAfterMs: 8_000 }))).toBe(1);
});

test("counts those that look at arrivals, as long as somebody has them", () => {
  const policies = new Policies();
  policies.take(policy());
  expect(policies.varying).toBe(0);
  const learning = [policy({ detector: phi() }), policy({ shadow: phi() })];
  const indexes = learning.map((each) => policies.take(each));
  policies.take(policy({ detector: phi(), shadow: fixed }));
  expect(policies.varying).toBe(3);
  for (const index of indexes) policies.release(index);
  expect(policies.varying).toBe(1);
});

test("a silence is near from half of the smallest that anybody who is judged allows", () => {
  const policies = new Policies();
  const slow = policies.take(policy());
  policies.judge(slow, 1);
  expect(policies.nearMs).toBe(1_500);
  const fast = policies.take(policy({ suspectAfterMs: 2_000 }));
  policies.judge(fast, 1);
  expect([policies.nearMs, policies.smallestSuspectAfterMs]).toEqual([1_000, 2_000]);
  policies.judge(fast, -1);
  expect(policies.nearMs).toBe(1_500);
  // Another detector may suspect any time.
  policies.take(policy({ detector: phi() }));
  expect(policies.nearMs).toBe(0);
});
