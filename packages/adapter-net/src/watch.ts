// One watched socket: its byte counters are the signs of life, and its reader says whether silence
// is ours. Its bytes are never touched.

import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import {
  type Monitor,
  type PeerChange,
  type PeerRef,
  type PeerState,
  type PolicyOptions,
  type Status,
  SystoleTypeError,
} from "@systole/core";
import { KEEPALIVE_MS } from "./link.ts";

/** Options of `watch`. */
export interface WatchOptions {
  /**
   * What makes the other side answer: a function that asks it (`() => redis.ping()`), or bytes to be
   * written, only where one write is one whole message. Its failures are counted, its rejections
   * caught. Default: nothing is sent, and the other side must speak by itself.
   */
  readonly beat?: (() => unknown) | Uint8Array | string | undefined;
  /** Default: the watcher's policy. */
  readonly policy?: PolicyOptions | undefined;
  /** Whether a socket that died of silence is destroyed. Default `destroy`. */
  readonly onDead?: "destroy" | "keep" | undefined;
  /** Has the kernel ask, too, on connections that are idle for a minute. Default: the socket's own setting. */
  readonly keepAlive?: boolean | undefined;
  /** A name for the changes and their explanation. */
  readonly id?: string | undefined;
  /** Ends the watch, not the socket. */
  readonly signal?: AbortSignal | undefined;
}

/** The events of a watch. A death is never an `error`. */
export interface WatchEvents {
  /** Every change of status, before the event that is named like the new one. */
  change: [change: PeerChange];
  alive: [change: PeerChange];
  suspect: [change: PeerChange];
  dead: [change: PeerChange];
}

/** One watched socket. */
export class Watch extends EventEmitter<WatchEvents> implements Disposable {
  /** The watched socket. */
  readonly socket: Socket;
  /** Beats that threw or whose promise was rejected: evidence, never an exception. */
  beatFailures = 0;

  readonly #monitor: Monitor;
  readonly #ref: PeerRef;
  readonly #options: WatchOptions;
  readonly #forget: () => void;
  readonly #onGone: () => void;
  readonly #onClose: () => void;
  readonly #onAbort: () => void;
  #bytesRead: number;
  #bytesWritten: number;
  #pausedByUser = false;
  #paused = false;
  #watching = true;

