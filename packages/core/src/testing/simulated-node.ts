// A process in a simulated network: its clock, which may drift or sleep, its timers, which may be throttled,
// its event loop, which may stand still, and its socket.

import type { Host } from "../host.ts";
import { mix } from "../peer/rules.ts";

/** Options of `network.node`. */
export interface NodeOptions {
  /** How much faster this node's clock runs, in parts per million. Default 0. */
  readonly driftPpm?: number | undefined;
  /** What its wall clock says at the start of the simulation, in ms since 1970. Default 2026-01-01. */
  readonly epochMs?: number | undefined;
  /** Whether its clock goes on while it sleeps; see `sleep`. Default true. */
  readonly countsSleep?: boolean | undefined;
}

/** What a node knows of the network it is in. */
export interface Wire {
  /** Network time, in ms. */
  readonly now: number;
  /** Numbers events, so that those of one instant keep their order. */
  nextOrder(): number;
  carry(from: string, to: string, bytes: Uint8Array, reliable: boolean): void;
}

interface NodeTimer {
  /** In network time. */
  at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** So many datagrams Node reads before it runs what was deferred. */
const DATAGRAMS_A_TURN = 32;

/** A process in a simulated network: a host for `drive`, and a socket. */
export class SimulatedNode implements Host {
  readonly name: string;
  /** Where its datagrams come from; see `rebind`. */
  address: string;
  readonly countsSleep: boolean;
  /** Timers fire only at multiples of this, in ms, as in a browser's tab in the background. 0: in time. */
  throttleMs = 0;
  /** Set it to receive. */
  onBytes: (bytes: Uint8Array, from: string) => void = () => {};

  readonly #network: Wire;
  readonly #rate: number;
  readonly #epochMs: number;
  readonly #seed: number;
  readonly #timers: Set<NodeTimer> = new Set();
  #deferred: (() => void)[] = [];
  #inbox: { readonly bytes: Uint8Array; readonly from: string }[] = [];
  #frozenUntil = 0;
  /** Its clock stands still until then, for the last time, and stood still before for so long. */
  #clockStopsUntil = 0;
  #clockStoppedMs = 0;
  #stopped = false;
  #draws = 0;

  /** @internal Made by `network.node`. */
  constructor(network: Wire, name: string, options: NodeOptions, seed: number) {
    this.#network = network;
    this.name = this.address = name;
    this.#rate = 1 + (options.driftPpm ?? 0) / 1e6;
    this.#epochMs = options.epochMs ?? START_EPOCH_MS;
    this.countsSleep = options.countsSleep ?? true;
    this.#seed = seed;
  }

  now(): number {
    const { now } = this.#network;
    return (Math.max(now, this.#clockStopsUntil) - this.#clockStoppedMs) * this.#rate;
  }

  epochMs(): number {
    return this.#epochMs + this.#network.now * this.#rate;
  }

  entropy(): number {
    this.#draws += 1;
    return mix(this.#seed, this.#draws);
  }

  setTimer(callback: () => void, delayMs: number): NodeTimer {
    const dueAt = this.#network.now + delayMs / this.#rate;
    const at = this.throttleMs > 0 ? Math.ceil(dueAt / this.throttleMs) * this.throttleMs : dueAt;
    const timer = { at, order: this.#network.nextOrder(), callback };
    this.#timers.add(timer);
    return timer;
  }

  clearTimer(timer: unknown): void {
    this.#timers.delete(timer as NodeTimer);
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Sends a datagram, or with `reliable` a piece of an ordered channel. False once stopped. */
  send(to: string | undefined, bytes: Uint8Array, reliable = false): boolean {
    if (this.#stopped || to === undefined) return false;
    this.#network.carry(this.address, to, bytes, reliable);
    return true;
  }

  /** The process stands still for `ms` (SIGSTOP, a blocked loop); what arrives waits in the kernel. */
  freeze(ms: number): void {
    this.#frozenUntil = Math.max(this.#frozenUntil, this.#network.now + ms);
  }

  /** The whole machine sleeps for `ms`; unless it counts sleep, its clock and its timers stand still, too. */
  sleep(ms: number): void {
    this.freeze(ms);
    if (this.countsSleep) return;
    const from = Math.max(this.#network.now, this.#clockStopsUntil);
    const wakesAt = this.#network.now + ms;
    if (wakesAt <= from) return;
    this.#clockStoppedMs += wakesAt - from;
    this.#clockStopsUntil = wakesAt;
    for (const timer of this.#timers) timer.at += wakesAt - from;
  }

  /** The process is gone, without a word. */
  stop(): void {
    this.#stopped = true;
    this.#timers.clear();
    this.#deferred = [];
    this.#inbox = [];
  }

  /** Used by the network: bytes reached the kernel of this node. */
  arrive(bytes: Uint8Array, from: string): void {
    if (!this.#stopped) this.#inbox.push({ bytes, from });
  }

  /** Used by the network: when this node next has something to do. */
  wakesAt(): number {
    if (this.#stopped) return Number.POSITIVE_INFINITY;
    const waiting = this.#inbox.length > 0 || this.#deferred.length > 0;
    let at = waiting ? this.#network.now : Number.POSITIVE_INFINITY;
    for (const timer of this.#timers) at = Math.min(at, timer.at);
    return Math.max(at, this.#frozenUntil);
  }

  /** Used by the network: turns of the event loop, in the order of Node: timers, input, deferred. */
  work(): void {
    while (this.wakesAt() <= this.#network.now) {
      const now = this.#network.now;
      const due = [...this.#timers].filter((timer) => timer.at <= now);
      due.sort((a, b) => a.at - b.at || a.order - b.order);
      for (const timer of due) if (this.#timers.delete(timer)) timer.callback();
      for (const { bytes, from } of this.#inbox.splice(0, DATAGRAMS_A_TURN)) {
        this.onBytes(bytes, from);
      }
      for (const callback of this.#deferred.splice(0)) callback();
    }
  }
}

/** 2026-01-01T00:00:00Z. */
const START_EPOCH_MS = 1_767_225_600_000;
