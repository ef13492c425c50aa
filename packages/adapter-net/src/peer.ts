// What users hold: one peer at the other end of a framed connection. It decides nothing; the
// endpoint does, and whoever made the peer (server or connect) tells it what happened.

import { EventEmitter } from "node:events";
import type { PeerChange, PeerRef, PeerState, Reason, Status } from "@systole/core";
import { ChangeFeed, type Changes, type ChangesOptions } from "@systole/core/adapter";
import type { Endpoint, LeaveSoonOptions } from "@systole/core/endpoint";
import type { Failure } from "./failure.ts";
import { type Link, NotSentError, type SentCallback } from "./link.ts";

/** A change of status of a peer on a connection. */
export interface Change extends PeerChange {
  readonly id: string;
  /** Only for deaths: the error the socket failed of, if it did. Evidence, never thrown. */
  readonly error?: Error | undefined;
  /** What kind of error that is. */
  readonly failure?: Failure | undefined;
}

/** The events of a peer. A death is never an `error`. */
export interface PeerEvents {
  /** Every change of status, before the event that is named like the new one. */
  change: [change: Change];
  alive: [change: Change];
  suspect: [change: Change];
  /** The connection is destroyed already. With `retryInMs` where it will be opened again. */
  dead: [change: Change];
  /**
   * A message of the other side; the bytes are the receiver's own. Short messages that came together share
   * the buffer behind them, as Node's do: copy one before you transfer it, or keep it for long.
   */
  message: [bytes: Uint8Array];
  /** After `send` returned false: more can be sent. */
  drain: [];
  /** The other side says that it had declared us dead, at `at` of our clock. */
  "declared-dead": [event: { readonly at: number }];
  /** Nothing more will come. */
  close: [];
}

/** Options of `close`: what our leave says, and how long what is queued may take. */
export type CloseOptions = LeaveSoonOptions;

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

/**
 * One peer: at a server for one session, from `connect` with `reconnect` for as many as there will
 * be. Every `alive` is followed by a `dead`, in the end.
 */
export class Peer extends EventEmitter<PeerEvents> implements AsyncDisposable {
  readonly #endpoint: Endpoint<Link>;
  readonly #ref: PeerRef;
  readonly #onFinished: (() => void) | undefined;
  #id: string;
  /** The connection of the current session. */
  #link: Link;
  /** Once it is set, the ref may belong to a later session. */
  #end: { readonly state: PeerState | undefined; readonly reason: Reason | undefined } | undefined;
  #feed: ChangeFeed<Change> | undefined;
  /** Who waits for the peer to be alive. */
  #awaiting: { resolve(): void; reject(error: Error): void }[] | undefined;
  #closing: Promise<void> | undefined;
  /** Somebody was told to wait for `drain`: it comes from this connection, or with the next life. */
  #isOwedDrain = false;

  /** @internal Made by `createServer` and `connect`. */
  constructor(
    endpoint: Endpoint<Link>,
    ref: PeerRef,
    id: string,
    link: Link,
    onFinished?: () => void,
  ) {
    super();
    this.#endpoint = endpoint;
    this.#ref = ref;
    this.#id = id;
    this.#link = link;
    this.#onFinished = onFinished;
    this.use(link);
  }

  /** The id the other side gave itself; until it did, where it was looked for. */
  get id(): string {
    return this.#id;
  }

  get status(): Status {
    return this.state()?.status ?? "dead";
  }

  /** A frozen snapshot; undefined once the peer is closed. */
  state(): PeerState | undefined {
    return this.#end === undefined ? this.#endpoint.state(this.#ref) : this.#end.state;
  }

