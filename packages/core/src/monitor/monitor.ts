// Many peers, one clock, one deadline: the fold of `transition` over each peer. This file says what
// happens to whom and in which order; what it means for one peer is all in peer/transition.ts.

import { SystoleTypeError } from "../errors.ts";
import type { Clock } from "../host.ts";
import { sent } from "../peer/beats.ts";
import type { PeerEvent, PeerOutput, Sign } from "../peer/events.ts";
import { silenceMs } from "../peer/evidence.ts";
import { observedAt } from "../peer/rules.ts";
import {
  type EndReason,
  isJudged,
  NEVER,
  newPeer,
  type Peer,
  type PeerState,
  type Role,
  type Status,
} from "../peer/state.ts";
import { shareOf, silenceToShadow, suspicionAt } from "../peer/suspicion.ts";
import { arrive, isLife, widthFor } from "../peer/tally.ts";
import { hear, silenceToSuspect, step, verdictAt } from "../peer/transition.ts";
import { definePolicy, type Policy, type PolicyOptions, servedEveryMs } from "../policy.ts";
import { Turn } from "../turn.ts";
import { Deadlines } from "./deadlines.ts";
import { NearMissCounter } from "./near-misses.ts";
import type { MonitorOutput, MonitorStats } from "./outputs.ts";
import { type PeerRef, slotOf } from "./refs.ts";
import { Rows } from "./rows.ts";
import { Stalls } from "./stalls.ts";

/** Options of `createMonitor`. */
export interface MonitorOptions {
  /** The monotonic clock; a whole `Host` will do. */
  readonly host: Clock & { entropy?(): number };
  /** The policy of peers that get none of their own. Default `standard`. */
  readonly policy?: PolicyOptions | undefined;
  /** The one sink of all outputs. May call back into the monitor, and may throw. */
  readonly emit: (output: MonitorOutput) => void;
  /** Seeds jitter, phases and back-off. Default: the host's entropy, or 0. */
  readonly seed?: number | undefined;
  /** From which lateness on a broken promise is a stall, in ms. Default min(100, min(S)/8). */
  readonly stallToleranceMs?: number | undefined;
  /**
   * For life that must be looked for, such as byte counters: look, and call `heard`. Called with a peer
   * before a tick does anything that is due to it, and without one, for all of them, at most min(S)/4
   * apart. So what is found is dated by at most that much too late, and never too early.
   */
  readonly sample?: ((peer?: PeerRef) => void) | undefined;
}

/** Options of `monitor.add`. */
export interface AddOptions {
  readonly policy?: PolicyOptions | undefined;
  /** Default `both`. */
  readonly role?: Role | undefined;
}

/** What a frame tells about the peer that sent it; `proof` if it echoes a nonce of ours. */
export type HeardSign = Omit<Sign, "seq"> & { readonly proof?: boolean | undefined };

/** Options of `monitor.ended`. */
export interface EndedOptions {
  /** When a leaving peer expects to be back, in ms from now. */
  readonly returnInMs?: number | undefined;
  /** We ended it, not the peer: it may still trust us for a while. Default false. */
  readonly bySelf?: boolean | undefined;
}

/** What a sign says where nothing more is known. */
const NO_SIGN: HeardSign = Object.freeze({});

const NO_SHARES = Object.freeze({ share: 0, shadowShare: 0 });

/** The most peers one slice of a tick takes. */
const SLICE_PEERS = 4_096;

/**
 * A monitor judges any number of peers with one deadline. It never touches the world: its clock is
 * injected, its outputs go to `emit`, and somebody (see `drive`) calls `tick()` in time.
 *
 * @throws RangeError `ERR_SYSTOLE_POLICY` for a wrong policy, `ERR_SYSTOLE_CLOCK` for a broken clock.
 * @example
 * ```ts
 * const monitor = createMonitor({ host: systemHost(), policy: strict, emit: console.log });
 * const driving = drive(monitor, systemHost());
 * const peer = monitor.add("worker-7");
 * socket.on("data", () => monitor.heard(peer));
 * ```
 */
