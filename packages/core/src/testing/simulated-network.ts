// A network in virtual time: delay, loss, duplication, reordering, partitions (one-way ones, too),
// frozen and restarted processes, drifting clocks. Everything follows from one seed.

import type { Host } from "../host.ts";
import { mix } from "../peer/rules.ts";
import { EventQueue } from "./event-queue.ts";

/** How a link treats what is sent over it. */
export interface LinkOptions {
  /** Delay in ms, uniform between the two. Default [1, 5]. Overtaking follows from it. */
  readonly delayMs?: readonly [number, number] | undefined;
  /** Share of datagrams lost, 0 to 1. Default 0. */
  readonly loss?: number | undefined;
  /** Share of datagrams delivered twice, 0 to 1. Default 0. */
  readonly duplicate?: number | undefined;
  /** Losses that come together, besides single ones. Default: none. */
  readonly bursts?: Bursts | undefined;
  /** Share of datagrams in which bits are turned over, or whose end is cut off, 0 to 1. Default 0. */
  readonly corrupt?: number | undefined;
  /** Datagrams that are late: this share of them, 0 to 1, by so many ms more. Default: none. */
  readonly spikes?: { readonly share: number; readonly ms: number } | undefined;
}

/**
 * The model of Gilbert (1960): each direction of each link is well or bad, and whatever is sent while it is
 * bad is lost. On average `enter / (enter + leave)` of all datagrams, `1 / leave` of them in a row.
 */
export interface Bursts {
  /** With each datagram, the chance that a link which was well gets bad, 0 to 1. */
  readonly enter: number;
  /** With each datagram, the chance that a link which was bad gets well, above 0, to 1. */
  readonly leave: number;
}

/** Options of `SimulatedNetwork`. */
export interface NetworkOptions extends LinkOptions {
  /** Same seed, same history. Default 1. */
  readonly seed?: number | undefined;
}

/** Options of `network.node`. */
export interface NodeOptions {
  /** How much faster this node's clock runs, in parts per million. Default 0. */
  readonly driftPpm?: number | undefined;
  /** What its wall clock says at the start of the simulation, in ms since 1970. Default 2026-01-01. */
  readonly epochMs?: number | undefined;
  /** Whether its clock goes on while it sleeps; see `sleep`. Default true. */
  readonly countsSleep?: boolean | undefined;
}

interface Delivery {
  readonly at: number;
  readonly order: number;
  readonly to: SimulatedNode;
  readonly from: string;
  readonly bytes: Uint8Array;
}

interface NodeTimer {
  /** In network time. */
  at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** So many datagrams Node reads before it runs what was deferred. */
const DATAGRAMS_A_TURN = 32;

/**
 * A network of nodes in virtual time.
 *
 * @example
 * ```ts
 * const network = new SimulatedNetwork({ seed: 7, loss: 0.1 });
 * const host = network.node("a");
 * const endpoint = createEndpoint({
 *   id: "a", host, transport: "datagram", emit,
 *   send: (_peer, frame, path) => host.send(path, frame),
 * });
 * host.onBytes = (bytes, from) => endpoint.receive(bytes, from);
 * drive(endpoint, host);
 * network.run(10_000);
 * ```
 */
export class SimulatedNetwork {
  /** Network time, in ms. */
  now = 0;
  /** Datagrams handed to the network, lost by it, and delivered. */
  readonly counts: { sent: number; lost: number; delivered: number } = {
    sent: 0,
    lost: 0,
    delivered: 0,
  };

  readonly #seed: number;
  #delayMs: readonly [number, number] = [1, 5];
  #loss = 0;
  #duplicate = 0;
  #bursts: Bursts | undefined;
  #corrupt = 0;
  #spikes: LinkOptions["spikes"];
  /** Directions of links that are bad now. */
  readonly #bad: Set<string> = new Set();
  readonly #nodes: Map<string, SimulatedNode> = new Map();
  readonly #cuts: Set<string> = new Set();
  readonly #deliveries: EventQueue<Delivery> = new EventQueue();
  /** What a cut holds back, until it heals. */
  #heldBack: Delivery[] = [];
  readonly #channelFreeAt: Map<string, number> = new Map();
  #draws = 0;
  #orders = 0;

  constructor(options: NetworkOptions = {}) {
    this.#seed = options.seed ?? 1;
    this.treat(options);
  }

  /** How all links treat what is sent from now on; what is not given is as by default. */
  treat({ delayMs, loss, duplicate, bursts, corrupt, spikes }: LinkOptions): void {
    this.#delayMs = delayMs ?? [1, 5];
    this.#loss = loss ?? 0;
    this.#duplicate = duplicate ?? 0;
    this.#bursts = bursts;
    this.#corrupt = corrupt ?? 0;
    this.#spikes = spikes;
    this.#bad.clear();
  }

  /** A new process called `name`. One that ran under this name before is gone. */
  node(name: string, options: NodeOptions = {}): SimulatedNode {
    for (const [address, before] of this.#nodes) {
      if (before.name !== name) continue;
      before.stop();
      this.#nodes.delete(address);
    }
    const node = new SimulatedNode(this, name, options, this.next());
    this.#nodes.set(name, node);
    return node;
  }

