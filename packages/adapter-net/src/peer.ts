// What users hold: one peer at the other end of a framed connection. It decides nothing; the
// endpoint does, and whoever made the peer (server or connect) tells it what happened.

import { EventEmitter } from "node:events";
import {
  type PeerChange,
  type PeerRef,
  type PeerState,
  type Reason,
  type Status,
  SystoleRangeError,
  SystoleTypeError,
} from "@systole/core";
import type { Endpoint } from "@systole/core/endpoint";
import { type Link, NotSentError, type SentCallback } from "./link.ts";

/** A change of status of a peer on a connection. */
export interface Change extends PeerChange {
  readonly id: string;
  /** Only for deaths: the error the socket failed of, if it did. Evidence, never thrown. */
  readonly error?: Error | undefined;
}

/** The events of a peer. A death is never an `error`. */
export interface PeerEvents {
  /** Every change of status, before the event that is named like the new one. */
  change: [change: Change];
  alive: [change: Change];
  suspect: [change: Change];
  dead: [change: Change];
  /** A message of the other side; the bytes are the receiver's own. */
  message: [bytes: Uint8Array];
  /** After `send` returned false: more can be sent. */
  drain: [];
  /** The other side says that it had declared us dead, at `at` of our clock. */
  "declared-dead": [event: { readonly at: number }];
  /** Nothing more will come. */
  close: [];
}

/** Why waiting for a peer is in vain. */
export class PeerClosedError extends Error {
  override readonly name = "Error [ERR_SYSTOLE_CLOSED]";
  readonly code = "ERR_SYSTOLE_CLOSED";
  /** Why it died; undefined where this side closed it. */
  readonly reason: Reason | undefined;

  constructor(id: string, reason: Reason | undefined, options: ErrorOptions) {
    const why = reason === undefined ? "it was closed by this side" : `it died of ${reason}`;
    super(
      `${id} will not come alive: ${why}.\nConnect again, or with reconnect: true to keep trying.`,
      options,
    );
    this.reason = reason;
  }
}

/** The longest message where nobody says otherwise. */
export const MAX_MESSAGE_BYTES = 1_048_576;

/** @internal What a peer stands on. Server and connect own it, and change it. */
export interface Life {
  readonly endpoint: Endpoint<Link>;
  readonly ref: PeerRef;
  readonly maxMessageBytes: number;
  id: string;
  /** The connection of the current session. */
  link: Link | undefined;
  /** What became of the peer; once it is set, the ref may belong to a later session. */
  end: { readonly state: PeerState | undefined; readonly reason: Reason | undefined } | undefined;
  /** Says leave or, without `gracefully`, nothing; resolves when the connection is closed. */
  close(gracefully: boolean): Promise<void>;
}

/**
 * One peer: at a server for one session, from `connect` with `reconnect` for as many as there will
 * be. Every `alive` is followed by a `dead`, in the end.
 */
export class Peer extends EventEmitter<PeerEvents> implements AsyncDisposable {
  readonly #life: Life;
  #awaited: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  /** Somebody was told to wait for `drain`, without a connection that could drain. */
  #refused = false;

  /** @internal Made by `createServer` and `connect`. */
  constructor(life: Life) {
    super();
    this.#life = life;
  }

  /** The id the other side gave itself; until it did, where it was looked for. */
  get id(): string {
    return this.#life.id;
  }

  get status(): Status {
    return this.state()?.status ?? "dead";
  }

  /** A frozen snapshot; undefined once the peer is closed. */
  state(): PeerState | undefined {
    const { end, endpoint, ref } = this.#life;
    return end === undefined ? endpoint.state(ref) : end.state;
  }

  /**
   * Until this instant of the clock (`performance.now()`, unless another one was given) the other
   * side cannot have declared us dead by silence; −Infinity when nothing is known.
   */
  trustedUntil(): number {
    const { end, endpoint, ref } = this.#life;
    return end === undefined ? endpoint.trustedUntil(ref) : Number.NEGATIVE_INFINITY;
  }

