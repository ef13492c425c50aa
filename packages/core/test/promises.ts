// Whether `policyFor` keeps its word: random networks, the policy it gives for each, and the real
// monitor over that policy, told of every arrival at its instant and ticked at each of its deadlines.
import { createMonitor, type Monitor, type PeerRef, type PolicyOptions } from "@systole/core";
import { type Network, policyFor, type Target } from "@systole/core/quality";
import { falseAlarmBound } from "../src/quality/guarantee.ts";
import { lognormal, twoDelays, uniform } from "./beat-trace.ts";

type Delay = (u: () => number) => number;

/** A network, what was promised on it, and how its delays are really distributed. */
export interface Case {
  readonly seed: number;
  readonly law: string;
  readonly network: Network;
  readonly target: Target;
  readonly policy: PolicyOptions & { readonly intervalMs: number; readonly suspectAfterMs: number };
  readonly delay: Delay;
}

/** What the monitor did. */
export interface Kept {
  readonly mistakes: number;
  readonly crashes: readonly Crash[];
}

export interface Crash {
  /** T_D in ms; below 0 for a peer that was suspected already. */
  readonly detectionMs: number;
  /** By how much the last beat was slower than beats are on average, in ms; 0 for a quicker one. */
  readonly tailMs: number;
}

/**
 * A random network with up to 5 % loss and a target it allows. What is promised is as much as the policy
 * can promise: a target that was kept with room to spare would be no test.
 */
export function caseOf(seed: number): Case {
  for (let n = 0; ; n++) {
    const u = uniform(seed + 2 ** 20 * n);
    const delayMs = logUniform(u, 0.5, 200);
    const network = {
      loss: u() < 0.2 ? 0 : logUniform(u, 0.001, 0.05),
      delayMs,
      delayVarianceMs2: (delayMs * logUniform(u, 0.05, 0.9)) ** 2,
    };
    const detectWithinMs = delayMs + logUniform(u, 150, 10_000);
    const asked = { detectWithinMs, falseAlarmEveryMs: detectWithinMs * logUniform(u, 3, 60) };
    const first = policyFor(asked, network);
    if (!first.ok) continue;
    const { intervalMs, suspectAfterMs } = first.policy as Case["policy"];
    const most = falseAlarmBound(suspectAfterMs, 0.25, network)(intervalMs);
    const falseAlarmEveryMs = Math.max(asked.falseAlarmEveryMs, Math.min(most, 400 * intervalMs));
    const target = { detectWithinMs, falseAlarmEveryMs };
    const plan = policyFor(target, network);
    if (!plan.ok) throw new Error(`seed ${seed}: ${plan.reason}`);
    const policy = plan.policy as Case["policy"];
    return { seed, network, target, policy, ...lawOf(seed, network, policy) };
  }
}

/** In turn: long tails, an exponential one, and the two delays that are worst for this very policy. */
function lawOf(seed: number, { delayMs, delayVarianceMs2 }: Network, policy: Case["policy"]) {
  const deviationMs = Math.sqrt(delayVarianceMs2);
  const laws: readonly (readonly [string, Delay])[] = [
    ["lognormal", lognormal(delayMs, delayVarianceMs2)],
    ["exponential", (u) => delayMs - deviationMs - deviationMs * Math.log(1 - u())],
    ["two delays", twoDelays(delayMs, delayVarianceMs2, worstShare(delayVarianceMs2, policy))],
  ];
  const [law, delay] = laws[seed % laws.length] as (typeof laws)[number];
  return { law, delay };
}

/** The share of late beats that makes Cantelli's inequality an equation for the last beat in time. */
function worstShare(varianceMs2: number, { intervalMs, suspectAfterMs }: Case["policy"]): number {
  const beats = Math.ceil(suspectAfterMs / intervalMs) - 1;
  const spareMs = suspectAfterMs - beats * intervalMs;
  return varianceMs2 / (varianceMs2 + spareMs ** 2);
}

