// Time: what a frozen, late or paused observer may and may not conclude.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deadAtMostMs, servedEveryMs } from "../src/bounds.ts";
import { definePolicy } from "../src/define-policy.ts";
import type { DetectorFunction } from "../src/detectors/detector.ts";
import { createMonitor } from "../src/monitor/monitor.ts";
import type { MonitorOutput } from "../src/monitor/outputs.ts";
import { stallToleranceMs, stretchMs, suspicionMs } from "../src/peer/rules.ts";
import { plainPolicies, policies } from "./arbitraries.ts";
import { type Piece, World } from "./world.ts";

const EPSILON_MS = 1e-6;

/** Mostly punctual, often a little late, sometimes frozen for long. */
const freezes = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 1, max: 120 }),
  fc.integer({ min: 1, max: 20_000 }),
);
const pieces: fc.Arbitrary<readonly Piece[]> = fc.array(
  fc.record({ runMs: fc.integer({ min: 0, max: 3_000 }), freezeMs: freezes }),
  { maxLength: 10, size: "max" },
);

describe("a driven monitor", () => {
  test("declares a cut peer dead within deadAtMostMs of observed time, whatever freezes it suffers", () => {
    fc.assert(
      fc.property(
        fc.array(plainPolicies, { minLength: 1, maxLength: 4 }),
        pieces,
        (list, course) => {
          const world = new World({ policy: list[0] });
          const peers = list.map((policy) => world.monitor.add(undefined, { policy }));
          for (const peer of peers) world.monitor.heard(peer);
          world.play(course);
          world.run(Math.max(...list.map((policy) => deadAtMostMs(policy, undefined, 7))));
          for (const [n, peer] of peers.entries()) {
            const policy = list[n]!;
            const death = world.changes(peer).find(({ to }) => to === "dead");
            expect(death).toMatchObject({ reason: "silence" });
            const { at, evidence } = death!;
            const observedMs = at - world.lostMs(0, at);
            // Health 0 is the promise; bad health of our own stretches it by a stated amount.
            const boundMs = deadAtMostMs(policy, undefined, evidence.health);
            expect(observedMs).toBeLessThanOrEqual(boundMs + EPSILON_MS);
          }
        },
      ),
    );
  });

  test("never suspects a peer whose frames keep arriving in time, however often it is frozen itself", () => {
    const slow = plainPolicies.filter(({ suspectAfterMs }) => suspectAfterMs >= 500);
    fc.assert(
      fc.property(slow, pieces, fc.integer({ min: 1, max: 3 }), (policy, course, peers) => {
        const world = new World({ policy });
        const lastsMs = course.reduce((sum, { runMs, freezeMs }) => sum + runMs + freezeMs, 0);
        const gapMs = policy.suspectAfterMs - 1;
        for (let n = 0; n < peers; n++) {
          const peer = world.monitor.add();
          world.monitor.heard(peer);
          const firstAt = Math.ceil((gapMs * (n + 1)) / peers);
          const count = Math.ceil(lastsMs / gapMs) + 1;
          world.arrives(
            peer,
            Array.from({ length: count }, (_, beat) => firstAt + beat * gapMs),
          );
        }
        world.play(course);
        expect(world.changes().filter(({ to }) => to !== "alive")).toEqual([]);
      }),
    );
  });

  test("moleculerjs/moleculer#891, #765: credits a freeze once, with one `stalled`, not one for each beat of the backlog", () => {
    const long = fc.integer({ min: 1_500, max: 100_000 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), long, (peers, freezeMs) => {
        const policy = { intervalMs: 500, suspectAfterMs: 1_000, deadAfterMs: 2_000 };
        const world = new World({ policy });
        const role = "listen";
        const refs = Array.from({ length: peers }, () => world.monitor.add(undefined, { role }));
        for (const ref of refs) world.monitor.heard(ref);
        for (const ref of refs) world.arrives(ref, [300, 600, 900, 1_200, 1_500]);
        world.run(100);
        world.freeze(freezeMs);
        expect(world.stalls()).toHaveLength(1);
        // The whole time since we were last served: at the start.
        expect(world.stalls()[0]).toMatchObject({ at: 100 + freezeMs, stallMs: 100 + freezeMs });
        expect(world.monitor.stats()).toMatchObject({
          stalls: 1,
          lostMs: 100 + freezeMs,
          suspect: 0,
          dead: 0,
        });
      }),
    );
  });

  test("after k ticks, each at least c late, a silent peer is dead: lateness slows, it never prevents", () => {
    fc.assert(
      fc.property(
        plainPolicies,
        plainPolicies,
        fc.array(fc.nat({ max: 60_000 }), { minLength: 1 }),
        (own, standard, extras) => {
          const world = new World({ policy: standard });
          const peer = world.monitor.add("a", { policy: own });
          world.monitor.heard(peer);
          const c = standard.suspectAfterMs / 2;
          const k = (health: number) => {
            const { suspectAfterMs: s, deadAfterMs: d } = own;
            return 2 + Math.ceil(s / c) + Math.ceil((d - s + stretchMs(health, s, d)) / c);
          };
          let ticks = 0;
          while (world.monitor.state(peer)?.status !== "dead") {
            world.freeze(
              servedEveryMs(own.suspectAfterMs) + c + (extras[ticks % extras.length] ?? 0),
            );
            ticks += 1;
            expect(ticks).toBeLessThanOrEqual(k(7));
          }
          const { evidence } = world.changes(peer).at(-1)!;
          expect(ticks).toBeLessThanOrEqual(k(evidence.health));
        },
      ),
    );
  });

  test("never holds more silence against a peer than really passed, nor credits more than it froze", () => {
    fc.assert(
      fc.property(fc.array(policies, { minLength: 1, maxLength: 3 }), pieces, (list, course) => {
        const world = new World({ policy: list[0] });
        const peers = list.map((policy) => world.monitor.add(undefined, { policy }));
        for (const peer of peers) world.monitor.heard(peer, { proof: true });
        world.play(course);
        for (const { at, evidence, from } of world.changes()) {
          if (from === "connecting" || from === "dead") continue;
          expect(evidence.silenceMs).toBeLessThanOrEqual(at + EPSILON_MS);
        }
        const frozenMs = course.reduce((sum, { freezeMs }) => sum + freezeMs, 0);
        // A stall is credited from when we were last served: at most min(S)/4, rounded up, before it.
        const slowest = Math.max(...list.map(({ suspectAfterMs }) => suspectAfterMs));
        const { stalls, lostMs } = world.monitor.stats();
        expect(lostMs).toBeLessThanOrEqual(frozenMs + stalls * (servedEveryMs(slowest) + 1));
        const fastest = Math.min(...list.map(({ suspectAfterMs }) => suspectAfterMs));
        for (const { stallMs } of world.stalls()) {
          expect(stallMs).toBeGreaterThan(stallToleranceMs(fastest));
        }
      }),
    );
  });

  test("promises to be back within min(S)/4 while anybody is judged", () => {
    fc.assert(
      fc.property(
        fc.array(plainPolicies, { minLength: 1, maxLength: 4 }),
        pieces,
        (list, course) => {
          const world = new World({ policy: list[0] });
          const peers = list.map((policy) =>
            world.monitor.add(undefined, { policy, role: "listen" }),
          );
          for (const { runMs } of course) {
            world.run(runMs);
            for (const peer of peers) world.monitor.heard(peer);
            const smallest = Math.min(...list.map(({ suspectAfterMs }) => suspectAfterMs));
            expect(world.monitor.nextDeadline()).toBeLessThanOrEqual(world.now + smallest / 4);
          }
        },
      ),
    );
  });
});