  /** Cuts the link: both ways, or only what goes `from` → `to`. */
  cut(from: string, to: string, oneWay = false): void {
    this.#cuts.add(`${from}>${to}`);
    if (!oneWay) this.#cuts.add(`${to}>${from}`);
  }

  /** Mends the link in both directions. */
  heal(a: string, b: string): void {
    this.#cuts.delete(`${a}>${b}`);
    this.#cuts.delete(`${b}>${a}`);
    const waiting = this.#heldBack;
    this.#heldBack = waiting.filter((delivery) => this.#isHeldBack(delivery));
    for (const each of waiting) if (!this.#isHeldBack(each)) this.#deliveries.push(each);
  }

  /**
   * A NAT gives a node another address: what it sends comes from there from now on, and what is sent to
   * the address before is lost, unless that still works.
   */
  rebind(
    name: string,
    address: string,
    { oldWorks = false }: { readonly oldWorks?: boolean } = {},
  ): void {
    for (const [before, node] of this.#nodes) {
      if (node.name !== name) continue;
      if (!oldWorks) this.#nodes.delete(before);
      node.address = address;
      this.#nodes.set(address, node);
      return;
    }
  }

  /** Lets `ms` of network time pass. */
  run(ms: number): void {
    const until = this.now + ms;
    this.#settle();
    for (let at = this.#nextAt(); at <= until; at = this.#nextAt()) {
      this.now = Math.max(this.now, at);
      this.#settle();
    }
    this.now = until;
  }

  /** A number from 0 to 2³²−1 out of the seed. */
  next(): number {
    this.#draws += 1;
    return mix(mix(this.#seed, 0x2e7), this.#draws);
  }

  /** Numbers events, so that those of one instant keep their order. */
  nextOrder(): number {
    this.#orders += 1;
    return this.#orders;
  }

  /** Used by nodes. `reliable`: in order, whole and never lost; a cut only holds it back. */
  carry(from: string, to: string, bytes: Uint8Array, reliable: boolean): void {
    const node = this.#nodes.get(to);
    this.counts.sent += 1;
    if (node === undefined || (!reliable && this.#loses(`${from}>${to}`))) {
      this.counts.lost += 1;
      return;
    }
    const copies = !reliable && this.#chance(this.#duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      let at = this.now + this.#delay();
      const carried = bytes.slice();
      if (reliable) {
        const channel = `${from}>${to}`;
        at = Math.max(at, this.#channelFreeAt.get(channel) ?? 0);
        this.#channelFreeAt.set(channel, at);
      } else if (this.#chance(this.#spikes?.share ?? 0)) {
        at += this.#spikes?.ms ?? 0;
      }
      const isWhole = reliable || !this.#chance(this.#corrupt);
      const arriving = isWhole ? carried : this.#corrupted(carried);
      this.#deliveries.push({ at, order: this.nextOrder(), to: node, from, bytes: arriving });
    }
  }

  #loses(direction: string): boolean {
    if (this.#cuts.has(direction)) return true;
    return this.#isBad(direction) || this.#chance(this.#loss);
  }

  #isBad(direction: string): boolean {
    if (this.#bursts === undefined) return false;
    const { enter, leave } = this.#bursts;
    if (!this.#bad.has(direction)) {
      if (this.#chance(enter)) this.#bad.add(direction);
    } else if (this.#chance(leave)) {
      this.#bad.delete(direction);
    }
    return this.#bad.has(direction);
  }

  /** With one to three bits turned over, or without its end. */
  #corrupted(bytes: Uint8Array): Uint8Array {
    const draw = this.next();
    if (draw % 4 === 0) return bytes.subarray(0, this.next() % Math.max(1, bytes.length));
    for (let bits = draw % 4; bits > 0; bits--) {
      const bit = this.next() % (8 * bytes.length);
      (bytes[bit >> 3] as number) ^= 1 << (bit & 7);
    }
    return bytes;
  }

  #delay(): number {
    const [least, most] = this.#delayMs;
    return least + ((most - least) * this.next()) / 2 ** 32;
  }

  #chance(share: number): boolean {
    return share > 0 && this.next() / 2 ** 32 < share;
  }

  #nextAt(): number {
    let at = this.#deliveries.first?.at ?? Number.POSITIVE_INFINITY;
    for (const node of this.#nodes.values()) at = Math.min(at, node.wakesAt());
    return at;
  }

  /** A cut holds back what is under way in a reliable channel; datagrams were decided when sent. */
  #isHeldBack({ from, to }: Delivery): boolean {
    return this.#channelFreeAt.has(`${from}>${to.name}`) && this.#cuts.has(`${from}>${to.name}`);
  }

  /** Delivers what has arrived, and lets every node run until it has nothing left to do. */
  #settle(): void {
    for (let due = this.#deliveries.first; due && due.at <= this.now; ) {
      this.#deliveries.pop();
      if (this.#isHeldBack(due)) {
        this.#heldBack.push(due);
      } else {
        this.counts.delivered += 1;
        due.to.arrive(due.bytes, due.from);
      }
      due = this.#deliveries.first;
    }
    for (const node of this.#nodes.values()) node.work();
  }
}

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

  readonly #network: SimulatedNetwork;
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

  constructor(network: SimulatedNetwork, name: string, options: NodeOptions, seed: number) {
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
