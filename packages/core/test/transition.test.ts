// The rules of one peer, one example each. What holds in every history is in machine.property.test.ts.
import { describe, expect, test } from "vitest";
import { definePolicy } from "../src/define-policy.ts";
import { phi } from "../src/detectors/phi.ts";
import { nextDeadline } from "../src/peer/deadlines.ts";
import type { PeerEvent, PeerOutput } from "../src/peer/events.ts";
import { type Change, explain } from "../src/peer/evidence.ts";
import {
  END_REASONS,
  type EndReason,
  type InitialPeerOptions,
  initialPeer,
  type PeerState,
} from "../src/peer/state.ts";
import { transition } from "../src/peer/transition.ts";
import { type Policy, type PolicyOptions, strict } from "../src/policy.ts";

const numbers = { intervalMs: 1_000, suspectAfterMs: 3_000, deadAfterMs: 6_000, jitter: 0 };

/** A peer in hand: plays events, remembers what came out last. */
class Hand {
  state: PeerState;
  policy: Policy;
  outputs: readonly PeerOutput[] = [];

  constructor(policy: PolicyOptions = {}, options: InitialPeerOptions = {}) {
    this.policy = definePolicy({ ...numbers, ...policy });
    this.state = initialPeer(this.policy, 0, options);
  }

  play(...events: readonly PeerEvent[]): this {
    for (const event of events)
      [this.state, this.outputs] = transition(this.state, event, this.policy);
    return this;
  }

  tick(at: number, more: { health?: number; judging?: boolean } = {}): this {
    return this.play({ type: "tick", at, ...more });
  }

  get change() {
    return this.outputs.find((output) => output.type === "changed");
  }

  get beats() {
    return this.outputs.filter((output) => output.type === "beat");
  }
}

const heard = (at: number, seq?: number): PeerEvent => ({ type: "heard", at, seq });
const suspected = (policy: PolicyOptions = {}) => new Hand(policy).play(heard(0)).tick(3_000);

describe("suspicion and death", () => {
  test("libp2p/js-libp2p#3463, #3504: one missed beat suspects, it never kills", () => {
    const peer = suspected();
    expect(peer.state.status).toBe("suspect");
    expect(peer.tick(5_999).state.status).toBe("suspect");
    expect(peer.play(heard(5_999)).state.status).toBe("alive");
  });

  test("socketio/socket.io#5450, #2666, grpc/grpc#22963: any inbound traffic is life, not only beats", () => {
    const peer = new Hand();
    for (let at = 0; at < 60_000; at += 2_999) peer.tick(at).play(heard(at));
    expect(peer.state.status).toBe("alive");
  });

  test("a late tick suspects first; death needs M more, and D of silence", () => {
    const peer = new Hand().play(heard(0)).tick(50_000);
    expect(peer.state.status).toBe("suspect");
    expect(peer.tick(51_499).state.status).toBe("suspect");
    expect(peer.tick(51_500).change).toMatchObject({ to: "dead", reason: "silence" });
  });

  test("a peer that never answers is unreachable after D", () => {
    const peer = new Hand().tick(5_999);
    expect(peer.state.status).toBe("connecting");
    expect(peer.tick(6_000).change).toMatchObject({ to: "dead", reason: "unreachable" });
  });

  test("hashicorp/consul#1212, #916: an observer in bad health takes longer to accuse", () => {
    const peer = new Hand().play(heard(0)).tick(3_000, { health: 7 });
    // Up to 2(D − S) more; fixed when suspicion began, so getting well does not shorten it.
    expect(nextVerdict(peer)).toBe(6_000 + 6_000);
    expect(peer.tick(11_999, { health: 0 }).state.status).toBe("suspect");
    expect(peer.tick(12_000).change).toMatchObject({ reason: "silence", evidence: { health: 7 } });
  });

  test("verdicts wait while the whole monitor is paused; beats do not", () => {
    const peer = new Hand().play(heard(0));
    const beatDueAt = peer.state.beatDueAt as number;
    expect(peer.tick(beatDueAt, { judging: false }).beats).toHaveLength(1);
    expect(peer.tick(60_000, { judging: false }).state.status).toBe("alive");
  });

  test("pauses of one peer are credited whole, in alive and in suspect", () => {
    const peer = new Hand()
      .play(heard(0))
      .tick(1_000)
      .play({ type: "pause", at: 1_000 })
      .play({ type: "pause", at: 2_000 })
      .tick(90_000)
      .play({ type: "resume", at: 101_000 })
      .play({ type: "resume", at: 102_000 });
    expect(nextVerdict(peer)).toBe(103_000);
    peer.tick(103_000);
    peer.play({ type: "pause", at: 103_500 }).play({ type: "resume", at: 203_500 });
    expect(nextVerdict(peer)).toBe(206_000);
    expect(peer.tick(206_000).change).toMatchObject({ reason: "silence" });
  });

  test("resuming who was not paused changes nothing, not even what is learned from the next frame", () => {
    const peer = new Hand({ detector: phi() }).play(heard(0, 1), heard(1_000, 2));
    const { state } = peer;
    expect(peer.play({ type: "resume", at: 1_500 }).state).toBe(state);
  });

  test("moleculerjs/moleculer#891: time in which we were frozen is not silence", () => {
    const peer = new Hand().play(heard(0));
    const stalls = { lostMs: 60_000, countedMs: 1_500, graceMs: 1_500 };
    expect(peer.play({ type: "tick", at: 62_999, stalls }).state.status).toBe("alive");
    expect(peer.play({ type: "tick", at: 63_000, stalls }).change).toMatchObject({
      to: "suspect",
      evidence: { silenceMs: 3_000, creditMs: 60_000 },
    });
  });
});