  /**
   * Until this instant of the clock (`performance.now()`, unless another one was given) the other
   * side cannot have declared us dead by silence; −Infinity when nothing is known.
   *
   * @example
   * ```ts
   * while (peer.trustedUntil() > performance.now()) doOneUnitOfWork();
   * ```
   */
  trustedUntil(): number {
    if (this.#end !== undefined) return Number.NEGATIVE_INFINITY;
    return this.#endpoint.trustedUntil(this.#ref);
  }

  /** Bytes of messages and beats that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.#link.socket.writableLength;
  }

  /**
   * Sends a message. The callback learns whether the kernel took it; what was not taken is never
   * sent again by itself. Without a connection, or with `maxQueuedBytes` waiting already, the message
   * fails through its callback.
   *
   * @returns false when the next one should wait for `drain`, as in streams.
   * @throws TypeError or RangeError `ERR_SYSTOLE_OPTION` for no bytes, or more than `maxMessageBytes`.
   * @example
   * ```ts
   * if (!peer.send(bytes, (error) => error && keepForLater(bytes))) await once(peer, "drain");
   * ```
   */
  send(bytes: Uint8Array, callback?: SentCallback): boolean {
    const message = { callback, accepted: false };
    const isTaken = !this.isOver && this.#endpoint.message(this.#ref, bytes, message);
    if (!message.accepted) this.#isOwedDrain = true;
    if (!isTaken && callback !== undefined) {
      const { isFull } = this.#link;
      const why = isFull ? "too much waits to be sent already" : `${this.id} is ${this.status}`;
      // Never before send has returned: callers rely on the order, as with streams.
      process.nextTick(callback, new NotSentError(why));
    }
    return message.accepted;
  }

  /**
   * Resolves when the peer is alive, at once if it is.
   *
   * @throws `ERR_SYSTOLE_CLOSED` when it never will be.
   */
  async alive(): Promise<void> {
    if (this.status === "alive") return;
    if (this.#end !== undefined) throw this.#closedError();
    await new Promise<void>((resolve, reject) => {
      this.#awaiting ??= [];
      this.#awaiting.push({ resolve, reject });
    });
  }

  /**
   * Changes from now on, as an async iterator that ends when the peer closes; see `ChangesOptions`.
   *
   * @throws RangeError `ERR_SYSTOLE_OPTION` for a wrong limit.
   */
  changes(options?: ChangesOptions): Changes<Change> {
    this.#feed ??= new ChangeFeed();
    const changes = this.#feed.read(options);
    if (this.#end !== undefined) this.#feed.end();
    return changes;
  }

  /** Our reader pauses: no message comes, and silence is not held against the peer. Beats go on. */
  pause(): void {
    if (this.#end !== undefined) return;
    this.#link.socket.pause();
    this.#endpoint.pause(this.#ref);
  }

  /** Ends `pause`; all of it is credited. */
  resume(): void {
    if (this.#end !== undefined) return;
    this.#endpoint.resume(this.#ref);
    this.#link.socket.resume();
  }

  /**
   * Sends what is queued, says leave and ends the connection; resolves when it is closed, which it
   * always is in the end: what the other side does not take within `withinMs` fails through its
   * callback. Default twice the `deadAfterMs` in force; a peer that dies meanwhile ends the wait. Safe to
   * call again.
   *
   * @throws RangeError `ERR_SYSTOLE_OPTION`
   */
  close(options: CloseOptions = {}): Promise<void> {
    if (this.#closing === undefined) {
      // A paused reader is not judged, and what is not judged might be waited for in vain.
      this.resume();
      if (this.#end === undefined) this.#endpoint.leaveSoon(this.#ref, options);
      this.#closing = this.#close(options);
    }
    return this.#closing;
  }

  /** Breaks the connection at once, without a word; what is queued fails through its callback. */
  destroy(): void {
    this.#closing ??= this.#closed();
    if (this.#end === undefined) this.#endpoint.ended(this.#ref, "closed");
    this.#link.socket.destroy();
    this.finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal We closed it, or are about to. */
  get isOver(): boolean {
    return this.#closing !== undefined || this.#end !== undefined;
  }

  /** @internal The next session has another connection. */
  use(link: Link): void {
    this.#link = link;
    link.peer = this;
  }

  /** @internal It said its name. */
  named(id: string): void {
    this.#id = id;
  }

  /** @internal */
  changed(change: Change): void {
    this.#feed?.push(change);
    this.emit("change", change);
    if (change.to !== "connecting") this.emit(change.to, change);
    if (change.to !== "alive") return;
    for (const { resolve } of this.#awaiting?.splice(0) ?? []) resolve();
    if (this.#isOwedDrain) this.drained();
  }

  /** @internal The end of everything; of its last session, where the ref may be in the next one. */
  finish(reason?: Reason, session?: number): void {
    if (this.#end !== undefined) return;
    const state = this.#endpoint.state(this.#ref);
    const isLast = session === undefined || state?.session === session;
    this.#end = { state: isLast ? state : undefined, reason };
    this.#onFinished?.();
    this.#link.whenClosed(() => {
      this.#feed?.end();
      for (const { reject } of this.#awaiting?.splice(0) ?? []) reject(this.#closedError());
      this.emit("close");
    });
  }

  /** @internal */
  drained(): void {
    this.#isOwedDrain = false;
    this.emit("drain");
  }

  async #close(options: CloseOptions): Promise<void> {
    await this.#link.flushed();
    if (this.#end === undefined) this.#endpoint.leave(this.#ref, options);
    this.#link.socket.destroy();
    this.finish();
    await this.#closed();
  }

  async #closed(): Promise<void> {
    await new Promise<void>((resolve) => this.#link.whenClosed(resolve));
  }

  #closedError(): PeerClosedError {
    return new PeerClosedError(this.id, this.#end?.reason, { cause: this.#link.error });
  }
}
