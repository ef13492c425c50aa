// Every verdict can be explained: as data, and as one sentence for a person on call.
import { describe, expect, test } from "vitest";
import { definePolicy } from "../src/define-policy.ts";
import type { PeerEvent } from "../src/peer/events.ts";
import { type Change, explain, silenceMs } from "../src/peer/evidence.ts";
import { NO_STALLS } from "../src/peer/rules.ts";
import { type EndReason, initialPeer, thaw } from "../src/peer/state.ts";
import { transition } from "../src/peer/transition.ts";
import type { PolicyOptions } from "../src/policy.ts";

const numbers = { intervalMs: 1_000, suspectAfterMs: 3_000, deadAfterMs: 6_000 };

/** Plays events and returns the last change. */
function lastChange(options: PolicyOptions, ...events: readonly PeerEvent[]): Change {
  const policy = definePolicy({ ...numbers, ...options });
  let state = initialPeer(policy, 0);
  let last: Change | undefined;
  for (const event of events) {
    const [next, outputs] = transition(state, event, policy);
    state = next;
    last = outputs.find((output) => output.type === "changed") ?? last;
  }
  if (last === undefined) throw new Error("nothing changed");
  return last;
}

const beat = (at: number, seq: number, rttMs?: number): PeerEvent => ({
  type: "heard",
  at,
  seq,
  rttMs,
});
const tick = (at: number, health = 0): PeerEvent => ({ type: "tick", at, health });
const sentence = (change: Change) => explain({ ...change, id: "worker-7" });

describe("as data", () => {
  test("a suspicion", () => {
    const { evidence } = lastChange({}, beat(0, 1, 0.44), beat(1_000, 3), tick(4_012));
    expect(evidence).toEqual({
      silenceMs: 3_012,
      deadlineMs: 3_000,
      deadlineBy: "detector",
      detector: "fixed",
      creditMs: 0,
      beats: 2,
      missed: 3,
      loss: 1 / 3,
      rttMs: 0.44,
      probes: 0,
      oneWay: false,
      health: 0,
    });
  });

  test("missed beats are counted in the gaps that the other side keeps", () => {
    const { evidence } = lastChange({ peerGapMs: 500 }, beat(0, 1), tick(3_000));
    expect(evidence.missed).toBe(6);
  });

  test("what was never measured is absent, and half of what came may be missing", () => {
    const { evidence } = lastChange({}, beat(0, 1), beat(100, 4), tick(3_100));
    expect(evidence).toMatchObject({ beats: 2, loss: 1 / 2 });
    expect(evidence).not.toHaveProperty("rttMs");
    expect(evidence).not.toHaveProperty("declaredMs");
  });

  test("who set the deadline: the detector, D, or the least suspicion", () => {
    const patient = { detector: () => 60_000 };
    const deadline = (change: Change) => [change.evidence.deadlineMs, change.evidence.deadlineBy];
    const { evidence: _, ...never } = lastChange({}, beat(0, 1));
    expect(never).not.toHaveProperty("reason");
    expect(deadline(lastChange({}, beat(0, 1), tick(3_000)))).toEqual([3_000, "detector"]);
    expect(deadline(lastChange(patient, beat(0, 1), tick(4_500)))).toEqual([4_500, "deadAfterMs"]);
    expect(deadline(lastChange({}, beat(0, 1), tick(3_000), tick(6_000)))).toEqual([
      6_000,
      "deadAfterMs",
    ]);
    expect(deadline(lastChange({}, beat(0, 1), tick(5_000), tick(6_500)))).toEqual([
      6_500,
      "minSuspicionMs",
    ]);
    // What is counted is the silence, whenever it began; where two deadlines are one, D is named.
    expect(deadline(lastChange({}, beat(1_000, 1), tick(6_000), tick(7_500)))).toEqual([
      6_500,
      "minSuspicionMs",
    ]);
    const slow = { minSuspicionMs: 3_000 };
    expect(deadline(lastChange(slow, beat(0, 1), tick(3_000)))).toEqual([3_000, "detector"]);
    expect(deadline(lastChange(slow, beat(0, 1), tick(3_000), tick(6_000)))).toEqual([
      6_000,
      "deadAfterMs",
    ]);
    expect(deadline(lastChange({}, beat(0, 1), tick(3_000, 7), tick(12_000)))).toEqual([
      12_000,
      "deadAfterMs",
    ]);
    expect(deadline(lastChange({}, tick(6_000)))).toEqual([6_000, "deadAfterMs"]);
  });

  test("the silence of a paused peer stands still", () => {
    const policy = definePolicy(numbers);
    const [heard] = transition(initialPeer(policy, 0), beat(0, 1), policy);
    const [paused] = transition(heard, { type: "pause", at: 700 }, policy);
    expect(silenceMs(thaw(paused), 90_000, NO_STALLS)).toBe(700);
    expect(silenceMs(thaw(heard), 90_000, NO_STALLS)).toBe(90_000);
  });
});

