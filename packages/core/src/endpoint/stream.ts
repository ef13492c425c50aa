// Cuts a byte stream into frames. Chunks may be anything; a length is believed only as far as its
// bytes have arrived, so a hostile header costs nobody memory.

import { decodeFrame, decodeHeader } from "./decode.ts";
import { type Frame, type FrameFault, HEADER_BYTES } from "./frame.ts";

/** Why a stream is no sequence of frames. */
export type StreamFault = FrameFault | "too-long";

/** Above this a buffer is given back after the frame it held. */
const KEPT_BYTES = 65_536;

export class Reassembly {
  readonly #maxMessageBytes: number;
  #held: Uint8Array = new Uint8Array(256);
  #heldBytes = 0;
  /** The length of the frame under way; undefined while its header is incomplete. */
  #frameBytes: number | undefined;
  #fault: StreamFault | undefined;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Bytes of an unfinished frame that are kept. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * Takes a chunk, calls `onFrame` for every frame it completes, and returns a fault if there is
   * one. After a fault all further bytes are ignored.
   */
  push(chunk: Uint8Array, onFrame: (frame: Frame) => void): StreamFault | undefined {
    let at = 0;
    while (at < chunk.length && this.#fault === undefined) {
      const neededBytes = this.#frameBytes ?? HEADER_BYTES;
      const part = chunk.subarray(at, at + neededBytes - this.#heldBytes);
      this.#hold(part);
      at += part.length;
      if (this.#heldBytes < neededBytes) break;
      this.#frameBytes ??= this.#readHeader();
      if (this.#frameBytes === this.#heldBytes) this.#deliver(onFrame);
    }
    return this.#fault;
  }

  #readHeader(): number | undefined {
    const header = decodeHeader(this.#held);
    if (!header.ok) return this.#fail(header.fault);
    const tooLong = header.isData && header.lengthBytes - HEADER_BYTES > this.#maxMessageBytes;
    return tooLong ? this.#fail("too-long") : header.lengthBytes;
  }

  #deliver(onFrame: (frame: Frame) => void): void {
    const decoded = decodeFrame(this.#held.slice(0, this.#heldBytes));
    this.#heldBytes = 0;
    this.#frameBytes = undefined;
    if (this.#held.length > KEPT_BYTES) this.#held = new Uint8Array(256);
    if (decoded.ok) onFrame(decoded.frame);
    else this.#fail(decoded.fault);
  }

  /** Grows by doubling, with the bytes that really came. */
  #hold(part: Uint8Array): void {
    const neededBytes = this.#heldBytes + part.length;
    if (neededBytes > this.#held.length) {
      const grown = new Uint8Array(Math.max(neededBytes, 2 * this.#held.length));
      grown.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = grown;
    }
    this.#held.set(part, this.#heldBytes);
    this.#heldBytes = neededBytes;
  }

  #fail(fault: StreamFault): undefined {
    this.#fault = fault;
    this.#held = new Uint8Array(0);
    this.#heldBytes = 0;
  }
}