describe("dead is final", () => {
  test("apple/swift-distributed-actors#414: nothing moves a dead session, whatever arrives", () => {
    const peer = suspected().tick(6_000);
    const { state } = peer;
    peer.play(heard(6_001), { type: "proven", at: 6_002 }, { type: "pause", at: 6_002 });
    peer.play({ type: "resume", at: 6_002 }, { type: "ended", at: 6_003, reason: "closed" });
    expect(peer.state).toBe(state);
  });

  test("a return is the next session: dead → connecting → alive", () => {
    const peer = suspected()
      .play(heard(100, 7))
      .tick(9_000)
      .tick(12_000)
      .play({ type: "dial", at: 13_000 });
    expect(peer.change).toMatchObject({ from: "dead", to: "connecting", session: 2 });
    expect(peer.state).toMatchObject({ session: 2, arrivals: { highestSeq: 0 } });
    expect(peer.state).not.toHaveProperty("reason");
    expect(peer.play(heard(13_010, 1)).change).toMatchObject({ to: "alive", session: 2 });
  });

  test.each([
    ["left", 0],
    ["closed", 4_000],
    ["replaced", 4_000],
    ["protocol-error", 4_000],
  ] as const)("safe to reassign after `%s` in %d ms", (reason, safeInMs) => {
    const peer = new Hand().play(heard(1_000), { type: "ended", at: 3_000, reason });
    expect(peer.change).toMatchObject({ reason, safeInMs });
  });

  test("the next session begins with a beat within the pace; a listener only listens", () => {
    const redialled = (role: "both" | "send" | "listen") =>
      new Hand({}, { role })
        .play({ type: "ended", at: 10, reason: "closed" })
        .play({ type: "dial", at: 5_000 }).state;
    for (const role of ["both", "send"] as const) {
      expect(redialled(role).beatDueAt).toBeGreaterThanOrEqual(5_000);
      expect(redialled(role).beatDueAt).toBeLessThanOrEqual(5_250);
    }
    expect(redialled("listen")).not.toHaveProperty("beatDueAt");
  });

  test("a suspicion in between does not make a life a new one", () => {
    const peer = suspected().play(heard(5_000));
    expect(peer.state).toMatchObject({ status: "alive", aliveAt: 0, sinceAt: 5_000 });
  });

  test("who only sends retries nothing, and says so", () => {
    const peer = new Hand({ redial: true }, { role: "send" });
    peer.play({ type: "ended", at: 10, reason: "closed" });
    expect(peer.change).toMatchObject({ reason: "closed" });
    expect(peer.change).not.toHaveProperty("retryInMs");
  });

  test("a leaving peer may say when it expects to be back", () => {
    const peer = new Hand().play({ type: "ended", at: 5, reason: "left", returnInMs: 800 });
    expect(peer.change).toMatchObject({ reason: "left", returnInMs: 800 });
    expect(peer.state.beatDueAt).toBeUndefined();
  });

  test("forgotten after forgetAfterMs, and asked until then", () => {
    const peer = new Hand({ forgetAfterMs: 30_000 }).tick(6_000);
    expect(peer.state.forgetAt).toBe(36_000);
    expect(peer.change?.retryInMs).toBeLessThanOrEqual(1_000);
    peer.tick(36_000);
    expect(peer.outputs.at(-1)).toEqual({ type: "forget" });
    expect(nextDeadline(peer.state, peer.policy)).toBe(Number.POSITIVE_INFINITY);
  });

  test("a policy change moves the forgetting of a dead peer", () => {
    const peer = new Hand().tick(6_000);
    expect(peer.state).not.toHaveProperty("forgetAt");
    peer.policy = definePolicy({ ...numbers, forgetAfterMs: 40_000 });
    expect(peer.play({ type: "policy", at: 7_000 }).state.forgetAt).toBe(46_000);
    peer.policy = definePolicy(numbers);
    expect(peer.play({ type: "policy", at: 8_000 }).state).not.toHaveProperty("forgetAt");
  });
});

