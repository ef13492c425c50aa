// What random histories found once, as short as it gets; each is played on the monitor and its twin.
import { test } from "vitest";
import { definePolicy } from "../src/define-policy.ts";
import type { PolicyOptions } from "../src/policy.ts";
import { compare } from "./monitor-histories.ts";
import { CHANGING, type History, type Operation } from "./monitor-operations.ts";

const [moody] = CHANGING;
const who = { peer: 0, earlier: 0 };
const heard: Operation = { op: "heard", who, sign: undefined };
const tick: Operation = { op: "tick", slice: false };

/** Steps are waits in ms, or "deadline" for the next one, and operations in turn. */
function play(
  steps: readonly (number | Operation)[],
  more: Omit<Partial<History>, "steps" | "policies"> & { policy?: PolicyOptions } = {},
): void {
  const { policy: options, ...rest } = more;
  const policy = definePolicy({
    ...{ intervalMs: 100, suspectAfterMs: 1_000, deadAfterMs: 3_000 },
    ...options,
  });
  const paired: History["steps"] = [];
  let ms = 0;
  for (const step of steps) {
    if (typeof step === "number") ms = step;
    else {
      paired.push({ wait: { after: "now", ms }, operation: step });
      ms = 0;
    }
  }
  compare({
    ...{ seed: 1, startAt: 0, sends: false, reactions: [], samples: [] },
    peers: [{ role: "both", policy: 0 }],
    ...rest,
    policies: [policy, policy, policy, policy],
    steps: paired,
  });
}

const beat: Operation = { op: "heardBeat", who, sign: undefined, seqStep: 1 };
const changing = {
  peers: [{ role: "listen" as const, policy: 0 }],
  policy: { detector: moody },
};

/** Three numbered frames, and a look at everything this peer has: its deadline is noted anew. */
const settled = [heard, beat, 1, beat, 1, beat, 1, { ...heard, sign: {} }];

test("a detector may move its deadline earlier with every numbered frame", () => {
  play([heard, 10, beat, 700, tick, 100, tick], changing);
  play([...settled, 10, beat, 700, tick, 100, tick], changing);
});

test("a call reads the clock once, also where it moves a deadline earlier", () => {
  play([...settled, 10, tick, -1, beat], changing);
  // The first beat of a life has a random phase: what is sent before it can only bring it closer.
  for (let seed = 0; seed < 20; seed++) {
    play([heard, 3, tick, -1, { op: "sent", who }], { seed, policy: { jitter: 0.99 } });
  }
});

test("nobody is judged in a pause, so nobody's silence is held against ourselves", () => {
  const peers = Array.from({ length: 6 }, () => ({ role: "both" as const, policy: 0 }));
  const everybody: Operation = { op: "heard by many", from: 0, count: 6 };
  play([everybody, 2_000, { op: "pause all" }, 500, tick, 500, tick], { peers });
});

test("everybody who was alive counts where a crowd falls silent, also after pauses of their own", () => {
  const peers = Array.from({ length: 6 }, () => ({ role: "both" as const, policy: 0 }));
  const everybody: Operation = { op: "heard by many", from: 0, count: 6 };
  const all = (op: "pause" | "resume") =>
    peers.map((_, peer): Operation => ({ op, who: { peer, earlier: 0 } }));
  play([everybody, 10, ...all("pause"), 100, ...all("resume"), 2_000, tick], { peers });
});

test("a pause is credited whole, to the bit, however often somebody is heard meanwhile", () => {
  for (let n = 1; n < 20; n++) {
    const hears = [5_000 / n + 0.2, heard, 4_000 / n + 0.3, heard, 0.4, heard];
    play([n / 10, heard, 0.1, { op: "pause all" }, ...hears, 0.1, { op: "resume all" }, 1, heard]);
  }
});

test("whoever begins to drive within a turn is told of what the rest of it brings", () => {
  const peers = [0, 1].map(() => ({ role: "listen" as const, policy: 0 }));
  const drive: Operation = { op: "drive", driver: 0 };
  const add: Operation = { op: "add", peer: 2, role: "both", policy: 0, anonymous: false };
  const ended: Operation = {
    op: "ended",
    who,
    reason: "closed",
    returnInMs: undefined,
    bySelf: undefined,
  };
  // The dead peer is back: its new session brings the driver, and its life a peer to ask soon.
  const reactions = [undefined, ...[drive, add].map((call) => ({ throws: false, call }))];
  for (let seed = 0; seed < 20; seed++) play([ended, 245, heard], { seed, peers, reactions });
});
