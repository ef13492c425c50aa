// Frames out of a byte stream: the same ones however it is cut, and never more memory than bytes.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeFrame, decodeHeader } from "../src/endpoint/decode.ts";
import { encodeFrame } from "../src/endpoint/encode.ts";
import { type Frame, HEADER_BYTES } from "../src/endpoint/frame.ts";
import { Reassembly, type StreamFault } from "../src/endpoint/stream.ts";
import { frames, nearlyFrames, withTrueLength } from "./arbitrary-frames.ts";

const MAX_MESSAGE_BYTES = 250;

interface Read {
  readonly frames: readonly Frame[];
  readonly fault: StreamFault | undefined;
  readonly heldBytes: number;
}

/** The dumb twin: it sees the whole stream at once. */
function readWhole(bytes: Uint8Array): Read {
  const read: Frame[] = [];
  let at = 0;
  const fail = (fault: StreamFault): Read => ({ frames: read, fault, heldBytes: 0 });
  while (bytes.length - at >= HEADER_BYTES) {
    const header = decodeHeader(bytes.subarray(at));
    if (!header.ok) return fail(header.fault);
    const { isData, lengthBytes } = header;
    if (isData && lengthBytes > HEADER_BYTES + MAX_MESSAGE_BYTES) return fail("too-long");
    if (bytes.length - at < lengthBytes) break;
    const decoded = decodeFrame(bytes.slice(at, at + lengthBytes));
    if (!decoded.ok) return fail(decoded.fault);
    read.push(decoded.frame);
    at += lengthBytes;
  }
  return { frames: read, fault: undefined, heldBytes: bytes.length - at };
}

/** Chunks of the given sizes, taken in turn; each is overwritten once it was pushed. */
function readInChunks(bytes: Uint8Array, sizes: readonly number[]): Read {
  const stream = new Reassembly(MAX_MESSAGE_BYTES);
  const read: Frame[] = [];
  let fault: StreamFault | undefined;
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const chunk = bytes.slice(at, at + (sizes[n % sizes.length] ?? bytes.length));
    at += chunk.length;
    fault = stream.push(chunk, (frame) => read.push(frame));
    // The socket's buffer is its own again.
    chunk.fill(0xee);
    if (stream.heldBytes > at) throw new Error(`${at} bytes came, ${stream.heldBytes} are held`);
  }
  return { frames: read, fault, heldBytes: stream.heldBytes };
}

const chunkSizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 });
const pieces = (piece: fc.Arbitrary<Uint8Array>) =>
  fc.array(piece, { maxLength: 5 }).map((list) => Uint8Array.from(list.flatMap((b) => [...b])));
const whole = frames.filter(
  (frame) => frame.type !== "data" || frame.payload.length <= MAX_MESSAGE_BYTES,
);
/** Sequences of frames, with one cut off at the end. */
const goodStreams = fc
  .tuple(pieces(whole.map(encodeFrame)), fc.nat({ max: 40 }))
  .map(([bytes, cut]) => bytes.slice(0, Math.max(0, bytes.length - cut)));
/** Sequences of what may be a frame. */
const anyStreams = pieces(
  fc.oneof(frames.map(encodeFrame), nearlyFrames.map(withTrueLength), nearlyFrames),
);

describe("the same frames in the same order", () => {
  test("come out of a chunk with many messages, each with bytes of its own", () => {
    const payloads = Array.from({ length: 150 }, (_, n) => new Uint8Array(100 + (n % 7)).fill(n));
    const all = payloads.flatMap((payload) => [...encodeFrame({ type: "data", payload })]);
    const { frames: read } = readInChunks(Uint8Array.from(all), [all.length]);
    for (const frame of read) if (frame.type === "data") frame.payload[0] = 255;
    for (const payload of payloads) payload[0] = 255;
    expect(read).toEqual(payloads.map((payload) => ({ type: "data", payload })));
  });

  test("that are short and came together share one copy, which is no longer than what came", () => {
    const buffersOf = (sizes: readonly number[]) => {
      const all = sizes.flatMap((size) => [
        ...encodeFrame({ type: "data", payload: new Uint8Array(size).fill(size) }),
      ]);
      const payloads: Uint8Array[] = [];
      const take = (frame: Frame) => frame.type === "data" && payloads.push(frame.payload);
      expect(new Reassembly(100_000).push(Uint8Array.from(all), take)).toBeUndefined();
      expect(payloads).toEqual(sizes.map((size) => new Uint8Array(size).fill(size)));
      return [...new Set(payloads.map(({ buffer }) => buffer.byteLength))];
    };
    expect(buffersOf([10, 20, 30])).toEqual([84]);
    expect(buffersOf([10, 20_000, 30])).toEqual([8_192, 20_008, 38]);
    expect(buffersOf([8_166, 10])).toEqual([8_192]);
    expect(buffersOf([8_167, 10])).toEqual([8_192, 18]);
  });

  test("come out whole, byte by byte and in random chunks", () => {
    fc.assert(
      fc.property(goodStreams, chunkSizes, (bytes, sizes) => {
        const expected = readWhole(bytes);
        expect(expected.fault).toBeUndefined();
        for (const cut of [[bytes.length || 1], [1], sizes]) {
          expect(readInChunks(bytes, cut)).toEqual(expected);
        }
      }),
    );
  });

  test("come out before a fault, whatever follows it, and nothing after it", () => {
    fc.assert(
      fc.property(anyStreams, chunkSizes, (bytes, sizes) => {
        const expected = readWhole(bytes);
        for (const cut of [[bytes.length || 1], [1], sizes]) {
          const { frames, fault, heldBytes } = readInChunks(bytes, cut);
          expect({ frames, fault }).toEqual({ frames: expected.frames, fault: expected.fault });
          expect(heldBytes).toBe(expected.heldBytes);
        }
      }),
    );
  });
});

