// The layout, byte by byte as docs/wire.md has it, and every reason for which bytes are no frame.
import { describe, expect, test } from "vitest";
import { decodeFrame, decodeHeader } from "../src/endpoint/decode.ts";
import { encodeFrame } from "../src/endpoint/encode.ts";
import {
  type BeatFrame,
  type Frame,
  type FrameFault,
  isZero,
  MAX_CONTROL_BYTES,
  MAX_ID_BYTES,
  NO_EXTRA,
  NO_TAG,
  PADDED_BYTES,
  sameWord,
  TOP,
} from "../src/endpoint/frame.ts";

const sender = {
  tag: { hi: 0x01020304, lo: 0x05060708 },
  epoch: 0x0a0b_0c0d_0e0f,
  session: 0x1011_1213_1415,
};

const beat: BeatFrame = {
  type: "beat",
  ...sender,
  seq: 0x1617_1819_1a1b,
  handed: { hi: 0xffffffff, lo: 0x80000000 },
  echo: 0x2021_2223_2425,
  heldMicros: 0xfedcba98,
  counted: true,
  asks: false,
  gapMs: 1_000,
  wishMs: 500,
  minMs: 20,
  deadMs: 0xffffffff,
  sentMicros: 0x0a0b0c0d0e0f,
  stalledMs: 0x01020304,
  identity: { boot: { hi: 0x31323334, lo: 0x35363738 }, id: "ü7" },
  extra: Uint8Array.of(0xaa, 0xbb),
};
const { identity: _, ...short } = beat;

const question: BeatFrame = { ...beat, asks: true };

const leave: Frame = {
  type: "leave",
  ...sender,
  seq: 7,
  reason: "removed",
  returnInMs: 60_000,
  extra: NO_EXTRA,
};

const notice: Frame = {
  type: "notice",
  ...sender,
  kind: "known-as",
  aboutEpoch: 3,
  aboutSession: 4,
  aboutBoot: { hi: 5, lo: 6 },
  answers: 7,
  knownEpoch: 8,
  extra: NO_EXTRA,
};

const data: Frame = { type: "data", payload: Uint8Array.of(1, 2, 3) };

/** The layout, one part a line. */
const layouts: readonly (readonly [string, Frame, string])[] = [
  [
    "BEAT",
    beat,
    `53 01 01 05 0000005c
     0102030405060708 0a0b0c0d0e0f 101112131415
     161718191a1b ffffffff80000000 202122232425 fedcba98
     000003e8 000001f4 00000014 ffffffff
     0a0b0c0d0e0f 01020304
     3132333435363738 03 c3bc37
     aabb`,
  ],
  [
    "a short ECHO",
    { ...short, type: "echo", counted: false, extra: NO_EXTRA },
    `53 01 02 00 0000004e
     0102030405060708 0a0b0c0d0e0f 101112131415
     161718191a1b ffffffff80000000 202122232425 fedcba98
     000003e8 000001f4 00000014 ffffffff
     0a0b0c0d0e0f 01020304`,
  ],
  [
    "LEAVE",
    leave,
    `53 01 03 00 00000027
     0102030405060708 0a0b0c0d0e0f 101112131415
     000000000007 02 0000ea60`,
  ],
  [
    "NOTICE",
    notice,
    `53 01 04 00 0000003d
     0102030405060708 0a0b0c0d0e0f 101112131415
     02 000000000003 000000000004 0000000500000006 000000000007 000000000008`,
  ],
  ["DATA", data, "53 01 05 00 0000000b 010203"],
];