describe("a monitor that is ticked by hand", () => {
  test("suspects at the first tick after the deadline, and declares dead at the first after M more, not before D", () => {
    fc.assert(
      fc.property(
        policies,
        fc.integer({ min: 1, max: 30_000 }),
        fc.nat({ max: 9_000 }),
        (policy, periodMs, phaseMs) => {
          const { deadAfterMs, minSuspicionMs, detector } = policy;
          const seen: [string, number][] = [];
          let now = 0;
          const monitor = createMonitor({
            host: { now: () => now },
            policy,
            emit: (output) => output.type === "changed" && seen.push([output.to, output.at]),
          });
          const peer = monitor.add();
          monitor.heard(peer, { proof: true });
          const silence = suspicionMs(
            (detector as DetectorFunction)(monitor.state(peer)!.arrivals, policy),
            deadAfterMs,
            minSuspicionMs,
          );
          const firstTickFrom = (at: number) =>
            phaseMs + Math.max(0, Math.ceil((at - phaseMs) / periodMs)) * periodMs;
          const suspectAt = firstTickFrom(silence);
          const deadAt = Math.max(
            firstTickFrom(deadAfterMs),
            firstTickFrom(suspectAt + minSuspicionMs),
          );
          for (now = phaseMs; now <= deadAt; now += periodMs) monitor.tick();
          expect(seen.slice(0, 3)).toEqual([
            ["alive", 0],
            ["suspect", suspectAt],
            ["dead", deadAt],
          ]);
        },
      ),
    );
  });

  test("has no stalls unless it reports them, clamped to the time since it was last served", () => {
    const step = fc.record({
      waitMs: fc.integer({ min: 0, max: 60_000 }),
      call: fc.constantFrom("tick" as const, "heard" as const, "sent" as const, "stalled" as const),
      stallMs: fc.integer({ min: -100, max: 90_000 }),
    });
    fc.assert(
      fc.property(
        plainPolicies,
        fc.array(step, { maxLength: 20, size: "max" }),
        (policy, steps) => {
          const outputs: MonitorOutput[] = [];
          let now = 0;
          const host = { now: () => now };
          const monitor = createMonitor({ host, policy, emit: (output) => outputs.push(output) });
          const peer = monitor.add();
          let servedAt = 0;
          const expected: number[] = [];
          for (const { waitMs, call, stallMs } of steps) {
            now += waitMs;
            if (call === "stalled") {
              monitor.stalled(stallMs);
              const credited = Math.min(stallMs, now - servedAt);
              if (credited > 0) expected.push(credited);
              if (credited > 0) servedAt = now;
            } else {
              if (call === "tick") monitor.tick();
              else monitor[call](peer);
              if (call !== "sent") servedAt = now;
            }
          }
          const stalls = outputs.flatMap((output) =>
            output.type === "stalled" ? output.stallMs : [],
          );
          expect(stalls).toEqual(expected);
          expect(monitor.stats().stalls).toBe(expected.length);
          expect(monitor.stats().lostMs).toBe(expected.reduce((sum, ms) => sum + ms, 0));
        },
      ),
    );
  });
});

