// What a pause takes off: all of it, from every clock that runs against a peer.
import fc from "fast-check";
import { expect, test } from "vitest";
import { definePolicy } from "../src/define-policy.ts";
import { verdictAt } from "../src/peer/deadlines.ts";
import { NO_STALLS } from "../src/peer/rules.ts";
import { initialPeer, thaw } from "../src/peer/state.ts";
import { transition } from "../src/peer/transition.ts";

const policy = definePolicy({
  intervalMs: 1_000,
  suspectAfterMs: 3_000,
  deadAfterMs: 6_000,
  jitter: 0,
});

test("the time that a suspected peer has to answer is not used up by a pause, however late it was suspected", () => {
  const durations = fc.integer({ min: 0, max: 100_000 });
  fc.assert(
    fc.property(durations, fc.nat(1_000), durations, (lateMs, doubtedMs, pausedMs) => {
      let state = initialPeer(policy, 0);
      const play = (event: Parameters<typeof transition>[1]) => {
        [state] = transition(state, event, policy);
      };
      play({ type: "heard", at: 0 });
      const suspectedAt = 3_000 + lateMs;
      play({ type: "tick", at: suspectedAt });
      expect(state.status).toBe("suspect");
      const before = verdictAt(thaw(state), policy, NO_STALLS);
      play({ type: "pause", at: suspectedAt + doubtedMs });
      play({ type: "resume", at: suspectedAt + doubtedMs + pausedMs });
      expect(verdictAt(thaw(state), policy, NO_STALLS)).toBe(before + pausedMs);
    }),
  );
});
