// One UDP socket, many peers: datagrams to and from the endpoint. Peers are ids, not addresses; an
// address is only where the last frame came from.

import { createSocket, type Socket } from "node:dgram";
import { EventEmitter } from "node:events";
import { type AddressInfo, isIP } from "node:net";
import {
  drive,
  type Host,
  type PeerRef,
  type PolicyOptions,
  type Role,
  SystoleRangeError,
  SystoleTypeError,
} from "@systole/core";
import {
  type Acceptance,
  createEndpoint,
  type Endpoint,
  type EndpointLimits,
  type EndpointOutput,
  type EndpointStats,
} from "@systole/core/endpoint";
import { systemHost } from "@systole/core/system";
import { addressOf, asItIs, checkAddress, Paths, type PeerAddress, pathOf } from "./address.ts";
import { Changes } from "./changes.ts";
import { beatChannel, changeChannel, publish } from "./channels.ts";
import { type Change, Peer } from "./peer.ts";

/** Options of `createNode`. */
export interface NodeOptions {
  /** Our name towards the peers: 1 to 128 bytes. */
  readonly id: string;
  /** How peers are judged that get no policy of their own. Default `standard`. */
  readonly policy?: PolicyOptions | undefined;
  /**
   * Decides about senders nobody added, once a round trip has proven where they are. Default: none of
   * them gets in.
   */
  readonly accept?: ((candidate: PeerAddress & { readonly id: string }) => Acceptance) | undefined;
  readonly limits?: EndpointLimits | undefined;
  /** Closes the node. */
  readonly signal?: AbortSignal | undefined;
  /** Clock and timer. Default `systemHost()`. */
  readonly clock?: Host | undefined;
}

/** Options of `node.add`. */
export interface AddOptions extends PeerAddress {
  /** Default: the node's policy. */
  readonly policy?: PolicyOptions | undefined;
  /** Default `both`. */
  readonly role?: Role | undefined;
}

/** The events of a node. A death is never an `error`. */
export interface NodeEvents {
  /** A peer that was not added has been accepted. */
  peer: [peer: Peer];
  /** Every change of status of every peer, before the event named like the new one. */
  change: [change: Change];
  alive: [change: Change];
  suspect: [change: Change];
  dead: [change: Change];
  /** We were frozen for so long, and nobody is blamed for it. */
  stalled: [event: { readonly at: number; readonly stallMs: number }];
}

/** What a node counted since it was made. */
export interface NodeStats extends EndpointStats {
  /** Errors of the socket by code (ECONNREFUSED, EMSGSIZE …): evidence, never a verdict. */
  readonly socketErrors: Readonly<Record<string, number>>;
}

/** With more than this in the socket's own queue, beats are refused instead of queued. */
const MAX_QUEUED_BYTES = 262_144;
const MAX_CHANGES = 1_024;

/**
 * A node on one UDP socket that judges any number of peers. Nothing counts before a round trip has
 * proven the sender's address: whoever only writes a false one into a datagram has no effect.
 *
 * @throws TypeError or RangeError `ERR_SYSTOLE_OPTION` or `ERR_SYSTOLE_POLICY` for wrong options.
 * @example
 * ```ts
 * const node = createNode({ id: "gateway", policy: relaxed, accept: ({ id }) => devices.has(id) });
 * await node.bind(7001);
 * for await (const { id, from, to } of node.changes()) console.log(id, from, "→", to);
 * ```
 */
export function createNode(options: NodeOptions): SystoleNode {
  return new SystoleNode(options);
}