describe("as one sentence", () => {
  test("a suspicion reads as FEEL says", () => {
    const change = lastChange({}, beat(0, 1, 0.44), tick(3_012));
    expect(sentence(change)).toBe(
      "worker-7 silent for 3012 ms: 3 beats missed, loss 0 %, rtt 0.4 ms",
    );
  });

  test("life", () => {
    expect(sentence(lastChange({}, beat(0, 1)))).toBe("worker-7 is alive (session 1)");
    expect(sentence(lastChange({}, beat(0, 1), tick(3_000), beat(4_100, 2)))).toBe(
      "worker-7 is back after 4100 ms of silence: 4 beats missed, loss 0 %, 1 probe",
    );
  });

  test("death by silence, with everything there is to say", () => {
    const stalls = { lostMs: 500, countedMs: 500, graceMs: 1_500 };
    const change = lastChange(
      { proof: "round-trip" },
      { type: "proven", at: 0, seq: 1, rttMs: 12 },
      { type: "proven", at: 100, seq: 4, sentAtMs: 1, declaredMs: 800 },
      { type: "heard", at: 200, seq: 5, nonceAt: -9_000 },
      tick(3_600, 2),
      { ...tick(20_000, 0), stalls } as PeerEvent,
    );
    expect(sentence(change)).toBe(
      "worker-7 is dead after 19400 ms of silence: 19 beats missed, loss 40 %, rtt 12 ms, 1 probe, " +
        "one-way: we hear it, it does not hear us, it declared a stall of 800 ms, our own stalls of 500 ms not counted, own health 2/7",
    );
  });

  test("one of each is one, and a millisecond is worth a word", () => {
    const stalls = { lostMs: 1, countedMs: 0, graceMs: 1_500 };
    const timed = { type: "heard", at: 0, seq: 1, sentAtMs: 1, declaredMs: 1 } as const;
    const change = lastChange({ peerGapMs: 2_000 }, timed, { ...tick(3_001), stalls } as PeerEvent);
    expect(sentence(change)).toBe(
      "worker-7 silent for 3000 ms: 1 beat missed, loss 0 %, it declared a stall of 1 ms, " +
        "our own stalls of 1 ms not counted",
    );
  });

  test("a peer that never answered", () => {
    expect(sentence(lastChange({ jitter: 0 }, tick(5_000), tick(5_900), tick(6_000)))).toBe(
      "worker-7 did not answer within 6000 ms: 1 try",
    );
  });

  test("a return", () => {
    const left = { type: "ended", at: 10, reason: "left" } as const;
    expect(sentence(lastChange({}, left, { type: "dial", at: 20 }))).toBe(
      "worker-7 returns as session 2",
    );
  });

  const endings: readonly (readonly [EndReason, number | undefined, string])[] = [
    ["closed", undefined, "is gone: its connection was closed; safe to reassign in 5000 ms"],
    ["left", undefined, "left"],
    ["left", 2_000, "left and expects to be back in 2000 ms"],
    ["restarted", undefined, "started anew: this session is over; safe to reassign in 5000 ms"],
    [
      "replaced",
      undefined,
      "was replaced by another process with its id; safe to reassign in 5000 ms",
    ],
    [
      "duplicate-id",
      undefined,
      "refused us: another live process holds our id; safe to reassign in 5000 ms",
    ],
    [
      "incompatible",
      undefined,
      "keeps gaps longer than our policy can stretch for; safe to reassign in 5000 ms",
    ],
    ["protocol-error", undefined, "broke the protocol; safe to reassign in 5000 ms"],
  ];

  test.each(endings)("ended as %s, returning in %s", (reason, returnInMs, text) => {
    const ended = { type: "ended", at: 1_000, reason, returnInMs } as const;
    expect(sentence(lastChange({}, beat(0, 1), ended))).toBe(`worker-7 ${text}`);
  });

  test("without an id it is a peer", () => {
    expect(explain(lastChange({}, beat(0, 1)))).toBe("peer is alive (session 1)");
  });
});