describe("proof by round trip", () => {
  const datagrams = { proof: "round-trip" } as const;
  const proven = (at: number, nonceAt?: number): PeerEvent => ({ type: "proven", at, nonceAt });

  test("traffic alone does not connect, the echo of a nonce does", () => {
    const peer = new Hand(datagrams).play(heard(10));
    expect(peer.state).toMatchObject({ status: "connecting" });
    expect(peer.state).not.toHaveProperty("heardAt");
    expect(peer.play(proven(20, 0)).state.status).toBe("alive");
  });

  test("in suspect traffic only moves the death; an echo from before the suspicion proves nothing", () => {
    const peer = new Hand(datagrams).play(proven(0)).tick(3_000);
    expect(peer.play(heard(5_000)).state.status).toBe("suspect");
    expect(nextVerdict(peer)).toBe(11_000);
    expect(peer.play(proven(5_100, 2_999)).state.status).toBe("suspect");
    expect(peer.play(proven(5_200, 3_000)).state.status).toBe("alive");
  });

  test("what was asked of the dead proves the next life, what was asked before does not", () => {
    const dead = () => new Hand(datagrams).tick(6_000).play({ type: "dial", at: 9_000 });
    expect(dead().play(proven(9_100, 5_999)).state.status).toBe("connecting");
    expect(dead().play(proven(9_100, 6_000)).state.status).toBe("alive");
  });

  test("frames that were held back are not life: the newest nonce must be younger than D", () => {
    const peer = new Hand(datagrams).play(proven(0, 0));
    peer.play({ type: "heard", at: 2_000, seq: 4, nonceAt: -4_001, rttMs: 9 });
    expect(peer.state).toMatchObject({ heardAt: 0, arrivals: { stale: 1, received: 1 } });
    // Our own stalls are no reason to distrust the other side's nonces.
    peer.play({ type: "heard", at: 2_500, seq: 5, nonceAt: -4_001, nonceObservedAt: -3_500 });
    expect(peer.state).toMatchObject({ heardAt: 2_500, arrivals: { stale: 0, received: 2 } });
  });
});

