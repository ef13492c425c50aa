// Many peers, one clock, one deadline: the fold of `transition` over each peer. This file says what
// happens to whom and in which order; what it means for one peer is all in peer/transition.ts.

import { SystoleTypeError } from "../errors.ts";
import type { Clock } from "../host.ts";
import type { PeerEvent, Sign } from "../peer/events.ts";
import { mix } from "../peer/rules.ts";
import {
  type EndReason,
  initialPeer,
  isJudged,
  type PeerState,
  type Role,
  type Status,
} from "../peer/state.ts";
import { nextActAt, nextDeadline, transition, verdictAt } from "../peer/transition.ts";
import { definePolicy, type Policy, type PolicyOptions } from "../policy.ts";
import { Turn } from "../turn.ts";
import { Judged } from "./judged.ts";
import type { MonitorOutput, MonitorStats } from "./outputs.ts";
import { type PeerRef, Slots, slotOf } from "./refs.ts";
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
}

interface Row {
  readonly ref: PeerRef;
  readonly id: string | undefined;
  policy: Policy;
  state: PeerState;
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
  readonly #slots: Slots = new Slots();
  readonly #judged: Judged = new Judged();
  readonly #rows: (Row | undefined)[] = [];
  readonly #byId: Map<string, Row> = new Map();
  readonly #counts: Record<Status, number> = { connecting: 0, alive: 0, suspect: 0, dead: 0 };
  readonly #earlier: Set<() => void> = new Set();
  /** A lower bound of all deadlines: may be too early, never too late. */
  #boundAt = Number.POSITIVE_INFINITY;
  #settledAt = Number.POSITIVE_INFINITY;
  #cursor = 0;
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
  }

  // ── peers ──────────────────────────────────────────────────────────────────────────────────────

  /**
   * Adds a peer in `connecting`. The id of a dead peer starts its next session under the same ref.
   *
   * @throws TypeError `ERR_SYSTOLE_DUPLICATE_PEER` when a peer with this id is not dead.
   */
  add(id?: string, options: AddOptions = {}): PeerRef {
    return this.#turn.run(() => {
      const known = id === undefined ? undefined : this.#byId.get(id);
      if (known !== undefined) return this.#addAgain(known, options);
      const policy = options.policy === undefined ? this.#policy : definePolicy(options.policy);
      const { lostMs, countedMs } = this.#stalls.totalsAt(this.#turn.now);
      const ref = this.#slots.take();
      this.#added += 1;
      const row: Row = {
        ref,
        id,
        policy,
        state: initialPeer(policy, this.#turn.now, {
          role: options.role,
          seed: mix(this.#seed, this.#added),
          lostMs,
          countedMs,
        }),
      };
      this.#rows[slotOf(ref)] = row;
      if (id !== undefined) this.#byId.set(id, row);
      this.#counts[row.state.status] += 1;
      this.#enlist(row);
      this.#lowerBound(row);
      return ref;
    });
  }

  /** Forgets a peer at once, without an output. Its ref is stale from then on. */
  remove(ref: PeerRef): void {
    this.#turn.run(() => {
      const row = this.#row(ref);
      if (row !== undefined) this.#drop(row);
    });
  }

  /** The peer with this id, dead or not. */
  find(id: string): PeerRef | undefined {
    return this.#byId.get(id)?.ref;
  }

  /** The id a peer was added with. */
  id(ref: PeerRef): string | undefined {
    return this.#peek(ref)?.id;
  }

  /** A snapshot of a peer, frozen; undefined for a stale ref. */
  state(ref: PeerRef): PeerState | undefined {
    return this.#peek(ref)?.state;
  }

  /** The policy in force for a peer. */
  policy(ref: PeerRef): Policy | undefined {
    return this.#peek(ref)?.policy;
  }

  /** All peers, by ascending slot. */
  *[Symbol.iterator](): IterableIterator<PeerRef> {
    for (const row of this.#rows) if (row !== undefined) yield row.ref;
  }

  /** How many peers there are, dead ones included. */
  get size(): number {
    const { connecting, alive, suspect, dead } = this.#counts;
    return connecting + alive + suspect + dead;
  }

  stats(): MonitorStats {
    return {
      peers: this.size,
      ...this.#counts,
      staleRefs: this.#staleRefs,
      stalls: this.#stalls.count,
      lostMs: this.#stalls.lostMs,
      clockWentBack: this.#turn.clockWentBack,
      health: this.#stalls.health,
      retiredSlots: this.#slots.retired,
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
    return this.#heard(ref, sign);
  }

  /** As `heard`, for a frame that is numbered by its sender: `seq` counts up from 1 in each session. */
  heardBeat(ref: PeerRef, seq: number, sign?: HeardSign): boolean {
    return this.#heard(ref, { ...sign, seq });
  }

  /** Something left for a peer: its next beat can wait. Never a sign of life. */
  sent(ref: PeerRef): void {
    this.#event(ref, (at) => ({ type: "sent", at }));
  }

  /** The session of a peer is over, and somebody knows why. */
  ended(ref: PeerRef, reason: EndReason, { returnInMs }: EndedOptions = {}): void {
    this.#event(ref, (at) => ({ type: "ended", at, reason, returnInMs }));
  }

  /** A dead peer is being connected again: its next session begins. */
  dial(ref: PeerRef): void {
    this.#event(ref, (at) => ({ type: "dial", at }));
  }

  /** @throws RangeError `ERR_SYSTOLE_POLICY` when the policy is wrong; the old one stays in force. */
  setPolicy(ref: PeerRef, options: PolicyOptions): void {
    const policy = definePolicy(options);
    this.#turn.run(() => {
      const row = this.#row(ref);
      if (row === undefined || row.policy === policy) return;
      this.#delist(row);
      row.policy = policy;
      this.#enlist(row);
      this.#step(row, { type: "policy", at: this.#turn.now });
      this.#lowerBound(row);
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
      this.#boundAt = this.#exactBound();
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
      this.#boundAt = this.#exactBound();
    });
  }

  // ── time ───────────────────────────────────────────────────────────────────────────────────────

  /** Does everything that is due, or with `slice` at most 4096 peers' worth of it. */
  tick(options: { slice?: boolean | undefined } = {}): void {
    this.#turn.run(() => {
      const lateMs = this.#stalls.lateMs(this.#turn.now);
      const stalled = this.#serve();
      this.#options.sample?.();
      const due = this.#takeDue(options.slice ?? false);
      this.#judgeSelf(stalled ? 0 : lateMs, due);
      const health = this.#stalls.health;
      const judging = !this.#stalls.paused;
      for (const row of due) this.#step(row, { type: "tick", at: this.#turn.now, health, judging });
      this.#boundAt = this.#exactBound();
    });
  }

  /**
   * The raw instant by which `tick` wants to be called; Infinity when nobody is judged or beating.
   * At most min(suspectAfterMs)/4 after the last tick or heard while anybody is judged.
   */
  nextDeadline(): number {
    return Math.min(this.#boundAt, this.#stalls.promisedAt);
  }

  /**
   * Calls back at the end of an outermost call that moved the next deadline earlier. Subscribing is
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

  #heard(ref: PeerRef, sign: (HeardSign & { seq?: number }) | undefined): boolean {
    return this.#turn.run(() => {
      const row = this.#row(ref);
      if (row === undefined) return false;
      this.#serve();
      const at = this.#turn.now;
      if (row.state.status === "dead" && row.policy.returns === "new-session") {
        this.#step(row, { type: "dial", at });
      }
      const { proof, ...rest } = sign ?? {};
      const before = row.state.arrivals;
      this.#step(row, { ...rest, type: proof ? "proven" : "heard", at });
      // Many frames arrive in one instant: an old one does not count because another one did.
      const { status, heardAt, arrivals } = row.state;
      const dropped = arrivals.behind > before.behind || arrivals.stale > before.stale;
      return status !== "dead" && heardAt === at && !dropped;
    });
  }

  #event(ref: PeerRef, event: (at: number) => PeerEvent): void {
    this.#turn.run(() => {
      const row = this.#row(ref);
      if (row !== undefined) this.#step(row, event(this.#turn.now));
    });
  }

  /** The only place where a peer's state is replaced. */
  #step(row: Row, event: PeerEvent): void {
    const before = row.state;
    const stalls = this.#stalls.totalsAt(event.at);
    const [next, outputs] = transition(before, { ...event, stalls }, row.policy);
    if (next !== before) {
      this.#delist(row);
      this.#counts[before.status] -= 1;
      row.state = next;
      this.#counts[next.status] += 1;
      this.#enlist(row);
      this.#lowerBound(row);
    }
    for (const output of outputs) {
      this.#turn.push({ ...output, peer: row.ref, ...(row.id !== undefined && { id: row.id }) });
      if (output.type === "forget") this.#drop(row);
    }
  }

  #addAgain(row: Row, options: AddOptions): PeerRef {
    if (row.state.status !== "dead") {
      throw new SystoleTypeError(
        "ERR_SYSTOLE_DUPLICATE_PEER",
        `A peer with the id ${JSON.stringify(row.id)} is ${row.state.status} already.\nUse find(id) for its ref, or remove it first.`,
        row.id,
      );
    }
    if (options.policy !== undefined) this.setPolicy(row.ref, options.policy);
    this.#step(row, { type: "dial", at: this.#turn.now });
    return row.ref;
  }

  #drop(row: Row): void {
    this.#delist(row);
    this.#counts[row.state.status] -= 1;
    this.#rows[slotOf(row.ref)] = undefined;
    if (row.id !== undefined) this.#byId.delete(row.id);
    this.#slots.release(row.ref);
  }

  #row(ref: PeerRef): Row | undefined {
    const row = this.#peek(ref);
    if (row === undefined) this.#staleRefs += 1;
    return row;
  }

  #peek(ref: PeerRef): Row | undefined {
    const row = this.#rows[slotOf(ref)];
    return row?.ref === ref ? row : undefined;
  }

  #enlist(row: Row): void {
    if (isJudged(row.state)) this.#judged.add(row.policy.suspectAfterMs);
  }

  #delist(row: Row): void {
    if (isJudged(row.state)) this.#judged.remove(row.policy.suspectAfterMs);
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

  #judgeSelf(lateMs: number, due: readonly Row[]): void {
    const { now } = this.#turn;
    const totals = this.#stalls.totalsAt(now);
    const newlySilent = due.filter(
      ({ state, policy }) => state.status === "alive" && now >= verdictAt(state, policy, totals),
    ).length;
    const before = this.#stalls.health;
    this.#stalls.judgeSelf(lateMs, this.#counts.suspect, newlySilent, this.#judged.count, now);
    this.#noteHealth(before);
  }

  /** Due peers by deadline, then slot. A slice takes them by ascending slot from where it left off. */
  #takeDue(slice: boolean): readonly Row[] {
    const { now } = this.#turn;
    if (this.#boundAt > now) return [];
    let due = this.#rows.filter(
      (row) => row !== undefined && this.#deadlineOf(row) <= now,
    ) as Row[];
    if (slice && due.length > SLICE_PEERS) {
      const ahead = due.filter((row) => slotOf(row.ref) >= this.#cursor);
      const behind = due.filter((row) => slotOf(row.ref) < this.#cursor);
      due = [...ahead, ...behind].slice(0, SLICE_PEERS);
      this.#cursor = slotOf((due.at(-1) as Row).ref) + 1;
    } else {
      this.#cursor = 0;
    }
    const deadlines = new Map(due.map((row) => [row, this.#deadlineOf(row)]));
    const deadline = (row: Row) => deadlines.get(row) as number;
    return due.sort((a, b) => deadline(a) - deadline(b) || slotOf(a.ref) - slotOf(b.ref));
  }

  #deadlineOf(row: Row): number {
    if (this.#stalls.paused) return nextActAt(row.state);
    return nextDeadline(row.state, row.policy, this.#stalls.totalsAt(this.#turn.now));
  }

  #lowerBound(row: Row): void {
    this.#boundAt = Math.min(this.#boundAt, this.#deadlineOf(row));
  }

  #exactBound(): number {
    let boundAt = Number.POSITIVE_INFINITY;
    for (const row of this.#rows) {
      if (row !== undefined) boundAt = Math.min(boundAt, this.#deadlineOf(row));
    }
    return boundAt;
  }

  /** The end of an outermost call: whoever drives us hears of an earlier deadline. */
  #settle(): void {
    this.#stalls.judging(this.#judged.smallestSuspectAfterMs(), this.#turn.now);
    const deadline = this.nextDeadline();
    const earlier = deadline < this.#settledAt;
    this.#settledAt = deadline;
    if (earlier) for (const callback of this.#earlier) callback();
  }
}
