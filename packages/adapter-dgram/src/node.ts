// One UDP socket, many peers: datagrams to and from the endpoint. Peers are ids, not addresses; an
// address is only where the last proven frame came from.

import { EventEmitter } from "node:events";
import type { AddressInfo } from "node:net";
import { drive, type PeerRef, SystoleTypeError } from "@systole/core";
import { ChangeFeed, type Changes, type ChangesOptions } from "@systole/core/adapter";
import {
  createEndpoint,
  type Endpoint,
  type EndpointOutput,
  type LeaveOptions,
} from "@systole/core/endpoint";
import { systemHost } from "@systole/core/system";
import { addressOf, checkAddress, Paths, type PeerAddress, pathOf } from "./address.ts";
import { beatChannel, changeChannel, publish } from "./channels.ts";
import type { AddOptions, NodeEvents, NodeOptions, NodeStats } from "./options.ts";
import { type Change, Peer } from "./peer.ts";
import { type Keys, Seals } from "./seal.ts";
import { NodeSocket } from "./socket.ts";

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
  readonly #feed: ChangeFeed<Change> = new ChangeFeed();
  readonly #seals: Seals | undefined;
  readonly #socket: NodeSocket;
  readonly #buffers: NodeOptions["buffers"];
  #closing: Promise<void> | undefined;
  readonly #onAbort = (): void => {
    // Closing never fails; whoever waits for it calls `close` as well.
    this.close().catch(() => {});
  };

  constructor(options: NodeOptions) {
    super();
    const { id, policy, accept, acceptBeacon, limits, signal, keys, socket, buffers } = options;
    const host = options.clock ?? systemHost();
    this.#id = id;
    this.#seals = keys && new Seals(keys);
    this.#socket = new NodeSocket(socket);
    this.#buffers = buffers;
    this.#endpoint = createEndpoint<string>({
      id,
      host,
      policy,
      transport: "datagram",
      limits,
      sealing: this.#seals,
      allocate: this.#socket.allocate,
      send: (_peer, datagram, path) => path !== undefined && this.#socket.send(datagram, path),
      emit: (output) => this.#emit(output),
      observeBeats: () => beatChannel.hasSubscribers,
      accept: accept && (({ id, path }) => accept({ id, ...addressOf(path) })),
      acceptBeacon: acceptBeacon && (({ id, path }) => acceptBeacon({ id, ...addressOf(path) })),
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
    if (this.#socket.isThere) {
      throw new SystoleTypeError(
        "ERR_SYSTOLE_OPTION",
        "This node has a socket already.\nBind a shared one yourself; for another, create another node.",
        port,
      );
    }
    checkAddress({ address, port }, 0);
    await this.#socket.open(port, address, this.#buffers ?? {}, (datagram, from) => {
      this.#endpoint.receive(datagram, this.#paths.of(from));
    });
  }

  /**
   * A datagram that arrived at a shared socket.
   *
   * @returns whether it was ours. What is not looks like no frame, and is left to the application.
   * @example
   * ```ts
   * socket.on("message", (message, from) => node.handle(message, from) || serve(message, from));
   * ```
   */
  handle(message: Uint8Array, from: PeerAddress): boolean {
    if (!this.#endpoint.recognises(message)) return false;
    this.#endpoint.receive(message, this.#paths.of(from));
    return true;
  }

  /** Where the socket is; null when there is none. */
  address(): AddressInfo | null {
    return this.#socket.address();
  }

  /**
   * Other keys from now on, without a gap where each is accepted everywhere before anybody signs with it.
   *
   * @throws TypeError `ERR_SYSTOLE_OPTION` for keys that are none, and where the node was made without.
   */
  setKeys(keys: Keys): void {
    if (this.#seals !== undefined) return this.#seals.use(keys);
    throw new SystoleTypeError(
      "ERR_SYSTOLE_OPTION",
      "This node was made without keys.\nCreate it with the option keys.",
    );
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
    const { policy, role, beacon } = options;
    const ref = this.#endpoint.add(id, { path: pathOf(options), policy, role, beacon });
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

  /**
   * Says leave to a peer and keeps it: it is dead (`left`) until it says hello, or is added, again. False
   * when there is none with this id.
   */
  leave(id: string, options: LeaveOptions = {}): boolean {
    const ref = this.#endpoint.find(id);
    if (ref !== undefined) this.#endpoint.leave(ref, options);
    return ref !== undefined;
  }

  /** From now on the silence of all peers is our doing. Beats go on. */
  pause(): void {
    this.#endpoint.pause();
  }

  /** Ends `pause`; all of it is credited. */
  resume(): void {
    this.#endpoint.resume();
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
   * Changes of all peers from now on, as an async iterator that ends when the node closes; see
   * `ChangesOptions`.
   *
   * @throws RangeError `ERR_SYSTOLE_OPTION` for a wrong limit.
   */
  changes(options?: ChangesOptions): Changes<Change> {
    return this.#feed.read(options);
  }

  stats(): NodeStats {
    const { errors, buffers } = this.#socket;
    const opened = this.#seals?.opened;
    return { ...this.#endpoint.stats(), socketErrors: { ...errors }, buffers, opened };
  }

  /** Says leave to everybody, and closes the socket unless it is shared. Always ends; safe to call again. */
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
    this.#feed.end();
    await this.#socket.close();
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
      case "moved": {
        const { id, at, peer, from, to } = output;
        const move = { id: id as string, at, from: addressOf(from), to: addressOf(to) };
        this.emit("moved", move);
        this.#peers.get(peer)?.emit("moved", move);
        return;
      }
      case "unauthenticated": {
        const { at, fault, datagrams, path } = output;
        this.emit("unauthenticated", { at, fault, datagrams, ...addressOf(path) });
        return;
      }
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
    this.#feed.push(change);
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
