// The protocol, sans I/O: bytes and time come in, bytes and verdicts go out. This file is the public
// face. Bytes come in by inlet.ts and inbox.ts, frames leave by outbox.ts; lives of peers end and begin
// in pairs.ts. Silence is judged by the monitor below, and by nothing in here.

import { SystoleTypeError } from "../errors.ts";
import type { MonitorStats } from "../monitor/outputs.ts";
import type { PeerRef } from "../monitor/refs.ts";
import type { EndReason, PeerState } from "../peer/state.ts";
import type { Policy, PolicyOptions } from "../policy.ts";
import { nextContestAt, tickContests } from "./contests.ts";
import { Entry } from "./entry.ts";
import { decide, opened, tickHandshakes } from "./handshakes.ts";
import { createHub, define, type Hub, pathOf } from "./hub.ts";
import { takeFrame } from "./inbox.ts";
import { endPath, takeBytes } from "./inlet.ts";
import {
  checkBeacon,
  checkId,
  checkLeave,
  checkMessage,
  checkOptions,
  checkRole,
  type EndpointAddOptions,
  type EndpointOptions,
  type LeaveOptions,
  type LeaveSoonOptions,
} from "./options.ts";
import type { EndpointStats } from "./outputs.ts";
import {
  addByHand,
  beat,
  begin,
  changePolicy,
  leave,
  leaveSoon,
  sayLeave,
  sendMessage,
  tickDepartures,
} from "./pairs.ts";
import { type Path as AnyPath, type Pair, trustedUntil } from "./session.ts";
import { isFramed } from "./unseal.ts";
import { forget, onMonitor } from "./verdicts.ts";

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

  readonly #hub: Hub;
  readonly #earlier: Set<() => void> = new Set();
  readonly #entry: Entry;
  #settledAt = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(options: EndpointOptions<Path>) {
    checkOptions(options);
    this.countsSleep = options.host.countsSleep ?? false;
    this.#hub = createHub(
      // Inside, a path is whatever the transport gave: it comes back to the same transport.
      options as unknown as EndpointOptions<AnyPath>,
      () => this.#settle(),
      (output) => onMonitor(this.#hub, output),
    );
    this.#entry = new Entry(this.#hub);
  }

  // ── peers ──────────────────────────────────────────────────────────────────────────────────────

  /**
   * Adds a peer by hand; it is kept until removed. A dead peer with this id begins its next session.
   *
   * @throws TypeError `ERR_SYSTOLE_DUPLICATE_PEER` when it is there and not dead.
   */
  add(id: string, options: EndpointAddOptions<Path> = {}): PeerRef {
    checkId(id);
    checkRole(options.role);
    checkBeacon(options.beacon, this.#hub.options.transport);
    const own = options.policy === undefined ? undefined : define(this.#hub, options.policy);
    return this.#entry.run(() => {
      if (!this.#closed) return addByHand(this.#hub, id, options, own);
      throw new SystoleTypeError("ERR_SYSTOLE_CLOSED", "This endpoint is closed.\nCreate another.");
    });
  }

  /**
   * A connection for this peer is up at `path`: says hello there at once. A dead peer begins its next
   * session; one that lived on another connection dies `closed` first.
   */
  dial(ref: PeerRef, path: Path): void {
    this.#with(ref, (pair, hub) => {
      begin(hub, pair, path, "closed");
      beat(hub, pair);
    });
  }

  /** Says LEAVE and ends the session as `left`: the other side need not wait. */
  leave(ref: PeerRef, options: LeaveOptions = {}): void {
    checkLeave(options);
    this.#with(ref, (pair, hub) => leave(hub, pair, options));
  }

  /**
   * We are about to leave: `leave` follows once the transport has sent what it queued for this peer. If
   * that takes longer than `withinMs`, we leave all the same.
   */
  leaveSoon(ref: PeerRef, options: LeaveSoonOptions = {}): void {
    checkLeave(options);
    this.#with(ref, (pair, hub) => leaveSoon(hub, pair, options));
  }

  /** Forgets a peer at once, without a word to it and without an output. */
  remove(ref: PeerRef): void {
    this.#entry.run(() => {
      const pair = this.#hub.pairs.get(ref);
      this.#hub.monitor.remove(ref);
      if (pair) forget(this.#hub, pair);
    });
  }

  find(id: string): PeerRef | undefined {
    return this.#hub.monitor.find(id);
  }

  /** The name a peer was added under. */
  id(ref: PeerRef): string | undefined {
    return this.#hub.pairs.get(ref)?.id;
  }

  /** Where a peer is reached now. */
  path(ref: PeerRef): Path | undefined {
    return pathOf(this.#hub.pairs.get(ref)?.current.place) as Path | undefined;
  }

  /** A snapshot of a peer, frozen; undefined for a stale ref. */
  state(ref: PeerRef): PeerState | undefined {
    return this.#hub.monitor.state(ref);
  }

  /** How suspicious a peer is now, from 0 (just heard) over 1 (suspect) to 2 (dead); see `monitor.suspicion`. */
  suspicion(ref: PeerRef): number | undefined {
    this.#hub.turn.read();
    return this.#hub.monitor.suspicion(ref);
  }

  /** The policy in force for a peer: as given, as negotiated, as stretched. */
  policy(ref: PeerRef): Policy | undefined {
    return this.#hub.monitor.policy(ref);
  }

  [Symbol.iterator](): IterableIterator<PeerRef> {
    return this.#hub.monitor[Symbol.iterator]();
  }

  get size(): number {
    return this.#hub.pairs.size;
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
    const pair = this.#hub.pairs.get(ref);
    return pair ? trustedUntil(pair.current) : Number.NEGATIVE_INFINITY;
  }

  /**
   * Changes what is asked of a peer. A shorter `deadAfterMs` comes into force once the peer knows.
   *
   * @throws RangeError `ERR_SYSTOLE_POLICY`
   */
  setPolicy(ref: PeerRef, options: PolicyOptions): void {
    const policy = define(this.#hub, options);
    this.#with(ref, (pair, hub) => changePolicy(hub, pair, policy));
  }

  /** The silence of this peer, or of all, is our doing from now on. Beats go on. */
  pause(ref?: PeerRef): void {
    this.#entry.run(() => this.#hub.monitor.pause(ref));
  }

  resume(ref?: PeerRef): void {
    this.#entry.run(() => this.#hub.monitor.resume(ref));
  }

  // ── bytes ──────────────────────────────────────────────────────────────────────────────────────

  /**
   * A connection is up on which nobody has said who it is. Unless somebody does in time it is refused,
   * also if nothing ever comes on it: that alone is what calling this is for.
   */
  opened(path: Path): void {
    if (this.#closed) return;
    this.#entry.run(() => opened(this.#hub, path));
  }

  /** The answer that `authenticate` owed about whoever is on this path. Without effect if it came too late. */
  authenticated(path: Path, isAuthentic: boolean): void {
    this.#entry.run(() =>
      decide(this.#hub, path, isAuthentic, (frame) => takeFrame(this.#hub, frame)),
    );
  }

  /**
   * Bytes that arrived: on streams any chunk, else one whole frame. `from` is the path they came on,
   * or the ref of a peer that was added without one. Never throws, whatever the bytes are.
   */
  receive(bytes: Uint8Array, from: Path | PeerRef): void {
    if (this.#closed) return;
    if (this.#entry.isBusy) return this.#keep(bytes, from);
    const entered = this.#entry.enter();
    let isQuiet: boolean | undefined;
    try {
      isQuiet = takeBytes(this.#hub, bytes, from);
    } catch (error) {
      this.#hub.turn.fail(error);
    }
    if (isQuiet) this.#entry.leaveQuietly(entered);
    else this.#entry.leave(entered);
  }

  /** Whether these bytes look like one whole frame of ours, sealed or not: on a socket that others use, too. */
  recognises(bytes: Uint8Array): boolean {
    return isFramed(this.#hub, bytes);
  }

  /**
   * An application message for a peer that is not dead, on a stream. False where it was not sent. `note` is
   * handed on to `send`: whatever the transport wants to know about this message.
   *
   * @throws TypeError or RangeError `ERR_SYSTOLE_OPTION` for no bytes, or more than `maxMessageBytes`.
   */
  message(ref: PeerRef, bytes: Uint8Array, note?: unknown): boolean {
    checkMessage(bytes, this.#hub.options.maxMessageBytes);
    const pair = this.#hub.pairs.get(ref);
    if (!pair) return false;
    const entered = this.#entry.enter();
    let isSent = false;
    try {
      isSent = sendMessage(this.#hub, pair, bytes, note);
    } catch (error) {
      this.#hub.turn.fail(error);
    }
    this.#entry.leave(entered);
    return isSent;
  }

  /** A path, or the peer on it, is over, and the transport knows why. */
  ended(from: Path | PeerRef, reason: EndReason): void {
    this.#entry.run(() => endPath(this.#hub, from, reason));
  }

  // ── time ───────────────────────────────────────────────────────────────────────────────────────

  tick(options: { slice?: boolean | undefined } = {}): void {
    this.#entry.run(() => {
      this.#hub.monitor.tick(options);
      tickContests(this.#hub);
      tickHandshakes(this.#hub);
      tickDepartures(this.#hub);
    });
  }

  nextDeadline(): number {
    const { monitor, handshakes, departures, turn } = this.#hub;
    const ownAt = Math.min(handshakes.nextAt, departures.nextAt);
    // Observed time runs like raw time until we are frozen again.
    const rawAt = ownAt + (turn.now - monitor.observedNow());
    return Math.min(monitor.nextDeadline(), nextContestAt(this.#hub), rawAt);
  }

  onEarlier(callback: () => void): () => void {
    this.#earlier.add(callback);
    // The monitor takes a subscriber for the promise of a driver; waking it is up to us.
    const withdraw = this.#entry.run(() => this.#hub.monitor.onEarlier(() => {}));
    return () => {
      this.#earlier.delete(callback);
      withdraw();
    };
  }

  /** A stall that a loop noticed by itself, in ms; see `Monitor.stalled`. */
  stalled(stallMs: number): void {
    this.#entry.run(() => this.#hub.monitor.stalled(stallMs));
  }

  /** Says LEAVE to everybody and forgets all. What arrives later has no effect. */
  close(options: LeaveOptions = {}): void {
    checkLeave(options);
    this.#entry.run(() => {
      for (const pair of this.#hub.pairs.values()) {
        sayLeave(this.#hub, pair, options);
        this.remove(pair.ref);
      }
      this.#hub.streams.clear();
      this.#hub.handshakes.clear();
      this.#hub.undecided.clear();
      this.#closed = true;
    });
  }

  stats(): EndpointStats {
    const { counts, dropped, refused, handshakes, sessions, pairs, tombstones } = this.#hub;
    const { size, strangers } = sessions;
    return {
      ...counts,
      dropped: { ...dropped },
      refused: { ...refused },
      handshakes: handshakes.size,
      peers: pairs.size,
      tombstones: tombstones.size,
      candidates: strangers,
      sessions: size,
    };
  }

  monitorStats(): MonitorStats {
    return this.#hub.monitor.stats();
  }

  #keep(bytes: Uint8Array, from: Path | PeerRef): void {
    // Not `slice`: that of a Buffer copies nothing.
    const copy = new Uint8Array(bytes);
    this.#entry.keep(() => {
      if (!this.#closed) takeBytes(this.#hub, copy, from);
    });
  }

  /** A turn about a peer that is here. */
  #with<Result>(ref: PeerRef, body: (pair: Pair, hub: Hub) => Result): Result | undefined {
    return this.#entry.run(() => {
      const pair = this.#hub.pairs.get(ref);
      return pair && body(pair, this.#hub);
    });
  }

  #settle(): void {
    const deadline = this.nextDeadline();
    const before = this.#settledAt;
    const isNever = deadline === Number.POSITIVE_INFINITY;
    this.#settledAt = deadline;
    if (deadline < before || (isNever && before < deadline))
      for (const callback of this.#earlier) callback();
  }
}
