// The side that listens: one endpoint for all connections, one peer object for each session.

import { EventEmitter } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import {
  type MonitorStats,
  type PeerRef,
  type PolicyOptions,
  SystoleTypeError,
} from "@systole/core";
import type { Changes, ChangesOptions } from "@systole/core/adapter";
import type {
  Acceptance,
  Candidate,
  EndpointChange,
  EndpointLimits,
  EndpointOutput,
  EndpointStats,
} from "@systole/core/endpoint";
import type { Link } from "./link.ts";
import { listenerOf, readyEvent } from "./listener.ts";
import { type Change, type CloseOptions, Peer } from "./peer.ts";
import { Side, type SideOptions } from "./side.ts";

/** Somebody on a connection, and who it says it is. On TLS `socket` is a `TLSSocket`. */
export interface Newcomer {
  readonly id: string;
  readonly socket: Socket;
}

/** Options of `createServer`. */
export interface ServerOptions extends SideOptions {
  /** How peers are judged, and with it the pace we ask them for. Default `standard`. */
  readonly policy?: PolicyOptions | undefined;
  /**
   * Whether a newcomer is who it says it is: asked once a connection, before its id counts for anything,
   * also for ids that are known. Without it whoever knows the id of a silent peer can take its place.
   * May take its time, within `limits.handshakeMs`; nothing is read of the connection meanwhile. What is
   * not true is no; an error is no, and counted. Default: everybody is believed.
   */
  readonly authenticate?: ((newcomer: Newcomer) => boolean | PromiseLike<boolean>) | undefined;
  /** Whether we want a peer with an id that is new here, and how it is judged. Default: everybody. */
  readonly accept?: ((newcomer: Newcomer) => Acceptance) | undefined;
  readonly limits?: EndpointLimits | undefined;
  /** Speaks TLS, with these options: `cert`, `key`, `ca` with `requestCert`, … */
  readonly tls?: TlsOptions | undefined;
  /** A TCP, TLS or unix server of your own, whose connections are ours from now on. Not with `tls`. */
  readonly server?: Server | undefined;
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
  /** What could not be accepted or authenticated, by error code: EMFILE, ERR_SSL_…, and the like. */
  readonly acceptErrors: Readonly<Record<string, number>>;
  /** How many peers are in which status, and how well we are ourselves. */
  readonly monitor: MonitorStats;
}

