// One connection: bytes in, bytes out, and how it is let go. What the bytes mean is the endpoint's
// business, and when a connection is over for reasons of silence, too.

import type { Socket } from "node:net";

/** What happens on a connection. */
export interface LinkEvents {
  received(bytes: Uint8Array, link: Link): void;
  /** The other side ended it, or it broke; may be said twice. */
  gone(link: Link): void;
  /** What was queued has left: more can be sent. */
  drained(link: Link): void;
}

/** Called once: with nothing when the kernel has the message, with an error when it never will. */
export type SentCallback = (error?: NotSentError) => void;

/** A message that was not handed to the kernel, as its callback is told. */
export class NotSentError extends Error {
  override readonly name = "Error [ERR_SYSTOLE_NOT_SENT]";
  readonly code = "ERR_SYSTOLE_NOT_SENT";

  constructor(why: string, options?: ErrorOptions) {
    super(`The message was not sent: ${why}.\nSend it again once the peer is alive.`, options);
  }
}

const NO_BYTES = new Uint8Array(0);

export class Link {
  readonly socket: Socket;
  /** What the socket failed of; evidence, never thrown. */
  error: Error | undefined;
  /** Resolves when the socket is closed, however that comes about. */
  readonly closed: Promise<void>;

  /** Set while the endpoint hands us a message: everything else it sends is a control frame. */
  #message: { readonly callback: SentCallback | undefined; accepted: boolean } | undefined;
  #controlQueued = false;
  readonly #controlLeft = (): void => {
    this.#controlQueued = false;
  };

  constructor(socket: Socket, events: LinkEvents) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.on("data", (bytes: Buffer) => events.received(bytes, this));
    socket.on("drain", () => events.drained(this));
    socket.on("end", () => events.gone(this));
    socket.on("close", () => events.gone(this));
    socket.on("error", (error) => {
      this.error = error;
    });
  }

  /**
   * Bytes from the endpoint; false where they are refused. At most one control frame waits here, and
   * none behind data that does not leave: beats must not pile up on a connection that is stuck.
   */
  send(frame: Uint8Array): boolean {
    const { socket } = this;
    if (socket.connecting || !socket.writable) return false;
    if (this.#message !== undefined) {
      this.#message.accepted = this.#write(frame, this.#message.callback);
      return true;
    }
    if (socket.writableNeedDrain || (this.#controlQueued && socket.writableLength > 0)) {
      return false;
    }
    socket.write(frame, this.#controlLeft);
    this.#controlQueued = socket.writableLength > 0;
    return true;
  }

  /**
   * Lets the endpoint send a message in `hand`; false there means that it could not.
   *
   * @returns whether more may be sent at once; undefined when the message was not taken.
   */
  sendMessage(hand: () => boolean, callback: SentCallback | undefined): boolean | undefined {
    const message = { callback, accepted: false };
    this.#message = message;
    try {
      return hand() ? message.accepted : undefined;
    } finally {
      this.#message = undefined;
    }
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

  /** Ends a connection on which nothing more is to be said. */
  end(): void {
    const { socket } = this;
    // What does not leave now would wait for a reader that may be frozen for ever.
    if (socket.connecting || socket.writableLength > 0) socket.destroy();
    else socket.destroySoon();
  }
}