  /**
   * Sends a message. The callback learns whether the kernel took it; what was not taken is never
   * sent again by itself. Without a connection the message fails through its callback.
   *
   * @returns false when the next one should wait for `drain`, as in streams.
   * @throws TypeError or RangeError `ERR_SYSTOLE_OPTION` for no bytes, or more than `maxMessageBytes`.
   */
  send(bytes: Uint8Array, callback?: SentCallback): boolean {
    if (!(bytes instanceof Uint8Array)) {
      throw new SystoleTypeError(
        "ERR_SYSTOLE_OPTION",
        `send takes bytes (got ${typeof bytes}).\nEncode text with new TextEncoder().encode(text).`,
        bytes,
      );
    }
    const { link, end, endpoint, ref, maxMessageBytes } = this.#life;
    if (bytes.length > maxMessageBytes) {
      throw new SystoleRangeError(
        "ERR_SYSTOLE_OPTION",
        `A message has at most ${maxMessageBytes} bytes (got ${bytes.length}).\nRaise maxMessageBytes on both sides, or send it in parts.`,
        bytes.length,
      );
    }
    const open = link !== undefined && end === undefined && this.#closing === undefined;
    const accepted = open
      ? link.sendMessage(() => endpoint.message(ref, bytes), callback)
      : undefined;
    if (accepted !== undefined) return accepted;
    this.#refused = true;
    if (callback !== undefined) {
      // Never before send has returned: callers rely on the order, as with streams.
      process.nextTick(callback, new NotSentError(`${this.id} is ${this.status}`));
    }
    return false;
  }

  /**
   * Resolves when the peer is alive, at once if it is.
   *
   * @throws `ERR_SYSTOLE_CLOSED` when it never will be.
   */
  async alive(): Promise<void> {
    if (this.status === "alive") return;
    if (this.#life.end !== undefined) throw this.#closedError();
    this.#awaited ??= this.#nextLife();
    await this.#awaited;
  }

  /** Our reader pauses: no message comes, and silence is not held against the peer. Beats go on. */
  pause(): void {
    const { endpoint, ref, link, end } = this.#life;
    if (end !== undefined) return;
    link?.socket.pause();
    endpoint.pause(ref);
  }

  /** Ends `pause`; all of it is credited. */
  resume(): void {
    const { endpoint, ref, link, end } = this.#life;
    if (end !== undefined) return;
    endpoint.resume(ref);
    link?.socket.resume();
  }

  /**
   * Sends what is queued, says leave and ends the connection; resolves when it is closed. A peer that
   * dies meanwhile ends the wait. One that lives but reads nothing can be waited for in vain: `destroy`.
   * Safe to call again.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Breaks the connection at once, without a word; what is queued fails through its callback. */
  destroy(): void {
    this.#closing = this.#life.close(false);
    // Closing never fails; whoever waits for it calls `close` as well.
    this.#closing.catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal */
  changed(change: PeerChange): void {
    const { id, link } = this.#life;
    const error = change.to === "dead" ? link?.error : undefined;
    const told: Change = { ...change, id, ...(error !== undefined && { error }) };
    this.emit("change", told);
    if (change.to !== "connecting") this.emit(change.to, told);
    if (change.to === "alive" && this.#refused) this.drained();
  }

  /** @internal */
  drained(): void {
    this.#refused = false;
    this.emit("drain");
  }

  /** @internal The end of everything. */
  finished(): void {
    this.emit("close");
  }

  async #close(): Promise<void> {
    // A paused reader is not judged, and what is not judged might be waited for in vain.
    this.resume();
    await this.#life.link?.flushed();
    await this.#life.close(true);
  }

  async #nextLife(): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        const onAlive = () => {
          this.off("close", onClose);
          resolve();
        };
        const onClose = () => {
          this.off("alive", onAlive);
          reject(this.#closedError());
        };
        this.once("alive", onAlive);
        this.once("close", onClose);
      });
    } finally {
      this.#awaited = undefined;
    }
  }

  #closedError(): PeerClosedError {
    const { id, end, link } = this.#life;
    return new PeerClosedError(id, end?.reason, { cause: link?.error });
  }
}