test("where any traffic is life, so is an echo that was long on its way", () => {
  const peer = new Hand().play(heard(0), { type: "heard", at: 7_000, seq: 1, nonceAt: 0 });
  expect(peer.state).toMatchObject({ heardAt: 7_000, arrivals: { stale: 0, received: 1 } });
});

describe("arrivals", () => {
  test("numbers count what came, what was lost, and what came late", () => {
    const peer = new Hand().play(heard(1, 5), heard(2, 6), heard(3, 9), heard(4, 8));
    expect(peer.state.arrivals).toEqual({
      received: 3,
      lost: 1,
      behind: 1,
      reordered: 1,
      stale: 0,
      highestSeq: 9,
      recent: 0xffff_fffb,
    });
    expect(peer.state.heardAt).toBe(3);
  });

  test("round-trip times are smoothed by an eighth (RFC 6298 §2)", () => {
    const peer = new Hand();
    peer.play({ type: "heard", at: 1, rttMs: 80 }, { type: "heard", at: 2, rttMs: 160 });
    expect(peer.state.arrivals.rttMs).toBe(90);
  });
});

describe("round-trip samples", () => {
  const echo = { type: "heard", at: 10_000, nonceAt: 9_000, heldMs: 300 } as const;

  test("what the other side held back is not in them", () => {
    expect(new Hand().play(echo).state.arrivals.rttMs).toBe(700);
    expect(new Hand().play({ ...echo, rttMs: 5 }).state.arrivals.rttMs).toBe(5);
    expect(new Hand().play(heard(10_000)).state.arrivals).not.toHaveProperty("rttMs");
  });

  test("nor what lay unread while we were frozen; where that was all of it there is no sample", () => {
    const stalls = (lostMs: number) => ({ lostMs, countedMs: 0, graceMs: 1_500 });
    const frozen = (lostMs: number) => new Hand().play({ ...echo, stalls: stalls(lostMs) }).state;
    expect(frozen(600).arrivals.rttMs).toBe(100);
    expect(frozen(700).arrivals.rttMs).toBe(0);
    expect(frozen(701).arrivals).not.toHaveProperty("rttMs");
  });
});

describe("a change of policy", () => {
  test("a shorter interval is kept at once, a longer one from the last beat on", () => {
    const peer = new Hand().play(heard(0)).tick(1_000).play({ type: "sent", at: 1_000 });
    peer.policy = definePolicy({ ...numbers, intervalMs: 200 });
    expect(peer.play({ type: "policy", at: 1_100 }).state.beatDueAt).toBe(1_200);
    peer.policy = definePolicy({ ...numbers, intervalMs: 50 });
    expect(peer.play({ type: "policy", at: 1_100 }).state.beatDueAt).toBe(1_100);
    peer.policy = definePolicy({ ...numbers, intervalMs: 2_000 });
    expect(peer.play({ type: "policy", at: 1_100 }).state.beatDueAt).toBe(3_000);
  });

  test("a shorter probe interval is kept at once", () => {
    const peer = suspected({ probeIntervalMs: 900 });
    peer.policy = definePolicy({ ...numbers, probeIntervalMs: 50 });
    expect(peer.play({ type: "policy", at: 3_100 }).state.beatDueAt).toBe(3_150);
  });

  test("a listener has no beats to move", () => {
    const peer = new Hand({}, { role: "listen" }).play(heard(0));
    const { state } = peer;
    expect(peer.play({ type: "policy", at: 10 }).state).toBe(state);
  });
});

