// The protocol, sans I/O: bytes and time come in, bytes and verdicts go out. This file is the public
// face and the wiring; frames are read in inbox.ts, written in outbox.ts, and lives of peers end and
// begin in pairs.ts. Silence is judged by the monitor below, and by nothing in here.

import { SystoleTypeError } from "../errors.ts";
import { createMonitor, type Monitor } from "../monitor/monitor.ts";
import type { MonitorOutput, MonitorStats } from "../monitor/outputs.ts";
import type { PeerRef } from "../monitor/refs.ts";
import type { EndReason, PeerState, Role } from "../peer/state.ts";
import { definePolicy, derivePolicy, type Policy, type PolicyOptions } from "../policy.ts";
import { Turn } from "../turn.ts";
import { decodeFrame } from "./decode.ts";
import { Inbox, remembered } from "./inbox.ts";
import {
  checkId,
  checkLeave,
  checkOptions,
  checkRole,
  type EndpointAddOptions,
  type EndpointOptions,
  type LeaveOptions,
  type Transport,
} from "./options.ts";
import { Outbox, type Self } from "./outbox.ts";
import type { DropReason, EndpointChange, EndpointOutput, EndpointStats } from "./outputs.ts";
import { type Pair, Pairs } from "./pairs.ts";
import type { Place } from "./session.ts";
import { Sessions } from "./sessions.ts";
import { Reassembly } from "./stream.ts";

/**
 * One end of the protocol, for any transport.
 *
 * @throws RangeError or TypeError `ERR_SYSTOLE_OPTION` or `ERR_SYSTOLE_POLICY` for wrong options.
 * @example
 * ```ts
 * const endpoint = createEndpoint({
 *   id: "browser-42", host: systemHost(), policy: relaxed,
 *   send: (_peer, frame) => ws.readyState === 1 && (ws.send(frame), true),
 *   emit: (output) => { if (output.type === "changed") render(output); },
 * });
 * const driving = drive(endpoint, systemHost());
 * const server = endpoint.add("server");
 * ws.onmessage = ({ data }) => endpoint.receive(new Uint8Array(data), server);
 * ws.onclose = () => endpoint.ended(server, "closed");
 * ```
 */
export function createEndpoint<Path extends string | object = object>(
  options: EndpointOptions<Path>,
): Endpoint<Path> {
  return new Endpoint(options);
}

/** See {@link createEndpoint}. */
export class Endpoint<Path extends string | object = object> implements Iterable<PeerRef> {
  /** False where the host's clock stops in system sleep: then `trustedUntil` does not cover sleep. */
  readonly countsSleep: boolean;