/** See {@link createNode}. */
export class SystoleNode extends EventEmitter<NodeEvents> implements AsyncDisposable {
  readonly #id: string;
  readonly #endpoint: Endpoint<string>;
  readonly #driving: Disposable;
  readonly #signal: AbortSignal | undefined;
  readonly #paths: Paths = new Paths();
  readonly #peers: Map<PeerRef, Peer> = new Map();
  readonly #changes: Set<Changes<Change>> = new Set();
  readonly #socketErrors: Record<string, number> = {};
  #socket: Socket | undefined;
  #closing: Promise<void> | undefined;
  readonly #onAbort = (): void => {
    // Closing never fails; whoever waits for it calls `close` as well.
    this.close().catch(() => {});
  };
  readonly #onSent = (error: NodeJS.ErrnoException | null): void => {
    if (error === null) return;
    const code = error.code ?? error.name;
    this.#socketErrors[code] = (this.#socketErrors[code] ?? 0) + 1;
  };

  constructor(options: NodeOptions) {
    super();
    const { id, policy, accept, limits, signal } = options;
    const host = options.clock ?? systemHost();
    this.#id = id;
    this.#endpoint = createEndpoint<string>({
      id,
      host,
      policy,
      transport: "datagram",
      limits,
      send: (_peer, frame, path) => this.#send(frame, path),
      emit: (output) => this.#emit(output),
      observeBeats: () => beatChannel.hasSubscribers,
      accept: accept && (({ id, path }) => accept({ id, ...addressOf(path) })),
    });
    this.#driving = drive(this.#endpoint, host);
    this.#signal = signal;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (signal?.aborted) queueMicrotask(this.#onAbort);
  }

  /**
   * Opens the socket. `address` is an IP address of this machine, an IPv6 one for an IPv6 socket;
   * default all of IPv4.
   *
   * @param port 0 for any free one.
   * @throws the error of the system where that is impossible, such as EADDRINUSE.
   */
  async bind(port = 0, address = "0.0.0.0"): Promise<void> {
    this.#checkOpen();
    if (this.#socket !== undefined) {
      throw new SystoleTypeError(
        "ERR_SYSTOLE_OPTION",
        "This node has a socket already.\nClose it, and create another node.",
        port,
      );
    }
    checkAddress({ address, port }, 0);
    const type = isIP(address) === 6 ? "udp6" : "udp4";
    const socket = createSocket({ type, lookup: asItIs });
    this.#socket = socket;
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once("error", reject);
        socket.bind(port, address, () => {
          socket.off("error", reject);
          resolve();
        });
      });
    } catch (error) {
      this.#socket = undefined;
      socket.close();
      throw error;
    }
    socket.on("error", this.#onSent);
    socket.on("message", (datagram, { address, port }) => {
      this.#endpoint.receive(datagram, this.#paths.of(address, port));
    });
  }

  /** Where the socket is; null when there is none. */
  address(): AddressInfo | null {
    return this.#socket?.address() ?? null;
  }

  /**
   * Adds a peer by hand. It is asked at once, beaten when it is dead, and kept until removed. A dead
   * peer with this id begins its next session.
   *
   * @throws TypeError `ERR_SYSTOLE_OPTION` for a name instead of an address,
   * `ERR_SYSTOLE_DUPLICATE_PEER` when a peer with this id is not dead.
   */
  add(id: string, options: AddOptions): Peer {
    this.#checkOpen();
    checkAddress(options, 1);
    const { policy, role } = options;
    const ref = this.#endpoint.add(id, { path: pathOf(options), policy, role });
    return this.#peers.get(ref) ?? this.#hold(ref, id);
  }

  /** Says leave to a peer and forgets it. False when there is none with this id. */
  remove(id: string): boolean {
    const ref = this.#endpoint.find(id);
    if (ref === undefined) return false;
    this.#endpoint.leave(ref, { reason: "removed" });
    this.#endpoint.remove(ref);
    this.#forget(ref);
    return true;
  }

  /** The peer with this id, dead or not. */
  peer(id: string): Peer | undefined {
    const ref = this.#endpoint.find(id);
    return ref === undefined ? undefined : this.#peers.get(ref);
  }

  /** All peers, dead ones included. */
  get peers(): readonly Peer[] {
    return [...this.#peers.values()];
  }

  /**
   * Changes of all peers from now on, as an async iterator that ends when the node closes. It holds
   * at most `limit` of them, default 1024; beyond that the oldest are dropped and counted.
   */
  changes({ limit = MAX_CHANGES }: { readonly limit?: number | undefined } = {}): Changes<Change> {
    if (!(Number.isInteger(limit) && limit > 0)) {
      throw new SystoleRangeError(
        "ERR_SYSTOLE_OPTION",
        `limit must be a whole number above 0 (got ${limit}).\nLeave it out for ${MAX_CHANGES}.`,
        limit,
      );
    }
    const changes = new Changes<Change>(limit, (ended) => this.#changes.delete(ended));
    if (this.#closing === undefined) this.#changes.add(changes);
    else changes.end();
    return changes;
  }

  stats(): NodeStats {
    return { ...this.#endpoint.stats(), socketErrors: { ...this.#socketErrors } };
  }

  /** Says leave to everybody and closes the socket. Always ends; safe to call again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    for (const ref of [...this.#endpoint]) this.#endpoint.leave(ref);
    this.#endpoint.close();
    this.#driving[Symbol.dispose]();
    for (const ref of [...this.#peers.keys()]) this.#forget(ref);
    for (const changes of [...this.#changes]) changes.end();
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) await new Promise<void>((resolve) => socket.close(resolve));
  }

  #send(frame: Uint8Array, path: string | undefined): boolean {
    const socket = this.#socket;
    if (socket === undefined || path === undefined) return false;
    if (queuedBytes(socket) > MAX_QUEUED_BYTES) return false;
    const { address, port } = addressOf(path);
    socket.send(frame, 0, frame.length, port, address, this.#onSent);
    return true;
  }

  #emit(output: EndpointOutput<string>): void {
    switch (output.type) {
      case "changed": {
        const { path: _path, ...rest } = output;
        return this.#changed({ ...rest, id: output.id as string });
      }
      case "beat":
        return publish(beatChannel, this.#id, output);
      case "declared-dead":
        this.#peers.get(output.peer)?.emit("declared-dead", { at: output.at });
        return;
      case "forget":
        return this.#forget(output.peer);
      case "stalled":
        this.emit("stalled", { at: output.at, stallMs: output.stallMs });
        return;
      default:
    }
  }

  #changed(change: Change): void {
    const known = this.#peers.get(change.peer);
    const peer = known ?? this.#hold(change.peer, change.id);
    if (known === undefined) this.emit("peer", peer);
    publish(changeChannel, this.#id, change);
    for (const changes of this.#changes) changes.push(change);
    this.emit("change", change);
    if (change.to !== "connecting") this.emit(change.to, change);
    peer.changed(change);
  }

  #hold(ref: PeerRef, id: string): Peer {
    const peer = new Peer(this.#endpoint, ref, id);
    this.#peers.set(ref, peer);
    return peer;
  }

  #forget(ref: PeerRef): void {
    const peer = this.#peers.get(ref);
    this.#peers.delete(ref);
    peer?.gone();
  }

  #checkOpen(): void {
    if (this.#closing === undefined) return;
    throw new SystoleTypeError("ERR_SYSTOLE_CLOSED", "This node is closed.\nCreate another one.");
  }
}

/** Deno's sockets do not say; they hand everything to the kernel at once. */
export function queuedBytes(socket: Partial<Pick<Socket, "getSendQueueSize">>): number {
  return socket.getSendQueueSize?.() ?? 0;
}
