// The side that listens: one endpoint for all connections, one peer object for each session.

import { EventEmitter } from "node:events";
import {
  type AddressInfo,
  createServer as createNetServer,
  type Server,
  type Socket,
} from "node:net";
import {
  drive,
  type Host,
  type PeerRef,
  type PolicyOptions,
  SystoleTypeError,
} from "@systole/core";
import {
  type Acceptance,
  createEndpoint,
  type Endpoint,
  type EndpointChange,
  type EndpointLimits,
  type EndpointOutput,
  type EndpointStats,
} from "@systole/core/endpoint";
import { systemHost } from "@systole/core/system";
import { beatChannel, changeChannel, publish } from "./channels.ts";
import { Link } from "./link.ts";
import { type Change, type Life, MAX_MESSAGE_BYTES, Peer } from "./peer.ts";

/** Options of `createServer`. */
export interface ServerOptions {
  /** Our name towards the peers: 1 to 128 bytes. */
  readonly id: string;
  /** How peers are judged, and with it the pace we ask them for. Default `standard`. */
  readonly policy?: PolicyOptions | undefined;
  /** Decides about everybody who says who it is. Default: everybody is welcome. */
  readonly accept?:
    | ((candidate: { readonly id: string; readonly socket: Socket }) => Acceptance)
    | undefined;
  readonly limits?: EndpointLimits | undefined;
  /** The longest message, in bytes; a longer one breaks the connection. Default 1 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /** Closes the server. */
  readonly signal?: AbortSignal | undefined;
  /** Clock and timer. Default `systemHost()`. */
  readonly clock?: Host | undefined;
}

/** The events of a server. A death is never an `error`. */
export interface ServerEvents {
  /** A peer came alive: once for each session. Its own events follow. */
  peer: [peer: Peer];
  /** Every change of status of every peer, before the event named like the new one. */
  change: [change: Change];
  alive: [change: Change];
  suspect: [change: Change];
  dead: [change: Change];
  /** We were frozen for so long, and nobody is blamed for it. */
  stalled: [event: { readonly at: number; readonly stallMs: number }];
}

/** What a server counted since it was made. */
export interface ServerStats extends EndpointStats {
  /** Connections now, those of nobody known included. */
  readonly connections: number;
  /** Connections that could not be accepted, by error code: EMFILE and the like. */
  readonly acceptErrors: Readonly<Record<string, number>>;
}

/**
 * A server of framed messages on which every peer is judged.
 *
 * @throws TypeError or RangeError `ERR_SYSTOLE_OPTION` or `ERR_SYSTOLE_POLICY` for wrong options.
 * @example
 * ```ts
 * const server = createServer({ id: "scheduler", policy: strict });
 * server.on("peer", (peer) => {
 *   peer.on("message", (bytes) => peer.send(bytes));
 *   peer.on("dead", ({ reason, safeInMs }) => reassignIn(safeInMs, peer.id, reason));
 * });
 * await server.listen(7000);
 * ```
 */
export function createServer(options: ServerOptions): SystoleServer {
  return new SystoleServer(options);
}