/**
 * A server of framed messages on which every peer is judged.
 *
 * @throws TypeError or RangeError `ERR_SYSTOLE_OPTION` or `ERR_SYSTOLE_POLICY` for wrong options, and
 * what `node:tls` throws for its own.
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
  readonly #side: Side;
  readonly #server: Server;
  readonly #sockets: Set<Socket> = new Set();
  readonly #acceptErrors: Record<string, number> = {};
  #closing: Promise<void> | undefined;
  readonly #onConnection = (socket: Socket): void => {
    this.#sockets.add(socket);
    socket.on("close", this.#onClose);
  };
  /** One for all connections, so that none keeps a closure. */
  readonly #onClose: (this: Socket) => void;
  readonly #onSocket = (socket: Socket): void => {
    if (this.#closing === undefined) this.#side.endpoint.opened(this.#side.link(socket));
    else socket.destroy();
  };
  readonly #onFailure = (error: NodeJS.ErrnoException): void => {
    const code = error?.code ?? error?.name ?? "unknown";
    this.#acceptErrors[code] = (this.#acceptErrors[code] ?? 0) + 1;
  };

  readonly #onTlsFailure = (error: Error, socket: Socket): void => {
    this.#onFailure(error);
    // Node only says that a handshake took too long.
    socket.destroy();
  };

  constructor(options: ServerOptions) {
    super();
    this.#options = options;
    const sockets = this.#sockets;
    this.#onClose = function onClose() {
      sockets.delete(this);
    };
    this.#server = listenerOf(options);
    const { authenticate, accept, limits } = options;
    const newcomer = ({ id, path }: Candidate<Link>) => ({ id, socket: path.socket });
    this.#side = new Side(
      options,
      {
        changed: (change, peer) => this.#changed(change, peer),
        arrived: (change, link) => this.#arrived(change, link),
        other: (output) => this.#other(output),
        close: () => this.close(),
      },
      {
        limits,
        accept: accept ? (candidate) => accept(newcomer(candidate)) : () => true,
        authenticate: authenticate && ((candidate) => this.#authenticate(authenticate, candidate)),
      },
    );
    this.#server.on("connection", this.#onConnection);
    this.#server.on(readyEvent(this.#server), this.#onSocket);
    this.#server.on("tlsClientError", this.#onTlsFailure);
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
        this.#server.on("error", this.#onFailure);
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

  /** Takes over a connected socket that came by another way; on TLS, after its handshake. */
  serve(socket: Socket): void {
    this.#onConnection(socket);
    this.#onSocket(socket);
  }

  /** The peer with this id, if it is alive or suspect. */
  peer(id: string): Peer | undefined {
    return this.#side.peers.get(this.#side.endpoint.find(id) as PeerRef);
  }

  /** All peers that are alive or suspect. */
  get peers(): readonly Peer[] {
    return [...this.#side.peers.values()];
  }

  /**
   * Changes of all peers from now on, as an async iterator that ends when the server closes. It holds at
   * most `limit` of them for a slow reader; beyond that the oldest are dropped, and counted.
   *
   * @throws RangeError `ERR_SYSTOLE_OPTION` for a wrong limit.
   */
  changes(options?: ChangesOptions): Changes<Change> {
    return this.#side.feed.read(options);
  }

  stats(): ServerStats {
    const { endpoint } = this.#side;
    return {
      ...endpoint.stats(),
      connections: this.#sockets.size,
      acceptErrors: { ...this.#acceptErrors },
      monitor: endpoint.monitorStats(),
    };
  }

  /**
   * Stops listening, closes every peer as `peer.close()` does, and resolves when nothing is left. A
   * `server` of your own goes on listening, for you. Safe to call again.
   *
   * @throws RangeError `ERR_SYSTOLE_OPTION`
   */
  close(options: CloseOptions = {}): Promise<void> {
    // Evaluated first: wrong options throw, and close nothing.
    this.#closing ??= this.#close(this.#closePeers(options), options);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #closePeers(options: CloseOptions): Promise<unknown> {
    return Promise.all(this.peers.map((peer) => peer.close(options)));
  }

  async #close(peersClosed: Promise<unknown>, options: CloseOptions): Promise<void> {
    const server = this.#server;
    const stopped = new Promise<void>((resolve) => {
      if (this.#options.server === undefined) server.close(() => resolve());
      else resolve();
    });
    // Handshakes that were under way may bring another one meanwhile.
    await peersClosed;
    while (this.#side.peers.size > 0) await this.#closePeers(options);
    this.#side.close();
    server.off("connection", this.#onConnection).off(readyEvent(server), this.#onSocket);
    server.off("tlsClientError", this.#onTlsFailure).off("error", this.#onFailure);
    // What is left belongs to nobody: connections that never said who they are.
    for (const socket of this.#sockets) socket.destroy();
    await stopped;
  }

  #authenticate(
    authenticate: NonNullable<ServerOptions["authenticate"]>,
    { id, path: { socket }, path }: Candidate<Link>,
  ): undefined {
    const decide = async () => {
      try {
        return (await authenticate({ id, socket })) === true;
      } catch (error) {
        this.#onFailure(error as Error);
        return false;
      }
    };
    // What comes meanwhile waits where it costs us nothing.
    socket.pause();
    void decide().then((isAuthentic) => {
      socket.resume();
      this.#side.endpoint.authenticated(path, isAuthentic);
    });
  }

  #arrived({ peer: ref, id }: EndpointChange<Link>, link: Link): void {
    const peer = new Peer(this.#side.endpoint, ref, id as string, link);
    this.#side.peers.set(ref, peer);
    this.emit("peer", peer);
  }

  #changed(change: Change, peer: Peer | undefined): void {
    if (change.to === "dead") {
      this.#side.peers.delete(change.peer);
      peer?.finish(peer.isOver ? undefined : change.reason, change.session);
    }
    this.emit("change", change);
    if (change.to !== "connecting") this.emit(change.to, change);
    peer?.changed(change);
  }

  #other(output: EndpointOutput<Link>): void {
    if (output.type !== "stalled") return;
    this.emit("stalled", { at: output.at, stallMs: output.stallMs });
  }
}
