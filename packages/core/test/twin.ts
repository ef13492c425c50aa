// A deliberately dumb second monitor: a Map of states, `transition` folded over each, and its own
// small books of stalls, promises and health, kept as lists and recomputed from them. It knows no
// stored bounds and no counters. The real monitor must say the same things in the same order.

import { definePolicy } from "../src/define-policy.ts";
import type { EndedOptions } from "../src/monitor/options.ts";
import type { MonitorOutput } from "../src/monitor/outputs.ts";
import type { PeerRef } from "../src/monitor/refs.ts";
import { nextActAt, nextDeadline, silenceToSuspect, verdictAt } from "../src/peer/deadlines.ts";
import type { PeerEvent, Sign } from "../src/peer/events.ts";
import { silenceMs } from "../src/peer/evidence.ts";
import { mix, type StallTotals } from "../src/peer/rules.ts";
import { type EndReason, initialPeer, type PeerState, type Role, thaw } from "../src/peer/state.ts";
import { silenceToShadow, suspicionAt } from "../src/peer/suspicion.ts";
import { widthFor } from "../src/peer/tally.ts";
import { transition } from "../src/peer/transition.ts";
import type { Policy, PolicyOptions } from "../src/policy.ts";

export interface TwinOptions {
  readonly host: { now(): number };
  readonly policy: PolicyOptions;
  readonly emit: (output: MonitorOutput) => void;
  readonly seed: number;
  readonly sample?: (peer?: PeerRef) => void;
}

interface Peer {
  readonly ref: PeerRef;
  readonly id: string;
  policy: Policy;
  state: PeerState;
}

const SLOTS = 2 ** 22;
const SLICE = 4_096;
const CROWD = 5;

const slotOf = ({ ref }: Peer) => ref % SLOTS;

export class Twin {
  readonly peers: Map<PeerRef, Peer> = new Map();
  readonly #options: TwinOptions;
  readonly #policy: Policy;
  readonly #queue: MonitorOutput[] = [];
  #inTurn = false;
  #errors: unknown[] = [];
  #now: number;
  /** Refs in the order in which their slots become free again. */
  readonly #freed: PeerRef[] = [];
  #slots = 0;
  /** Where the next slice begins. */
  #cursor = 0;
  staleRefs = 0;
  /** Of detectors, and of their shadows: shares of what was allowed when life came, and silences at deaths. */
  readonly nearMisses: readonly { shares: number[]; detectedMs: number[] }[] = [
    { shares: [], detectedMs: [] },
    { shares: [], detectedMs: [] },
  ];
  clockWentBack = 0;

  /** Every stall and pause there was: how long, and whether it was a pause (credited whole). */
  readonly #lost: { ms: number; pause: boolean }[] = [];
  #pausedAt: number | undefined;
  /** When the last of them ended. */
  #lostAt: number = Number.NEGATIVE_INFINITY;
  #drivers = 0;
  #servedAt: number;
  #promisedAt = Number.POSITIVE_INFINITY;
  #sampledAt = Number.NEGATIVE_INFINITY;
  #promisedFor = Number.POSITIVE_INFINITY;
  health = 0;
  #healthAt = Number.NEGATIVE_INFINITY;

  constructor(options: TwinOptions) {
    this.#options = options;
    this.#policy = definePolicy(options.policy);
    this.#now = options.host.now();
    this.#servedAt = this.#now;
  }

  // ── what a user calls ──────────────────────────────────────────────────────────────────────────

