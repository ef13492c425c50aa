// The side that opens connections: one peer, dialled when its core says so.

import { Socket, connect as tcpConnect } from "node:net";
import { type ConnectionOptions, TLSSocket, connect as tlsConnect } from "node:tls";
import { type PolicyOptions, SystoleTypeError } from "@systole/core";
import type { EndpointStats } from "@systole/core/endpoint";
import type { Link } from "./link.ts";
import { Peer } from "./peer.ts";
import { Side, type SideOptions } from "./side.ts";

/** Options of `connect`. Give `port`, the `path` of a unix socket, or a `socket` of your own. */
export interface ConnectOptions extends SideOptions {
  readonly port?: number | undefined;
  /** Default `localhost`. */
  readonly host?: string | undefined;
  readonly path?: string | undefined;
  /** Speaks TLS, with these options: `ca`, `cert` and `key` of our own, `servername`, … */
  readonly tls?: ConnectionOptions | undefined;
  /**
   * Makes the socket instead, connected or connecting: through a proxy, over a tunnel. Called for each
   * attempt, because a socket has but one life.
   */
  readonly socket?: (() => Socket) | undefined;
  /**
   * How we judge the other side. How often we beat is up to it: it asks for the pace it needs.
   * Default `standard`.
   */
  readonly policy?: PolicyOptions | undefined;
  /**
   * Whether a dead connection is opened again, at back-off with full jitter (`backoffMinMs` to
   * `backoffMaxMs` of the policy) that begins anew after `deadAfterMs` of life. Each is a new session of
   * the same peer. Not after `replaced`: the other one with our id has it now. Default false.
   */
  readonly reconnect?: boolean | undefined;
}

/** What `connect` returns: a peer with an endpoint of its own. */
export interface Connection extends Peer {
  /** What was counted since it was made, over all its sessions. */
  stats(): EndpointStats;
}

/** What the peer is called among our own peers: there is but one. */
const NAME = "server";

/**
 * Connects to a Systole server and keeps the process alive until the peer is closed.
 *
 * Every attempt is a session: one that fails is dead `closed` with its `error` and what kind of `failure`
 * that is, or `unreachable` after the policy's `deadAfterMs`. Without `reconnect` the first death is the end.
 *
 * @throws TypeError or RangeError `ERR_SYSTOLE_OPTION` or `ERR_SYSTOLE_POLICY` for wrong options, and
 * what `node:net` or `node:tls` throw for theirs.
 * @example
 * ```ts
 * const peer = connect({ host: "10.0.0.2", port: 7000, id: "worker-7", reconnect: true });
 * await peer.alive();
 * peer.send(new TextEncoder().encode("hello"));
 * ```
 */
export function connect(options: ConnectOptions): Connection {
  const target = targetOf(options);
  const { reconnect = false } = options;
  const side = new Side(
    { ...options, policy: { ...options.policy, redial: reconnect } },
    {
      changed(change) {
        peer.changed(change);
        // The core says when it will dial again; where it does not, or must not, this was the last life.
        const isLast = change.to === "dead" && !(reconnect && change.retryInMs !== undefined);
        if (isLast && !peer.isOver) peer.finish(change.reason);
      },
      other(output) {
        if (output.type === "named") peer.named(output.remoteId);
        if (output.type === "dial") dial(side.link(redialled(options)));
      },
      close: () => peer.close(),
    },
    {},
    // Between two attempts this timer is all there is, and nobody expects the process to end there.
    { ref: true },
  );
  const { endpoint } = side;
  const ref = endpoint.add(NAME, { anyId: true });
  /** The session begins with the attempt, so that an attempt that leads nowhere is judged, too. */
  const dial = (link: Link) => {
    peer.use(link);
    endpoint.dial(ref, link);
    // Nothing could leave before, and each conversation is only as old as its connection.
    link.socket.once(link.socket instanceof TLSSocket ? "secureConnect" : "connect", () => {
      if (endpoint.path(ref) === link) endpoint.dial(ref, link);
    });
  };
  const first = side.attempt(() => side.link(dialled(options)));
  const peer = new Peer(endpoint, ref, target, first, () => side.close());
  side.peers.set(ref, peer);
  dial(first);
  return Object.assign(peer, { stats: () => endpoint.stats() });
}

function dialled({ socket, port, host, path, tls }: ConnectOptions): Socket {
  if (socket !== undefined) return socket();
  const where = path === undefined ? { host: host ?? "localhost", port: port as number } : { path };
  return tls === undefined ? tcpConnect(where) : tlsConnect({ ...where, ...tls });
}

/** What cannot even be tried is an attempt that failed. */
function redialled(options: ConnectOptions): Socket {
  try {
    return dialled(options);
  } catch (error) {
    return new Socket().destroy(error as Error);
  }
}

/** Where we connect to, as people write it; also what the peer is called until it says its name. */
function targetOf({ port, host = "localhost", path, socket }: ConnectOptions): string {
  if ([port, path, socket].filter((way) => way !== undefined).length !== 1) {
    throw new SystoleTypeError(
      "ERR_SYSTOLE_OPTION",
      `connect needs either port or path or socket (got port ${port}, path ${path}, socket ${typeof socket}).\nGive { host, port } for TCP, { path } for a unix socket, { socket: () => … } for another one.`,
      port,
    );
  }
  return path ?? (socket === undefined ? `${host}:${port}` : NAME);
}