  readonly #options: EndpointOptions<Path>;
  readonly #policy: Policy;
  readonly #role: Role;
  readonly #transport: Transport;
  readonly #self: Self;
  readonly #turn: Turn<EndpointOutput<Path>>;
  readonly #monitor: Monitor;
  readonly #sessions: Sessions<Path>;
  readonly #outbox: Outbox<Path>;
  readonly #pairs: Pairs<Path>;
  readonly #inbox: Inbox<Path>;
  readonly #streams: Map<Place<Path>, Reassembly> = new Map();
  readonly #earlier: Set<() => void> = new Set();
  readonly #dropped: Partial<Record<DropReason, number>> = {};
  readonly #counts = {
    framesSent: 0,
    framesReceived: 0,
    bytesSent: 0,
    bytesReceived: 0,
    sendFailures: 0,
  };
  /** Frames that a synchronous transport brought while one was being worked on. */
  #backlog: (() => void)[] = [];
  #working = false;
  #settledAt = Number.POSITIVE_INFINITY;
  #lastStallMs = 0;
  #pausedAt: number | undefined;
  #closed = false;

  constructor(options: EndpointOptions<Path>) {
    checkOptions(options);
    this.#options = options;
    const { host, transport = "message", role = "both" } = options;
    this.#transport = transport;
    this.#role = role;
    this.#policy = this.#defaulted(options.policy);
    this.countsSleep = host.countsSleep ?? false;
    const entropy = () => host.entropy?.() ?? 0;
    this.#self = {
      id: options.id,
      boot: { hi: entropy(), lo: entropy() },
      epoch: Math.floor(host.epochMs?.() ?? 0),
    };
    this.#turn = new Turn(host, options.emit, () => this.#settle());
    this.#monitor = createMonitor({
      // The monitor's instants are the endpoint's: one reading of the clock a turn.
      host: { now: () => this.#turn.now },
      policy: derivePolicy(this.#policy, { returns: "never" }),
      emit: (output) => this.#onMonitor(output),
      seed: options.seed ?? entropy(),
      stallToleranceMs: options.stallToleranceMs,
      sample: options.sample,
    });
    const now = () => this.#turn.now;
    const emit = (output: EndpointOutput<Path>) => this.#turn.push(output);
    const pathOf = (place: Place<Path>) =>
      typeof place === "number" ? undefined : (place as Path);
    const isStream = transport === "stream";
    const trustsPaths = transport !== "datagram";
    const { limits = {} } = options;
    this.#sessions = new Sessions(entropy, limits.candidates ?? 1_024, trustsPaths);
    this.#outbox = new Outbox(
      this.#self,
      (peer, frame, place) => this.#transmit(peer, frame, pathOf(place)),
      () => ({ at: now(), observedAt: this.#monitor.observedNow() }),
    );
    const shared = {
      monitor: this.#monitor,
      sessions: this.#sessions,
      outbox: this.#outbox,
      isStream,
      now,
      emit,
      pathOf,
      observeBeat: (direction: "sent" | "received", peer: PeerRef, seq: number) =>
        this.#observeBeat(direction, peer, seq),
    };
    this.#pairs = new Pairs(shared);
    this.#inbox = new Inbox({
      ...shared,
      self: this.#self,
      pairs: this.#pairs,
      policy: this.#policy,
      role,
      trustsPaths,
      maxPeers: limits.peers ?? 100_000,
      lastStallMs: () => this.#lastStallMs,
      drop: (reason) => this.#drop(reason),
      accept: (candidate) => options.accept?.(candidate) ?? false,
      define: (own) => this.#defaulted(own),
    });
  }

  // ── peers ──────────────────────────────────────────────────────────────────────────────────────

  /**
   * Adds a peer by hand; it is kept until removed. A dead peer with this id begins its next session.
   *
   * @throws TypeError `ERR_SYSTOLE_DUPLICATE_PEER` when it is there and not dead.
   */
  add(id: string, options: EndpointAddOptions<Path> = {}): PeerRef {
    checkId(id);
    const policy = options.policy === undefined ? this.#policy : this.#defaulted(options.policy);
    checkRole(options.role);
    const role = options.role ?? this.#role;
    return this.#run(() => {
      this.#checkOpen();
      const known = this.#pairs.byId(id);
      if (known !== undefined && this.#pairs.isDead(known)) {
        if (options.policy !== undefined || !known.byHand) known.policy = policy;
        known.byHand = true;
        this.#begin(known, options.path ?? known.current.place);
        return known.ref;
      }
      const inForce = derivePolicy(policy, { returns: "never" });
      const ref = this.#monitor.add(id, { policy: inForce, role });
      const place = options.path ?? ref;
      const session = this.#sessions.open(place, policy, role, this.#turn.now);
      const anyId = options.anyId ?? false;
      this.#pairs.create(ref, id, session, { policy, role, anyId, byHand: true });
      return ref;
    });
  }

  /**
   * A connection for this peer is up at `path`: says hello there at once. A dead peer begins its next
   * session; one that lived on another connection dies `closed` first.
   */
  dial(ref: PeerRef, path: Path): void {
    this.#run(() => {
      const pair = this.#pairs.byRef(ref);
      if (pair === undefined) return;
      this.#begin(pair, path);
      this.#pairs.beat(pair, { asks: true });
    });
  }

  /** Says LEAVE and ends the session as `left`: the other side need not wait. */
  leave(ref: PeerRef, options: LeaveOptions = {}): void {
    checkLeave(options);
    this.#run(() => {
      const pair = this.#pairs.byRef(ref);
      if (pair === undefined) return;
      this.#sayLeave(pair, options);
      this.#monitor.ended(ref, "left", { bySelf: true });
    });
  }

  /** Forgets a peer at once, without a word to it and without an output. */
  remove(ref: PeerRef): void {
    this.#run(() => {
      const pair = this.#pairs.byRef(ref);
      this.#monitor.remove(ref);
      if (pair !== undefined) this.#pairs.remove(pair);
    });
  }

  find(id: string): PeerRef | undefined {
    return this.#pairs.byId(id)?.ref;
  }

  /** The name a peer was added under. */
  id(ref: PeerRef): string | undefined {
    return this.#pairs.byRef(ref)?.id;
  }

  /** Where a peer is reached now. */
  path(ref: PeerRef): Path | undefined {
    const place = this.#pairs.byRef(ref)?.current.place;
    return typeof place === "number" ? undefined : (place as Path | undefined);
  }

  /** A snapshot of a peer, frozen; undefined for a stale ref. */
  state(ref: PeerRef): PeerState | undefined {
    return this.#monitor.state(ref);
  }

  /** The policy in force for a peer: as given, as negotiated, as stretched. */
  policy(ref: PeerRef): Policy | undefined {
    return this.#monitor.policy(ref);
  }

  [Symbol.iterator](): IterableIterator<PeerRef> {
    return this.#monitor[Symbol.iterator]();
  }

  get size(): number {
    return this.#pairs.size;
  }

  /**
   * Until this instant of the host's clock the peer cannot have declared us dead by silence;
   * −Infinity when nothing is known. May move back: read it whenever it matters.
   *
   * @example
   * ```ts
   * while (endpoint.trustedUntil(scheduler) > host.now()) doOneUnitOfWork();
   * ```
   */
  trustedUntil(ref: PeerRef): number {
    return this.#pairs.byRef(ref)?.current.trustedUntil() ?? Number.NEGATIVE_INFINITY;
  }

  /**
   * Changes what is asked of a peer. A shorter `deadAfterMs` comes into force once the peer knows.
   *
   * @throws RangeError `ERR_SYSTOLE_POLICY`
   */
  setPolicy(ref: PeerRef, options: PolicyOptions): void {
    const policy = this.#defaulted(options);
    this.#run(() => {
      const pair = this.#pairs.byRef(ref);
      if (pair === undefined) return;
      pair.policy = pair.byHand ? policy : remembered(policy);
      const { negotiation, nextSeq } = pair.current;
      negotiation.setPolicy(pair.policy, nextSeq);
      this.#monitor.setPolicy(ref, negotiation.inForce);
    });
  }

  /** The silence of this peer, or of all, is our doing from now on. Beats go on. */
  pause(ref?: PeerRef): void {
    this.#run(() => {
      this.#monitor.pause(ref);
      if (ref === undefined) this.#pausedAt ??= this.#turn.now;
    });
  }

  resume(ref?: PeerRef): void {
    this.#run(() => {
      this.#monitor.resume(ref);
      if (ref !== undefined || this.#pausedAt === undefined) return;
      // A contested incumbent may have answered meanwhile, unread.
      this.#pairs.stalled(this.#turn.now - this.#pausedAt);
      this.#pausedAt = undefined;
    });
  }

  // ── bytes ──────────────────────────────────────────────────────────────────────────────────────

  /**
   * Bytes that arrived: on streams any chunk, else one whole frame. `from` is the path they came on,
   * or the ref of a peer that was added without one. Never throws, whatever the bytes are.
   */
  receive(bytes: Uint8Array, from: Path | PeerRef): void {
    if (this.#closed) return;
    if (this.#working) {
      // Not `slice`: that of a Buffer copies nothing.
      const copy = new Uint8Array(bytes);
      this.#backlog.push(() => this.#receive(copy, from));
      return;
    }
    this.#run(() => this.#receive(bytes, from));
  }

  /** An application message for a peer that is not dead, on a stream. False where it was not sent. */
  message(ref: PeerRef, bytes: Uint8Array): boolean {
    return this.#run(() => {
      const pair = this.#pairs.byRef(ref);
      if (pair === undefined || this.#transport !== "stream" || this.#pairs.isDead(pair))
        return false;
      // A message of somebody who never said who it is would be dropped over there.
      if (pair.current.nextSeq === 1) this.#pairs.beat(pair, { asks: true });
      if (!this.#outbox.data(ref, pair.current, bytes)) return false;
      this.#monitor.sent(ref);
      return true;
    });
  }

  /** A path, or the peer on it, is over, and the transport knows why. */
  ended(from: Path | PeerRef, reason: EndReason): void {
    this.#run(() => {
      const place = this.#placeOf(from);
      if (place === undefined) return;
      this.#streams.delete(place);
      const session = this.#sessionAt(from, place);
      const pair = session && this.#pairs.bySession(session);
      if (pair?.current === session && pair !== undefined) this.#monitor.ended(pair.ref, reason);
      else if (session !== undefined && pair === undefined) this.#sessions.close(session);
    });
  }

  // ── time ───────────────────────────────────────────────────────────────────────────────────────

  tick(options: { slice?: boolean | undefined } = {}): void {
    this.#run(() => {
      this.#monitor.tick(options);
      if (this.#pausedAt === undefined) this.#pairs.tickContests();
    });
  }

  nextDeadline(): number {
    if (this.#closed) return Number.POSITIVE_INFINITY;
    if (this.#pausedAt !== undefined) return this.#monitor.nextDeadline();
    return Math.min(this.#monitor.nextDeadline(), this.#pairs.nextContestAt());
  }

  onEarlier(callback: () => void): () => void {
    this.#earlier.add(callback);
    // The monitor takes a subscriber for the promise of a driver; waking it is up to us.
    const withdraw = this.#run(() => this.#monitor.onEarlier(() => {}));
    return () => {
      this.#earlier.delete(callback);
      withdraw();
    };
  }

  /** A stall that a loop noticed by itself, in ms; see `Monitor.stalled`. */
  stalled(stallMs: number): void {
    this.#run(() => this.#monitor.stalled(stallMs));
  }

  /** Says LEAVE to everybody and forgets all. What arrives later has no effect. */
  close(options: LeaveOptions = {}): void {
    if (this.#closed) return;
    checkLeave(options);
    this.#run(() => {
      for (const pair of [...this.#pairs]) {
        this.#sayLeave(pair, options);
        this.#monitor.remove(pair.ref);
        this.#pairs.remove(pair);
      }
      this.#streams.clear();
      this.#closed = true;
    });
  }

  stats(): EndpointStats {
    return {
      ...this.#counts,
      dropped: { ...this.#dropped },
      candidates: this.#sessions.strangers,
      sessions: this.#sessions.size,
    };
  }

  monitorStats(): MonitorStats {
    return this.#monitor.stats();
  }

  // ── inside ─────────────────────────────────────────────────────────────────────────────────────

  /** One turn. What a synchronous transport brings meanwhile is worked on at its end. */
  #run<Result>(body: () => Result): Result {
    return this.#turn.run(() => {
      if (this.#working) return body();
      this.#working = true;
      try {
        return body();
      } finally {
        for (let next = this.#backlog.shift(); next; next = this.#backlog.shift()) next();
        this.#working = false;
      }
    });
  }

  #receive(bytes: Uint8Array, from: Path | PeerRef): void {
    const place = this.#placeOf(from);
    if (place === undefined) return this.#drop("unknown-path");
    this.#counts.bytesReceived += bytes.length;
    if (this.#transport === "stream") return this.#receiveChunk(bytes, place);
    const decoded = decodeFrame(bytes);
    if (!decoded.ok) return this.#drop(decoded.fault);
    this.#counts.framesReceived += 1;
    this.#inbox.take(decoded.frame, place);
  }

  #receiveChunk(bytes: Uint8Array, place: Place<Path>): void {
    const session = this.#sessions.at(place);
    const pair = session && this.#pairs.bySession(session);
    // Any byte of somebody who said who it is is life, part of a frame too: a slow transfer must not
    // look like silence. Before that, anything might be talking.
    const isKnown = pair?.current === session && session?.claim !== undefined;
    if (isKnown && pair !== undefined) {
      this.#monitor.heard(pair.ref);
      // Its ECHO may be stuck behind a long message.
      this.#pairs.incumbentHeard(pair);
    }
    const stream = this.#streamAt(place);
    const fault = stream.push(bytes, (frame) => {
      this.#counts.framesReceived += 1;
      this.#inbox.take(frame, place);
    });
    if (fault !== undefined && this.#streams.get(place) === stream) {
      this.#drop(fault);
      this.#violated(place);
    }
  }

  #streamAt(place: Place<Path>): Reassembly {
    let stream = this.#streams.get(place);
    if (stream === undefined) {
      stream = new Reassembly(this.#options.maxMessageBytes ?? 2 ** 20);
      this.#streams.set(place, stream);
    }
    return stream;
  }

  /** The bytes of a stream are no frames: nothing that follows can be trusted. */
  #violated(place: Place<Path>): void {
    this.#streams.delete(place);
    const session = this.#sessions.at(place);
    const pair = session && this.#pairs.bySession(session);
    if (pair !== undefined) this.#monitor.ended(pair.ref, "protocol-error");
    else if (session !== undefined) this.#sessions.close(session);
    this.#pairs.refuse(place, "protocol-error");
  }

  #begin(pair: Pair<Path>, place: Place<Path>): void {
    const { status } = this.#monitor.state(pair.ref) as PeerState;
    if (status === "alive" || status === "suspect") this.#monitor.ended(pair.ref, "closed");
    this.#pairs.bind(pair, this.#pairs.open(pair, place), "closed");
  }

  #sayLeave(pair: Pair<Path>, { returnInMs = 0, reason = "leaving" }: LeaveOptions): void {
    if (this.#pairs.isDead(pair)) return;
    const { current } = pair;
    current.distrust();
    current.farewell = { reason, returnInMs };
    const to = { tag: current.remoteTag, place: current.place };
    this.#outbox.leave(pair.ref, current, current.farewell, to);
  }

  #onMonitor(output: MonitorOutput): void {
    switch (output.type) {
      case "beat":
        return this.#onBeatDue(output.peer, output.probe);
      case "changed": {
        const pair = this.#pairs.byRef(output.peer);
        const change: EndpointChange<Path> = { ...output, path: this.path(output.peer) };
        this.#turn.push(change);
        if (output.to === "dead" && pair !== undefined) this.#pairs.died(pair);
        return;
      }
      case "forget": {
        const pair = this.#pairs.byRef(output.peer);
        if (pair !== undefined) this.#pairs.remove(pair);
        this.#turn.push(output);
        return;
      }
      case "stalled":
        this.#lastStallMs = output.stallMs;
        this.#pairs.stalled(output.stallMs);
        this.#turn.push(output);
        return;
      default:
        this.#turn.push(output);
    }
  }

  #onBeatDue(ref: PeerRef, probe: boolean): void {
    const pair = this.#pairs.byRef(ref);
    if (pair === undefined) return;
    if (!probe) return this.#pairs.beat(pair, { asks: false });
    // A probe with our tag is our beat, too; one without it also reaches a peer that forgot us.
    const isKnown = this.#transport === "datagram" && this.#monitor.status(ref) !== "dead";
    if (isKnown && pair.current.claim !== undefined) this.#pairs.beat(pair, { asks: true });
    this.#pairs.beat(pair, { asks: true, untagged: true });
  }

  #transmit(
    peer: PeerRef | undefined,
    frame: Uint8Array<ArrayBuffer>,
    path: Path | undefined,
  ): boolean {
    try {
      if (this.#options.send(peer, frame, path) !== false) {
        this.#counts.framesSent += 1;
        this.#counts.bytesSent += frame.length;
        return true;
      }
    } catch {
      // A transport that throws did not send; which it says is its own business.
    }
    this.#counts.sendFailures += 1;
    return false;
  }

  #observeBeat(direction: "sent" | "received", peer: PeerRef, seq: number): void {
    if (this.#options.observeBeats?.() !== true) return;
    this.#turn.push({ type: "beat", peer, id: this.id(peer), direction, at: this.#turn.now, seq });
  }

  #placeOf(from: Path | PeerRef): Place<Path> | undefined {
    if (typeof from !== "number") return from as Path;
    return this.#pairs.byRef(from as PeerRef)?.current.place;
  }

  #sessionAt(from: Path | PeerRef, place: Place<Path>): ReturnType<Sessions<Path>["at"]> {
    if (typeof from === "number") return this.#pairs.byRef(from as PeerRef)?.current;
    return this.#sessions.at(place);
  }

  #drop(reason: DropReason): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
  }

  #defaulted(options: PolicyOptions = {}): Policy {
    const isDatagram = this.#transport === "datagram";
    return definePolicy(isDatagram ? { proof: "round-trip", ...options } : options);
  }

  #checkOpen(): void {
    if (!this.#closed) return;
    throw new SystoleTypeError(
      "ERR_SYSTOLE_CLOSED",
      "This endpoint is closed.\nCreate another one.",
    );
  }

  #settle(): void {
    const deadline = this.nextDeadline();
    const { POSITIVE_INFINITY: never } = Number;
    const moved = deadline < this.#settledAt || (deadline === never && this.#settledAt !== never);
    this.#settledAt = deadline;
    if (moved) for (const callback of this.#earlier) callback();
  }
}
