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

export class Link {
  readonly socket: Socket;
  /** What the socket failed of; evidence, never thrown. */
  error: Error | undefined;
  /** Called when what was queued has left. */
  drained: () => void = () => {};

  readonly #maxQueuedBytes: number;
  #controlQueued = false;
  readonly #controlLeft = (): void => {
    this.#controlQueued = false;
  };

  constructor(socket: Socket, endpoint: Endpoint<Link>, maxQueuedBytes: number | undefined) {
    this.socket = socket;
    this.#maxQueuedBytes = maxQueuedBytes ?? MAX_QUEUED_BYTES;
    socket.setNoDelay(true).setKeepAlive(true, KEEPALIVE_MS);
    let isGone = false;
    // Both that the other side ended it and that it is closed are the end, which is told once.
    const gone = () => {
      if (!isGone) endpoint.ended(this, "closed");
      isGone = true;
    };
    socket.on("data", (bytes: Buffer) => endpoint.receive(bytes, this));
    socket.on("drain", () => this.drained());
    socket.on("end", gone);
    this.whenClosed(gone);
    socket.on("error", (error) => {
      this.error = error;
    });
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
    if (socket.writableNeedDrain || (this.#controlQueued && socket.writableLength > 0)) {
      return false;
    }
    socket.write(frame, this.#controlLeft);
    this.#controlQueued = socket.writableLength > 0;
    return true;
  }

  #write(frame: Uint8Array, callback: SentCallback | undefined): boolean {
    const { socket } = this;
    if (callback === undefined) return socket.write(frame);
    let taken = false;
    const accepted = socket.write(frame, (error) => {
      // Node reports success for a write that was under way when its socket was destroyed.
      if (!error && (taken || !socket.destroyed)) return callback();
      const why = "its connection was closed before the kernel had all of it";
      callback(new NotSentError(why, { cause: error }));
    });
    taken = socket.writableLength === 0;
    return accepted;
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