  add(id: string, { policy, role }: { policy?: PolicyOptions; role?: Role } = {}): PeerRef {
    return this.#turn(() => {
      const known = [...this.peers.values()].find((peer) => peer.id === id);
      if (known !== undefined) {
        if (known.state.status !== "dead") throw new TypeError(`duplicate ${id}`);
        if (policy !== undefined) this.setPolicy(known.ref, policy);
        this.#step(known, { type: "dial", at: this.#now });
        return known.ref;
      }
      const inForce = policy === undefined ? this.#policy : definePolicy(policy);
      const ref = (this.#freed.shift() ?? this.#slots++) as PeerRef;
      const { lostMs, countedMs } = this.#totals();
      const seed = mix(this.#options.seed, ref);
      const state = initialPeer(inForce, this.#now, { role, seed, lostMs, countedMs });
      this.peers.set(ref, { ref, id, policy: inForce, state });
      return ref;
    });
  }

  remove(ref: PeerRef): void {
    this.#with(ref, (peer) => this.#drop(peer));
  }

  heard(ref: PeerRef, sign: Omit<Sign, "seq"> & { proof?: boolean } = {}): boolean {
    return this.heardBeat(ref, undefined, sign);
  }

  heardBeat(
    ref: PeerRef,
    seq: number | undefined,
    { proof, ...sign }: Omit<Sign, "seq"> & { proof?: boolean } = {},
  ): boolean {
    let counted = false;
    this.#with(ref, (peer) => {
      this.#serve();
      const at = this.#now;
      if (peer.state.status === "dead" && peer.policy.returns === "new-session") {
        this.#step(peer, { type: "dial", at });
      }
      const { arrivals } = peer.state;
      const shares = this.#sharesOf(peer);
      this.#step(peer, { ...sign, type: proof ? "proven" : "heard", at, seq });
      const dropped =
        peer.state.arrivals.behind > arrivals.behind || peer.state.arrivals.stale > arrivals.stale;
      counted = peer.state.heardAt === at && !dropped && peer.state.status !== "dead";
      if (counted)
        for (const [n, share] of shares.entries()) this.nearMisses[n]?.shares.push(share);
    });
    return counted;
  }

  sent(ref: PeerRef): void {
    this.#with(ref, (peer) => this.#step(peer, { type: "sent", at: this.#now }));
  }

  ended(ref: PeerRef, reason: EndReason, more: EndedOptions = {}): void {
    this.#with(ref, (peer) => this.#step(peer, { type: "ended", at: this.#now, reason, ...more }));
  }

  dial(ref: PeerRef): void {
    this.#with(ref, (peer) => this.#step(peer, { type: "dial", at: this.#now }));
  }

  setPolicy(ref: PeerRef, options: PolicyOptions): void {
    const policy = definePolicy(options);
    this.#with(ref, (peer) => {
      if (peer.policy === policy) return;
      const { detector, shadow } = peer.policy;
      const relearn = detector !== policy.detector || shadow !== policy.shadow;
      peer.policy = policy;
      this.#step(peer, { type: "policy", at: this.#now, relearn });
    });
  }

  pause(ref?: PeerRef): void {
    if (ref !== undefined) {
      this.#turn(() => {
        if (this.#isBroken()) this.#stall(this.#now - this.#servedAt);
        this.#with(ref, (peer) => this.#step(peer, { type: "pause", at: this.#now }));
      });
      return;
    }
    this.#turn(() => {
      this.#serve();
      this.#pausedAt ??= this.#now;
    });
  }

  resume(ref?: PeerRef): void {
    if (ref !== undefined) {
      this.#with(ref, (peer) => this.#step(peer, { type: "resume", at: this.#now }));
      return;
    }
    this.#turn(() => {
      if (this.#pausedAt === undefined) return;
      this.#lost.push({ ms: this.#now - this.#pausedAt, pause: true });
      this.#pausedAt = undefined;
      this.#lostAt = this.#now;
      this.#renew();
    });
  }

  stalled(stallMs: number): void {
    this.#turn(() => {
      if (this.#pausedAt === undefined) this.#stall(Math.min(stallMs, this.#now - this.#servedAt));
    });
  }

  onEarlier(): () => void {
    this.#turn(() => {
      this.#drivers += 1;
      if (this.#drivers === 1) this.#renew();
    });
    return () => {
      this.#drivers -= 1;
    };
  }

  tick({ slice }: { slice?: boolean } = {}): void {
    this.#turn(() => {
      const lateMs = this.#pausedAt === undefined ? this.#now - this.#promisedAt : 0;
      const stalled = this.#serve();
      if (this.#now >= this.#sampleAt()) {
        this.#sampledAt = this.#now;
        this.#attempt(() => this.#options.sample?.());
      }
      const deadlines = new Map([...this.peers.values()].map((peer) => [peer, this.#due(peer)]));
      const all = [...deadlines.keys()].filter((peer) => this.#due(peer) <= this.#now);
      const taken = this.#slice(all, slice ? SLICE : all.length + 1);
      const order = (peer: Peer) => deadlines.get(peer) as number;
      taken.sort((a, b) => order(a) - order(b) || slotOf(a) - slotOf(b));
      const isHere = (peer: Peer) => this.peers.get(peer.ref) === peer;
      for (const peer of taken)
        if (isHere(peer)) this.#attempt(() => this.#options.sample?.(peer.ref));
      const due = taken.filter(isHere);
      this.#judgeSelf(stalled ? 0 : lateMs, due);
      const judging = this.#pausedAt === undefined;
      const { health } = this;
      for (const peer of due) this.#step(peer, { type: "tick", at: this.#now, health, judging });
    });
  }

  /** So many by ascending slot from where the last slice ended. */
  #slice(due: readonly Peer[], limit: number): Peer[] {
    const turn = (peer: Peer) => (slotOf(peer) < this.#cursor ? SLOTS : 0) + slotOf(peer);
    const taken = due.toSorted((a, b) => turn(a) - turn(b)).slice(0, limit);
    this.#cursor = taken.length === limit ? slotOf(taken[limit - 1] as Peer) + 1 : 0;
    return taken;
  }

  suspicion(ref: PeerRef): number | undefined {
    const { state, policy } = this.peers.get(ref) ?? {};
    if (state === undefined || policy === undefined) return undefined;
    return this.#turn(() => {
      const peer = thaw(state, widthFor(policy, true));
      return suspicionAt(peer, this.#now, this.#totals(), policy);
    });
  }

  nextDeadline(): number {
    const beating = [...this.peers.values()].some(({ state }) => state.beatDueAt !== undefined);
    if (this.#judged().length === 0 && !beating) return Number.POSITIVE_INFINITY;
    const promise = this.#pausedAt === undefined ? this.#promisedAt : Number.POSITIVE_INFINITY;
    const dues = [...this.peers.values()].map((peer) => this.#due(peer));
    return Math.min(promise, this.#sampleAt(), ...dues);
  }

  /** A quarter of the smallest S after the last time; of the default one where nobody is judged. */
  #sampleAt(): number {
    if (this.#pausedAt !== undefined || !this.#options.sample) return Number.POSITIVE_INFINITY;
    const judged = this.#judged().map(({ policy }) => policy.suspectAfterMs);
    const smallest = judged.length > 0 ? Math.min(...judged) : this.#policy.suspectAfterMs;
    return this.#sampledAt + smallest / 4;
  }

  // ── peers ──────────────────────────────────────────────────────────────────────────────────────

  #with(ref: PeerRef, body: (peer: Peer) => void): void {
    this.#turn(() => {
      const peer = this.peers.get(ref);
      if (peer === undefined) this.staleRefs += 1;
      else body(peer);
    });
  }

  #step(peer: Peer, event: PeerEvent): void {
    const stalls = this.#totals();
    const before = peer.state;
    const [state, outputs] = transition(before, { ...event, stalls }, peer.policy);
    peer.state = state;
    for (const output of outputs) {
      this.#queue.push({ ...output, peer: peer.ref, id: peer.id });
      if (output.type === "changed" && output.reason === "silence") {
        for (const [n, ms] of this.#allowed(before, peer.policy).entries()) {
          this.nearMisses[n]?.detectedMs.push(ms);
        }
      }
      if (output.type === "forget") this.#drop(peer);
    }
  }

  #drop(peer: Peer): void {
    this.peers.delete(peer.ref);
    // A slot whose 512 generations are used up is never used again.
    if (peer.ref + SLOTS < 2 ** 31) this.#freed.push((peer.ref + SLOTS) as PeerRef);
  }

  #due({ state, policy }: Peer): number {
    if (this.#pausedAt !== undefined) return nextActAt(thaw(state));
    return nextDeadline(state, policy, this.#totals());
  }

  /** The peers whose silence counts: neither dead, nor paused, nor such that they only get beats. */
  #judged(): readonly Peer[] {
    return [...this.peers.values()].filter(
      ({ state }) =>
        state.status !== "dead" && state.role !== "send" && state.pausedObservedAt === undefined,
    );
  }

  /** Which share of what is allowed a peer has been silent for, by its detector and by its shadow. */
  #sharesOf({ state, policy }: Peer): number[] {
    const isJudged = state.role !== "send" && state.pausedObservedAt === undefined;
    if (!isJudged || (state.status !== "alive" && state.status !== "suspect")) return [];
    const silence = silenceMs(thaw(state), this.#now, this.#totals());
    return this.#allowed(state, policy).map((ms) => (ms > 0 ? silence / ms : 1));
  }

  /** The silences that the detector of a policy allows, and its shadow. */
  #allowed(state: PeerState, policy: Policy): number[] {
    const { arrivals } = thaw(state, widthFor(policy, true));
    const shadows = policy.shadow ? [silenceToShadow(arrivals, policy)] : [];
    return [silenceToSuspect(arrivals, policy), ...shadows];
  }

  // ── our own troubles ───────────────────────────────────────────────────────────────────────────

  #totals(): StallTotals {
    const graceMs = this.#policy.suspectAfterMs / 2;
    const pauseMs = this.#pausedAt === undefined ? 0 : this.#now - this.#pausedAt;
    const lostMs = this.#lost.reduce((sum, { ms }) => sum + ms, 0) + pauseMs;
    const stalls = this.#lost.filter(({ pause }) => !pause);
    const countedMs = stalls.reduce((sum, { ms }) => sum + Math.min(ms, graceMs), 0);
    const steadyFromAt = this.#pausedAt === undefined ? this.#lostAt : Number.POSITIVE_INFINITY;
    return { lostMs, countedMs, graceMs, steadyFromAt };
  }

  get stalls(): number {
    return this.#lost.filter(({ pause }) => !pause).length;
  }

  #toleranceMs(): number {
    return Math.min(100, this.#promisedFor / 8);
  }

  #renew(): void {
    this.#servedAt = this.#now;
    this.#promisedAt = this.#now + this.#promisedFor / 4;
  }

  #isBroken(): boolean {
    const lateMs = this.#now - this.#promisedAt;
    return this.#drivers > 0 && this.#pausedAt === undefined && lateMs > this.#toleranceMs();
  }

  #serve(): boolean {
    const broken = this.#isBroken();
    if (broken) this.#stall(this.#now - this.#servedAt);
    this.#renew();
    return broken;
  }

  #stall(stallMs: number): void {
    if (!(stallMs > 0)) return;
    this.#lost.push({ ms: stallMs, pause: false });
    this.#lostAt = this.#now;
    this.#queue.push({ type: "stalled", at: this.#now, stallMs });
    this.#changeHealth(+1);
    this.#renew();
  }

  #judgeSelf(lateMs: number, due: readonly Peer[]): void {
    const newlySilent = due.filter(
      ({ state, policy }) =>
        this.#pausedAt === undefined &&
        state.status === "alive" &&
        verdictAt(thaw(state), policy, this.#totals()) <= this.#now,
    ).length;
    const suspects = [...this.peers.values()].filter(({ state }) => state.status === "suspect");
    const silent = newlySilent + suspects.length;
    const judged = this.#judged().length;
    const crowd = newlySilent > 0 && judged >= CROWD && silent > judged / 2;
    if (crowd || (this.#drivers > 0 && lateMs > this.#toleranceMs() / 2)) this.#changeHealth(+1);
    else if (this.#now - this.#healthAt >= this.#promisedFor / 4) this.#changeHealth(-1);
  }

  #changeHealth(by: number): void {
    const from = this.health;
    this.health = Math.max(0, Math.min(7, from + by));
    this.#healthAt = this.#now;
    if (this.health === from) return;
    this.#queue.push({ type: "health", at: this.#now, from, to: this.health });
  }

  // ── turns ──────────────────────────────────────────────────────────────────────────────────────

  #turn<Result>(body: () => Result): Result {
    if (this.#inTurn) return body();
    const reading = this.#options.host.now();
    if (reading < this.#now) this.clockWentBack += 1;
    this.#now = Math.max(this.#now, reading);
    this.#inTurn = true;
    const result = this.#attempt(body);
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const output = next;
      this.#attempt(() => this.#options.emit(output));
    }
    this.#inTurn = false;
    this.#promise();
    const errors = this.#errors;
    this.#errors = [];
    if (errors.length > 1) throw new AggregateError(errors);
    if (errors.length === 1) throw errors[0];
    return result as Result;
  }

  /** What throws is thrown at the end of the turn. */
  #attempt<Value>(part: () => Value): Value | undefined {
    try {
      return part();
    } catch (error) {
      this.#errors.push(error);
      return undefined;
    }
  }

  /** A smaller S moves the promise earlier, not into the past; a larger one counts from the next service. */
  #promise(): void {
    const smallest = Math.min(...this.#judged().map(({ policy }) => policy.suspectAfterMs));
    if (smallest === this.#promisedFor) return;
    const before = this.#promisedFor;
    this.#promisedFor = smallest;
    if (before === Number.POSITIVE_INFINITY) this.#renew();
    else if (smallest === Number.POSITIVE_INFINITY) this.#promisedAt = smallest;
    else {
      // A promise is a duration, to the last bit.
      const keptMs = Math.max(this.#now - this.#servedAt, smallest / 4);
      this.#promisedAt = Math.min(this.#promisedAt, this.#servedAt + keptMs);
    }
  }
}
