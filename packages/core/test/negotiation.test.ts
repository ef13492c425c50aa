// The rules of pace, one by one: who asks, who answers, and what comes into force when.
import { describe, expect, test } from "vitest";
import { definePolicy } from "../src/define-policy.ts";
import { Negotiation, type Pace } from "../src/endpoint/negotiation.ts";
import type { Role } from "../src/peer/state.ts";
import type { PolicyOptions } from "../src/policy.ts";

/** S 3000, so that we wish for 1000; M 1500; probes each 250; floor 100. */
const plain = {
  intervalMs: 1_000,
  suspectAfterMs: 3_000,
  deadAfterMs: 6_000,
  probeIntervalMs: 250,
  minGapMs: 20,
} satisfies PolicyOptions;

/** What a peer says that wants nothing special. */
const easy: Pace = { gapMs: 1_000, wishMs: 1_000, minMs: 20, deadMs: 6_000 };

function setUp(policy: PolicyOptions = plain, role: Role = "both") {
  const negotiation = new Negotiation(definePolicy(policy), role);
  let seq = 0;
  return {
    negotiation,
    /** A frame of ours leaves; returns its number. */
    send: () => ++seq,
    hear: (pace: Partial<Pace>) => negotiation.heard({ ...easy, ...pace }, seq + 1),
    setPolicy: (next: PolicyOptions) => negotiation.setPolicy(definePolicy(next), seq + 1),
  };
}

describe("what we announce", () => {
  test("is our gap, our wish (a third of S), our smallest gap, our D", () => {
    expect(setUp().negotiation.pace()).toEqual({
      gapMs: 1_000,
      wishMs: 1_000,
      minMs: 20,
      deadMs: 6_000,
    });
  });

  test("is rounded to the side that keeps the promise", () => {
    const { negotiation } = setUp({
      intervalMs: 10.2,
      suspectAfterMs: 40.9,
      deadAfterMs: 100.9,
      wishMs: 13.9,
      minGapMs: 0.1,
    });
    expect(negotiation.pace()).toEqual({ gapMs: 11, wishMs: 13, minMs: 1, deadMs: 100 });
  });

  test("is never 0 by rounding, because 0 means something else", () => {
    const { negotiation } = setUp({
      intervalMs: 0.1,
      suspectAfterMs: 0.5,
      deadAfterMs: 0.9,
      wishMs: 0.3,
    });
    expect(negotiation.pace()).toMatchObject({ gapMs: 1, wishMs: 1, deadMs: 1 });
  });

  test.each([
    ["both", { gapMs: 1_000, wishMs: 1_000, deadMs: 6_000 }],
    ["send", { gapMs: 1_000, wishMs: 0, deadMs: 0 }],
    ["listen", { gapMs: 0, wishMs: 1_000, deadMs: 6_000 }],
  ] as const)("says our role: %s", (role, said) => {
    expect(setUp(plain, role).negotiation.pace()).toMatchObject(said);
  });
});

