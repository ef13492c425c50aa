// What holds for one peer in every history: the promises that users build on.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextDeadline } from "../src/peer/deadlines.ts";
import { explain } from "../src/peer/evidence.ts";
import { initialPeer, type PeerState, type Status } from "../src/peer/state.ts";
import { transition } from "../src/peer/transition.ts";
import { policies, roles, waits } from "./arbitraries.ts";
import { type History, histories, overdueMs, type Played, play } from "./history.ts";

/** Sums of thirds and hashes are not exact; a verdict that close to its deadline may go either way. */
const EPSILON_MS = 1e-6;

function everyStep(check: (step: Played, history: History) => void): void {
  fc.assert(
    fc.property(histories, (history) => {
      for (const step of play(history)) check(step, history);
    }),
  );
}

const changesOf = ({ outputs }: Played) => outputs.filter((output) => output.type === "changed");

describe("in every history of one peer", () => {
  test("one event changes the status at most once, and a change is exactly one `changed`", () => {
    everyStep((step) => {
      const { before, after, event } = step;
      const changes = changesOf(step);
      if (before.status === after.status) {
        expect(changes).toEqual([]);
        return;
      }
      expect(changes).toHaveLength(1);
      expect(changes[0]).toMatchObject({
        from: before.status,
        to: after.status,
        session: after.session,
        at: event.at,
      });
      expect(after.sinceAt).toBe(event.at);
    });
  });

  test("alive becomes dead only through `ended`", () => {
    everyStep(({ before, event, after }) => {
      if (before.status === "alive" && after.status === "dead") expect(event.type).toBe("ended");
    });
  });

  test("dead is final for its session; a return is the next one, and begins by dialling", () => {
    everyStep(({ before, event, after }) => {
      if (after.session !== before.session) {
        expect(event.type).toBe("dial");
        expect(before.status).toBe("dead");
        expect(after.status).toBe("connecting");
        expect(after.session).toBe(before.session + 1);
      } else if (before.status === "dead") {
        expect(after.status).toBe("dead");
        expect(after.reason).toBe(before.reason);
        expect(after.sinceAt).toBe(before.sinceAt);
      }
    });
  });

  test("a verdict falls at the first tick after its deadline: never early, never forgotten", () => {
    everyStep((step, { policy }) => {
      const { before, event, after } = step;
      if (event.type !== "tick" || before.status === "dead") return;
      const judged =
        event.judging !== false && before.role !== "send" && before.pausedObservedAt === undefined;
      const overdue = overdueMs(step, policy);
      if (Math.abs(overdue) < EPSILON_MS) return;
      expect(after.status !== before.status).toBe(judged && overdue > 0);
    });
  });

  test("a deadline that is announced is kept, and nothing happens before it", () => {
    everyStep(({ before, event, after, outputs }, { policy }) => {
      if (event.type !== "tick" || event.judging === false) return;
      const due = event.at >= nextDeadline(before, policy, event.stalls);
      if (due) expect(after).not.toBe(before);
      else expect([after, outputs]).toEqual([before, []]);
    });
  });

  test("silence is never above the real elapsed time, stalls and pauses are not in it", () => {
    everyStep((step) => {
      for (const { evidence } of changesOf(step)) {
        expect(evidence.silenceMs).toBeLessThanOrEqual(step.realMs + EPSILON_MS);
        if (step.before.status === "dead") continue;
        expect(evidence.silenceMs).toBeCloseTo(step.silentMs, 6);
        expect(evidence.silenceMs + evidence.creditMs).toBeCloseTo(step.realMs, 6);
      }
    });
  });

  test("same input, same output: a seed decides everything that looks random", () => {
    fc.assert(
      fc.property(histories, (history) => {
        expect([...play(history)]).toEqual([...play(history)]);
      }),
    );
  });

  test("states are frozen, and outputs of changes too", () => {
    everyStep((step) => {
      const { after } = step;
      expect(Object.isFrozen(after)).toBe(true);
      expect(Object.isFrozen(after.arrivals)).toBe(true);
      for (const change of changesOf(step)) {
        expect(Object.isFrozen(change)).toBe(true);
        expect(Object.isFrozen(change.evidence)).toBe(true);
      }
    });
  });

  test("a state survives a trip through JSON at any moment: the rest of the history is the same", () => {
    const throughJson: typeof transition = (state, event, policy) => {
      const stored = JSON.parse(JSON.stringify(state));
      expect(stored).toEqual(state);
      return transition(stored, event, policy);
    };
    fc.assert(
      fc.property(histories, (history) => {
        expect([...play(history, throughJson)].at(-1)).toEqual([...play(history)].at(-1));
      }),
    );
  });

  test("absent means never: no state and no output holds an Infinity, a NaN or an undefined", () => {
    everyStep((step) => {
      const { after } = step;
      const changes = changesOf(step).flatMap((change) => [change, change.evidence]);
      const values = [after, after.arrivals, ...changes].flatMap((data) => Object.values(data));
      const odd = values.filter(
        (value) => value === undefined || (typeof value === "number" && !Number.isFinite(value)),
      );
      expect(odd).toEqual([]);
    });
  });

  test("a state holds only what belongs to its status", () => {
    everyStep(({ after }) => {
      const suspicion = ["suspectedObservedAt", "suspectedCreditedAt", "stretchMs", "health"];
      const belongs: Record<Status, readonly string[]> = {
        connecting: ["proofFromAt"],
        alive: ["aliveAt"],
        suspect: ["aliveAt", ...suspicion],
        dead: ["reason"],
      };
      const all = new Set(Object.values(belongs).flat());
      const held = Object.keys(after).filter((name) => all.has(name));
      expect(held.toSorted()).toEqual(belongs[after.status].toSorted());
    });
  });

  test("only what missed a deadline says which; only a detector's has its name", () => {
    everyStep((step) => {
      for (const { to, reason, evidence } of changesOf(step)) {
        const byDeadline = to === "suspect" || reason === "silence" || reason === "unreachable";
        expect("deadlineMs" in evidence).toBe(byDeadline);
        expect("detector" in evidence).toBe(evidence.deadlineBy === "detector");
      }
    });
  });

  test("an event that changes nothing returns the very same state", () => {
    everyStep(({ before, after }) => {
      if (after !== before) expect(after).not.toEqual(before);
    });
  });

  test("mqttjs/MQTT.js#1861, supabase/realtime-js#133: two clocks, sent is never a sign of life", () => {
    everyStep(({ before, event, after }) => {
      if (event.type !== "sent") return;
      const { sentAt: _s, beatDueAt: _b, paced: _p, ...life } = before;
      const { sentAt, beatDueAt: _b2, paced: _p2, ...lifeAfter } = after;
      expect(lifeAfter).toEqual(life);
      expect(sentAt).toBe(event.at);
    });
  });

  test("every death says why and when it is safe; safe is never later than D from now", () => {
    everyStep((step, { policy }) => {
      for (const change of changesOf(step)) {
        expect(change.reason !== undefined).toBe(change.to === "dead");
        expect(change.reason).toBe(step.after.reason);
        if (change.to !== "dead") {
          expect(change.safeInMs).toBeUndefined();
          continue;
        }
        expect(change.safeInMs).toBeGreaterThanOrEqual(0);
        expect(change.safeInMs).toBeLessThanOrEqual(policy.deadAfterMs);
        if (change.reason === "left" || change.reason === "silence") {
          expect(change.safeInMs).toBe(0);
        }
      }
    });
  });

  test("every change is one readable sentence", () => {
    everyStep((step) => {
      for (const change of changesOf(step)) {
        const sentence = explain(change);
        expect(sentence).toMatch(/^peer [a-z]/);
        expect(sentence).not.toMatch(/undefined|NaN|Infinity|\n/);
      }
    });
  });

  test("old frames are statistics, not life", () => {
    everyStep(({ before, event, after }) => {
      if (event.type !== "heard" && event.type !== "proven") return;
      const { seq } = event;
      if (before.status === "dead" || seq === undefined || seq > before.arrivals.highestSeq) return;
      expect(after).toEqual({
        ...before,
        arrivals: {
          ...after.arrivals,
          received: before.arrivals.received,
          behind: before.arrivals.behind + 1,
          // What it filled was a gap after all.
          lost: before.arrivals.lost - (after.arrivals.reordered - before.arrivals.reordered),
        },
      });
    });
  });

  test("where life needs proof, nothing but proof brings it back", () => {
    everyStep(({ before, event, after }, { policy }) => {
      if (policy.proof !== "round-trip" || after.status !== "alive") return;
      if (before.status !== "alive") expect(event.type).toBe("proven");
    });
  });
});