describe("hostile bytes", () => {
  const header = (type: number, length: number) => {
    const bytes = Uint8Array.of(0x53, 1, type, 0, 0, 0, 0, 0);
    new DataView(bytes.buffer).setUint32(4, length);
    return bytes;
  };
  const data = encodeFrame({ type: "data", payload: new Uint8Array(10).fill(7) });
  const none = () => {
    throw new Error("no frame was expected");
  };

  test("RFC 6520 / Heartbleed: a length is believed only as far as its bytes came: 500 promises of 1 GiB cost next to nothing", () => {
    const before = process.memoryUsage().arrayBuffers;
    const streams = Array.from({ length: 500 }, () => {
      const stream = new Reassembly(2 ** 31);
      expect(stream.push(header(5, 2 ** 30), none)).toBeUndefined();
      expect(stream.push(new Uint8Array(100), none)).toBeUndefined();
      return stream;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(500 * 4_096);
    expect(streams.map(({ heldBytes }) => heldBytes)).toEqual(streams.map(() => 108));
  });

  test("a large message is followed by small ones", () => {
    const stream = new Reassembly(2 ** 24);
    const sizes: number[] = [];
    const take = (frame: Frame) => {
      if (frame.type === "data") sizes.push(frame.payload.length);
    };
    const large = encodeFrame({ type: "data", payload: new Uint8Array(2 ** 22) });
    for (let at = 0; at < large.length; at += 65_000) {
      stream.push(large.subarray(at, at + 65_000), take);
    }
    stream.push(data, take);
    expect([sizes, stream.heldBytes]).toEqual([[2 ** 22, 10], 0]);
  });

  test("what a frame says is its own: the transport may use the chunk again", () => {
    for (const size of [data.length, 7, 1]) {
      const stream = new Reassembly(100);
      const frames: Frame[] = [];
      for (let at = 0; at < data.length; at += size) {
        const chunk = Buffer.from(data.subarray(at, at + size));
        stream.push(chunk, (frame) => frames.push(frame));
        chunk.fill(0);
      }
      expect(frames).toEqual([{ type: "data", payload: new Uint8Array(10).fill(7) }]);
    }
  });

  test("the header alone condemns: nobody waits for the rest", () => {
    const faults = (bytes: Uint8Array) =>
      [...bytes].map((_, n) => new Reassembly(100).push(bytes.subarray(0, n + 1), none));
    const late = (fault: StreamFault) => [...new Array(7).fill(undefined), fault];
    expect(faults(header(5, 109))).toEqual(late("too-long"));
    expect(faults(header(5, 108))).toEqual(new Array(8).fill(undefined));
    expect(faults(header(1, 1_201))).toEqual(late("length"));
    expect(faults(header(6, 20))).toEqual(late("type"));
    expect(faults(header(5, 7))).toEqual(late("length"));
    expect(faults(Uint8Array.from(Buffer.from("GET / HT")))).toEqual(late("magic"));
    // A message says nothing by flags, whole in a chunk or in parts.
    const flagged = Uint8Array.from(data, (byte, at) => (at === 3 ? 1 : byte));
    for (const cut of [flagged.length, 5]) {
      const stream = new Reassembly(100);
      stream.push(flagged.subarray(0, cut), none);
      expect(stream.push(flagged.subarray(cut), none)).toBe("flags");
    }
  });

  test("after a fault the stream stays broken and holds nothing", () => {
    const stream = new Reassembly(100);
    let count = 0;
    const take = () => {
      count += 1;
    };
    expect(stream.push(Uint8Array.of(...data, ...header(9, 8), ...data), take)).toBe("type");
    expect([count, stream.heldBytes]).toEqual([1, 0]);
    for (const _ of [1, 2, 3]) expect(stream.push(data, take)).toBe("type");
    expect([count, stream.heldBytes]).toEqual([1, 0]);
  });

  test("an empty chunk is no event", () => {
    const stream = new Reassembly(100);
    expect(stream.push(new Uint8Array(0), none)).toBeUndefined();
    expect(stream.heldBytes).toBe(0);
  });
});
