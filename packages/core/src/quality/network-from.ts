// From what was measured of somebody's traffic to the network that `policyFor` and `predict` take, or
// to the reason why nothing can be said yet.

import { check, checkNetwork, MAX_DURATION_MS, type Network } from "./network.ts";

/**
 * What was counted and measured of the frames of one peer in one session. The arrivals that a monitor or
 * an endpoint keeps (`state(peer).arrivals`) are of this shape; figures of your own will do.
 */
export interface Measured {
  /** Numbered frames that arrived in order. */
  readonly received: number;
  /** Numbers that were skipped, and did not come. */
  readonly lost: number;
  /** Frames that others overtook: no sign of life, and in no variance, so they count as lost. Default 0. */
  readonly reordered?: number | undefined;
  /** Mean round-trip time in ms, half of which is taken for the delay. */
  readonly rttMs?: number | undefined;
  /** What timestamps tell: the variance of the delay in ms², out of so many samples. Clocks need not agree. */
  readonly timing?: { readonly samples: number; readonly varianceMs2: number } | undefined;
}

/** What is known besides. */
export interface Known {
  /** Mean one-way delay in ms. Default: half of the mean round trip. */
  readonly delayMs?: number | undefined;
}

/** A network, and how sure of it one may be; or why nothing can be said yet. */
export type Estimate =
  | {
      readonly ok: true;
      readonly network: Network;
      /** With 95 % confidence the loss is at most this: what to plan with where a promise matters. */
      readonly lossAtMost: number;
      /** Numbers that were received or lost. */
      readonly frames: number;
      /** Samples of the variance. */
      readonly samples: number;
    }
  | {
      readonly ok: false;
      /** One sentence for people: what is missing, and where it comes from. */
      readonly reason: string;
    };

/** Fewer say nothing: after 100, none of them lost, the loss may still be 3 %, and a deviation is known to 7 %. */
const LEAST_SAMPLES = 100;
/** The normal quantile of 95 %. */
const Z = 1.645;

/**
 * The network behind measured traffic: of one peer, or of several that share a network, pooled. Ask once
 * for each network: the mean of a good and a bad one is neither.
 *
 * With k of m numbers lost, `loss` is (k + ½)/(m + 1) (Krichevsky, Trofimov 1981), never 0 because none was
 * lost so far; `lossAtMost` is the one-sided 95 % bound of a Poisson law over m (Wilson, Hilferty 1931).
 * Variances are pooled within peers, weighted by samples − 1; means are not compared, since two clocks have
 * no common zero. A monitor's variance is that of the last few hundred beats: tails that did not show in
 * them are in no estimate, and bursts of loss look like single ones. So measure in the busy hours, too.
 *
 * @param measured one peer or several; those that are undefined (unknown, gone) are passed over.
 * @throws RangeError `ERR_SYSTOLE_OPTION` for numbers that cannot have been measured.
 * @example
 * ```ts
 * const estimate = networkFrom([...monitor].map((peer) => monitor.state(peer)?.arrivals));
 * if (estimate.ok) plan = policyFor(target, { ...estimate.network, loss: estimate.lossAtMost });
 * else console.log(estimate.reason);
 * ```
 */
export function networkFrom(
  measured: Measured | Iterable<Measured | undefined>,
  { delayMs: knownDelayMs }: Known = {},
): Estimate {
  const peers = peersOf(measured);
  for (const peer of peers) checkMeasured(peer);
  const lost = sumOf(peers, ({ lost: never, reordered = 0 }) => never + reordered);
  const frames = lost + sumOf(peers, (peer) => peer.received);
  if (frames < LEAST_SAMPLES) return { ok: false, reason: tooFew("frames", frames) };

  const spread = varianceOf(peers);
  if (spread.samples === 0) return { ok: false, reason: NO_VARIANCE };
  if (spread.samples < LEAST_SAMPLES) {
    return { ok: false, reason: tooFew("samples of lateness", spread.samples) };
  }
  const { varianceMs2: delayVarianceMs2, samples } = spread;
  const delayMs = knownDelayMs ?? delayOf(peers);
  if (delayMs === undefined) return { ok: false, reason: NO_DELAY };
  const network = {
    loss: (lost + 0.5) / (frames + 1),
    // A clock too coarse to see a delay saw it vary: then it is of the order of its deviation.
    delayMs: delayMs === 0 ? Math.sqrt(delayVarianceMs2) : delayMs,
    delayVarianceMs2,
  };
  checkNetwork(network);
  return { ok: true, network, lossAtMost: lossBound(lost, frames), frames, samples };
}