describe("our gap", () => {
  test.each([
    ["ours, when they wish for more", plain, { wishMs: 5_000 }, 1_000],
    ["what they wish for, when that is shorter", plain, { wishMs: 300 }, 300],
    ["not below our floor", plain, { wishMs: 5 }, 100],
    ["not below their smallest", plain, { wishMs: 300, minMs: 700 }, 700],
    ["above our own interval, where they accept nothing shorter", plain, { minMs: 2_500 }, 2_500],
    ["ours, when they judge nobody", plain, { wishMs: 0 }, 1_000],
    [
      "what we need to ask whoever only answers",
      { ...plain, intervalMs: 2_900 },
      { gapMs: 0, wishMs: 0 },
      1_000,
    ],
  ] as const)("is %s", (_name, policy, said, gapMs) => {
    const { negotiation, hear, send } = setUp(policy);
    hear(said);
    negotiation.echoed(send());
    expect([negotiation.inForce.intervalMs, negotiation.pace().gapMs]).toEqual([gapMs, gapMs]);
  });

  test("is shorter at once", () => {
    const { negotiation, hear } = setUp();
    hear({ wishMs: 300 });
    expect([negotiation.inForce.intervalMs, negotiation.pending]).toEqual([300, false]);
  });

  test("is longer only after an echo of a frame that announced it", () => {
    const { negotiation, hear, send } = setUp();
    hear({ wishMs: 300 });
    const before = send();
    hear({ wishMs: 800 });
    const announcing = send();
    expect([negotiation.pace().gapMs, negotiation.inForce.intervalMs]).toEqual([800, 300]);
    expect(negotiation.pending).toBe(true);
    negotiation.echoed(before);
    expect(negotiation.inForce.intervalMs).toBe(300);
    negotiation.echoed(announcing);
    expect([negotiation.inForce.intervalMs, negotiation.pending]).toEqual([800, false]);
  });

  test("is announced anew when it changes meanwhile: the echo of an older announcement is no leave", () => {
    const { negotiation, hear, send } = setUp();
    hear({ wishMs: 300 });
    hear({ wishMs: 600 });
    const first = send();
    hear({ wishMs: 900 });
    const second = send();
    negotiation.echoed(first);
    expect([negotiation.inForce.intervalMs, negotiation.pending]).toEqual([300, true]);
    negotiation.echoed(second);
    expect(negotiation.inForce.intervalMs).toBe(900);
  });

  test("is announced once, whatever else they say meanwhile", () => {
    const { negotiation, hear, send } = setUp();
    hear({ wishMs: 300 });
    hear({ wishMs: 800 });
    const announcing = send();
    hear({ wishMs: 800, deadMs: 7_000 });
    negotiation.echoed(announcing);
    expect([negotiation.inForce.intervalMs, negotiation.pending]).toEqual([800, false]);
  });

  test("stays as it is when they take their wish back before they knew", () => {
    const { negotiation, hear, send } = setUp();
    hear({ wishMs: 300 });
    hear({ wishMs: 800 });
    const announcing = send();
    hear({ wishMs: 300 });
    negotiation.echoed(announcing);
    expect([negotiation.inForce.intervalMs, negotiation.pace().gapMs]).toEqual([300, 300]);
    // Nothing is left that they had to know.
    expect(negotiation.pending).toBe(false);
  });
});

describe("our D", () => {
  test("is longer at once, and shorter only after an echo", () => {
    const { negotiation, setPolicy, send } = setUp();
    setPolicy({ ...plain, deadAfterMs: 20_000 });
    expect(negotiation.inForce.deadAfterMs).toBe(20_000);
    expect(negotiation.pace().deadMs).toBe(20_000);
    const before = send();
    setPolicy({ ...plain, deadAfterMs: 5_000 });
    expect([negotiation.inForce.deadAfterMs, negotiation.pace().deadMs]).toEqual([20_000, 5_000]);
    negotiation.echoed(before);
    expect(negotiation.inForce.deadAfterMs).toBe(20_000);
    negotiation.echoed(send());
    expect(negotiation.inForce.deadAfterMs).toBe(5_000);
  });

  test("is announced as the longest that a frame can say, where it is longer", () => {
    const { negotiation, hear } = setUp({ ...plain, deadAfterMs: 2 ** 31 - 1 });
    hear({ gapMs: 3_000 });
    expect(negotiation.inForce.deadAfterMs).toBe(3 * (2 ** 31 - 1));
    expect(negotiation.pace().deadMs).toBe(2 ** 32 - 1);
  });

  test("theirs is what they said last; 0 before, and where they do not judge", () => {
    const { negotiation, hear } = setUp();
    expect(negotiation.peerDeadMs).toBe(0);
    hear({ deadMs: 7_777 });
    expect(negotiation.peerDeadMs).toBe(7_777);
    hear({ deadMs: 0 });
    expect(negotiation.peerDeadMs).toBe(0);
  });
});