describe("beats that ask for a sign of life", () => {
  const sent = (at: number): PeerEvent => ({ type: "sent", at });
  /** Alive with both clocks at 0, and past its first phase. */
  const asking = (solicits = true) => {
    const peer = new Hand({ solicits }).play(heard(0), sent(0));
    return peer.play({ type: "policy", at: 0 });
  };

  test("are due when nothing came for an interval, however much leaves (mqttjs/MQTT.js#1861)", () => {
    const peer = asking();
    for (let at = 100; at < 1_000; at += 100)
      expect(peer.play(sent(at)).tick(at).beats).toEqual([]);
    expect(peer.play(sent(1_000)).tick(1_000).beats).toHaveLength(1);
    // What leaves in between makes them no more frequent: nothing comes back all the same.
    for (let at = 1_100; at < 2_000; at += 100)
      expect(peer.play(sent(at)).tick(at).beats).toEqual([]);
    expect(peer.play(sent(2_000)).tick(2_000).beats).toHaveLength(1);
    expect(asking(false).play(sent(1_000)).tick(1_000).beats).toEqual([]);
  });

  test("are due when nothing left for an interval, however much comes", () => {
    const peer = asking();
    expect(peer.play(heard(999)).tick(1_000).beats).toHaveLength(1);
  });

  test("wait while both clocks move, and no longer than the older of them allows", () => {
    const peer = asking();
    peer.play(sent(400), heard(700));
    expect(peer.tick(1_000).beats).toEqual([]);
    expect(peer.state.beatDueAt).toBe(1_400);
    expect(peer.tick(1_399).beats).toEqual([]);
    expect(peer.tick(1_400).beats).toHaveLength(1);
  });
});

test("a beat that was spread and then not needed is no reason to let the next ones burst", () => {
  const peer = new Hand({ solicits: true }, { role: "send" });
  peer.play(heard(0), { type: "sent", at: 0 });
  expect(peer.tick(5_000).beats).toEqual([]);
  // Both clocks move before the spread beat is due.
  peer.play({ type: "sent", at: 5_000 }, heard(5_000));
  expect(peer.tick(5_250).beats).toEqual([]);
  expect(peer.state.beatDueAt).toBe(6_000);
  expect(peer.tick(20_000).beats).toEqual([]);
  expect(peer.state.beatDueAt).toBeLessThanOrEqual(20_250);
});

function nextVerdict({ state, policy }: Hand): number {
  const { beatDueAt: _, forgetAt: __, ...silent } = state;
  return nextDeadline(silent, policy);
}

describe("who dials and who may trust", () => {
  test("with redial a listener, too, asks to be dialled again, at back-off pace", () => {
    const policy = definePolicy({ ...strict, redial: true });
    for (const role of ["both", "listen"] as const) {
      const [dead] = transition(
        initialPeer(policy, 0, { role }),
        { type: "ended", at: 10, reason: "closed" },
        policy,
      );
      const [, outputs] = transition(dead, { type: "tick", at: dead.beatDueAt as number }, policy);
      expect(outputs).toEqual([{ type: "dial", attempt: 1 }]);
    }
  });

  test("a peer that we leave may not know it yet; one that left does", () => {
    const policy = definePolicy(strict);
    const [alive] = transition(initialPeer(policy, 0), { type: "heard", at: 100 }, policy);
    const leave = (bySelf: boolean) =>
      transition(alive, { type: "ended", at: 1_100, reason: "left", bySelf }, policy)[1];
    const [byUs] = leave(true) as [Change];
    expect(byUs.safeInMs).toBe(policy.deadAfterMs - 1_000);
    expect(explain({ ...byUs, id: "a" })).toBe("a was left by us; safe to reassign in 4200 ms");
    const [byIt] = leave(false) as [Change];
    expect(byIt.safeInMs).toBe(0);
    expect(explain({ ...byIt, id: "a" })).toBe("a left");
  });
});

test("every reason for which a peer can be ended from outside is listed", () => {
  const all: Record<EndReason, true> = {
    closed: true,
    left: true,
    restarted: true,
    replaced: true,
    "protocol-error": true,
    "duplicate-id": true,
    incompatible: true,
  };
  expect([...END_REASONS].sort()).toEqual(Object.keys(all).sort());
});