test("a pause that begins at the end of a freeze is credited whole as well", () => {
  const ms = fc.integer({ min: 0, max: 100_000 });
  fc.assert(
    fc.property(plainPolicies, ms, ms, (policy, extraMs, pauseMs) => {
      const world = new World({ policy });
      const peer = world.monitor.add("a", { role: "listen" });
      world.monitor.heard(peer);
      const servedMs = servedEveryMs(policy.suspectAfterMs);
      const frozenMs = servedMs + stallToleranceMs(policy.suspectAfterMs) + 1 + extraMs;
      world.host.freeze(frozenMs);
      // Before anybody ticked: the callback that kept us busy stops reading.
      world.monitor.pause(peer);
      world.run(pauseMs);
      world.monitor.resume(peer);
      world.run(policy.suspectAfterMs - 1);
      expect(world.monitor.state(peer)?.status).toBe("alive");
      world.run(2);
      expect(world.changes(peer)[1]).toMatchObject({ from: "alive", to: "suspect" });
    }),
  );
});

test("a pause of everything is credited whole: afterwards each peer is as silent as before", () => {
  fc.assert(
    fc.property(
      plainPolicies,
      fc.nat({ max: 99 }),
      fc.integer({ min: 0, max: 1e6 }),
      fc.boolean(),
      (policy, percent, pauseMs, driven) => {
        const world = new World({ policy });
        if (!driven) world.driving[Symbol.dispose]();
        const peer = world.monitor.add("a", { role: "listen" });
        world.monitor.heard(peer);
        const silentMs = Math.floor((policy.suspectAfterMs * percent) / 100);
        world.run(silentMs);
        world.monitor.pause();
        expect(world.monitor.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
        world.run(pauseMs);
        world.monitor.tick();
        world.monitor.resume();
        const until = (at: number) => {
          world.host.freeze(at - world.now);
          world.monitor.pause();
          world.monitor.resume();
          world.monitor.tick();
        };
        // Hand-ticked, so that the remaining time is no stall.
        world.driving[Symbol.dispose]();
        until(policy.suspectAfterMs + pauseMs - 1 / 8);
        expect(world.monitor.state(peer)?.status).toBe("alive");
        until(policy.suspectAfterMs + pauseMs);
        expect(world.changes(peer).at(-1)).toMatchObject({
          to: "suspect",
          evidence: { silenceMs: policy.suspectAfterMs, creditMs: pauseMs },
        });
        expect(definePolicy(policy)).toBe(policy);
      },
    ),
  );
});
