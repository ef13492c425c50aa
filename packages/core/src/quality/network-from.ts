// From what was measured of somebody's traffic to the network that `policyFor` and `predict` take, or
// to the reason why nothing can be said yet.

import { check, checkNetwork, MAX_DURATION_MS, type Network } from "./network.ts";

/**
 * What was counted and measured of the frames of one peer: what `monitor.arrivals(peer)` says, or your
 * own figures. More fields do no harm.
 */
export interface Measured {
  /** Numbered frames that arrived in order. */
  readonly received: number;
  /** Numbers that were skipped. One that arrived later, behind others, is no sign of life, and stays lost. */
  readonly lost: number;
  /** Variance of the time from the sender's timestamp to the arrival, in ms². Clocks need not agree. */
  readonly latenessVarianceMs2?: number | undefined;
  /** How many frames, or weights that add up to as many, the variance is of. Default `received`. */
  readonly samples?: number | undefined;
  /** Mean round-trip time in ms, half of which is taken for the delay. */
  readonly rttMs?: number | undefined;
  /** Variance of the round trip in ms², for a peer without timestamps: it holds those of both ways. */
  readonly rttVarianceMs2?: number | undefined;
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
      /** Frames that were received or lost. */
      readonly frames: number;
      /** Samples of the variance. */
      readonly samples: number;
    }
  | {
      readonly ok: false;
      /** One sentence for people: what is missing, and where it comes from. */
      readonly reason: string;
    };

/** Fewer say nothing: at 100 even a bell's deviation is known to 7 %, and a loss of 1 % to a factor of 3. */
const LEAST_SAMPLES = 100;
/** The normal quantile of 95 %. */
const Z = 1.645;

/**
 * The network behind measured traffic: of one peer, or of several that share a network, pooled. Ask once
 * for each network: the mean of a good and a bad one is neither.
 *
 * With k of m frames lost, `loss` is (k + ½)/(m + 1) (Krichevsky, Trofimov 1981), never 0 because none was
 * lost so far; `lossAtMost` is the one-sided 95 % bound of a Poisson law over m (Wilson, Hilferty 1931).
 * The variance is that of lateness within each peer, weighted by samples − 1; means are not compared,
 * since two clocks have no common zero. Tails that did not show in the samples are in no estimate: measure
 * over the busy hours, too, and where losses come in bursts take `policyFor` for a hint.
 *
 * @param measured one peer or several; those that are undefined (unknown, gone) are passed over.
 * @throws RangeError `ERR_SYSTOLE_OPTION` for numbers that cannot have been measured.
 * @example
 * ```ts
 * const estimate = networkFrom([...monitor].map((peer) => monitor.arrivals(peer)));
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
  const lost = sumOf(peers, (peer) => peer.lost);
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

/** Pooled within peers. A round trip varies by both ways together, so its variance is on the safe side. */
function varianceOf(peers: readonly Measured[]): { varianceMs2: number; samples: number } {
  let [sum, freedom, samples] = [0, 0, 0];
  for (const peer of peers) {
    const { received, samples: own = received } = peer;
    const varianceMs2 = peer.latenessVarianceMs2 ?? peer.rttVarianceMs2;
    if (varianceMs2 === undefined || own <= 1) continue;
    sum += (own - 1) * varianceMs2;
    freedom += own - 1;
    samples += own;
  }
  return { varianceMs2: freedom === 0 ? 0 : sum / freedom, samples };
}

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
  "It was not measured how delays vary: timestamps in numbered frames (endpoints send them) tell, or the variance of round trips.";
const NO_DELAY =
  "No round trip was measured, and timestamps of another clock do not tell how long frames travel: give delayMs, half of what a ping takes.";

function checkMeasured(peer: Measured): void {
  const { received, lost, samples = 0, latenessVarianceMs2 = 0, rttMs = 0 } = peer ?? {};
  const { rttVarianceMs2 = 0 } = peer ?? {};
  const most = Number.MAX_SAFE_INTEGER;
  const count = `a number from 0 to ${most}`;
  const wayOut = "Give what was counted since the session began.";
  check(isWithin(received, most), "received", count, received, wayOut);
  check(isWithin(lost, most), "lost", count, lost, wayOut);
  check(isWithin(samples, most), "samples", count, samples, "Leave it out for `received`.");
  const delay = `a number of ms from 0 to ${MAX_DURATION_MS}`;
  check(isWithin(rttMs, MAX_DURATION_MS), "rttMs", delay, rttMs, "Leave it out if unknown.");
  for (const [name, value] of Object.entries({ latenessVarianceMs2, rttVarianceMs2 })) {
    const range = `a number of ms² from 0 to ${MAX_DURATION_MS ** 2}`;
    check(isWithin(value, MAX_DURATION_MS ** 2), name, range, value, "Leave it out if unknown.");
  }
}

function isWithin(value: number, most: number): boolean {
  return value >= 0 && value <= most;
}
