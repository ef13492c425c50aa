// The status table is exhaustive: every status, with every trigger, under every proof, does what
// TRANSITIONS says and nothing else.
import { describe, expect, test } from "vitest";
import { definePolicy } from "../src/define-policy.ts";
import type { PeerEvent } from "../src/peer/events.ts";
import { initialPeer, type PeerState, type Status } from "../src/peer/state.ts";
import { NEEDS_PROOF, TRANSITIONS, type Trigger, transition } from "../src/peer/transition.ts";
import { type Policy, type Proof, strict } from "../src/policy.ts";

const statuses: readonly Status[] = ["connecting", "alive", "suspect", "dead"];
const triggers: readonly Trigger[] = ["heard", "proven", "expired", "ended", "dial"];

/** The shortest way into each status. */
const ways: Readonly<Record<Status, readonly PeerEvent[]>> = {
  connecting: [],
  alive: [{ type: "proven", at: 10 }],
  suspect: [
    { type: "proven", at: 10 },
    { type: "tick", at: 2_510 },
  ],
  dead: [
    { type: "proven", at: 10 },
    { type: "ended", at: 20, reason: "closed" },
  ],
};

/** Each trigger as an event, late enough for every deadline to have passed. */
const events: Readonly<Record<Trigger, PeerEvent>> = {
  heard: { type: "heard", at: 9_000 },
  proven: { type: "proven", at: 9_000 },
  expired: { type: "tick", at: 9_000 },
  ended: { type: "ended", at: 9_000, reason: "left" },
  dial: { type: "dial", at: 9_000 },
};

function into(status: Status, policy: Policy): PeerState {
  let state = initialPeer(policy, 0);
  for (const event of ways[status]) state = transition(state, event, policy)[0];
  expect(state.status).toBe(status);
  return state;
}

test("the table has every status and every trigger, and nothing else", () => {
  expect(Object.keys(TRANSITIONS)).toEqual(statuses);
  for (const status of statuses) expect(Object.keys(TRANSITIONS[status])).toEqual(triggers);
});

describe.each<Proof>(["any", "round-trip"])("with proof %s", (proof) => {
  const policy = definePolicy({ ...strict, proof });

  test.each(statuses.flatMap((status) => triggers.map((trigger) => [status, trigger] as const)))(
    "%s, %s",
    (status, trigger) => {
      const before = into(status, policy);
      const [after, outputs] = transition(before, events[trigger], policy);
      const unproven =
        proof === "round-trip" && trigger === "heard" && NEEDS_PROOF.includes(status);
      const to = unproven ? status : TRANSITIONS[status][trigger];
      expect(after.status).toBe(to);
      const changes = outputs.filter((output) => output.type === "changed");
      expect(changes).toMatchObject(to === status ? [] : [{ from: status, to }]);
    },
  );
});

test("statuses that need proof are those a verdict or a dial led into", () => {
  expect(NEEDS_PROOF).toEqual(["connecting", "suspect"]);
});

test("dead leads nowhere but to a new session, and only by dialling", () => {
  const exits = triggers.filter((trigger) => TRANSITIONS.dead[trigger] !== "dead");
  expect(exits).toEqual(["dial"]);
});

test("alive ends in dead only by ended: silence must pass through suspect", () => {
  const killers = triggers.filter((trigger) => TRANSITIONS.alive[trigger] === "dead");
  expect(killers).toEqual(["ended"]);
});
