// Cuts a byte stream into frames. Chunks may be anything; a length is believed only as far as its
// bytes have arrived, so a hostile header costs nobody memory.

import { decodeFrame, decodeHeader } from "./decode.ts";
import { type Frame, type FrameFault, HEADER_BYTES } from "./frame.ts";

/** Why a stream is no sequence of frames. */
export type StreamFault = FrameFault | "too-long";

/** Above this a buffer is given back after the frame it held. */
const KEPT_BYTES = 65_536;

export class Reassembly {
  /** Bytes of an unfinished frame that are kept. */
  heldBytes = 0;
  readonly #maxMessageBytes: number;
  #held: Uint8Array = new Uint8Array(256);
  /** How many bytes are needed to go on: a header, and then all of its frame. */
  #neededBytes = HEADER_BYTES;
  #fault: StreamFault | undefined;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /**
   * Takes a chunk, calls `onFrame` for every frame it completes, and returns a fault if there is
   * one. After a fault all further bytes are ignored.
   */
  push(chunk: Uint8Array, onFrame: (frame: Frame) => void): StreamFault | undefined {
    for (let at = 0; at < chunk.length && !this.#fault; ) {
      const part = chunk.subarray(at, at + this.#neededBytes - this.heldBytes);
      at += part.length;
      this.#hold(part);
      if (this.heldBytes === this.#neededBytes) this.#fault = this.#goOn(onFrame);
    }
    if (this.#fault) this.#reset();
    return this.#fault;
  }

  #goOn(onFrame: (frame: Frame) => void): StreamFault | undefined {
    const header = decodeHeader(this.#held);
    if (!header.ok) return header.fault;
    const { isData, lengthBytes } = header;
    if (isData && lengthBytes - HEADER_BYTES > this.#maxMessageBytes) return "too-long";
    this.#neededBytes = lengthBytes;
    if (this.heldBytes < lengthBytes) return undefined;
    const decoded = decodeFrame(this.#held.slice(0, lengthBytes));
    this.#reset();
    if (!decoded.ok) return decoded.fault;
    onFrame(decoded.frame);
    return undefined;
  }

  #reset(): void {
    this.heldBytes = 0;
    this.#neededBytes = HEADER_BYTES;
    if (this.#held.length > KEPT_BYTES) this.#held = new Uint8Array(256);
  }

  /** Grows by doubling, with the bytes that really came. */
  #hold(part: Uint8Array): void {
    const neededBytes = this.heldBytes + part.length;
    if (neededBytes > this.#held.length) {
      const grown = new Uint8Array(Math.max(neededBytes, 2 * this.#held.length));
      grown.set(this.#held);
      this.#held = grown;
    }
    this.#held.set(part, this.heldBytes);
    this.heldBytes = neededBytes;
  }
}
