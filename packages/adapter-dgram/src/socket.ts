// The socket of a node: one of its own, or one it shares with the application. Datagrams in and out, and
// what the system says about them: errors are counted, and are no verdict about anybody.

import { createSocket, type Socket } from "node:dgram";
import { type AddressInfo, isIP } from "node:net";
import { addressOf, asItIs, asSeenBy, KEPT_PATHS, type PeerAddress } from "./address.ts";

/** What we ask the kernel for: it may give less, or more. */
export interface BufferOptions {
  /** For datagrams that arrived and were not read yet, in bytes. Default 4 MiB. */
  readonly receiveBytes?: number | undefined;
  /** For datagrams that are to leave, in bytes. Default: what the system gives. */
  readonly sendBytes?: number | undefined;
}

/** What the kernel really gave, in bytes. Linux says twice what can be used. */
export interface Buffers {
  readonly receiveBytes: number;
  readonly sendBytes: number;
}

/** Beats must outlast a stall of ours; what systems give by default holds a few hundred. */
const RECEIVE_BYTES = 4_194_304;
/** With more than this in the socket's own queue, beats are refused instead of queued. */
const MAX_QUEUED_BYTES = 262_144;

export class NodeSocket {
  /** How often which error came, by code. */
  readonly errors: Record<string, number> = {};
  readonly #isShared: boolean;
  #socket: Socket | undefined;
  /** Whether what is sent leaves at once, or is queued where the socket tells: it is ours, and bound. */
  #tellsQueue = false;
  #family: string | undefined;
  /** Nothing is queued in it, as it said when it was asked for the next datagram. */
  #isIdle = false;
  /** The last datagram, to be written over. */
  #datagram: Buffer<ArrayBuffer> | undefined;
  /** What the socket calls each path, so that none is taken apart for every beat. */
  readonly #targets: Map<string, PeerAddress> = new Map();
  readonly #count = (error: NodeJS.ErrnoException | null): void => {
    if (error === null) return;
    const code = error.code ?? error.name;
    this.errors[code] = (this.errors[code] ?? 0) + 1;
  };

  constructor(shared: Socket | undefined) {
    this.#socket = shared;
    this.#isShared = shared !== undefined;
  }

  get isThere(): boolean {
    return this.#socket !== undefined;
  }

  address(): AddressInfo | null {
    return this.#socket?.address() ?? null;
  }

  async open(
    port: number,
    address: string,
    buffers: BufferOptions,
    onDatagram: (datagram: Buffer, from: { address: string; port: number }) => void,
  ): Promise<void> {
    const socket = createSocket({ type: isIP(address) === 6 ? "udp6" : "udp4", lookup: asItIs });
    this.#socket = socket;
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once("error", reject);
        socket.bind(port, address, () => {
          socket.off("error", reject);
          resolve();
        });
      });
    } catch (error) {
      this.#socket = undefined;
      socket.close();
      throw error;
    }
    this.#tellsQueue = typeof socket.getSendQueueSize === "function";
    this.#ask(buffers);
    socket.on("error", this.#count);
    socket.on("message", onDatagram);
  }

  /** Some systems refuse what is above their limit instead of giving less: then it stays as it was. */
  #ask({ receiveBytes = RECEIVE_BYTES, sendBytes }: BufferOptions): void {
    const { setRecvBufferSize, setSendBufferSize } = this.#socket ?? {};
    const asks = [
      [setRecvBufferSize, receiveBytes],
      [setSendBufferSize, sendBytes],
    ] as const;
    for (const [ask, bytes] of asks) {
      try {
        if (bytes !== undefined) ask?.call(this.#socket, bytes);
      } catch (error) {
        this.#count(error as NodeJS.ErrnoException);
      }
    }
  }

  /** Undefined without a bound socket, and where the runtime does not say. */
  get buffers(): Buffers | undefined {
    try {
      const receiveBytes = this.#socket?.getRecvBufferSize();
      const sendBytes = this.#socket?.getSendBufferSize();
      if (receiveBytes !== undefined && sendBytes !== undefined) return { receiveBytes, sendBytes };
    } catch {
      // A socket that is not bound yet, or closed by the application, has none.
    }
    return undefined;
  }

  /**
   * Room for the next datagram. That of the one before is used again once nothing is queued any more: then the
   * system has taken it. Nobody knows that of a socket that is shared or not bound yet: there a datagram may wait
   * for a lookup, or for the socket.
   */
  readonly allocate = (lengthBytes: number): Buffer<ArrayBuffer> => {
    const last = this.#datagram;
    this.#isIdle = this.#tellsQueue && this.#socket?.getSendQueueSize() === 0;
    if (this.#isIdle && last?.length === lengthBytes) return last;
    this.#datagram = Buffer.allocUnsafe(lengthBytes);
    return this.#datagram;
  };

  send(datagram: Uint8Array, path: string): boolean {
    const socket = this.#socket;
    if (socket === undefined) return false;
    // Every datagram has just been allocated, so that a socket of ours need not be asked once more.
    if (!this.#isIdle && queuedBytes(socket) > MAX_QUEUED_BYTES) return false;
    this.#isIdle = false;
    const { address, port } = this.#targets.get(path) ?? this.#target(socket, path);
    // Whole: for a part of it node:dgram would make another view.
    socket.send(datagram, port, address, this.#count);
    return true;
  }

  #target(socket: Socket, path: string): PeerAddress {
    const { address, port } = addressOf(path);
    this.#family ??= socket.address().family;
    const target = { address: asSeenBy(this.#family, address), port };
    if (this.#targets.size === KEPT_PATHS) this.#targets.clear();
    this.#targets.set(path, target);
    return target;
  }

  /** Closes a socket of our own, and lets go of a shared one. */
  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined && !this.#isShared)
      await new Promise<void>((resolve) => socket.close(resolve));
  }
}

/** Deno's sockets do not say; they hand everything to the kernel at once. */
export function queuedBytes(socket: Partial<Pick<Socket, "getSendQueueSize">>): number {
  return socket.getSendQueueSize?.() ?? 0;
}
