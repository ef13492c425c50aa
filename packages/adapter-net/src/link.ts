// One connection: bytes in, bytes out, and how it is let go. What the bytes mean is the endpoint's
// business, and when a connection is over for reasons of silence, too.

import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Endpoint } from "@systole/core/endpoint";

/** From when on the kernel asks, too: a backstop for connections that nobody judges, paused ones. */
export const KEEPALIVE_MS = 60_000;
/** How much may wait for a connection where nobody says otherwise. */
const MAX_QUEUED_BYTES = 16_777_216;
const NO_BYTES = new Uint8Array(0);

/** Called once: with nothing when the kernel has the message, with an error when it never will. */
export type SentCallback = (error?: NotSentError) => void;

/** What goes with the bytes of a message, and whether more may be sent at once. */
export interface Message {
  readonly callback: SentCallback | undefined;
  accepted: boolean;
}

/** A message that was not handed to the kernel, as its callback is told. */
export class NotSentError extends Error {
  override readonly name = "Error [ERR_SYSTOLE_NOT_SENT]";
  readonly code = "ERR_SYSTOLE_NOT_SENT";

  constructor(why: string, options?: ErrorOptions) {
    super(`The message was not sent: ${why}.\nSend it again once the peer is alive.`, options);
  }
}

/** Where a socket keeps its link: so all sockets share their listeners, and none has closures of its own. */
const LINK = Symbol("link");
type Linked = Socket & { [LINK]: Link };

export class Link {
  readonly socket: Socket;
  /** What the socket failed of; evidence, never thrown. */
  error: Error | undefined;
  /** Who is told when what was queued has left. */
  peer: { drained(): void } | undefined;

  readonly #endpoint: Endpoint<Link>;
  readonly #maxQueuedBytes: number;
  #isGone = false;
  #awaitsDrain = false;
  #controlQueued = false;
  /** Messages that were sent in one go leave in one call of the system: the smaller they are, the more that is. */
  #isCorked = false;
  /** How many messages were written, and how many of them the kernel had at once. */
  #written = 0;
  #taken = 0;

  constructor(socket: Socket, endpoint: Endpoint<Link>, maxQueuedBytes: number | undefined) {
    this.socket = socket;
    this.#endpoint = endpoint;
    this.#maxQueuedBytes = maxQueuedBytes ?? MAX_QUEUED_BYTES;
    (socket as Linked)[LINK] = this;
    socket.setNoDelay(true).setKeepAlive(true, KEEPALIVE_MS);
    socket.on("data", onData).on("error", onError);
    // Both that the other side ended it and that it is closed are the end, which is told once.
    socket.on("end", onGone).on("close", onGone);
    if (socket.closed) process.nextTick(() => this.gone());
  }

  received(bytes: Uint8Array): void {
    this.#endpoint.receive(bytes, this);
  }

  gone(): void {
    if (!this.#isGone) this.#endpoint.ended(this, "closed");
    this.#isGone = true;
  }

  /** Whether bytes can leave. On TLS only after the handshake, or they would pile up before it. */
  get isUp(): boolean {
    const { socket } = this;
    const isSecure = !(socket instanceof TLSSocket) || socket.getFinished() !== undefined;
    return !socket.connecting && socket.writable && isSecure;
  }

  /** Whether as much is queued as may be. */
  get isFull(): boolean {
    return this.socket.writableLength >= this.#maxQueuedBytes;
  }

  /**
   * Bytes from the endpoint; false where they are refused. At most one control frame waits here, and
   * none behind data that does not leave: beats must not pile up on a connection that is stuck.
   */
  send(frame: Uint8Array, message: Message | undefined): boolean {
    const { socket } = this;
    if (!this.isUp || (message !== undefined && this.isFull)) return false;
    if (message !== undefined) {
      message.accepted = this.#write(frame, message.callback);
      return true;
    }
    this.uncork();
    // A socket that has sent everything says so only in the next tick.
    const isQueued = socket.writableLength > 0;
    if (isQueued && (socket.writableNeedDrain || this.#controlQueued)) return false;
    socket.write(frame);
    if (socket.writableLength > 0) this.#awaitControl();
    return true;
  }

  /** A control frame could not leave at once: until it has, none is put behind it. */
  #awaitControl(): void {
    this.#controlQueued = true;
    this.socket.write(NO_BYTES, () => {
      this.#controlQueued = false;
    });
  }

  /** Messages that were held until everything sent in one go was there leave. */
  uncork(): void {
    if (!this.#isCorked) return;
    this.#isCorked = false;
    this.socket.uncork();
    if (this.socket.writableLength === 0) this.#taken = this.#written;
  }

  #write(frame: Uint8Array, callback: SentCallback | undefined): boolean {
    const { socket } = this;
    if (!this.#isCorked) {
      this.#isCorked = true;
      socket.cork();
      process.nextTick(uncork, this);
    }
    this.#written += 1;
    const accepted = socket.write(frame, callback && this.#tell(callback));
    if (accepted) return true;
    this.uncork();
    if (!this.#awaitsDrain) socket.on("drain", onDrain);
    this.#awaitsDrain = true;
    return false;
  }

  /** Calls back about the message that is being written. */
  #tell(callback: SentCallback): (error?: Error | null) => void {
    const number = this.#written;
    return (error) => {
      // Node reports success for a write that was under way when its socket was destroyed.
      if (!error && (number <= this.#taken || !this.socket.destroyed)) return callback();
      const why = "its connection was closed before the kernel had all of it";
      callback(new NotSentError(why, { cause: error }));
    };
  }

  /** Resolves when everything sent so far is in the kernel, or can never be. */
  async flushed(): Promise<void> {
    const { socket } = this;
    if (!socket.writable || socket.writableLength === 0) return;
    await new Promise<void>((resolve) => socket.write(NO_BYTES, () => resolve()));
  }

  /** Calls back when the socket is closed, however that comes about. Never at once. */
  whenClosed(callback: () => void): void {
    if (this.socket.closed) process.nextTick(callback);
    else this.socket.once("close", callback);
  }
}

function uncork(link: Link): void {
  link.uncork();
}

function onData(this: Linked, bytes: Buffer): void {
  this[LINK].received(bytes);
}

function onDrain(this: Linked): void {
  this[LINK].peer?.drained();
}

function onGone(this: Linked): void {
  this[LINK].gone();
}

function onError(this: Linked, error: Error): void {
  this[LINK].error = error;
}