describe("a gap above what we wish for", () => {
  const deadlines = ({ inForce }: Negotiation) => [
    inForce.suspectAfterMs,
    inForce.deadAfterMs,
    inForce.minSuspicionMs,
    inForce.probeIntervalMs,
    inForce.peerGapMs,
  ];

  test("stretches every deadline alike, at once", () => {
    const { negotiation, hear } = setUp();
    hear({ gapMs: 3_000 });
    expect(deadlines(negotiation)).toEqual([9_000, 18_000, 4_500, 750, 3_000]);
    expect(negotiation.pace()).toMatchObject({ wishMs: 1_000, minMs: 20, deadMs: 18_000 });
  });

  test("lets the dead be remembered for twice the D in force, if they are ever forgotten", () => {
    const forgetful = { ...plain, forgetAfterMs: 40_000 };
    const stretched = setUp(forgetful);
    stretched.hear({ gapMs: 3_000 });
    expect(stretched.negotiation.inForce).toMatchObject({
      deadAfterMs: 18_000,
      forgetAfterMs: 40_000,
    });
    stretched.hear({ gapMs: 10_000 });
    expect(stretched.negotiation.inForce).toMatchObject({
      deadAfterMs: 60_000,
      forgetAfterMs: 120_000,
    });
    const unforgetting = setUp();
    unforgetting.hear({ gapMs: 10_000 });
    expect(unforgetting.negotiation.inForce).not.toHaveProperty("forgetAfterMs");
  });

  test("shrinks again with the second frame at the new rate, and D only once they know", () => {
    const { negotiation, hear, send } = setUp();
    hear({ gapMs: 3_000 });
    hear({ gapMs: 1_000 });
    expect(deadlines(negotiation)).toEqual([9_000, 18_000, 4_500, 750, 3_000]);
    hear({ gapMs: 1_000 });
    expect(deadlines(negotiation)).toEqual([3_000, 18_000, 1_500, 250, 1_000]);
    negotiation.echoed(send());
    expect(negotiation.inForce.deadAfterMs).toBe(6_000);
  });

  test("beyond maxGapMs is incompatible, and no longer when they come down", () => {
    const { negotiation, hear } = setUp({ ...plain, maxGapMs: 4_000 });
    hear({ gapMs: 4_000 });
    expect(negotiation.incompatible).toBe(false);
    hear({ gapMs: 4_001 });
    expect(negotiation.incompatible).toBe(true);
    hear({ gapMs: 1_000 });
    hear({ gapMs: 1_000 });
    expect(negotiation.incompatible).toBe(false);
  });

  test("is nobody's before anything was heard, however slow we are ourselves", () => {
    const { negotiation, hear } = setUp({ ...plain, intervalMs: 2_900, maxGapMs: 2_000 });
    expect(negotiation.incompatible).toBe(false);
    hear({ gapMs: 2_900 });
    expect(negotiation.incompatible).toBe(true);
  });

  test("is measured by the wish we could announce, a whole number of ms", () => {
    const { negotiation, hear } = setUp({ ...plain, wishMs: 333.3 });
    hear({ gapMs: 333 });
    expect(negotiation.inForce.suspectAfterMs).toBe(3_000);
  });
});

