// Two ends never need equal configuration: whatever is asked, announced, lost and changed, nobody is
// judged by a pace it was not told, and nobody beats slower than it said.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { definePolicy } from "../src/define-policy.ts";
import { Negotiation, type Pace } from "../src/endpoint/negotiation.ts";
import type { Role } from "../src/peer/state.ts";
import type { Policy } from "../src/policy.ts";
import { plainPolicies, roles, threeNumbers } from "./arbitraries.ts";

const word32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const sensible = fc.integer({ min: 0, max: 8_000 });
const durations = fc.oneof({ weight: 6, arbitrary: sensible }, fc.constant(0), word32);
const paces: fc.Arbitrary<Pace> = fc.record({
  gapMs: durations,
  wishMs: durations,
  minMs: durations,
  deadMs: durations,
});

type Step =
  | { readonly kind: "send" }
  | { readonly kind: "heard"; readonly pace: Pace }
  | { readonly kind: "again" }
  | { readonly kind: "echoed"; readonly which: number }
  | { readonly kind: "policy"; readonly policy: Policy };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant<Step>({ kind: "send" }) },
    { weight: 4, arbitrary: paces.map((pace): Step => ({ kind: "heard", pace })) },
    { weight: 4, arbitrary: fc.constant<Step>({ kind: "again" }) },
    { weight: 3, arbitrary: fc.nat().map((which): Step => ({ kind: "echoed", which })) },
    { weight: 1, arbitrary: plainPolicies.map((policy): Step => ({ kind: "policy", policy })) },
  ),
  { maxLength: 40 },
);

/** One side, and what the other side may believe of it: any frame since the last one it echoed. */
class Side {
  readonly negotiation: Negotiation;
  policy: Policy;
  heard: Pace | undefined;
  readonly #sent: Pace[] = [];
  #echoed = 0;

  constructor(policy: Policy, role: Role) {
    this.policy = policy;
    this.negotiation = new Negotiation(policy, role);
    this.send();
  }

  send(): number {
    return this.#sent.push(this.negotiation.pace());
  }

  take(step: Step): void {
    const nextSeq = this.#sent.length + 1;
    switch (step.kind) {
      case "send":
        this.send();
        return;
      case "heard":
        this.heard = step.pace;
        this.negotiation.heard(step.pace, nextSeq);
        return;
      case "again":
        if (this.heard) this.negotiation.heard(this.heard, nextSeq);
        return;
      case "policy":
        this.policy = step.policy;
        this.negotiation.setPolicy(step.policy, nextSeq);
        return;
      case "echoed":
        this.echo(step.which);
    }
  }

  /** Some frame from the last echoed one on; also an older one, which says nothing new. */
  echo(which: number): void {
    const seq = 1 + (which % this.#sent.length);
    this.#echoed = Math.max(this.#echoed, seq);
    this.negotiation.echoed(seq);
  }

  /** What the other side may go by now. */
  get believed(): readonly Pace[] {
    return this.#sent.slice(Math.max(0, this.#echoed - 1));
  }
}

function forEveryHistory(check: (side: Side) => void): void {
  fc.assert(
    fc.property(plainPolicies, roles, steps, (policy, role, list) => {
      const side = new Side(policy, role);
      for (const step of list) {
        side.take(step);
        check(side);
      }
    }),
  );
}

describe("at every step", () => {
  test("we beat at least as often as any frame said that the other side may go by", () => {
    forEveryHistory(({ negotiation: { inForce }, believed }) => {
      const promised = believed.map(({ gapMs }) => gapMs).filter((gapMs) => gapMs > 0);
      expect(inForce.intervalMs).toBeLessThanOrEqual(Math.min(...promised));
    });
  });

  test("our D is at least what any frame said that the other side may trust in", () => {
    forEveryHistory(({ negotiation: { inForce }, believed }) => {
      expect(inForce.deadAfterMs).toBeGreaterThanOrEqual(
        Math.max(...believed.map(({ deadMs }) => deadMs)),
      );
    });
  });

  test("the policy in force is one that holds together", () => {
    forEveryHistory(({ negotiation: { inForce } }) => {
      const { suspectAfterMs, deadAfterMs, minSuspicionMs, intervalMs, probeIntervalMs } = inForce;
      const numbers = Object.values(inForce).filter((value) => typeof value === "number");
      expect(numbers.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
      expect(Math.min(minSuspicionMs, intervalMs, probeIntervalMs)).toBeGreaterThan(0);
      expect(deadAfterMs - suspectAfterMs).toBeGreaterThanOrEqual(minSuspicionMs * (1 - 1e-9));
      expect(inForce.returns).toBe("never");
    });
  });

  test("nobody who keeps the gap it announced last is suspected, or it is called incompatible", () => {
    forEveryHistory(({ negotiation, policy, heard }) => {
      if (heard === undefined || negotiation.incompatible) return;
      const gapMs = heard.gapMs || negotiation.inForce.intervalMs;
      expect(negotiation.inForce.suspectAfterMs).toBeGreaterThan(Math.max(gapMs, policy.wishMs));
    });
  });

  test("deadlines stretch only as far as maxGapMs allows, or it is called incompatible", () => {
    forEveryHistory(({ negotiation, policy }) => {
      if (negotiation.incompatible) return;
      const most =
        Math.max(policy.maxGapMs, policy.wishMs) / Math.max(1, Math.floor(policy.wishMs));
      expect(negotiation.inForce.suspectAfterMs).toBeLessThanOrEqual(
        policy.suspectAfterMs * most * (1 + 1e-9),
      );
    });
  });

  test("one more frame and its echo put everything into force", () => {
    forEveryHistory((side) => {
      if (!side.negotiation.pending) return;
      const { gapMs } = side.negotiation.pace();
      side.echo(side.send() - 1);
      const { pending, inForce } = side.negotiation;
      expect(pending).toBe(false);
      if (gapMs > 0) expect(Math.ceil(inForce.intervalMs)).toBe(gapMs);
    });
  });
});

test("two ends that hear each other agree: each beats as the other one judges", () => {
  const policies = threeNumbers.map((options) => definePolicy(options));
  fc.assert(
    fc.property(policies, policies, (ours, theirs) => {
      const [a, b] = [new Side(ours, "both"), new Side(theirs, "both")];
      for (let round = 0; round < 6; round++) {
        for (const [from, to] of [
          [a, b],
          [b, a],
        ] as const) {
          const pace = from.negotiation.pace();
          const seq = from.send();
          to.take({ kind: "heard", pace });
          from.echo(seq - 1);
        }
      }
      for (const [side, other] of [
        [a, b],
        [b, a],
      ] as const) {
        expect(side.negotiation.pending).toBe(false);
        if (side.negotiation.incompatible) continue;
        expect(side.negotiation.inForce.peerGapMs).toBe(
          Math.ceil(other.negotiation.inForce.intervalMs),
        );
        expect(side.negotiation.inForce.suspectAfterMs).toBeGreaterThan(
          other.negotiation.inForce.intervalMs,
        );
      }
    }),
  );
});
