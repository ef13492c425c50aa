// Our own beats: the announced interval is the largest gap, nothing leaves in one burst, and a dead
// peer is asked at back-off pace.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { definePolicy } from "../src/define-policy.ts";
import { nextActAt, nextDeadline } from "../src/peer/deadlines.ts";
import type { PeerEvent, PeerOutput } from "../src/peer/events.ts";
import { backoffCeilingMs, paceWindowMs } from "../src/peer/rules.ts";
import { initialPeer, type PeerState, type Role, thaw } from "../src/peer/state.ts";
import { transition } from "../src/peer/transition.ts";
import type { Policy } from "../src/policy.ts";
import { plainPolicies, policies, roles } from "./arbitraries.ts";

const EPSILON_MS = 1e-6;

/** A peer that is served punctually, at each of its deadlines, and sends every beat it asks for. */
class Punctual {
  state: PeerState;
  at = 0;
  readonly outputs: (PeerOutput & { readonly at: number })[] = [];
  readonly sentAts: number[] = [];
  readonly policy: Policy;

  constructor(policy: Policy, role: Role, seed: number) {
    this.policy = policy;
    this.state = initialPeer(policy, 0, { role, seed });
  }

  apply(event: PeerEvent): void {
    const [state, outputs] = transition(this.state, event, this.policy);
    this.state = state;
    if (event.type === "sent") this.sentAts.push(event.at);
    for (const output of outputs) {
      this.outputs.push({ ...output, at: event.at });
      if (output.type === "beat") this.apply({ type: "sent", at: event.at });
    }
  }

  until(at: number): void {
    for (;;) {
      const deadline = nextDeadline(this.state, this.policy);
      if (!(deadline <= at)) break;
      this.at = deadline;
      const before = this.state;
      this.apply({ type: "tick", at: deadline });
      if (this.state === before) throw new Error(`nothing happens at the deadline ${deadline}`);
    }
    this.at = at;
  }

  get beats() {
    return this.outputs.filter((output) => output.type === "beat");
  }
}

const happenings = fc.array(
  fc.record({
    waitMs: fc.integer({ min: 0, max: 3_000 }),
    type: fc.constantFrom("heard" as const, "proven" as const, "sent" as const),
  }),
  { maxLength: 12, size: "max" },
);