describe("a gap that we could not keep", () => {
  test("is announced once two in a row were late", () => {
    const { negotiation, hear } = setUp();
    hear({});
    negotiation.leaves(2_000, 0, 2);
    expect(negotiation.pace().gapMs).toBe(1_000);
    negotiation.leaves(5_000, 2_000, 3);
    expect(negotiation.pace().gapMs).toBe(3_000);
  });

  test("is no new pace where the next frames are in time again", () => {
    const { negotiation, hear } = setUp();
    hear({});
    negotiation.leaves(5_000, 0, 2);
    for (let at = 6_000; at <= 9_000; at += 1_000) {
      negotiation.leaves(at, at - 1_000, 3);
      expect(negotiation.pace().gapMs).toBe(1_000);
    }
  });

  test("is one, however often the transport refuses the frame that would end it", () => {
    const { negotiation, hear } = setUp();
    hear({});
    for (let at = 2_000; at <= 5_000; at += 1_000) negotiation.leaves(at, 0, 2);
    expect(negotiation.pace()).toMatchObject({ gapMs: 1_000, deadMs: 6_000 });
  });

  test("is one that lasted longer than one and a half of ours", () => {
    const { negotiation, hear } = setUp();
    hear({});
    negotiation.leaves(1_500, 0, 2);
    negotiation.leaves(3_000, 1_500, 3);
    expect(negotiation.pace().gapMs).toBe(1_000);
    negotiation.leaves(4_501, 3_000, 4);
    negotiation.leaves(6_002, 4_501, 5);
    expect(negotiation.pace().gapMs).toBe(1_501);
  });

  test.each([
    ["in a row with one that ended three such gaps ago", 8_000, 2_000],
    ["alone after more than that", 8_001, 1_000],
  ])("is %s", (_name, at, gapMs) => {
    const { negotiation, hear } = setUp();
    hear({});
    negotiation.leaves(2_000, 0, 2);
    negotiation.leaves(at, at - 2_000, 3);
    expect(negotiation.pace().gapMs).toBe(gapMs);
  });

  test("is not announced any more once three such gaps are over", () => {
    const { negotiation, hear } = setUp();
    hear({});
    negotiation.leaves(2_000, 0, 2);
    negotiation.leaves(5_000, 2_000, 3);
    negotiation.leaves(14_000, 13_000, 4);
    expect(negotiation.pace().gapMs).toBe(3_000);
    negotiation.leaves(14_001, 13_001, 5);
    expect(negotiation.pace().gapMs).toBe(1_000);
  });

  test("is the only thing that changes what we say: a frame in time changes nothing", () => {
    const { negotiation, hear, send } = setUp();
    hear({ gapMs: 0, wishMs: 0, minMs: 2_000 });
    negotiation.echoed(send());
    const before = { ...negotiation.pace() };
    negotiation.leaves(2_000, 0, 2);
    expect(negotiation.pace()).toEqual(before);
  });
});

describe("where only round trips count", () => {
  const roundTrips = { ...plain, proof: "round-trip" } as const;

  test.each([
    ["three of our gaps fit into our D", "round-trip", "both", 2_000],
    ["not so where we judge nobody", "round-trip", "send", 2_500],
    ["nor where any frame counts", "any", "both", 2_500],
  ] as const)("%s", (_name, proof, role, gapMs) => {
    const { negotiation } = setUp({ ...plain, intervalMs: 2_500, proof }, role);
    expect(negotiation.inForce.intervalMs).toBe(gapMs);
  });

  test.each([
    ["stretches our deadlines at once", "round-trip", "both", [4_500, 9_000]],
    ["not those of who only listens", "round-trip", "listen", [3_000, 6_000]],
    ["nor where any frame counts", "any", "both", [3_000, 6_000]],
  ] as const)("a gap that we cannot keep %s", (_name, proof, role, deadlines) => {
    const { negotiation, hear } = setUp({ ...plain, proof }, role);
    hear({});
    negotiation.leaves(3_000, 0, 2);
    expect(negotiation.inForce.deadAfterMs).toBe(6_000);
    negotiation.leaves(6_000, 3_000, 3);
    const { suspectAfterMs, deadAfterMs } = negotiation.inForce;
    expect([suspectAfterMs, deadAfterMs]).toEqual(deadlines);
  });

  test("S is as before once we keep our gap again, and D only once they know", () => {
    const { negotiation, hear } = setUp(roundTrips);
    // No probes more often than this: theirs do not change either.
    hear({ minMs: 1_000 });
    negotiation.leaves(3_000, 0, 2);
    negotiation.leaves(6_000, 3_000, 3);
    expect(negotiation.inForce).toMatchObject({ suspectAfterMs: 4_500, minSuspicionMs: 2_250 });
    negotiation.leaves(15_001, 14_001, 4);
    expect(negotiation.inForce).toMatchObject({
      suspectAfterMs: 3_000,
      minSuspicionMs: 1_500,
      deadAfterMs: 9_000,
    });
    negotiation.echoed(4);
    expect(negotiation.inForce.deadAfterMs).toBe(6_000);
  });
});

