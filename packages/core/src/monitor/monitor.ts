// Many peers, one clock, one deadline: the fold of `transition` over each peer. This file says what
// happens to whom and in which order; what it means for one peer is all in peer/transition.ts.

import { SystoleTypeError } from "../errors.ts";
import type { Clock } from "../host.ts";
import type { PeerEvent, Sign } from "../peer/events.ts";
import { dueAt, mix, suspicionMs } from "../peer/rules.ts";
import {
  type EndReason,
  initialPeer,
  type PeerState,
  type Role,
  type Status,
} from "../peer/state.ts";
import { nextActAt, nextDeadline, transition } from "../peer/transition.ts";
import { definePolicy, type Policy, type PolicyOptions } from "../policy.ts";
import { Turn } from "../turn.ts";
import { Deadlines, type Due } from "./deadlines.ts";
import type { About, MonitorOutput, MonitorStats } from "./outputs.ts";
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
  /** Called before the verdicts of every tick, at most min(S)/4 apart: look for life, call `heard`. */
  readonly sample?: (() => void) | undefined;
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
  readonly #options: MonitorOptions;
  readonly #policy: Policy;
  readonly #seed: number;
  readonly #turn: Turn<MonitorOutput>;
  readonly #stalls: Stalls;
  readonly #rows: Rows = new Rows();
  readonly #deadlines: Deadlines;
  readonly #earlier: Set<() => void> = new Set();
  #settledAt = Number.POSITIVE_INFINITY;
  #added = 0;
  #staleRefs = 0;

  constructor(options: MonitorOptions) {
    if (typeof options?.emit !== "function") {
      throw new SystoleTypeError(
        "ERR_SYSTOLE_OPTION",
        `createMonitor needs the function emit (got ${typeof options?.emit}).`,
        options?.emit,
      );
    }
    this.#options = options;
    this.#policy = definePolicy(options.policy);
    this.#seed = options.seed ?? options.host.entropy?.() ?? 0;
    this.#turn = new Turn(options.host, options.emit, () => this.#settle());
    const graceMs = this.#policy.suspectAfterMs / 2;
    this.#stalls = new Stalls(graceMs, options.stallToleranceMs, this.#turn.now);
    const { living } = this.#rows;
    this.#deadlines = new Deadlines(
      {
        deadlineAt: (slot) => this.#deadlineAt(slot),
        beatDueAt: (slot) =>
          living.isLiving(slot) ? living.beatDueAt(slot) : Number.POSITIVE_INFINITY,
      },
      this.#turn.now,
    );
  }

  // ── peers ──────────────────────────────────────────────────────────────────────────────────────

  /**
   * Adds a peer in `connecting`. The id of a dead peer starts its next session under the same ref.
   *
   * @throws TypeError `ERR_SYSTOLE_DUPLICATE_PEER` when a peer with this id is not dead.
   */
  add(id?: string, options: AddOptions = {}): PeerRef {
    return this.#turn.run(() => {
      const known = id === undefined ? undefined : this.#rows.find(id);
      if (known !== undefined) return this.#addAgain(known, options);
      const policy = options.policy === undefined ? this.#policy : definePolicy(options.policy);
      const { now } = this.#turn;
      const { lostMs, countedMs } = this.#stalls.totalsAt(now);
      const seed = mix(this.#seed, this.#added + 1);
      const state = initialPeer(policy, now, { role: options.role, seed, lostMs, countedMs });
      const ref = this.#rows.add(id, policy, state);
      this.#added += 1;
      this.#reschedule(slotOf(ref));
      return ref;
    });
  }

  /** Forgets a peer at once, without an output. Its ref is stale from then on. */
  remove(ref: PeerRef): void {
    this.#turn.run(() => {
      if (this.#isHere(ref)) this.#rows.remove(ref);
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
      retiredSlots: this.#rows.retiredSlots,
    };
  }

  // ── what happens to a peer ─────────────────────────────────────────────────────────────────────

  /**
   * Any valid inbound traffic of a peer. A dead peer starts its next session, unless its policy says
   * `returns: "never"`.
   *
   * @returns whether it counted as a sign of life.
   */
  heard(ref: PeerRef, sign?: HeardSign): boolean {
    const slot = slotOf(ref);
    const { living } = this.#rows;
    const stalls = this.#stalls;
    if (sign !== undefined || !living.holds(slot, ref) || stalls.paused)
      return this.#hear(ref, undefined, sign);
    // The one path that is written out: a call more costs more than all that is done here.
    const outermost = this.#turn.enter();
    const { now } = this.#turn;
    if (stalls.isBroken(now)) this.#serve();
    else stalls.renew(now);
    const observedAt = now - stalls.lostMs;
    living.heard(slot, now, observedAt, observedAt + stalls.countedMs);
    if (outermost) this.#turn.leave();
    return true;
  }

  /** As `heard`, for a frame that is numbered by its sender: `seq` counts up from 1 in each session. */
  heardBeat(ref: PeerRef, seq: number, sign?: HeardSign): boolean {
    return this.#hear(ref, seq, sign);
  }

  /** Something left for a peer: its next beat can wait. Never a sign of life. */
  sent(ref: PeerRef): void {
    const slot = slotOf(ref);
    if (this.#rows.living.holds(slot, ref)) this.#sentLiving(slot);
    else this.#event(ref, (at) => ({ type: "sent", at }));
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
      this.#rows.setPolicy(slot, policy);
      this.#step(slot, { type: "policy", at: this.#turn.now });
      this.#reschedule(slot);
    });
  }

  /** From now on the silence of this peer, or of all, is our doing. Beats go on. */
  pause(ref?: PeerRef): void {
    this.#turn.run(() => {
      if (ref !== undefined) {
        // A freeze that ends with a pause came before it: it must not be taken off the pause later.
        this.#credit(() => this.#stalls.notice(this.#turn.now));
        this.#event(ref, (at) => ({ type: "pause", at }));
        return;
      }
      this.#serve();
      this.#stalls.pause(this.#turn.now);
      this.#deadlines.refresh();
    });
  }

  /** Ends a pause; all of it is credited. */
  resume(ref?: PeerRef): void {
    if (ref !== undefined) {
      this.#event(ref, (at) => ({ type: "resume", at }));
      return;
    }
    this.#turn.run(() => {
      this.#stalls.resume(this.#turn.now);
      this.#deadlines.refresh();
    });
  }

  // ── time ───────────────────────────────────────────────────────────────────────────────────────

  /** Does everything that is due, or with `slice` at most 4096 peers' worth of it. */
  tick(options: { slice?: boolean | undefined } = {}): void {
    this.#turn.run(() => {
      const lateMs = this.#stalls.lateMs(this.#turn.now);
      const stalled = this.#serve();
      this.#sample();
      const limit = options.slice ? SLICE_PEERS : Number.POSITIVE_INFINITY;
      const due = this.#deadlines.take(this.#turn.now, limit);
      this.#judgeSelf(stalled ? 0 : lateMs, due);
      for (const { slot } of due) this.#tickPeer(slot);
    });
  }

  /**
   * The raw instant by which `tick` wants to be called; Infinity when nobody is judged or beating:
   * then what is to be forgotten is forgotten at whatever tick comes next. At most min(suspectAfterMs)/4 after the last tick or heard while anybody is judged.
   */
  nextDeadline(): number {
    if (this.#rows.judged.count === 0 && this.#rows.beating === 0) return Number.POSITIVE_INFINITY;
    return Math.min(this.#deadlines.nextAt(this.#turn.now), this.#stalls.promisedAt);
  }

  /**
   * Calls back at the end of an outermost call that moved the next deadline earlier, or after which
   * there is none. Subscribing is
   * the promise to be back by each next deadline; a broken promise is a stall, and credited.
   */
  onEarlier(callback: () => void): () => void {
    this.#earlier.add(callback);
    this.#turn.run(() => this.#stalls.drivenBy(true, this.#turn.now));
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
      this.#credit(() => this.#stalls.report(stallMs, this.#turn.now));
    });
  }

  /** Observed time now: raw time without our own stalls and pauses. Dates nonces, see `HeardSign`. */
  observedNow(): number {
    // A turn of its own: whoever only sends has not made the monitor look at the clock before.
    return this.#turn.run(() => this.#turn.now - this.#stalls.totalsAt(this.#turn.now).lostMs);
  }

  // ── inside ─────────────────────────────────────────────────────────────────────────────────────

  #hear(ref: PeerRef, seq: number | undefined, sign: HeardSign | undefined): boolean {
    const slot = slotOf(ref);
    const isLiving = this.#rows.living.holds(slot, ref) && !this.#stalls.paused;
    return isLiving ? this.#heardLiving(slot, seq, sign) : this.#heard(ref, { ...sign, seq });
  }

  /** A living peer stays alive whatever it says: a few numbers, no object, no output. */
  #heardLiving(slot: number, seq: number | undefined, sign: Sign | undefined): boolean {
    const outermost = this.#turn.enter();
    const { now } = this.#turn;
    const stalls = this.#stalls;
    if (stalls.isBroken(now)) this.#serve();
    else stalls.renew(now);
    const observedAt = now - stalls.lostMs;
    const creditedAt = observedAt + stalls.countedMs;
    const { living } = this.#rows;
    let counted = seq === undefined || living.numbered(slot, seq);
    if (counted && sign !== undefined)
      counted = living.timed(slot, observedAt, sign, this.#rows.policy(slot));
    if (counted) living.heard(slot, now, observedAt, creditedAt);
    if (outermost) this.#turn.leave();
    return counted;
  }

  #sentLiving(slot: number): void {
    const outermost = this.#turn.enter();
    const { living } = this.#rows;
    const dueBefore = living.beatDueAt(slot);
    living.sent(slot, this.#turn.now, this.#rows.policy(slot));
    if (outermost) this.#turn.leave();
    // Only the first beat of a life, at its random phase, can be later than what follows from sending.
    if (living.beatDueAt(slot) < dueBefore) this.#turn.run(() => this.#reschedule(slot));
  }

  #heard(ref: PeerRef, sign: HeardSign & { seq: number | undefined }): boolean {
    return this.#turn.run(() => {
      if (!this.#isHere(ref)) return false;
      this.#serve();
      const at = this.#turn.now;
      const slot = slotOf(ref);
      const returns = this.#rows.policy(slot).returns === "new-session";
      if (returns && this.#rows.status(slot) === "dead") this.#step(slot, { type: "dial", at });
      const { proof, ...rest } = sign;
      const before = this.#rows.state(slot).arrivals;
      this.#step(slot, { ...rest, type: proof ? "proven" : "heard", at });
      // Many frames arrive in one instant: an old one does not count because another one did.
      const { status, heardAt, arrivals } = this.#rows.state(slot);
      const dropped = arrivals.behind > before.behind || arrivals.stale > before.stale;
      return status !== "dead" && heardAt === at && !dropped;
    });
  }

  #event(ref: PeerRef, event: (at: number) => PeerEvent): void {
    this.#turn.run(() => {
      if (this.#isHere(ref)) this.#step(slotOf(ref), event(this.#turn.now));
    });
  }

  /** A sample that throws costs its own findings, not the verdicts of this tick. */
  #sample(): void {
    try {
      this.#options.sample?.();
    } catch (error) {
      this.#turn.fail(error);
    }
  }

  /** What is due for a peer: mostly a beat of a living one, which changes a few numbers. */
  #tickPeer(slot: number): void {
    const at = this.#turn.now;
    const { living } = this.#rows;
    const { health, paused } = this.#stalls;
    if (!living.isLiving(slot) || at >= this.#deadlineAt(slot)) {
      this.#step(slot, { type: "tick", at, health, judging: !paused });
    } else if (living.beat(slot, at, this.#rows.policy(slot))) {
      const session = living.session(slot);
      this.#turn.push({ type: "beat", session, probe: false, ...this.#about(slot) });
    }
    if (this.#rows.isTaken(slot)) this.#reschedule(slot);
  }

  /** The only place where a peer's state is replaced. */
  #step(slot: number, event: PeerEvent): void {
    const before = this.#rows.state(slot);
    const stalls = this.#stalls.totalsAt(event.at);
    const [next, outputs] = transition(before, { ...event, stalls }, this.#rows.policy(slot));
    if (next !== before) {
      this.#rows.put(slot, before, next);
      this.#reschedule(slot);
    }
    for (const output of outputs) {
      this.#turn.push({ ...output, ...this.#about(slot) });
      if (output.type === "forget") this.#rows.remove(this.#rows.ref(slot));
    }
  }

  #addAgain(ref: PeerRef, options: AddOptions): PeerRef {
    const slot = slotOf(ref);
    const status = this.#rows.status(slot);
    if (status !== "dead") {
      const id = this.#rows.id(slot);
      throw new SystoleTypeError(
        "ERR_SYSTOLE_DUPLICATE_PEER",
        `A peer with the id ${JSON.stringify(id)} is ${status} already.\nUse find(id) for its ref, or remove it first.`,
        id,
      );
    }
    if (options.policy !== undefined) this.setPolicy(ref, options.policy);
    this.#step(slot, { type: "dial", at: this.#turn.now });
    return ref;
  }

  #about(slot: number): About {
    const peer = this.#rows.ref(slot);
    const id = this.#rows.id(slot);
    return id === undefined ? { peer } : { peer, id };
  }

  #isHere(ref: PeerRef): boolean {
    const here = this.#rows.has(ref);
    if (!here) this.#staleRefs += 1;
    return here;
  }

  /** Where the deadlines of a peer may have moved earlier. */
  #reschedule(slot: number): void {
    this.#deadlines.lower(slot, this.#deadlineAt(slot));
    const { living } = this.#rows;
    if (living.isLiving(slot)) this.#deadlines.schedule(slot, living.beatDueAt(slot));
  }

  /** The next verdict of a living peer; the next anything of another one. */
  #deadlineAt(slot: number): number {
    const { living } = this.#rows;
    if (living.isLiving(slot)) return this.#verdictOfLiving(slot);
    if (!this.#rows.isTaken(slot)) return Number.POSITIVE_INFINITY;
    const state = this.#rows.state(slot);
    if (this.#stalls.paused) return nextActAt(state);
    return nextDeadline(state, this.#rows.policy(slot), this.#stalls.totalsAt(this.#turn.now));
  }

  #verdictOfLiving(slot: number): number {
    const { living } = this.#rows;
    const stalls = this.#stalls;
    if (stalls.paused || !living.judges(slot)) return Number.POSITIVE_INFINITY;
    const policy = this.#rows.policy(slot);
    const detectedMs = policy.detector(living.arrivals(slot), policy);
    return dueAt(
      living.lifeObservedAt(slot),
      living.lifeCreditedAt(slot),
      suspicionMs(detectedMs, policy.deadAfterMs, policy.minSuspicionMs),
      stalls.lostMs,
      stalls.countedMs,
      stalls.graceMs,
    );
  }

  #serve(): boolean {
    return this.#credit(() => this.#stalls.serve(this.#turn.now));
  }

  /** Says what was found: one `stalled` for a stall, and what it did to our health. */
  #credit(find: () => number): boolean {
    const healthBefore = this.#stalls.health;
    const stallMs = find();
    if (stallMs > 0) this.#turn.push({ type: "stalled", at: this.#turn.now, stallMs });
    this.#noteHealth(healthBefore);
    return stallMs > 0;
  }

  #noteHealth(from: number): void {
    const to = this.#stalls.health;
    if (from !== to) this.#turn.push({ type: "health", at: this.#turn.now, from, to });
  }

  #judgeSelf(lateMs: number, due: readonly Due[]): void {
    const { now } = this.#turn;
    const { living, judged, counts } = this.#rows;
    let newlySilent = 0;
    for (const { slot } of due) {
      if (living.isLiving(slot) && now >= this.#deadlineAt(slot)) newlySilent += 1;
    }
    const before = this.#stalls.health;
    this.#stalls.judgeSelf(lateMs, counts.suspect, newlySilent, judged.count, now);
    this.#noteHealth(before);
  }

  /** The end of an outermost call: whoever drives us hears of an earlier deadline. */
  #settle(): void {
    this.#stalls.judging(this.#rows.judged.smallestSuspectAfterMs(), this.#turn.now);
    const deadline = this.nextDeadline();
    const { POSITIVE_INFINITY: never } = Number;
    const moved = deadline < this.#settledAt || (deadline === never && this.#settledAt !== never);
    this.#settledAt = deadline;
    if (moved) for (const callback of this.#earlier) callback();
  }
}