/** See {@link createServer}. */
export class SystoleServer extends EventEmitter<ServerEvents> implements AsyncDisposable {
  readonly #options: ServerOptions;
  readonly #maxMessageBytes: number;
  readonly #server: Server;
  readonly #endpoint: Endpoint<Link>;
  readonly #driving: Disposable;
  readonly #links: Set<Link> = new Set();
  readonly #lives: Map<PeerRef, { readonly life: Life; readonly peer: Peer }> = new Map();
  readonly #onLink: WeakMap<Link, Peer> = new WeakMap();
  readonly #acceptErrors: Record<string, number> = {};
  #closing: Promise<void> | undefined;
  readonly #onAcceptError = (error: NodeJS.ErrnoException): void => {
    const code = error.code ?? error.name;
    this.#acceptErrors[code] = (this.#acceptErrors[code] ?? 0) + 1;
  };
  readonly #onAbort = (): void => {
    // Closing never fails; whoever waits for it calls `close` as well.
    this.close().catch(() => {});
  };

  constructor(options: ServerOptions) {
    super();
    this.#options = options;
    const { id, policy, accept, limits, signal, clock = systemHost() } = options;
    this.#maxMessageBytes = options.maxMessageBytes ?? MAX_MESSAGE_BYTES;
    this.#endpoint = createEndpoint<Link>({
      id,
      host: clock,
      policy,
      transport: "stream",
      limits,
      maxMessageBytes: this.#maxMessageBytes,
      send: (_peer, frame, link) => link?.send(frame) ?? false,
      emit: (output) => this.#emit(output),
      observeBeats: () => beatChannel.hasSubscribers,
      accept: accept ? (each) => accept({ id: each.id, socket: each.path.socket }) : () => true,
    });
    this.#driving = drive(this.#endpoint, clock);
    this.#server = createNetServer({ noDelay: true }, (socket) => this.#connected(socket));
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (signal?.aborted) queueMicrotask(this.#onAbort);
  }

  /**
   * Listens on a TCP port (0 for any free one) or on the path of a unix socket.
   *
   * @throws the error of the system where that is impossible, such as EADDRINUSE.
   */
  async listen(where: number | string, host?: string): Promise<void> {
    if (this.#closing !== undefined) {
      throw new SystoleTypeError(
        "ERR_SYSTOLE_CLOSED",
        "This server is closed.\nCreate another one.",
      );
    }
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      const listening = () => {
        this.#server.off("error", reject);
        this.#server.on("error", this.#onAcceptError);
        resolve();
      };
      if (typeof where === "string") this.#server.listen(where, listening);
      else this.#server.listen(where, host, listening);
    });
  }

  /** Where it listens: the path of a unix socket, else address and port; null when it does not. */
  address(): AddressInfo | string | null {
    return this.#server.address();
  }

  /** The peer with this id, if it is alive or suspect. */
  peer(id: string): Peer | undefined {
    const ref = this.#endpoint.find(id);
    return ref === undefined ? undefined : this.#lives.get(ref)?.peer;
  }

  /** All peers that are alive or suspect. */
  get peers(): readonly Peer[] {
    return [...this.#lives.values()].map(({ peer }) => peer);
  }

  stats(): ServerStats {
    return {
      ...this.#endpoint.stats(),
      connections: this.#links.size,
      acceptErrors: { ...this.#acceptErrors },
    };
  }

  /**
   * Stops listening, closes every peer as `peer.close()` does, and resolves when nothing is left.
   * Safe to call again.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #connected(socket: Socket): void {
    const link = new Link(socket, {
      received: (bytes) => this.#endpoint.receive(bytes, link),
      gone: () => this.#endpoint.ended(link, "closed"),
      drained: () => this.#onLink.get(link)?.drained(),
    });
    this.#links.add(link);
    socket.once("close", () => this.#links.delete(link));
  }

  #emit(output: EndpointOutput<Link>): void {
    switch (output.type) {
      case "changed":
        return this.#changed(output);
      case "message":
        this.#lives.get(output.peer)?.peer.emit("message", output.bytes);
        return;
      case "beat":
        return publish(beatChannel, this.#options.id, output);
      case "declared-dead":
        this.#lives.get(output.peer)?.peer.emit("declared-dead", { at: output.at });
        return;
      case "refused":
        output.path.end();
        return;
      case "stalled":
        this.emit("stalled", { at: output.at, stallMs: output.stallMs });
        return;
      default:
    }
  }

  #changed(output: EndpointChange<Link>): void {
    const { path: link, ...change } = output;
    if (change.to === "alive" && change.from === "connecting" && link !== undefined) {
      this.#begin(change.peer, change.id as string, link);
    }
    const known = this.#lives.get(change.peer);
    if (change.to === "dead") {
      if (change.reason === "left") link?.end();
      else link?.socket.destroy();
      if (known !== undefined) this.#end(known.life, change);
    }
    this.#tell({ ...change, id: change.id as string, ...(link?.error && { error: link.error }) });
    known?.peer.changed(change);
  }

  #begin(ref: PeerRef, id: string, link: Link): void {
    const endpoint = this.#endpoint;
    const maxMessageBytes = this.#maxMessageBytes;
    const life: Life = { endpoint, ref, maxMessageBytes, id, link, end: undefined, close };
    async function close(gracefully: boolean): Promise<void> {
      if (gracefully && life.end === undefined) endpoint.leave(ref);
      if (gracefully) link.end();
      else link.socket.destroy();
      await link.closed;
    }
    const peer = new Peer(life);
    this.#lives.set(ref, { life, peer });
    this.#onLink.set(link, peer);
    link.socket.once("close", () => peer.finished());
    this.emit("peer", peer);
  }

  /** The ref may belong to the next session already: this peer no longer asks about it. */
  #end(
    life: Life,
    { session, reason }: EndpointChange<Link> | Omit<EndpointChange<Link>, "path">,
  ): void {
    const state = this.#endpoint.state(life.ref);
    life.end = { state: state?.session === session ? state : undefined, reason };
    this.#lives.delete(life.ref);
  }

  #tell(change: Change): void {
    publish(changeChannel, this.#options.id, change);
    this.emit("change", change);
    if (change.to !== "connecting") this.emit(change.to, change);
  }

  async #close(): Promise<void> {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    const stopped = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await Promise.all(this.peers.map((peer) => peer.close()));
    this.#endpoint.close();
    this.#driving[Symbol.dispose]();
    // What is left belongs to nobody: connections that never said who they are.
    for (const link of this.#links) link.socket.destroy();
    await stopped;
  }
}