test("a pause moves every verdict by its own length, whatever freezes us after it", () => {
  const stall = fc.integer({ min: 0, max: 9_000 });
  const pieces = {
    lateMs: waits,
    beforeMs: fc.integer({ min: 0, max: 500 }),
    pauseMs: waits,
    stall,
  };
  fc.assert(
    fc.property(policies, fc.record(pieces), (policy, { lateMs, beforeMs, pauseMs, stall }) => {
      const graceMs = 1_000;
      const totals = { lostMs: stall, countedMs: Math.min(stall, 3 * graceMs), graceMs };
      let peer = transition(initialPeer(policy, 0), { type: "proven", at: 0 }, policy)[0];
      // Alive, or suspect since a tick that may have come late.
      peer = transition(peer, { type: "tick", at: lateMs }, policy)[0];
      const from = lateMs + beforeMs;
      const [paused] = transition(peer, { type: "pause", at: from }, policy);
      const [resumed] = transition(paused, { type: "resume", at: from + pauseMs }, policy);
      const verdict = ({ beatDueAt: _, ...silent }: PeerState) =>
        nextDeadline(silent, policy, totals);
      expect(verdict(resumed)).toBeCloseTo(verdict(peer) + pauseMs, 6);
      expect(resumed.status).toBe(peer.status);
    }),
  );
});

test("who is added after stalls of ours owes nothing for them, and gains nothing by them", () => {
  const ms = fc.integer({ min: 0, max: 9_000 });
  fc.assert(
    fc.property(policies, ms, ms, ms, (policy, lostMs, moreMs, graceMs) => {
      const before = { lostMs, countedMs: Math.min(lostMs, 2 * graceMs), graceMs };
      const after = { ...before, lostMs: lostMs + moreMs, countedMs: before.countedMs + moreMs };
      const { beatDueAt: _, ...late } = initialPeer(policy, 50_000, before);
      const { beatDueAt: __, ...early } = initialPeer(policy, 50_000);
      const since = { lostMs: moreMs, countedMs: moreMs, graceMs };
      expect(nextDeadline(late, policy, after)).toBe(nextDeadline(early, policy, since));
    }),
  );
});

test("a new peer is connecting, in session 1, whatever its policy and seed", () => {
  fc.assert(
    fc.property(policies, roles, fc.integer(), waits, (policy, role, seed, at) => {
      const peer = initialPeer(policy, at, { role, seed });
      expect(peer).toMatchObject({ status: "connecting", role, session: 1, sinceAt: at });
      expect(Object.isFrozen(peer)).toBe(true);
      expect(JSON.parse(JSON.stringify(peer))).toEqual(peer);
    }),
  );
});
