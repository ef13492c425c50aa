// Cuts a byte stream into frames. Chunks may be anything; a length is believed only as far as its
// bytes have arrived, so a hostile header costs nobody memory.

import { decodeFrame, decodeHeader } from "./decode.ts";
import { type Frame, type FrameFault, HEADER_BYTES } from "./frame.ts";

/** Why a stream is no sequence of frames. */
export type StreamFault = FrameFault | "too-long";

const NOTHING: Uint8Array = new Uint8Array(0);

/** Short messages of one chunk share so much of a copy: one for each would take longer than to read them. */
const COPIED_BYTES = 8_192;

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
  /** A copy of a part of the chunk, and where in the chunk that begins. */
  #copy: Uint8Array = NOTHING;
  #copiedFrom = 0;
  #fault: StreamFault | undefined;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /**
   * Takes a chunk, calls `onFrame` for every frame it completes, and returns a fault if there is
   * one. After a fault all further bytes are ignored. No frame shares memory with the chunk.
   */
  push(chunk: Uint8Array, onFrame: (frame: Frame) => void): StreamFault | undefined {
    for (let at = 0; at < chunk.length && !this.#fault; ) at += this.#takePart(chunk, at, onFrame);
    this.#copy = NOTHING;
    this.#copiedFrom = 0;
    if (this.#fault) this.#reset();
    return this.#fault;
  }

  /** Takes what belongs to one frame, from `at` on, and returns how many bytes that are. */
  #takePart(chunk: Uint8Array, at: number, onFrame: (frame: Frame) => void): number {
    const restBytes = chunk.length - at;
    if (this.heldBytes === 0 && restBytes >= HEADER_BYTES) this.#readHeader(chunk, at);
    if (this.#fault) return 0;
    const missingBytes = this.#neededBytes - this.heldBytes;
    if (this.heldBytes === 0 && restBytes >= missingBytes) {
      const endsAt = at + missingBytes;
      // A message is somebody's to keep, and the chunk it came in is the transport's.
      if (this.#isData && chunk[at + 3] === 0) this.#finishMessage(chunk, at, endsAt, onFrame);
      else this.#finish(chunk.subarray(at, endsAt), onFrame);
      return missingBytes;
    }
    const part = chunk.subarray(at, at + missingBytes);
    this.#hold(part);
    if (this.heldBytes === HEADER_BYTES) this.#readHeader(this.#held, 0);
    if (this.heldBytes === this.#neededBytes && !this.#fault) this.#finish(this.#held, onFrame);
    return part.length;
  }

  #readHeader(bytes: Uint8Array, at: number): void {
    const header = decodeHeader(bytes, at);
    if (!header.ok) this.#fault = header.fault;
    else if (header.isData && header.lengthBytes - HEADER_BYTES > this.#maxMessageBytes)
      this.#fault = "too-long";
    else {
      this.#neededBytes = header.lengthBytes;
      this.#isData = header.isData;
    }
  }

  /** As `#finish`, for a message without flags, which lies whole in the chunk: nothing else can be wrong with it. */
  #finishMessage(
    chunk: Uint8Array,
    at: number,
    endsAt: number,
    onFrame: (frame: Frame) => void,
  ): void {
    this.#reset();
    if (endsAt > this.#copiedFrom + this.#copy.length) {
      this.#copy = new Uint8Array(chunk.subarray(at, Math.max(endsAt, at + COPIED_BYTES)));
      this.#copiedFrom = at;
    }
    const from = at - this.#copiedFrom;
    const payload = this.#copy.subarray(from + HEADER_BYTES, endsAt - this.#copiedFrom);
    onFrame({ type: "data", payload });
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