describe("a punctual peer", () => {
  test("amqp-node/amqplib#556: never lets a gap between two of its frames exceed intervalMs, until dead", () => {
    fc.assert(
      fc.property(
        policies,
        fc.constantFrom("both" as const, "send" as const),
        fc.nat(),
        happenings,
        (policy, role, seed, list) => {
          const peer = new Punctual(policy, role, seed);
          for (const { waitMs, type } of list) {
            peer.until(peer.at + waitMs);
            if (peer.state.status === "dead") break;
            peer.apply({ type, at: peer.at });
          }
          const diedAt = peer.outputs.find(
            (out) => out.type === "changed" && out.to === "dead",
          )?.at;
          const sentAts = peer.sentAts.filter((at) => at <= (diedAt ?? peer.at));
          const gaps = sentAts.slice(1).map((at, n) => at - sentAts[n]!);
          expect(Math.max(0, ...gaps)).toBeLessThanOrEqual(policy.intervalMs + EPSILON_MS);
          // Nor is the last one still owed.
          const owedMs = (diedAt ?? peer.at) - (sentAts.at(-1) ?? peer.at);
          expect(owedMs).toBeLessThanOrEqual(policy.intervalMs + EPSILON_MS);
        },
      ),
    );
  });

  test("spreads its first beat: within min(interval/4, 250 ms), then at a random phase", () => {
    fc.assert(
      fc.property(policies, fc.nat(), (policy, seed) => {
        const peer = new Punctual(policy, "both", seed);
        expect(nextActAt(thaw(peer.state))).toBeLessThanOrEqual(paceWindowMs(policy.intervalMs));
        peer.apply({ type: "proven", at: 0 });
        expect(nextActAt(thaw(peer.state))).toBeLessThanOrEqual(policy.intervalMs);
      }),
    );
  });

  test("mqttjs/MQTT.js#1861, supabase/realtime-js#133: receiving does not suppress our own beats", () => {
    fc.assert(
      fc.property(policies, fc.nat(), fc.integer({ min: 8, max: 19 }), (policy, seed, everyMs) => {
        const peer = new Punctual(policy, "both", seed);
        while (peer.at < 3 * policy.intervalMs) {
          peer.apply({ type: "proven", at: peer.at });
          peer.until(peer.at + everyMs);
        }
        expect(peer.beats.length).toBeGreaterThanOrEqual(3);
      }),
    );
  });

  test("does not beat while it sends more often than its shortest gap, nor does who only sends", () => {
    fc.assert(
      fc.property(plainPolicies, fc.nat(), fc.boolean(), (policy, seed, judges) => {
        const peer = new Punctual(policy, judges ? "both" : "send", seed);
        if (judges) peer.apply({ type: "proven", at: 0 });
        const everyMs = policy.intervalMs * (1 - policy.jitter) * 0.99;
        for (let n = 0; n < 20; n++) {
          peer.apply({ type: "sent", at: peer.at });
          if (judges) peer.apply({ type: "proven", at: peer.at });
          peer.until(peer.at + everyMs);
        }
        expect(peer.beats).toEqual([]);
      }),
    );
  });

  test("asks at the pace of its probes while connecting and suspect, whatever else it sends", () => {
    fc.assert(
      fc.property(policies, fc.nat(), (policy, seed) => {
        const peer = new Punctual(policy, "both", seed);
        const paceMs = Math.min(policy.probeIntervalMs, policy.intervalMs);
        for (let n = 0; n < 50 && peer.state.status === "connecting"; n++) {
          peer.until(peer.at + paceMs / 3);
          if (peer.state.status === "connecting") peer.apply({ type: "sent", at: peer.at });
        }
        const times = peer.beats.map(({ at }) => at).filter((at) => at < policy.deadAfterMs);
        const gaps = times.slice(1).map((at, n) => at - times[n]!);
        for (const gap of gaps) expect(gap).toBeLessThanOrEqual(paceMs + EPSILON_MS);
        const until = Math.min(peer.at, policy.deadAfterMs);
        expect(times.length).toBeGreaterThanOrEqual(Math.floor((until - 250) / paceMs));
      }),
    );
  });
});

describe("after a suspicion that was wrong", () => {
  const policy = definePolicy({ intervalMs: 1_000, suspectAfterMs: 3_000, deadAfterMs: 6_000 });
  const steady = definePolicy({ ...policy, jitter: 0 });

  test("our beats keep their rhythm: that was no new life", () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const peer = new Punctual(steady, "both", seed);
      peer.apply({ type: "heard", at: 0 });
      peer.until(3_000);
      const lastAt = peer.sentAts.at(-1) as number;
      peer.apply({ type: "heard", at: 3_010 });
      expect(nextActAt(thaw(peer.state))).toBe(lastAt + 1_000);
    }
  });

  test("they leave also where none could be sent before", () => {
    let [state] = transition(initialPeer(policy, 0), { type: "heard", at: 0 }, policy);
    [state] = transition(state, { type: "tick", at: 3_000 }, policy);
    [state] = transition(state, { type: "heard", at: 3_500 }, policy);
    expect(state.status).toBe("alive");
    expect(nextActAt(thaw(state))).toBeLessThanOrEqual(3_500 + 1_000);
  });
});

