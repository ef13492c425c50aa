// A network in virtual time: delay, loss in bursts and alone, duplication, reordering, corruption, partitions
// (one-way ones, too), addresses that change. Everything follows from one seed. What a process in it may
// suffer is in simulated-node.ts.

import { checkOption } from "../errors.ts";
import { mix } from "../peer/rules.ts";
import { EventQueue } from "./event-queue.ts";
import { type NodeOptions, SimulatedNode, type Wire } from "./simulated-node.ts";

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

interface Delivery {
  readonly at: number;
  readonly order: number;
  readonly to: SimulatedNode;
  readonly from: string;
  readonly bytes: Uint8Array;
}

/**
 * A network of nodes in virtual time.
 *
 * @throws RangeError `ERR_SYSTOLE_OPTION` for shares that are none, and delays before 0; so does `treat`.
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
export class SimulatedNetwork implements Wire {
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
  treat(options: LinkOptions): void {
    checkLink(options);
    const { delayMs, loss, duplicate, bursts, corrupt, spikes } = options;
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
   * any address before is lost, unless those still work.
   */
  rebind(
    name: string,
    address: string,
    { oldWorks = false }: { readonly oldWorks?: boolean } = {},
  ): void {
    const node = [...this.#nodes.values()].find((each) => each.name === name);
    if (node === undefined) return;
    for (const [before, each] of oldWorks ? [] : this.#nodes) {
      if (each === node) this.#nodes.delete(before);
    }
    node.address = address;
    this.#nodes.set(address, node);
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

function checkLink({ delayMs = [1, 5], bursts, spikes, ...shares }: LinkOptions): void {
  const [least, most] = delayMs;
  const isDelay = least >= 0 && most >= least && most < Number.POSITIVE_INFINITY;
  checkOption(isDelay, "delayMs", delayMs, "two finite numbers from 0 on, the smaller one first");
  const { loss, duplicate, corrupt } = shares;
  const all = {
    ...{ loss, duplicate, corrupt, "bursts.enter": bursts?.enter, "bursts.leave": bursts?.leave },
    "spikes.share": spikes?.share,
  };
  for (const [name, share = 0] of Object.entries(all)) {
    checkOption(share >= 0 && share <= 1, name, share, "a share from 0 to 1");
  }
  const wayOut = "A link that never gets well again is cut: use `cut`.";
  checkOption(bursts?.leave !== 0, "bursts.leave", bursts?.leave, "above 0", wayOut);
  const { ms = 0 } = spikes ?? {};
  checkOption(ms >= 0 && Number.isFinite(ms), "spikes.ms", ms, "a finite number from 0 on");
}