function logUniform(u: () => number, least: number, most: number): number {
  return least * (most / least) ** u();
}

/** Plays a case for so long that the promise allows `expected` mistakes on average, and lets peers crash. */
export function play(
  { seed, network, target, policy, delay }: Case,
  { expected, crashes }: { readonly expected: number; readonly crashes: number },
): Kept {
  const u = uniform(seed ^ 0x5eed);
  const beatsUntil = (untilMs: number) => arrivals(policy, network.loss, delay, untilMs, u);
  const living = new Watched(policy);
  living.hear(beatsUntil(expected * target.falseAlarmEveryMs));
  const crash = (): Crash => {
    // Long enough that the beginning is forgotten, and an instant that no beat foretells.
    const crashAt = policy.suspectAfterMs * (3 + u());
    // What was on its way for longer than D would begin a session of its own, were it not dead for good.
    const crashing = new Watched({ ...policy, returns: "never" });
    const sent = beatsUntil(crashAt);
    crashing.hear(sent);
    crashing.wait(2 * policy.suspectAfterMs);
    const newest = sent.reduce((one, other) => (other.seq > one.seq ? other : one));
    return {
      detectionMs: (crashing.suspectedAt.at(-1) as number) - crashAt,
      tailMs: Math.max(0, newest.at - newest.sentAt - network.delayMs),
    };
  };
  return {
    mistakes: living.suspectedAt.length,
    crashes: Array.from({ length: crashes }, crash),
  };
}

/**
 * The one-sided bound of a Poisson law: the smallest count that is exceeded with at most `risk` when
 * `mean` is the mean.
 */
export function poissonBound(mean: number, risk: number): number {
  let logTerm = -mean;
  let below = Math.exp(logTerm);
  let count = 0;
  while (1 - below > risk) {
    count += 1;
    logTerm += Math.log(mean / count);
    below += Math.exp(logTerm);
  }
  return count;
}

export interface Arrival {
  readonly sentAt: number;
  readonly at: number;
  readonly seq: number;
}

/** The beats that leave until `untilMs`, in the order in which they arrive, if they do. */
export function arrivals(
  { intervalMs, jitter = 0 }: PolicyOptions,
  loss: number,
  delay: Delay,
  untilMs: number,
  u: () => number,
): Arrival[] {
  const all: Arrival[] = [];
  let seq = 0;
  for (let sentAt = 0; sentAt <= untilMs; sentAt += (intervalMs as number) * (1 - jitter * u())) {
    seq += 1;
    const at = sentAt + delay(u);
    // The first one always arrives: there is a peer.
    if (u() >= loss || seq === 1) all.push({ sentAt, at, seq });
  }
  return all.sort((a, b) => a.at - b.at);
}

/** A monitor with one peer, and the ideal loop: served at the very instant of each deadline. */
class Watched {
  readonly suspectedAt: number[] = [];
  readonly #monitor: Monitor;
  readonly #peer: PeerRef;
  #now = 0;

  constructor(policy: PolicyOptions) {
    this.#monitor = createMonitor({
      host: { now: () => this.#now },
      policy,
      seed: 1,
      emit: (output) => {
        if (output.type === "changed" && output.to === "suspect") this.suspectedAt.push(output.at);
      },
    });
    this.#peer = this.#monitor.add(undefined, { role: "listen" });
  }

  hear(arrivals: readonly Arrival[]): void {
    for (const { at, seq } of arrivals) {
      this.#until(at);
      this.#monitor.heardBeat(this.#peer, seq);
    }
  }

  wait(ms: number): void {
    this.#until(this.#now + ms);
  }

  #until(at: number): void {
    const monitor = this.#monitor;
    for (let due = monitor.nextDeadline(); due <= at; due = monitor.nextDeadline()) {
      this.#now = due;
      monitor.tick();
    }
    this.#now = at;
  }
}