describe("roles", () => {
  test("`send` never judges and beats in every status; `listen` judges and never beats", () => {
    fc.assert(
      fc.property(policies, roles, fc.nat(), happenings, (policy, role, seed, list) => {
        const peer = new Punctual(policy, role, seed);
        for (const { waitMs, type } of list) {
          peer.until(peer.at + waitMs);
          peer.apply({ type, at: peer.at });
        }
        peer.until(peer.at + 2 * policy.deadAfterMs);
        const has = (wanted: string) => peer.outputs.some(({ type }) => type === wanted);
        // A listener never beats, but a broken connection is its to open again, where it redials.
        if (role === "listen")
          expect([has("beat"), has("dial") && !policy.redial]).toEqual([false, false]);
        if (role === "send") {
          expect(["connecting", "alive"]).toContain(peer.state.status);
          expect(peer.beats.some(({ probe }) => probe)).toBe(false);
        }
        if (role !== "send") expect(peer.state.status).toBe("dead");
      }),
    );
  });

  test("`send` goes on beating after its session was ended", () => {
    fc.assert(
      fc.property(policies, fc.nat(), (policy, seed) => {
        const peer = new Punctual(policy, "send", seed);
        peer.until(10);
        peer.apply({ type: "ended", at: 10, reason: "closed" });
        peer.until(10 + 3.5 * policy.intervalMs);
        const beats = peer.beats.filter(({ at }) => at > 10);
        expect(beats.length).toBeGreaterThanOrEqual(3);
        expect(beats.some(({ probe }) => probe)).toBe(false);
      }),
    );
  });
});

describe("after a stall of ours", () => {
  test("overdue beats leave within min(interval/4, 250 ms), and not in one burst", () => {
    const late = fc.integer({ min: 1, max: 100_000 });
    fc.assert(
      fc.property(policies, fc.nat(), late, (policy, seed, lateMs) => {
        const windowMs = paceWindowMs(policy.intervalMs);
        const thawedAt = policy.intervalMs + windowMs + lateMs;
        const leftAt = Array.from({ length: 40 }, (_, n) => {
          const peer = new Punctual(policy, "send", seed + n);
          peer.apply({ type: "heard", at: 0 });
          peer.apply({ type: "tick", at: thawedAt });
          peer.until(thawedAt + windowMs);
          return peer.beats[0]?.at ?? Number.POSITIVE_INFINITY;
        });
        expect(Math.max(...leftAt)).toBeLessThanOrEqual(thawedAt + windowMs);
        expect(Math.min(...leftAt)).toBeGreaterThanOrEqual(thawedAt);
        // Spread evenly, a half holds 20 of the 40, and 36 with a chance of one in a million.
        const firstHalf = leftAt.filter((at) => at < thawedAt + windowMs / 2).length;
        expect(firstHalf).toBeGreaterThan(4);
        expect(firstHalf).toBeLessThan(36);
      }),
    );
  });

  test("are spread after each stall, also where something else left since the one before", () => {
    const lateMs = fc.integer({ min: 1, max: 100_000 });
    fc.assert(
      fc.property(plainPolicies, fc.nat(), lateMs, (policy, seed, late) => {
        const windowMs = paceWindowMs(policy.intervalMs);
        const peer = new Punctual(policy, "send", seed);
        peer.apply({ type: "heard", at: 0 });
        for (let n = 0; n < 3; n += 1) {
          peer.at += policy.intervalMs + windowMs + late;
          const beats = peer.beats.length;
          peer.apply({ type: "tick", at: peer.at });
          expect(peer.beats.length).toBe(beats);
          expect(nextActAt(thaw(peer.state))).toBeLessThanOrEqual(peer.at + windowMs);
          // What was spread leaves, or something else leaves before it and takes its place.
          if (n === 0) peer.until(peer.at + windowMs);
          peer.apply({ type: "heard", at: peer.at });
          peer.apply({ type: "sent", at: peer.at });
          if (n === 0) peer.until(peer.at + 1.5 * policy.intervalMs);
        }
      }),
    );
  });

  test("so are the first one of a life and those to the dead", () => {
    const lateMs = fc.integer({ min: 1, max: 100_000 });
    fc.assert(
      fc.property(plainPolicies, fc.nat(), lateMs, (policy, seed, late) => {
        const windowMs = paceWindowMs(policy.intervalMs);
        const peer = new Punctual(policy, "both", seed);
        const isSpread = () => {
          const beats = peer.beats.length;
          peer.at = nextActAt(thaw(peer.state)) + windowMs + late;
          peer.apply({ type: "tick", at: peer.at });
          return peer.beats.length === beats;
        };
        // The one of before has been spread already: that is no reason not to spread the next.
        peer.apply({ type: "heard", at: 0 });
        peer.at = policy.intervalMs + windowMs + late;
        peer.apply({ type: "tick", at: peer.at });
        peer.apply({ type: "ended", at: peer.at, reason: "duplicate-id" });
        expect(isSpread()).toBe(true);
        peer.apply({ type: "dial", at: peer.at });
        expect(isSpread()).toBe(true);
      }),
    );
  });

  test("mqttjs/MQTT.js#1257, socketio/socket.io#4040: a loop that is always late still beats at its every tick", () => {
    const policy = definePolicy({ intervalMs: 1_000, suspectAfterMs: 4_000, deadAfterMs: 8_800 });
    const peer = new Punctual(policy, "send", 1);
    for (let minute = 1; minute <= 10; minute++) {
      peer.apply({ type: "tick", at: minute * 60_000 });
    }
    // The first overdue one is spread, and so leaves a tick later.
    expect(peer.beats).toHaveLength(9);
  });
});

