// Many peers, one clock, one deadline: the fold of `transition` over each peer. This file says what
// happens to whom and in which order; what it means for one peer is all in peer/transition.ts.

import { definePolicy } from "../define-policy.ts";
import { checkOption, SystoleTypeError } from "../errors.ts";
import type { PeerEvent } from "../peer/events.ts";
import { observedAt } from "../peer/rules.ts";
import { type EndReason, NEVER, type PeerState, type Status } from "../peer/state.ts";
import type { Policy, PolicyOptions } from "../policy.ts";
import { Turn } from "../turn.ts";
import type { Deadlines } from "./deadlines.ts";
import {
  type AddOptions,
  type EndedOptions,
  type HeardSign,
  type MonitorOptions,
  NO_SIGN,
} from "./options.ts";
import type { MonitorOutput, MonitorStats } from "./outputs.ts";
import { Peers } from "./peers.ts";
import { type PeerRef, slotOf } from "./refs.ts";
import type { Rows } from "./rows.ts";
import { Sampling } from "./sampling.ts";
import { Stalls } from "./stalls.ts";

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
  readonly #turn: Turn<MonitorOutput>;
  readonly #stalls: Stalls;
  readonly #peers: Peers;
  // Of the peers, at hand: they are looked at all the time.
  readonly #rows: Rows;
  readonly #deadlines: Deadlines;
  /** Only where life has to be looked for. */
  readonly #sampling: Sampling | undefined;
  readonly #earlier: Set<() => void> = new Set();
  #settledAt: number = NEVER;
  #staleRefs = 0;

  constructor({ host, policy, emit, seed, stallToleranceMs, sample }: MonitorOptions) {
    if (typeof emit !== "function") {
      const message = `createMonitor needs the function emit (got ${typeof emit}).`;
      throw new SystoleTypeError("ERR_SYSTOLE_OPTION", message, emit);
    }
    const isTolerance = typeof stallToleranceMs === "number" && stallToleranceMs >= 0;
    const isFit = stallToleranceMs === undefined || isTolerance;
    checkOption(isFit, "stallToleranceMs", stallToleranceMs, "a number of ms from 0");
    this.#policy = definePolicy(policy);
    this.#turn = new Turn(host, emit, () => this.#settle());
    const graceMs = this.#policy.suspectAfterMs / 2;
    const anchor = () => {
      this.#rows.anchor();
      this.#deadlines.loosen();
    };
    this.#stalls = new Stalls(graceMs, stallToleranceMs, this.#turn.now, anchor);
    this.#peers = new Peers(this.#turn, this.#stalls, seed ?? host.entropy?.() ?? 0);
    this.#rows = this.#peers.rows;
    this.#deadlines = this.#peers.deadlines;
    const { suspectAfterMs } = this.#policy;
    this.#sampling = sample && new Sampling(sample, this.#turn, this.#stalls, suspectAfterMs);
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
      return this.#peers.add(id, policy, options.role);
    });
  }

  /** Forgets a peer at once, without an output. Its ref is stale from then on. */
  remove(ref: PeerRef): void {
    this.#turn.run(() => {
      if (this.#isHere(ref)) this.#peers.remove(slotOf(ref));
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
      nearMisses: this.#peers.nearMisses.seen,
      shadow: this.#peers.shadowed.seen,
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
    return this.#peers.suspicion(slotOf(ref), this.#turn.instant());
  }

  // ── what happens to a peer ─────────────────────────────────────────────────────────────────────

  /**
   * Any valid inbound traffic of a peer. A dead peer starts its next session, unless its policy says
   * `returns: "never"`.
   *
   * @returns whether it counted as a sign of life.
   */
  heard(ref: PeerRef, sign?: HeardSign): boolean {
    const { heardAt, slots } = this.#rows;
    const slot = slotOf(ref);
    if (sign !== undefined || slots.keys[slot] !== ref) return this.#hear(ref, undefined, sign);
    // Not returned, but left in a field: engines box what a call returns, if they do not inline it.
    this.#turn.read();
    const { now } = this.#turn;
    const stalls = this.#stalls;
    if (!stalls.isQuiet(now)) return this.#hear(ref, undefined, sign, now);
    stalls.renew(now);
    this.#peers.endSilence(slot);
    heardAt[slot] = now;
    return true;
  }

  /** As `heard`, for a frame that is numbered by its sender: `seq` counts up from 1 in each session. */
  heardBeat(ref: PeerRef, seq: number, sign: HeardSign = NO_SIGN): boolean {
    const slot = slotOf(ref);
    if (this.#rows.slots.keys[slot] !== ref) return this.#hear(ref, seq, sign);
    this.#turn.read();
    const { now } = this.#turn;
    const stalls = this.#stalls;
    if (!stalls.isQuiet(now)) return this.#hear(ref, seq, sign, now);
    stalls.renew(now);
    return this.#peers.hearBeat(slot, seq, sign) || this.#hear(ref, seq, sign, now);
  }

  /** Something left for a peer: its next beat can wait. Never a sign of life. */
  sent(ref: PeerRef): void {
    // As `#event`, without an object: this happens as often as anything is sent.
    const outermost = this.#turn.enter();
    if (this.#isHere(ref)) this.#peers.sent(slotOf(ref));
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
      this.#peers.step(slot, { type: "policy", at: this.#turn.now, relearn });
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
      if (this.#isHere(ref)) {
        this.#serve();
        counted = this.#peers.hear(slotOf(ref), turn.now, seq, sign);
      }
    } catch (error) {
      turn.fail(error);
    }
    if (outermost) turn.leave();
    return counted;
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
    this.#sampling?.all(this.#peers);
    const taken = this.#deadlines.take(now, limit);
    const due = this.#sampling?.each(taken, this.#peers) ?? taken;
    if (due.length === 0 && lateMs === 0 && stalls.health === 0) return;
    this.#judgeSelf(stalled ? 0 : lateMs, due, now);
    const { health, paused } = stalls;
    const event = { type: "tick", at: now, health, judging: !paused } as const;
    for (const slot of due) {
      try {
        this.#peers.step(slot, event);
      } catch (error) {
        // Only a detector can throw: its peer gets its beat, if not its verdict, and the others both.
        this.#turn.fail(error);
        this.#peers.step(slot, { ...event, judging: false });
      }
    }
  }

  /** When everybody is to be looked at again. */
  #sampleAt(): number {
    return this.#sampling?.nextAt(this.#peers) ?? NEVER;
  }

  #event(ref: PeerRef, event: (at: number) => PeerEvent): void {
    this.#turn.run(() => {
      if (this.#isHere(ref)) this.#peers.step(slotOf(ref), event(this.#turn.now));
    });
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
    this.#peers.step(slot, { type: "dial", at: this.#turn.now });
    return ref;
  }

  #isHere(ref: PeerRef): boolean {
    const here = this.#rows.has(ref);
    if (!here) this.#staleRefs += 1;
    return here;
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
    let newlySilent = 0;
    for (const slot of stalls.paused ? [] : due) {
      if (rows.status(slot) === "alive" && now >= this.#peers.verdictAt(slot)) newlySilent += 1;
    }
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
