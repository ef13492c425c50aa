// The wire format as laws: nothing is lost, nothing has two encodings, and no bytes are dangerous.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeFrame } from "../src/endpoint/decode.ts";
import { encodeFrame } from "../src/endpoint/encode.ts";
import type { BeatFrame } from "../src/endpoint/frame.ts";
import { beats, frames, identities, nearlyFrames, withTrueLength } from "./arbitrary-frames.ts";

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  nearlyFrames,
  nearlyFrames.map(withTrueLength),
);

describe("the codec", () => {
  test("loses nothing: decode(encode(f)) = f", () => {
    fc.assert(
      fc.property(frames, (frame) => {
        expect(decodeFrame(encodeFrame(frame))).toEqual({ ok: true, frame });
      }),
    );
  });

  test("writes every byte, whatever lay there before", () => {
    const used = (length: number) => new Uint8Array(length).fill(0xee);
    fc.assert(
      fc.property(frames, (frame) => {
        expect(encodeFrame(frame, 0, used)).toEqual(encodeFrame(frame));
      }),
    );
  });

  test("leaves the room that was asked for behind the frame, and nothing of the frame in it", () => {
    fc.assert(
      fc.property(frames, fc.nat({ max: 40 }), (frame, roomBytes) => {
        const bytes = encodeFrame(frame, roomBytes);
        const alone = encodeFrame(frame);
        expect(bytes.length).toBe(alone.length + roomBytes);
        expect(bytes.subarray(0, alone.length)).toEqual(alone);
        expect(decodeFrame(bytes, alone.length)).toEqual({ ok: true, frame });
      }),
    );
  });

  test("has one encoding for each value: encode(decode(b)) = b for every b it accepts", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const decoded = decodeFrame(bytes);
        if (decoded.ok) expect([...encodeFrame(decoded.frame)]).toEqual([...bytes]);
      }),
    );
  });

  test("takes any bytes without throwing, changes none of them, and keeps none of a control frame", () => {
    // A Buffer is what sockets hand over, and its `slice` is not that of other byte arrays.
    const kinds = fc.constantFrom("Uint8Array", "Buffer");
    fc.assert(
      fc.property(anyBytes, kinds, (drawn, kind) => {
        const bytes = kind === "Buffer" ? Buffer.from(drawn) : drawn;
        const before = [...bytes];
        const decoded = decodeFrame(bytes);
        expect([...bytes]).toEqual(before);
        if (!decoded.ok || decoded.frame.type === "data") return;
        const frame = structuredClone(decoded.frame);
        bytes.fill(0xee);
        expect(decoded.frame).toEqual(frame);
      }),
    );
  });

  test("reads the same fields whatever a later version writes behind them", () => {
    fc.assert(
      fc.property(beats, fc.uint8Array({ minLength: 1, maxLength: 200 }), (frame, later) => {
        const extra = Uint8Array.of(...frame.extra.subarray(0, 300), ...later);
        expect(decodeFrame(encodeFrame({ ...frame, extra }))).toEqual({
          ok: true,
          frame: { ...frame, extra },
        });
      }),
    );
  });

  test("accepts no frame that is cut short", () => {
    fc.assert(
      fc.property(frames, fc.nat(), (frame, at) => {
        const whole = encodeFrame(frame);
        const cut = whole.slice(0, at % whole.length);
        expect(decodeFrame(cut).ok).toBe(false);
        // Even if its length field tells the truth, the fixed fields must all be there.
        const decoded = decodeFrame(withTrueLength(cut));
        if (decoded.ok) expect(encodeFrame(decoded.frame)).toEqual(withTrueLength(cut));
      }),
    );
  });

  test("says the same wherever in a larger buffer a frame lies", () => {
    fc.assert(
      fc.property(frames, fc.nat({ max: 20 }), (frame, before) => {
        const bytes = encodeFrame(frame);
        const buffer = new Uint8Array(before + bytes.length + 7).fill(0x53);
        buffer.set(bytes, before);
        const decoded = decodeFrame(buffer.subarray(before, before + bytes.length));
        expect(decoded).toEqual({ ok: true, frame });
      }),
    );
  });
});

test("RFC 6520 / Heartbleed: no answer is longer than the question it mirrors", () => {
  fc.assert(
    fc.property(beats, identities, (question, identity) => {
      const answer: BeatFrame = {
        ...question,
        type: "echo",
        asks: false,
        extra: new Uint8Array(0),
        ...(question.identity && { identity }),
      };
      if (!question.asks) return;
      expect(encodeFrame(answer).length).toBeLessThanOrEqual(encodeFrame(question).length);
    }),
  );
});