export function createMonitor(options: MonitorOptions): Monitor {
  return new Monitor(options);
}

/** See {@link createMonitor}. */
export class Monitor implements Iterable<PeerRef> {
  readonly #policy: Policy;
  readonly #sampleLife: ((peer?: PeerRef) => void) | undefined;
  #sampledAt: number = -NEVER;
  /** Whose deadlines are in hand: what a sample moves is set once it had what was due. */
  #sampledSlot: number = NEVER;
  readonly #turn: Turn<MonitorOutput>;
  readonly #stalls: Stalls;
  readonly #rows: Rows;
  readonly #deadlines: Deadlines = new Deadlines((slot) => this.#dueAt(slot));
  readonly #earlier: Set<() => void> = new Set();
  readonly #nearMisses: NearMissCounter = new NearMissCounter();
  readonly #shadow: NearMissCounter = new NearMissCounter();
  #settledAt: number = NEVER;
  #staleRefs = 0;
  /** Whom the outputs of a step are about. */
  #slot = 0;
  #isForgotten = false;
  readonly #emit = (output: PeerOutput): void => this.#push(output);

  constructor({ host, policy, emit, seed, stallToleranceMs, sample }: MonitorOptions) {
    if (typeof emit !== "function") {
      const message = `createMonitor needs the function emit (got ${typeof emit}).`;
      throw new SystoleTypeError("ERR_SYSTOLE_OPTION", message, emit);
    }
    this.#policy = definePolicy(policy);
    this.#sampleLife = sample;
    this.#turn = new Turn(host, emit, () => this.#settle());
    const graceMs = this.#policy.suspectAfterMs / 2;
    const anchor = () => this.#rows.anchor();
    this.#stalls = new Stalls(graceMs, stallToleranceMs, this.#turn.now, anchor);
    this.#rows = new Rows(seed ?? host.entropy?.() ?? 0, this.#stalls);
  }

  // ── peers ──────────────────────────────────────────────────────────────────────────────────────

