// The side that opens connections: one endpoint with one peer, dialled when its core says so.

import { createConnection, type NetConnectOpts } from "node:net";
import { drive, type Host, type PolicyOptions, SystoleTypeError } from "@systole/core";
import { createEndpoint, type EndpointChange, type EndpointOutput } from "@systole/core/endpoint";
import { systemHost } from "@systole/core/system";
import { beatChannel, changeChannel, publish } from "./channels.ts";
import { Link } from "./link.ts";
import { type Life, MAX_MESSAGE_BYTES, Peer } from "./peer.ts";

/** Options of `connect`. Give `port`, or the `path` of a unix socket. */
export interface ConnectOptions {
  /** Our name towards the other side: 1 to 128 bytes, unique there. */
  readonly id: string;
  readonly port?: number | undefined;
  /** Default `localhost`. */
  readonly host?: string | undefined;
  readonly path?: string | undefined;
  /**
   * How we judge the other side. How often we beat is up to it: it asks for the pace it needs.
   * Default `standard`.
   */
  readonly policy?: PolicyOptions | undefined;
  /**
   * Whether a dead connection is opened again, at back-off with full jitter (`backoffMinMs` to
   * `backoffMaxMs` of the policy). Each is a new session of the same peer. Default false.
   */
  readonly reconnect?: boolean | undefined;
  /** Closes the peer. */
  readonly signal?: AbortSignal | undefined;
  /** The longest message, in bytes; a longer one breaks the connection. Default 1 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /** Clock and timer, named so because `host` is where to connect. Default `systemHost()`. */
  readonly clock?: Host | undefined;
}

/** What the peer is called among our own peers: there is but one. */
const NAME = "server";

/**
 * Connects to a Systole server and keeps the process alive until the peer is closed.
 *
 * Every attempt is a session: one that fails is dead `closed` with its `error`, or `unreachable` after
 * the policy's `deadAfterMs`. Without `reconnect` the first death is the end.
 *
 * @throws TypeError or RangeError `ERR_SYSTOLE_OPTION` or `ERR_SYSTOLE_POLICY` for wrong options.
 * @example
 * ```ts
 * const peer = connect({ host: "10.0.0.2", port: 7000, id: "worker-7", reconnect: true });
 * await peer.alive();
 * peer.send(new TextEncoder().encode("hello"));
 * ```
 */
export function connect(options: ConnectOptions): Peer {
  return new Dialler(options).peer;
}

class Dialler {
  readonly peer: Peer;
  readonly #life: Life;
  readonly #options: ConnectOptions;
  readonly #driving: Disposable;
  #closing = false;
  readonly #onAbort = (): void => {
    // Closing never fails; whoever waits for it calls `close` as well.
    this.peer.close().catch(() => {});
  };

  constructor(options: ConnectOptions) {
    const target = targetOf(options);
    this.#options = options;
    const { clock = systemHost(), maxMessageBytes = MAX_MESSAGE_BYTES } = options;
    const endpoint = createEndpoint<Link>({
      id: options.id,
      host: clock,
      transport: "stream",
      maxMessageBytes,
      send: (_peer, frame, link) => link?.send(frame) ?? false,
      emit: (output) => this.#emit(output),
      observeBeats: () => beatChannel.hasSubscribers,
    });
    const policy = { ...options.policy, redial: options.reconnect ?? false };
    const ref = endpoint.add(NAME, { policy, anyId: true });
    this.#life = {
      endpoint,
      ref,
      maxMessageBytes,
      id: target,
      link: undefined,
      end: undefined,
      close: (gracefully) => this.#close(gracefully),
    };
    this.peer = new Peer(this.#life);
    // Between two attempts this timer is all there is, and nobody expects the process to end there.
    this.#driving = drive(endpoint, clock, { ref: true });
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#dial();
    if (options.signal?.aborted) queueMicrotask(this.#onAbort);
  }

  /** The session begins with the attempt, so that an attempt that leads nowhere is judged, too. */
  #dial(): void {
    const { endpoint, ref } = this.#life;
    const { port, host, path } = this.#options;
    const socket = createConnection({ port, host, path, noDelay: true } as NetConnectOpts);
    const link = new Link(socket, {
      received: (bytes) => endpoint.receive(bytes, link),
      gone: () => endpoint.ended(link, "closed"),
      drained: () => this.peer.drained(),
    });
    this.#life.link = link;
    endpoint.dial(ref, link);
    // Nothing could leave before, and each conversation is only as old as its connection.
    socket.once("connect", () => {
      if (this.#life.link === link) endpoint.dial(ref, link);
    });
  }

  #emit(output: EndpointOutput<Link>): void {
    switch (output.type) {
      case "changed":
        return this.#changed(output);
      case "message":
        this.peer.emit("message", output.bytes);
        return;
      case "beat":
        return publish(beatChannel, this.#options.id, { ...output, id: this.#life.id });
      case "declared-dead":
        this.peer.emit("declared-dead", { at: output.at });
        return;
      case "named":
        this.#life.id = output.remoteId;
        return;
      case "dial":
        return this.#dial();
      case "refused":
        output.path.end();
        return;
      default:
    }
  }

  #changed({ path, ...change }: EndpointChange<Link>): void {
    publish(changeChannel, this.#options.id, { ...change, id: this.#life.id });
    if (change.to !== "dead") return this.peer.changed(change);
    if (change.reason === "left") path?.end();
    else path?.socket.destroy();
    this.peer.changed(change);
    // The core says when it will dial again; where it does not, or must not, this was the last life.
    const willDial = this.#options.reconnect === true && change.retryInMs !== undefined;
    if (!willDial && !this.#closing) this.#finish(change.reason);
  }

  async #close(gracefully: boolean): Promise<void> {
    const { endpoint, ref, link } = this.#life;
    // What follows is our own doing, and no reason to be told of.
    this.#closing = true;
    if (gracefully) endpoint.leave(ref);
    else endpoint.ended(ref, "closed");
    this.#finish(undefined);
    if (gracefully) link?.end();
    else link?.socket.destroy();
    await link?.closed;
  }

  #finish(reason: NonNullable<Life["end"]>["reason"]): void {
    const { endpoint, ref } = this.#life;
    if (this.#life.end !== undefined) return;
    this.#life.end = { state: endpoint.state(ref), reason };
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#driving[Symbol.dispose]();
    endpoint.close();
    this.peer.finished();
  }
}

/** Where we connect to, as people write it; also what the peer is called until it says its name. */
function targetOf({ port, host = "localhost", path }: ConnectOptions): string {
  if ((port === undefined) === (path === undefined)) {
    throw new SystoleTypeError(
      "ERR_SYSTOLE_OPTION",
      `connect needs either port or path (got port ${port}, path ${path}).\nGive { host, port } for TCP, { path } for a unix socket.`,
      port,
    );
  }
  return path ?? `${host}:${port}`;
}