describe("a dead peer is asked again", () => {
  test("at back-off pace, as beats, or as dials where the policy redials", () => {
    fc.assert(
      fc.property(policies, fc.nat(), (policy, seed) => {
        const peer = new Punctual(policy, "both", seed);
        const diedAt = policy.deadAfterMs;
        peer.until(diedAt + Math.min(60_000, policy.forgetAfterMs ?? 60_000));
        const asked = peer.outputs.filter(({ at, type }) => at > diedAt && type !== "forget");
        expect(asked.length).toBeGreaterThanOrEqual(3);
        expect(new Set(asked.map(({ type }) => type))).toEqual(
          new Set([policy.redial ? "dial" : "beat"]),
        );
        let before = diedAt;
        for (const [n, { at, ...output }] of asked.entries()) {
          const gap = at - before;
          const { backoffMinMs, backoffMaxMs } = policy;
          expect(gap).toBeLessThanOrEqual(
            backoffCeilingMs(n, backoffMinMs, backoffMaxMs) + EPSILON_MS,
          );
          expect(gap).toBeGreaterThanOrEqual(Math.min(100, backoffMinMs) - EPSILON_MS);
          if (output.type === "dial") expect(output.attempt).toBe(n + 1);
          else expect(output).toMatchObject({ session: 1, probe: true });
          before = at;
        }
      }),
    );
  });

  test("the back-off starts anew after a life of at least D, and goes on after a shorter one", () => {
    const policy = definePolicy({ redial: true });
    const peer = new Punctual(policy, "both", 3);
    const attempts = () => peer.outputs.flatMap((out) => (out.type === "dial" ? out.attempt : []));
    peer.until(policy.deadAfterMs + 30_000);
    const before = attempts().length;
    const live = (forMs: number) => {
      peer.outputs.length = 0;
      peer.apply({ type: "dial", at: peer.at });
      peer.apply({ type: "heard", at: peer.at });
      peer.at += forMs;
      peer.apply({ type: "ended", at: peer.at, reason: "closed" });
      peer.until(peer.at + 12_000);
    };
    live(policy.deadAfterMs - 1);
    expect(attempts()[0]).toBe(before + 1);
    live(policy.deadAfterMs);
    expect(attempts()[0]).toBe(1);
  });

  test("but not one that left, was replaced, or whose connection ended without redialling", () => {
    for (const reason of ["left", "replaced", "closed", "protocol-error", "restarted"] as const) {
      const peer = new Punctual(definePolicy(), "both", 0);
      peer.apply({ type: "ended", at: 0, reason });
      expect(nextActAt(thaw(peer.state))).toBe(Number.POSITIVE_INFINITY);
    }
    for (const reason of ["duplicate-id", "incompatible"] as const) {
      const peer = new Punctual(definePolicy(), "both", 0);
      peer.apply({ type: "ended", at: 0, reason });
      expect(nextActAt(thaw(peer.state))).toBeLessThanOrEqual(definePolicy().backoffMinMs);
    }
    const redialling = new Punctual(definePolicy({ redial: true }), "both", 0);
    redialling.apply({ type: "ended", at: 0, reason: "replaced" });
    expect(nextActAt(thaw(redialling.state))).toBe(Number.POSITIVE_INFINITY);
  });
});