  /** @internal Made by `watch`. */
  constructor(
    monitor: Monitor,
    ref: PeerRef,
    socket: Socket,
    options: WatchOptions,
    forget: () => void,
  ) {
    super();
    this.#monitor = monitor;
    this.#ref = ref;
    this.socket = socket;
    this.#options = options;
    this.#forget = forget;
    this.#bytesRead = socket.bytesRead;
    this.#bytesWritten = socket.bytesWritten;
    this.#onGone = () => this.#monitor.ended(this.#ref, "closed");
    this.#onClose = () => {
      this.#onGone();
      this.unwatch();
    };
    this.#onAbort = () => this.unwatch();
    if (options.keepAlive === true) socket.setKeepAlive(true, KEEPALIVE_MS);
    socket.on("end", this.#onGone);
    socket.on("close", this.#onClose);
    options.signal?.addEventListener("abort", this.#onAbort);
    // Told later, so that whoever called has the time to listen.
    if (options.signal?.aborted) queueMicrotask(this.#onAbort);
    if (socket.destroyed || socket.readableEnded) queueMicrotask(this.#onGone);
  }

  /** `dead` once the watch has ended. */
  get status(): Status {
    return this.state()?.status ?? "dead";
  }

  /** A frozen snapshot; undefined once the watch has ended. */
  state(): PeerState | undefined {
    return this.#monitor.state(this.#ref);
  }

  /** From now on silence is our doing. Beats go on. */
  pause(): void {
    this.#pausedByUser = true;
    this.#pauseWhere(true);
  }

  /** Ends `pause`; all of it is credited. */
  resume(): void {
    this.#pausedByUser = false;
    this.sample();
  }

  /** The name it was given. */
  get id(): string | undefined {
    return this.#options.id;
  }

  /** Ends the watch without a word and leaves no listener on the socket. Safe to call again. */
  unwatch(): void {
    if (!this.#watching) return;
    this.#watching = false;
    this.socket.off("end", this.#onGone);
    this.socket.off("close", this.#onClose);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#monitor.remove(this.#ref);
    this.#forget();
  }

  [Symbol.dispose](): void {
    this.unwatch();
  }

  /** @internal What the byte counters and the reader say. */
  sample(): void {
    const { bytesRead, bytesWritten } = this.socket;
    const read = bytesRead !== this.#bytesRead;
    const written = bytesWritten !== this.#bytesWritten;
    this.#bytesRead = bytesRead;
    this.#bytesWritten = bytesWritten;
    this.#pauseWhere(this.#pausedByUser || isReaderPaused(this.socket));
    if (read) this.#monitor.heard(this.#ref);
    if (written) this.#monitor.sent(this.#ref);
  }

  /** @internal A beat is due. Never behind bytes that do not leave: beats must not pile up. */
  beat(): boolean {
    const { beat } = this.#options;
    const { socket } = this;
    if (beat === undefined || socket.connecting || !socket.writable || socket.writableNeedDrain) {
      return false;
    }
    try {
      const asked = typeof beat === "function" ? beat() : socket.write(beat);
      if (isThenable(asked)) asked.then(undefined, this.#onBeatFailed);
    } catch {
      this.#onBeatFailed();
    }
    // The core knows that it beat: seen as traffic, a beat would put off the next one to a sample later.
    this.#bytesWritten = socket.bytesWritten;
    return true;
  }

  /** @internal */
  changed(change: PeerChange): void {
    const { to, reason } = change;
    const silent = reason === "silence" || reason === "unreachable";
    if (to === "dead" && silent && this.#options.onDead !== "keep") this.socket.destroy();
    this.emit("change", change);
    if (to !== "connecting") this.emit(to, change);
  }

  readonly #onBeatFailed = (): void => {
    this.beatFailures += 1;
  };

  #pauseWhere(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) this.#monitor.pause(this.#ref);
    else this.#monitor.resume(this.#ref);
  }
}

/** Bytes wait in us, not in the peer: the buffer is full, or somebody paused the stream. */
function isReaderPaused(socket: Socket): boolean {
  const full = socket.readableLength >= socket.readableHighWaterMark;
  // `isPaused()` also holds for a reader of 'readable' events, who reads all the same.
  return full || (socket.isPaused() && socket.listenerCount("readable") === 0);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === "function";
}

/** @internal What `watch` refuses. */
export function checkWatch(socket: Socket, { beat, onDead }: WatchOptions): void {
  if (typeof socket?.bytesRead !== "number" || typeof socket.isPaused !== "function") {
    throw new SystoleTypeError(
      "ERR_SYSTOLE_OPTION",
      `watch needs a net.Socket or tls.TLSSocket (got ${typeof socket}).\nGive the socket itself, not the client that uses it.`,
      socket,
    );
  }
  const isBytes = typeof beat === "string" || beat instanceof Uint8Array;
  if (beat !== undefined && typeof beat !== "function" && !isBytes) {
    throw new SystoleTypeError(
      "ERR_SYSTOLE_OPTION",
      `beat must be a function or bytes (got ${typeof beat}).\nGive what asks the other side for an answer: () => redis.ping().`,
      beat,
    );
  }
  if (onDead !== undefined && onDead !== "destroy" && onDead !== "keep") {
    throw new SystoleTypeError(
      "ERR_SYSTOLE_OPTION",
      `onDead must be "destroy" or "keep" (got ${JSON.stringify(onDead)}).\nLeave it out to have the dead socket destroyed.`,
      onDead,
    );
  }
}