describe("their last word", () => {
  test.each([
    ["of who beats", {}],
    ["of who only answers", { gapMs: 0, wishMs: 0, minMs: 2_000 }],
  ])("%s changes nothing once it is settled: the hot path does not even read it", (_who, said) => {
    const { negotiation, hear, send } = setUp();
    hear(said);
    negotiation.echoed(send());
    expect(negotiation.settled).toEqual({ ...easy, ...said });
    const before = { ...negotiation.pace() };
    const { inForce } = negotiation;
    hear(said);
    expect([negotiation.pace(), negotiation.inForce]).toEqual([before, inForce]);
  });

  test.each([
    ["gap", { gapMs: 3_000 }, { peerGapMs: 3_000 }],
    ["wish", { wishMs: 300 }, { intervalMs: 300 }],
    ["smallest gap", { minMs: 700 }, { probeIntervalMs: 700 }],
  ])("is heard where nothing but the %s is another", (_what, said, inForce) => {
    const { negotiation, hear } = setUp();
    hear({});
    expect(negotiation.settled).toEqual(easy);
    hear(said);
    expect(negotiation.inForce).toMatchObject(inForce);
  });
});

describe("whoever only answers", () => {
  test("is heard as often as we ask: our own gap stretches our deadlines", () => {
    const { negotiation, hear, send } = setUp();
    hear({ gapMs: 0, wishMs: 0, minMs: 2_000 });
    expect(negotiation.peerOnlyAnswers).toBe(true);
    negotiation.echoed(send());
    expect(negotiation.inForce).toMatchObject({
      intervalMs: 2_000,
      suspectAfterMs: 6_000,
      deadAfterMs: 12_000,
    });
    // To announce no gap is no gap: ours is still what we allow for when they begin to beat.
    expect(negotiation.inForce.peerGapMs).toBe(1_000);
    // The longer D holds at once, and is said at once: they may trust it, so a shorter one must be known first.
    expect(negotiation.deadMs).toBe(12_000);
    hear({ gapMs: 0, wishMs: 0, minMs: 20 });
    expect(negotiation.inForce).toMatchObject({ intervalMs: 1_000, deadAfterMs: 12_000 });
    expect([negotiation.deadMs, negotiation.pending]).toEqual([6_000, true]);
    negotiation.echoed(send());
    expect(negotiation.inForce.deadAfterMs).toBe(6_000);
  });

  test("and accepts questions only beyond maxGapMs is incompatible", () => {
    const { negotiation, hear } = setUp({ ...plain, maxGapMs: 4_000 });
    hear({ gapMs: 0, wishMs: 0, minMs: 4_000 });
    expect(negotiation.incompatible).toBe(false);
    hear({ gapMs: 0, wishMs: 0, minMs: 4_001 });
    expect(negotiation.incompatible).toBe(true);
  });

  test("is never probed more often than it accepts", () => {
    const { negotiation, hear } = setUp();
    hear({ minMs: 800 });
    expect(negotiation.inForce.probeIntervalMs).toBe(800);
  });
});

describe("the policy in force", () => {
  test("is the same object while nothing changes, so that most beats cost nothing", () => {
    const { negotiation, hear, send, setPolicy } = setUp();
    hear({ wishMs: 300 });
    const { inForce } = negotiation;
    hear({ wishMs: 300, deadMs: 9_999 });
    negotiation.echoed(send());
    setPolicy(plain);
    expect(negotiation.inForce).toBe(inForce);
  });

  test("never begins sessions by itself: that is the endpoint's business", () => {
    expect(setUp({ ...plain, returns: "new-session" }).negotiation.inForce.returns).toBe("never");
  });

  test("follows the user's at once where that is safe", () => {
    const { negotiation, hear, setPolicy } = setUp();
    hear({ gapMs: 3_000 });
    setPolicy({ intervalMs: 500, suspectAfterMs: 6_000, deadAfterMs: 12_000 });
    expect(negotiation.inForce).toMatchObject({
      intervalMs: 500,
      suspectAfterMs: 9_000,
      deadAfterMs: 18_000,
    });
  });
});