  /**
   * Adds a peer in `connecting`. The id of a dead peer starts its next session under the same ref, in
   * the role it had.
   *
   * @throws TypeError `ERR_SYSTOLE_DUPLICATE_PEER` when a peer with this id is not dead.
   */
  add(id?: string, options: AddOptions = {}): PeerRef {
    return this.#turn.run(() => {
      const known = id === undefined ? undefined : this.#rows.find(id);
      if (known !== undefined) return this.#addAgain(known, options);
      const policy = options.policy === undefined ? this.#policy : definePolicy(options.policy);
      const { now } = this.#turn;
      const { lostMs, countedMs } = this.#stalls.at(now);
      const { role } = options;
      const ref = this.#rows.add(id, policy, (seed) =>
        newPeer(policy, now, { role, seed, lostMs, countedMs }),
      );
      this.#deadlines.set(slotOf(ref), this.#dueAt(slotOf(ref)));
      return ref;
    });
  }

  /** Forgets a peer at once, without an output. Its ref is stale from then on. */
  remove(ref: PeerRef): void {
    this.#turn.run(() => {
      if (this.#isHere(ref)) this.#remove(slotOf(ref));
    });
  }

  /** The peer with this id, dead or not. */
  find(id: string): PeerRef | undefined {
    return this.#rows.find(id);
  }

  /** The id a peer was added with. */
  id(ref: PeerRef): string | undefined {
    return this.#rows.has(ref) ? this.#rows.id(slotOf(ref)) : undefined;
  }

  /** A snapshot of a peer, frozen; undefined for a stale ref. */
  state(ref: PeerRef): PeerState | undefined {
    return this.#rows.has(ref) ? this.#rows.state(slotOf(ref)) : undefined;
  }

  /** The status alone: cheaper than a snapshot. */
  status(ref: PeerRef): Status | undefined {
    return this.#rows.has(ref) ? this.#rows.status(slotOf(ref)) : undefined;
  }

  /** The policy in force for a peer. */
  policy(ref: PeerRef): Policy | undefined {
    return this.#rows.has(ref) ? this.#rows.policy(slotOf(ref)) : undefined;
  }

  /** All peers, by ascending slot. */
  [Symbol.iterator](): IterableIterator<PeerRef> {
    return this.#rows[Symbol.iterator]();
  }

  /** How many peers there are, dead ones included. */
  get size(): number {
    return this.#rows.size;
  }

  stats(): MonitorStats {
    return {
      peers: this.size,
      ...this.#rows.counts,
      staleRefs: this.#staleRefs,
      stalls: this.#stalls.count,
      lostMs: this.#stalls.lostMs,
      clockWentBack: this.#turn.clockWentBack,
      health: this.#stalls.health,
      retiredSlots: this.#rows.slots.retired,
      nearMisses: this.#nearMisses.seen,
      shadow: this.#shadow.seen,
    };
  }

  /**
   * How suspicious a peer is now, on one scale for every detector: 0 just heard, 1 where suspicion begins, 2
   * where death is declared, linear in time between. While connecting it starts at 1; of a peer that nobody
   * judges (role `send`) it is 0. For choosing the least doubtful of several peers, or for a gauge.
   *
   * @returns undefined for a stale ref.
   * @example
   * ```ts
   * const trusted = replicas.filter((peer) => monitor.suspicion(peer)! < 0.8);
   * ```
   */
  suspicion(ref: PeerRef): number | undefined {
    if (!this.#rows.has(ref)) return undefined;
    const slot = slotOf(ref);
    const now = this.#turn.instant();
    const stalls = this.#stalls.at(now);
    return suspicionAt(this.#rows.take(slot), now, stalls, this.#rows.policy(slot));
  }

  // ── what happens to a peer ─────────────────────────────────────────────────────────────────────

  /**
   * Any valid inbound traffic of a peer. A dead peer starts its next session, unless its policy says
   * `returns: "never"`.
   *
   * @returns whether it counted as a sign of life.
   */
  heard(ref: PeerRef, sign?: HeardSign): boolean {
    const { heardAt, slots, policies } = this.#rows;
    const slot = slotOf(ref);
    if (sign !== undefined || slots.keys[slot] !== ref) return this.#hear(ref, undefined, sign);
    // Not returned, but left in a field: engines box what a call returns, if they do not inline it.
    this.#turn.read();
    const { now } = this.#turn;
    const stalls = this.#stalls;
    if (!stalls.isQuiet(now)) return this.#hear(ref, undefined, sign, now);
    stalls.renew(now);
    if (now - (heardAt[slot] as number) >= policies.nearMs) this.#noteNear(slot, now);
    heardAt[slot] = now;
    return true;
  }

  /** As `heard`, for a frame that is numbered by its sender: `seq` counts up from 1 in each session. */
  heardBeat(ref: PeerRef, seq: number, sign: HeardSign = NO_SIGN): boolean {
    const rows = this.#rows;
    const slot = slotOf(ref);
    if (rows.slots.keys[slot] !== ref) return this.#hear(ref, seq, sign);
    this.#turn.read();
    const { now } = this.#turn;
    const stalls = this.#stalls;
    const policy = rows.policy(slot);
    rows.tallies.widen(widthFor(policy, sign.sentAtMs !== undefined));
    const tally = rows.tallies.take(slot);
    if (!stalls.isQuiet(now) || !isLife(tally, now, stalls, seq, sign, policy)) {
      return this.#hear(ref, seq, sign, now);
    }
    stalls.renew(now);
    if (now - (rows.heardAt[slot] as number) >= rows.policies.nearMs) {
      this.#noteNear(slot, now);
    }
    arrive(tally, now, stalls, seq, sign, policy);
    rows.heardAt[slot] = now;
    if (rows.policies.varying > 0) this.#lower(slot);
    return true;
  }

  /** Something left for a peer: its next beat can wait. Never a sign of life. */
  sent(ref: PeerRef): void {
    // As `#event`, without an object: this happens as often as anything is sent.
    const outermost = this.#turn.enter();
    if (this.#isHere(ref)) {
      const peer = this.#take(slotOf(ref));
      sent(peer, this.#turn.now, this.#rows.policy(slotOf(ref)));
      this.#putBack(peer);
    }
    if (outermost) this.#turn.leave();
  }

  /** The session of a peer is over, and somebody knows why. */
  ended(ref: PeerRef, reason: EndReason, { returnInMs, bySelf }: EndedOptions = {}): void {
    this.#event(ref, (at) => ({ type: "ended", at, reason, returnInMs, bySelf }));
  }

  /** A dead peer is being connected again: its next session begins. */
  dial(ref: PeerRef): void {
    this.#event(ref, (at) => ({ type: "dial", at }));
  }

  /** @throws RangeError `ERR_SYSTOLE_POLICY` when the policy is wrong; the old one stays in force. */
  setPolicy(ref: PeerRef, options: PolicyOptions): void {
    const policy = definePolicy(options);
    this.#turn.run(() => {
      const slot = slotOf(ref);
      if (!this.#isHere(ref) || this.#rows.policy(slot) === policy) return;
      const { detector, shadow } = this.#rows.policy(slot);
      const relearn = policy.detector !== detector || policy.shadow !== shadow;
      this.#rows.setPolicy(slot, policy);
      this.#step(slot, { type: "policy", at: this.#turn.now, relearn });
    });
  }

  /** From now on the silence of this peer, or of all, is our doing. Beats go on. */
  pause(ref?: PeerRef): void {
    this.#turn.run(() => {
      if (ref === undefined) {
        this.#serve();
        this.#stalls.pause(this.#turn.now);
        return this.#deadlines.refresh();
      }
      // A freeze that ends with a pause came before it: it must not be taken off the pause later.
      const { health } = this.#stalls;
      this.#noteStall(this.#stalls.notice(this.#turn.now), health);
      this.#event(ref, (at) => ({ type: "pause", at }));
    });
  }

  /** Ends a pause; all of it is credited. */
  resume(ref?: PeerRef): void {
    if (ref !== undefined) return this.#event(ref, (at) => ({ type: "resume", at }));
    this.#turn.run(() => {
      this.#stalls.resume(this.#turn.now);
      this.#deadlines.refresh();
    });
  }

  // ── time ───────────────────────────────────────────────────────────────────────────────────────

  /** Does everything that is due, or with `slice` at most 4096 peers' worth of it. */
  tick(options?: { slice?: boolean | undefined }): void {
    const turn = this.#turn;
    const now = turn.instant();
    if (!turn.isUnderWay && this.#isIdle(now)) return;
    const outermost = turn.enter(now);
    try {
      this.#tick(now, options?.slice ? SLICE_PEERS : NEVER);
    } catch (error) {
      turn.fail(error);
    }
    if (outermost) turn.leave();
  }

  /**
   * The raw instant by which `tick` wants to be called; Infinity when nobody is judged or beating:
   * then what is to be forgotten is forgotten at whatever tick comes next. At most
   * min(suspectAfterMs)/4 after the last tick or heard while anybody is judged.
   */
  nextDeadline(): number {
    const { policies, beating } = this.#rows;
    if (policies.judged + beating === 0) return NEVER;
    return Math.min(this.#deadlines.nextAt, this.#stalls.promisedAt, this.#sampleAt());
  }

  /**
   * Calls back at the end of an outermost call that moved the next deadline earlier, or after which
   * there is none. Subscribing is the promise to be back by each next deadline; a broken promise is a
   * stall, and credited.
   */
  onEarlier(callback: () => void): () => void {
    this.#earlier.add(callback);
    this.#turn.run(() => {
      this.#stalls.drivenBy(true, this.#turn.now);
      // What a driver sees now is what it sleeps for; all that comes earlier is news to it.
      this.#settledAt = Math.max(this.#settledAt, this.nextDeadline());
    });
    return () => {
      this.#earlier.delete(callback);
      this.#stalls.drivenBy(this.#earlier.size > 0, this.#turn.now);
    };
  }

  /**
   * A stall that a loop noticed by itself, in ms: held against nobody. Clamped to the time since the
   * last tick or heard, so that no instant is credited twice.
   */
  stalled(stallMs: number): void {
    this.#turn.run(() => {
      const { health } = this.#stalls;
      this.#noteStall(this.#stalls.report(stallMs, this.#turn.now), health);
    });
  }

  /** Observed time now: raw time without our own stalls and pauses. Dates nonces, see `HeardSign`. */
  observedNow(): number {
    const now = this.#turn.instant();
    return observedAt(now, this.#stalls.at(now));
  }

  // ── inside ─────────────────────────────────────────────────────────────────────────────────────

  #hear(ref: PeerRef, seq: number | undefined, sign: HeardSign = NO_SIGN, at?: number): boolean {
    const turn = this.#turn;
    const outermost = turn.enter(at);
    let counted = false;
    try {
      counted = this.#isHere(ref) && this.#hearSlot(slotOf(ref), turn.now, seq, sign);
    } catch (error) {
      turn.fail(error);
    }
    if (outermost) turn.leave();
    return counted;
  }

  #hearSlot(slot: number, now: number, seq: number | undefined, sign: HeardSign): boolean {
    this.#serve();
    const rows = this.#rows;
    const policy = rows.policy(slot);
    if (policy.returns === "new-session" && rows.status(slot) === "dead") {
      this.#step(slot, { type: "dial", at: now });
    }
    if (seq !== undefined || sign !== NO_SIGN) {
      rows.tallies.widen(widthFor(policy, sign.sentAtMs !== undefined));
    }
    const peer = this.#take(slot);
    const { proof = false } = sign;
    const stalls = this.#stalls.at(now);
    const { share, shadowShare } = this.#sharesOf(peer, now, policy);
    const counted = hear(peer, now, stalls, seq, sign, proof, policy, this.#emit);
    if (counted) {
      this.#nearMisses.ended(share);
      this.#shadow.ended(shadowShare);
    }
    this.#putBack(peer);
    return counted;
  }

  /** A living peer is heard: was that in time by far? */
  #noteNear(slot: number, now: number): void {
    try {
      const silence = Math.max(0, now - this.#rows.silentAt(slot, 0));
      this.#nearMisses.ended(shareOf(silence, this.#rows.silenceToSuspect(slot)));
    } catch {
      // A detector that throws is told of where it matters: at its verdict.
    }
  }

  /** Which share of what is allowed a peer has been silent for, by its detector and by its shadow. */
  #sharesOf(peer: Peer, now: number, policy: Policy): { share: number; shadowShare: number } {
    const isWaitedFor = peer.status === "alive" || peer.status === "suspect";
    if (!isWaitedFor || !isJudged(peer)) return NO_SHARES;
    const silence = silenceMs(peer, now, this.#stalls);
    try {
      return {
        share: shareOf(silence, silenceToSuspect(peer.arrivals, policy)),
        shadowShare: shareOf(silence, silenceToShadow(peer.arrivals, policy)),
      };
    } catch {
      return NO_SHARES;
    }
  }

  /** A tick in time with nothing to do: the promise is renewed, and that is all. */
  #isIdle(now: number): boolean {
    const stalls = this.#stalls;
    if (
      now >= this.#sampleAt() ||
      stalls.health > 0 ||
      now > stalls.promisedAt ||
      this.#deadlines.isDue(now)
    ) {
      return false;
    }
    stalls.renew(now);
    this.#settledAt = this.nextDeadline();
    return true;
  }

  #tick(now: number, limit: number): void {
    const stalls = this.#stalls;
    const lateMs = stalls.lateMs(now);
    const stalled = this.#serve();
    if (now >= this.#sampleAt()) this.#sample();
    const due = this.#sampled(this.#deadlines.take(now, limit));
    if (due.length === 0 && lateMs === 0 && stalls.health === 0) return;
    this.#judgeSelf(stalled ? 0 : lateMs, due, now);
    const { health, paused } = stalls;
    for (const slot of due) {
      try {
        this.#step(slot, { type: "tick", at: now, health, judging: !paused });
      } catch (error) {
        // Only a detector can throw: its peer gets its beat, if not its verdict, and the others both.
        this.#turn.fail(error);
        this.#step(slot, { type: "tick", at: now, health, judging: false });
      }
    }
  }

  /** When everybody is to be looked at again; never where nothing has to be looked for. */
  #sampleAt(): number {
    if (this.#sampleLife === undefined || this.#stalls.paused) return NEVER;
    const { judged, smallestSuspectAfterMs } = this.#rows.policies;
    // Somebody whose reader is paused, or who is dead, may have come back: that, too, is looked for.
    return (
      this.#sampledAt +
      servedEveryMs(judged > 0 ? smallestSuspectAfterMs : this.#policy.suspectAfterMs)
    );
  }

  /** Those who are due and, once they were looked at, still here. */
  #sampled(due: readonly number[]): readonly number[] {
    if (this.#sampleLife === undefined) return due;
    const refs = due.map((slot) => this.#rows.ref(slot));
    for (const ref of refs) {
      this.#sampledSlot = slotOf(ref);
      if (this.#rows.has(ref)) this.#sample(ref);
    }
    this.#sampledSlot = NEVER;
    return due.filter((_slot, n) => this.#rows.has(refs[n] as PeerRef));
  }

  /** A sample that throws costs its own findings, not the verdicts of this tick. */
  #sample(peer?: PeerRef): void {
    if (peer === undefined) this.#sampledAt = this.#turn.now;
    try {
      this.#sampleLife?.(peer);
    } catch (error) {
      this.#turn.fail(error);
    }
  }

  #event(ref: PeerRef, event: (at: number) => PeerEvent): void {
    this.#turn.run(() => {
      if (this.#isHere(ref)) this.#step(slotOf(ref), event(this.#turn.now));
    });
  }

  /** Takes a peer in hand, lets the rules have their say, and puts it back. */
  #step(slot: number, event: PeerEvent): void {
    const peer = this.#take(slot);
    step(peer, event, this.#stalls.at(event.at), this.#rows.policy(slot), this.#emit);
    this.#putBack(peer);
  }

  #take(slot: number): Peer {
    this.#slot = slot;
    return this.#rows.take(slot);
  }

  #putBack(peer: Peer): void {
    const slot = this.#slot;
    this.#rows.put(slot, peer);
    if (slot !== this.#sampledSlot) this.#deadlines.set(slot, this.#dueAt(slot));
    if (this.#isForgotten) this.#remove(slot);
    this.#isForgotten = false;
  }

  #remove(slot: number): void {
    this.#rows.remove(slot);
    this.#deadlines.set(slot, NEVER);
  }

  /** An output of a step, with whom it is about. */
  #push(output: PeerOutput): void {
    const peer = this.#rows.ref(this.#slot);
    const id = this.#rows.id(this.#slot);
    if (output.type === "forget") this.#isForgotten = true;
    if (output.type === "changed" && output.reason === "silence") this.#noteDetection();
    this.#turn.push(Object.assign(output, id === undefined ? { peer } : { peer, id }));
  }

  /** The peer in hand died by silence: when it was suspected, and when its shadow would have. */
  #noteDetection(): void {
    const policy = this.#rows.policy(this.#slot);
    const arrivals = this.#rows.tallies.take(this.#slot);
    try {
      this.#nearMisses.detected(silenceToSuspect(arrivals, policy));
      if (policy.shadow) this.#shadow.detected(silenceToShadow(arrivals, policy));
    } catch (error) {
      this.#turn.fail(error);
    }
  }

  #addAgain(ref: PeerRef, options: AddOptions): PeerRef {
    const slot = slotOf(ref);
    const status = this.#rows.status(slot);
    if (status !== "dead") {
      const id = this.#rows.id(slot);
      const message = `A peer with the id ${JSON.stringify(id)} is ${status} already.\nUse find(id) for its ref, or remove it first.`;
      throw new SystoleTypeError("ERR_SYSTOLE_DUPLICATE_PEER", message, id);
    }
    if (options.policy !== undefined) this.setPolicy(ref, options.policy);
    this.#step(slot, { type: "dial", at: this.#turn.now });
    return ref;
  }

  #isHere(ref: PeerRef): boolean {
    const here = this.#rows.has(ref);
    if (!here) this.#staleRefs += 1;
    return here;
  }

  // ── deadlines ──────────────────────────────────────────────────────────────────────────────────

  /** When a slot next wants a tick. */
  #dueAt(slot: number): number {
    const rows = this.#rows;
    if (!rows.isTaken(slot)) return NEVER;
    const actAt = rows.actAt(slot);
    return this.#stalls.paused ? actAt : Math.min(actAt, this.#verdictAt(slot));
  }

  /**
   * The next verdict in a slot. A detector that throws costs an error at the end of the turn and delays
   * its own verdict until we are next served: no timer, no beat, and nobody else's verdict.
   */
  #verdictAt(slot: number): number {
    const rows = this.#rows;
    try {
      if (rows.slots.isLiving(slot)) return rows.suspectAt(slot);
      return verdictAt(rows.take(slot), rows.policy(slot), this.#stalls);
    } catch (error) {
      this.#turn.fail(error);
      return this.#stalls.promisedAt;
    }
  }

  /** What is known of the arrivals of a living peer changed, and so may have what its detector says. */
  #lower(slot: number): void {
    const at = this.#rows.suspectAt(slot);
    if (this.#stalls.paused || at >= this.#deadlines.at(slot)) return;
    const outermost = this.#turn.enter(this.#turn.now);
    this.#deadlines.set(slot, at);
    if (outermost) this.#turn.leave();
  }

  // ── our own troubles ───────────────────────────────────────────────────────────────────────────

  /** Served: true if that uncovered a stall. */
  #serve(): boolean {
    const stalls = this.#stalls;
    const { now } = this.#turn;
    const { health } = stalls;
    return this.#noteStall(stalls.serve(now), health);
  }

  /** Says what was found: one `stalled` for a stall, and what it did to our health. */
  #noteStall(stallMs: number, healthBefore: number): boolean {
    if (stallMs > 0) this.#turn.push({ type: "stalled", at: this.#turn.now, stallMs });
    this.#noteHealth(healthBefore);
    return stallMs > 0;
  }

  #noteHealth(from: number): void {
    const to = this.#stalls.health;
    if (from !== to) this.#turn.push({ type: "health", at: this.#turn.now, from, to });
  }

  #judgeSelf(lateMs: number, due: readonly number[], now: number): void {
    const rows = this.#rows;
    const { counts, policies } = rows;
    const stalls = this.#stalls;
    // Nobody is judged in a pause, so nobody's silence is held against ourselves.
    const isSilent = (slot: number) =>
      rows.status(slot) === "alive" && now >= this.#verdictAt(slot);
    const newlySilent = stalls.paused ? 0 : due.filter(isSilent).length;
    const before = stalls.health;
    stalls.judgeSelf(lateMs, counts.suspect, newlySilent, policies.judged, now);
    this.#noteHealth(before);
  }

  /** The end of an outermost call: whoever drives us hears of an earlier deadline. */
  #settle(): void {
    this.#stalls.judging(this.#rows.policies.smallestSuspectAfterMs, this.#turn.now);
    const before = this.#settledAt;
    const deadline = this.nextDeadline();
    this.#settledAt = deadline;
    if (deadline < before || (deadline === NEVER && before !== NEVER)) {
      for (const callback of this.#earlier) callback();
    }
  }
}