describe("the layout", () => {
  test.each(layouts)("%s", (_name, frame, hex) => {
    expect(Buffer.from(encodeFrame(frame)).toString("hex")).toBe(hex.replaceAll(/\s/g, ""));
    expect(decodeFrame(fromHex(hex))).toEqual({ ok: true, frame });
  });

  test.each([
    [1, "dead"],
    [2, "known-as"],
    [3, "duplicate-id"],
    [4, "replaced"],
    [5, "incompatible"],
  ] as const)("NOTICE of kind %d is %s", (number, kind) => {
    const bytes = encodeFrame({ ...notice, kind });
    expect(bytes[28]).toBe(number);
    expect(decodeFrame(bytes)).toEqual({ ok: true, frame: { ...notice, kind } });
  });

  test("a complete question is as long as the longest answer", () => {
    const bytes = encodeFrame({ ...question, extra: new Uint8Array(125) });
    expect(bytes.length).toBe(PADDED_BYTES);
    expect(decodeFrame(bytes)).toMatchObject({ ok: true, frame: { asks: true } });
    // One that is not complete is answered by one that is not complete.
    expect(decodeFrame(encodeFrame({ ...short, asks: true, extra: NO_EXTRA })).ok).toBe(true);
  });

  test("an identity is as long as the longest id at most, and a padded question holds the longest", () => {
    const identity = { boot: NO_TAG, id: "x".repeat(MAX_ID_BYTES) };
    const bytes = encodeFrame({ ...beat, identity, extra: NO_EXTRA });
    expect(bytes.length).toBe(PADDED_BYTES);
    expect(decodeFrame(bytes)).toMatchObject({ ok: true, frame: { identity } });
  });

  test("a leading byte order mark is part of an id", () => {
    const identity = { boot: NO_TAG, id: "\ufeffa" };
    const decoded = decodeFrame(encodeFrame({ ...beat, identity }));
    expect(decoded).toMatchObject({ ok: true, frame: { identity } });
  });

  test("the payload of DATA is a view, so a large message is not copied twice", () => {
    const bytes = encodeFrame(data);
    const decoded = decodeFrame(bytes);
    if (!decoded.ok || decoded.frame.type !== "data") throw new Error("no DATA");
    expect(decoded.frame.payload.buffer).toBe(bytes.buffer);
  });

  test("a control frame may be 1200 bytes long, DATA longer", () => {
    const room = MAX_CONTROL_BYTES - encodeFrame(leave).length;
    expect(decodeFrame(encodeFrame({ ...leave, extra: new Uint8Array(room) })).ok).toBe(true);
    expect(decodeFrame(encodeFrame({ type: "data", payload: new Uint8Array(5_000) })).ok).toBe(
      true,
    );
  });
});

