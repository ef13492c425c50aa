// Acceptance: thousands of peers on one socket, over a network that loses, doubles and reorders. Nobody
// who lives is doubted, or, with a short S, as often as `predict` says; whoever is killed or frozen is
// found in the time the policy states. What it costs is printed, not judged.
import { deadAtMostMs, definePolicy, type PolicyOptions } from "@systole/core";
import { predict } from "@systole/core/quality";
import { afterEach, describe, expect, test } from "vitest";
import { type Keep, killChildren } from "../../adapter-net/test/waiting.ts";
import { Crowd, NETWORK, type Watched } from "./crowd-processes.ts";

const LEAST_STALL_MS = 3_000;
/** A range is missed by chance once in two million runs. */
const CHANCE = 2.5e-7;

interface CrowdSize {
  readonly peers: number;
  /** How many of them are killed, and as many frozen. */
  readonly gone: number;
  /** How often each peer beats, and how often the node does. */
  readonly intervalMs: number;
  readonly backMs: number;
  readonly watchMs: number;
}

export function describeCrowd(
  { peers, gone, intervalMs, backMs, watchMs }: CrowdSize,
  keep: Keep = () => {},
): void {
  const patient = {
    intervalMs,
    suspectAfterMs: 10 * intervalMs,
    deadAfterMs: 20 * intervalMs,
  };
  // More than a node promises to be back in, which is a quarter of S.
  const stallMs = Math.max(LEAST_STALL_MS, 3 * intervalMs);
  const node = { ...patient, intervalMs: backMs, peerGapMs: intervalMs, wishMs: intervalMs };
  const hasty = { ...node, suspectAfterMs: 3 * intervalMs };

  describe(`${peers} peers on one socket, a beat every ${intervalMs} ms`, () => {
    afterEach(killChildren);

    test("none doubted, not even after a stall; all found that are killed or frozen", async () => {
      const crowd = await Crowd.gather({ peers, gone, policy: node, peersPolicy: patient });
      const isNoneDoubted = ({ observer }: Watched) => observer.suspected.length === 0;
      const calm = await crowd.watch({ what: "calm", ms: watchMs }, isNoneDoubted);
      expect(calm.observer).toMatchObject({ suspected: [], deaths: [], alive: peers });

      const stall = { what: "stalled", ms: patient.suspectAfterMs, stallMs };
      const stalled = await crowd.watch(stall, isNoneDoubted);
      expect(stalled.observer).toMatchObject({ suspected: [], deaths: [], alive: peers });
      expect(stalled.observer.stalls).toBeGreaterThan(0);

      const { deaths } = await crowd.end();
      const ids = [...named("killed", gone), ...named("frozen", gone)].toSorted();
      expect(deaths.map(({ id }) => id).toSorted()).toEqual(ids);
      for (const { reason, silenceMs, health } of deaths) {
        expect(reason).toBe("silence");
        expect(silenceMs).toBeGreaterThanOrEqual(patient.deadAfterMs);
        const atMostMs = deadAtMostMs(definePolicy(node), undefined, health);
        expect(silenceMs).toBeLessThanOrEqual(atMostMs);
      }
      keep({
        peers,
        "a beat every": `${intervalMs} ms`,
        asked: "nobody doubted in a calm minute and a stall; all found",
        doubted: calm.observer.suspected.length + stalled.observer.suspected.length,
        "found dead": `${deaths.length} of ${2 * gone}`,
      });
    });

    test("as many doubted with a short S as predicted", async () => {
      const crowd = await Crowd.gather({ peers, gone, policy: hasty, peersPolicy: patient });
      const isAsPredicted = (watched: Watched) => {
        const { length } = watched.observer.suspected;
        const [least, most] = predicted(peers, hasty, watched);
        const [fewest, highest] = [poissonRange(least)[0], poissonRange(most)[1]];
        console.log(
          `${length} suspicions; predicted are ${least.toFixed(0)} to ${most.toFixed(0)}, by chance ${fewest} to ${highest}; lost in the kernel: ${(watched.inKernel * 100).toFixed(2)} %`,
        );
        return length >= fewest && length <= highest;
      };
      const watched = await crowd.watch({ what: "a short S", ms: watchMs }, isAsPredicted);
      expect(watched.observer.deaths).toEqual([]);
      expect(isAsPredicted(watched)).toBe(true);
      const [least, most] = predicted(peers, hasty, watched);
      keep({
        peers,
        "a beat every": `${intervalMs} ms`,
        asked: `with a short S as many doubted as predicted: ${least.toFixed(0)} to ${most.toFixed(0)}`,
        doubted: watched.observer.suspected.length,
        "found dead": "0 of 0",
      });
    });
  });
}

/**
 * How many suspicions are predicted, at least and at most: peers on a busy machine beat later than they
 * mean to, and what the observer was frozen for is held against nobody.
 */
function predicted(
  peers: number,
  policy: PolicyOptions,
  { lateMs, inKernel, observer: { tookMs, stalls } }: Watched,
): readonly [least: number, most: number] {
  // What is overtaken is a statistic and no sign of life: to the verdict, it never came.
  const arriving = (1 - NETWORK.lost - NETWORK.overtaken) * (1 - inKernel);
  const network = { loss: 1 - arriving, delayMs: 0, delayVarianceMs2: 0 };
  const { peerGapMs: intervalMs, jitter, suspectAfterMs } = definePolicy(policy);
  const count = (how: PolicyOptions) =>
    (peers * tookMs) / predict({ ...policy, ...how }, network).falseAlarmEveryMs;
  const peerGapMs = intervalMs + lateMs;
  const late = count({ peerGapMs, jitter: 1 - ((1 - jitter) * intervalMs) / peerGapMs });
  const lax = count({ suspectAfterMs: suspectAfterMs + lateMs });
  const credited = Math.min(1, (stalls * suspectAfterMs) / tookMs);
  return [(1 - credited) * Math.min(lax, late), Math.max(count({}), late)];
}

/** The numbers between which what happens so often on average lies, but for chance. */
function poissonRange(mean: number): readonly [number, number] {
  let [log, below, k] = [-mean, Math.exp(-mean), 0];
  let least = 0;
  while (1 - below > CHANCE) {
    if (below < CHANCE) least = k + 1;
    k += 1;
    log += Math.log(mean / k);
    below += Math.exp(log);
  }
  return [least, k];
}

function named(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}-${n}`);
}
