// What the two kinds of a side have in common: one endpoint and its one timer for all connections, and
// who is told what it says.

import type { Socket } from "node:net";
import {
  type DriveOptions,
  drive,
  type Host,
  type PeerRef,
  type PolicyOptions,
} from "@systole/core";
import {
  ChangeFeed,
  createEndpoint,
  type Endpoint,
  type EndpointChange,
  type EndpointOptions,
  type EndpointOutput,
} from "@systole/core/endpoint";
import { systemHost } from "@systole/core/system";
import { beatChannel, changeChannel, publish } from "./channels.ts";
import { failed } from "./failure.ts";
import { Link } from "./link.ts";
import type { Change, Peer } from "./peer.ts";

/** What `createServer` and `connect` both take. */
export interface SideOptions {
  /** Our name towards the other side: 1 to 128 bytes, unique there. */
  readonly id: string;
  /** The longest message, in bytes; a longer one breaks the connection. Default 1 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /** With so many bytes waiting for a connection, a further message is refused. Default 16 MiB. */
  readonly maxQueuedBytes?: number | undefined;
  /** Closes, as `close()` does. */
  readonly signal?: AbortSignal | undefined;
  /** Clock and timer; named so because `host` is where to connect. Default `systemHost()`. */
  readonly clock?: Host | undefined;
}

/** Whom a side tells what it does not deal with itself. */
export interface Owner {
  /** The connection of a dead one is destroyed already. */
  changed(change: Change, peer: Peer | undefined): void;
  /** Somebody lives on this connection for the first time. */
  arrived?(change: EndpointChange<Link>, link: Link): void;
  other(output: EndpointOutput<Link>): void;
  close(): Promise<void>;
}

export class Side {
  readonly endpoint: Endpoint<Link>;
  readonly peers: Map<PeerRef, Peer> = new Map();
  readonly feed: ChangeFeed<Change> = new ChangeFeed();
  readonly #options: SideOptions;
  readonly #owner: Owner;
  readonly #driving: Disposable;
  readonly #onAbort = (): void => {
    // Closing never fails; whoever waits for it calls `close` as well.
    this.#owner.close().catch(() => {});
  };

  constructor(
    options: SideOptions & { readonly policy?: PolicyOptions | undefined },
    owner: Owner,
    more: Partial<EndpointOptions<Link>>,
    driving?: DriveOptions,
  ) {
    const { id, policy, maxMessageBytes, signal, clock = systemHost() } = options;
    this.#options = options;
    this.#owner = owner;
    this.endpoint = createEndpoint<Link>({
      id,
      host: clock,
      policy,
      transport: "stream",
      maxMessageBytes,
      send: (_peer, frame, link) => link?.send(frame) ?? false,
      emit: (output) => this.#emit(output),
      observeBeats: () => beatChannel.hasSubscribers,
      ...more,
    });
    this.#driving = drive(this.endpoint, clock, driving);
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (signal?.aborted) queueMicrotask(this.#onAbort);
  }

  link(socket: Socket): Link {
    return new Link(socket, this.endpoint, this.#options.maxQueuedBytes);
  }

  /** What throws while a side is being made must not leave a timer behind. */
  attempt<Result>(body: () => Result): Result {
    try {
      return body();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Says leave to whoever is left; nothing more is judged, sent, or told. */
  close(): void {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#driving[Symbol.dispose]();
    this.endpoint.close();
    this.feed.end();
  }

  #emit(output: EndpointOutput<Link>): void {
    const peer = "peer" in output ? this.peers.get(output.peer) : undefined;
    switch (output.type) {
      case "changed":
        return this.#changed(output);
      case "message":
        peer?.emit("message", output.bytes);
        return;
      case "declared-dead":
        peer?.emit("declared-dead", { at: output.at });
        return;
      case "beat":
        return publish(beatChannel, "tcp", this.#options.id, {
          ...output,
          id: peer?.id ?? output.id,
        });
      case "refused":
        output.path.socket.destroy();
        return;
      default:
        this.#owner.other(output);
    }
  }

  #changed(output: EndpointChange<Link>): void {
    const { path: link, ...rest } = output;
    const { from, to } = output;
    if (link !== undefined && from === "connecting" && to === "alive") {
      this.#owner.arrived?.(output, link);
    }
    const peer = this.peers.get(output.peer);
    const why = link !== undefined && to === "dead" ? failed(link) : {};
    if (to === "dead") link?.socket.destroy();
    const change: Change = { ...rest, id: peer?.id ?? (output.id as string), ...why };
    publish(changeChannel, "tcp", this.#options.id, change);
    this.feed.push(change);
    this.#owner.changed(change, peer);
  }
}