describe("what is no frame", () => {
  const at = (frame: Frame, offset: number, ...values: number[]) => {
    const bytes = encodeFrame(frame);
    bytes.set(values, offset);
    return bytes;
  };
  /** Cut to a length that its own length field confirms. */
  const cutTo = (frame: Frame, length: number) =>
    new Uint8Array(at(frame, 4, 0, 0, 0, length).subarray(0, length));
  const top = [255, 255, 255, 255, 255, 255];
  const zero = [0, 0, 0, 0, 0, 0];

  const faults: readonly (readonly [string, FrameFault, Uint8Array])[] = [
    ["nothing", "short", new Uint8Array(0)],
    ["half a header", "short", encodeFrame(data).slice(0, 7)],
    ["BEAT without its last fixed byte", "short", cutTo(short as BeatFrame, 67)],
    ["LEAVE without its last fixed byte", "short", cutTo(leave, 38)],
    ["NOTICE without its last fixed byte", "short", cutTo(notice, 60)],
    [
      "a complete question of 204 bytes",
      "short",
      encodeFrame({ ...question, extra: new Uint8Array(124) }),
    ],
    ["another protocol", "magic", at(data, 0, 0x47)],
    ["another version", "version", at(data, 1, 2)],
    ["type 0", "type", at(data, 2, 0)],
    ["type 6", "type", at(data, 2, 6)],
    ["BEAT with an unknown flag", "flags", at(beat, 3, 0x0f)],
    ["ECHO that asks", "flags", at({ ...beat, type: "echo" }, 3, 0x07)],
    ["LEAVE with a flag", "flags", at(leave, 3, 1)],
    ["NOTICE with a flag", "flags", at(notice, 3, 1)],
    ["DATA with a flag", "flags", at(data, 3, 1)],
    ["a length below the header's", "length", at(data, 4, 0, 0, 0, 7)],
    ["a length above what came", "length", at(data, 4, 255, 255, 255, 255)],
    ["a length below what came", "length", at(data, 4, 0, 0, 0, 10)],
    [
      "a control frame of 1201 bytes",
      "length",
      encodeFrame({ ...leave, extra: new Uint8Array(1_162) }),
    ],
    ["BEAT with the epoch at the top", "range", at(beat, 16, ...top)],
    ["BEAT with session 0", "range", at(beat, 22, ...zero)],
    ["BEAT with the session at the top", "range", at(beat, 22, ...top)],
    ["BEAT with number 0", "range", at(beat, 28, ...zero)],
    ["BEAT with the number at the top", "range", at(beat, 28, ...top)],
    ["BEAT with the echo at the top", "range", at(beat, 42, ...top)],
    ["LEAVE with session 0", "range", at(leave, 22, ...zero)],
    ["LEAVE with number 0", "range", at(leave, 28, ...zero)],
    ["LEAVE for reason 0", "range", at(leave, 34, 0)],
    ["LEAVE for reason 3", "range", at(leave, 34, 3)],
    ["NOTICE with session 0", "range", at(notice, 22, ...zero)],
    ["NOTICE of kind 0", "range", at(notice, 28, 0)],
    ["NOTICE of kind 6", "range", at(notice, 28, 6)],
    ["NOTICE about the epoch at the top", "range", at(notice, 29, ...top)],
    ["NOTICE about the session at the top", "range", at(notice, 35, ...top)],
    ["NOTICE that answers the top", "range", at(notice, 49, ...top)],
    ["NOTICE of a known epoch at the top", "range", at(notice, 55, ...top)],
    ["a complete BEAT without an identity", "id", at(short as BeatFrame, 3, 1).slice()],
    ["an id of no bytes", "id", at(beat, 86, 0)],
    ["an id of 129 bytes", "id", at({ ...beat, extra: new Uint8Array(200) }, 86, 129)],
    ["an id longer than its frame", "id", at(beat, 86, 6)],
    [
      "an id that ends after its frame",
      "id",
      at({ ...beat, identity: { boot: NO_TAG, id: "abc" }, extra: NO_EXTRA }, 86, 4),
    ],
    ["an id that is not UTF-8", "id", at(beat, 87, 0xff)],
    ["an id in overlong UTF-8", "id", at(beat, 87, 0xc0, 0xaf)],
    ["an id that is half a surrogate pair", "id", at(beat, 87, 0xed, 0xa0, 0x80)],
  ];

  test.each(faults)("%s: %s", (_name, fault, bytes) => {
    expect(decodeFrame(bytes)).toEqual({ ok: false, fault });
  });

  test("a header that a stream cannot go on from: no frame is shorter than it", () => {
    expect(decodeHeader(at(data, 4, 0, 0, 0, 7))).toEqual({ ok: false, fault: "length" });
    expect(decodeHeader(at(data, 4, 0, 0, 0, 8))).toMatchObject({ ok: true, lengthBytes: 8 });
  });

  test("names every fault there is", () => {
    expect(new Set(faults.map(([, fault]) => fault))).toEqual(
      new Set(["short", "magic", "version", "type", "flags", "length", "range", "id"]),
    );
  });
});

describe("words", () => {
  test("are equal in both halves or not at all", () => {
    expect(sameWord({ hi: 1, lo: 2 }, { hi: 1, lo: 2 })).toBe(true);
    expect(sameWord({ hi: 1, lo: 2 }, { hi: 1, lo: 3 })).toBe(false);
    expect(sameWord({ hi: 1, lo: 2 }, { hi: 0, lo: 2 })).toBe(false);
    const [zero, one, other] = [NO_TAG, { hi: 1, lo: 0 }, { hi: 0, lo: 1 }];
    expect([zero, { hi: 0, lo: 0 }, one, other].map(isZero)).toEqual([true, true, false, false]);
  });

  test("always leave room for one more: the top of the range is invalid", () => {
    const last = encodeFrame({ ...beat, epoch: TOP - 1, session: TOP - 1, seq: TOP - 1 });
    expect(decodeFrame(last).ok).toBe(true);
  });
});

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ""), "hex"));
}
