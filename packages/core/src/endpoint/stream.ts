// Cuts a byte stream into frames. Chunks may be anything; a length is believed only as far as its
// bytes have arrived, so a hostile header costs nobody memory.

import { decodeFrame, decodeHeader } from "./decode.ts";
import { type Frame, type FrameFault, HEADER_BYTES } from "./frame.ts";

/** Why a stream is no sequence of frames. */
export type StreamFault = FrameFault | "too-long";

const NOTHING: Uint8Array = new Uint8Array(0);

export class Reassembly {
  /** Bytes of an unfinished frame that are kept. */
  heldBytes = 0;
  readonly #maxMessageBytes: number;
  /** Room for an unfinished frame. Most frames lie whole in a chunk, and need none. */
  #held: Uint8Array = NOTHING;
  /** How many bytes are needed to go on: a header, and then all of its frame. */
  #neededBytes = HEADER_BYTES;
  /** Whether the frame, once its header is known, is a message. */
  #isData = false;
  #fault: StreamFault | undefined;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /**
   * Takes a chunk, calls `onFrame` for every frame it completes, and returns a fault if there is
   * one. After a fault all further bytes are ignored. No frame shares memory with the chunk.
   */
  push(chunk: Uint8Array, onFrame: (frame: Frame) => void): StreamFault | undefined {
    let rest = chunk;
    while (rest.length > 0 && !this.#fault) rest = rest.subarray(this.#takePart(rest, onFrame));
    if (this.#fault) this.#reset();
    return this.#fault;
  }

  /** Takes what belongs to one frame, and returns how many bytes that are. */
  #takePart(bytes: Uint8Array, onFrame: (frame: Frame) => void): number {
    if (this.heldBytes === 0) this.#readHeader(bytes);
    const part = bytes.subarray(0, this.#neededBytes - this.heldBytes);
    if (this.#fault) return 0;
    if (part.length === this.#neededBytes) {
      // A message is somebody's to keep, and the chunk it came in is the transport's.
      this.#finish(this.#isData ? new Uint8Array(part) : part, onFrame);
      return part.length;
    }
    this.#hold(part);
    if (this.heldBytes === HEADER_BYTES) this.#readHeader(this.#held);
    if (this.heldBytes === this.#neededBytes && !this.#fault) this.#finish(this.#held, onFrame);
    return part.length;
  }

  #readHeader(bytes: Uint8Array): void {
    if (bytes.length < HEADER_BYTES) return;
    const header = decodeHeader(bytes);
    if (!header.ok) this.#fault = header.fault;
    else if (header.isData && header.lengthBytes - HEADER_BYTES > this.#maxMessageBytes)
      this.#fault = "too-long";
    else {
      this.#neededBytes = header.lengthBytes;
      this.#isData = header.isData;
    }
  }

  #finish(bytes: Uint8Array, onFrame: (frame: Frame) => void): void {
    this.#reset();
    const decoded = decodeFrame(bytes);
    if (decoded.ok) onFrame(decoded.frame);
    else this.#fault = decoded.fault;
  }

  #reset(): void {
    this.heldBytes = 0;
    this.#neededBytes = HEADER_BYTES;
    this.#held = NOTHING;
  }

  /** Grows by doubling, with the bytes that really came, up to exactly what the frame needs. */
  #hold(part: Uint8Array): void {
    const heldBytes = this.heldBytes + part.length;
    if (heldBytes > this.#held.length) {
      const grown = new Uint8Array(Math.min(this.#neededBytes, 2 * heldBytes));
      grown.set(this.#held);
      this.#held = grown;
    }
    this.#held.set(part, this.heldBytes);
    this.heldBytes = heldBytes;
  }
}