function peersOf(measured: Measured | Iterable<Measured | undefined>): readonly Measured[] {
  const isMany = typeof measured === "object" && measured !== null && Symbol.iterator in measured;
  const all = isMany ? [...measured] : [measured];
  return all.filter((peer) => peer !== undefined);
}

function sumOf(peers: readonly Measured[], of: (peer: Measured) => number): number {
  return peers.reduce((sum, peer) => sum + of(peer), 0);
}

/** Pooled within peers. */
function varianceOf(peers: readonly Measured[]): { varianceMs2: number; samples: number } {
  let [sum, freedom, all] = [0, 0, 0];
  for (const { timing } of peers) {
    const { samples, varianceMs2 } = timing ?? NO_TIMING;
    if (samples <= 1) continue;
    sum += (samples - 1) * varianceMs2;
    freedom += samples - 1;
    all += samples;
  }
  return { varianceMs2: freedom === 0 ? 0 : sum / freedom, samples: all };
}

const NO_TIMING = { samples: 0, varianceMs2: 0 };

/** Half of the mean round trip, over those whose is known. */
function delayOf(peers: readonly Measured[]): number | undefined {
  const known = peers.filter(({ rttMs, received }) => rttMs !== undefined && received > 0);
  if (known.length === 0) return undefined;
  const trips = sumOf(known, ({ rttMs = 0, received }) => rttMs * received);
  return trips / sumOf(known, ({ received }) => received) / 2;
}

/** The mean of a Poisson law that shows `lost` or fewer in 5 % of all cases, as a share of the frames. */
function lossBound(lost: number, frames: number): number {
  const events = lost + 1;
  const most = events * (1 - 1 / (9 * events) + Z / (3 * Math.sqrt(events))) ** 3;
  // Where nearly all was lost the law is none: a share below 1 is what a network can have.
  return Math.min(most / frames, (frames + 0.5) / (frames + 1));
}

function tooFew(what: string, count: number): string {
  return `${Math.floor(count)} ${what} are too few to tell a network by: measure until there are ${LEAST_SAMPLES}, better thousands.`;
}

const NO_VARIANCE =
  "It was not measured how delays vary: the sender's timestamps tell, which endpoints send, and heardBeat takes as sentAtMs.";
const NO_DELAY =
  "No round trip was measured, and timestamps of another clock do not tell how long frames travel: give delayMs, half of what a ping takes.";

function checkMeasured(peer: Measured): void {
  const { received, lost, reordered = 0, rttMs = 0, timing = NO_TIMING } = peer ?? {};
  const { samples, varianceMs2 } = timing;
  const counts = { received, lost, reordered, "timing.samples": samples };
  for (const [name, value] of Object.entries(counts)) {
    const range = `a number from 0 to ${Number.MAX_SAFE_INTEGER}`;
    const isCount = isWithin(value, Number.MAX_SAFE_INTEGER);
    check(isCount, name, range, value, "Give what was counted since the session began.");
  }
  const durations = { rttMs: [rttMs, 1], "timing.varianceMs2": [varianceMs2, 2] } as const;
  for (const [name, [value, power]] of Object.entries(durations)) {
    const most = MAX_DURATION_MS ** power;
    const range = `a number of ms${power === 1 ? "" : "²"} from 0 to ${most}`;
    check(isWithin(value, most), name, range, value, "Leave it out if it is not known.");
  }
}

function isWithin(value: number, most: number): boolean {
  return value >= 0 && value <= most;
}
