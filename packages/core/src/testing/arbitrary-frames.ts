// Frames of the wire format as properties draw them: any frame that may be sent, and bytes that are nearly
// one.

import type fastCheck from "fast-check";
import type { Arbitrary } from "fast-check";
import { encodeFrame } from "../endpoint/encode.ts";
import {
  type BeatFrame,
  type Frame,
  type Identity,
  MAX_CONTROL_BYTES,
  MAX_ID_BYTES,
  PADDED_BYTES,
  TOP,
  type Word64,
} from "../endpoint/frame.ts";
import { encodeText } from "../endpoint/text.ts";

/** Arbitraries about bytes. */
export interface FrameArbitraries {
  /** Tags and boot ids. */
  readonly words64: Arbitrary<Word64>;
  /** Ids of peers, at most 128 bytes of UTF-8. */
  readonly ids: Arbitrary<string>;
  /** Who a frame says its sender is. */
  readonly identities: Arbitrary<Identity>;
  /** BEAT and ECHO. */
  readonly beats: Arbitrary<BeatFrame>;
  /** Frames of every type; `encodeFrame` makes bytes of them. */
  readonly frames: Arbitrary<Frame>;
  /** Bytes that are nearly a frame: changed, cut, lengthened. */
  readonly nearlyFrames: Arbitrary<Uint8Array>;
}

export function frameArbitraries(fc: typeof fastCheck): FrameArbitraries {
  const words = wordArbitraries(fc);
  const { word32, words64 } = words;
  const ids = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 40 })
    .filter((id) => encodeText(id).length <= MAX_ID_BYTES);
  const identities = fc.record({ boot: words64, id: ids });
  // As much of the ignorable area as every frame has room for.
  const extras = fc.oneof(
    fc.constant(new Uint8Array(0)),
    fc.uint8Array({ maxLength: 40 }),
    fc.constant(new Uint8Array(MAX_CONTROL_BYTES - 300)),
  );
  const beats = beatArbitrary(fc, words, identities, extras);
  const sender = { tag: words64, epoch: words.word48, session: words.numbered };
  const frames: Arbitrary<Frame> = fc.oneof(
    { weight: 3, arbitrary: beats },
    fc.record({
      type: fc.constant("leave" as const),
      ...sender,
      seq: words.numbered,
      reason: fc.constantFrom("leaving" as const, "removed" as const),
      returnInMs: word32,
      extra: extras,
    }),
    fc.record({
      type: fc.constant("notice" as const),
      ...sender,
      kind: fc.constantFrom(
        "dead" as const,
        "known-as" as const,
        "duplicate-id" as const,
        "replaced" as const,
        "incompatible" as const,
      ),
      aboutEpoch: words.word48,
      aboutSession: words.word48,
      aboutBoot: words64,
      answers: words.word48,
      knownEpoch: words.word48,
      extra: extras,
    }),
    fc.record({ type: fc.constant("data" as const), payload: fc.uint8Array({ maxLength: 300 }) }),
  );
  return { words64, ids, identities, beats, frames, nearlyFrames: nearly(fc, frames) };
}

interface Words {
  readonly word32: Arbitrary<number>;
  /** 0 to 2⁴⁸ − 2: the top of the range is invalid. */
  readonly word48: Arbitrary<number>;
  /** Counted from 1. */
  readonly numbered: Arbitrary<number>;
  readonly words64: Arbitrary<Word64>;
}

function wordArbitraries(fc: typeof fastCheck): Words {
  const edges = (top: number) => fc.constantFrom(0, 1, 2 ** 16, 2 ** 31, 2 ** 32 - 1, top);
  const word32 = fc.oneof(edges(2 ** 32 - 1), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
  const word48 = fc.oneof(
    edges(TOP - 1),
    fc.maxSafeNat().map((n) => n % TOP),
  );
  const numbered = word48.map((n) => n || 1);
  return { word32, word48, numbered, words64: fc.record({ hi: word32, lo: word32 }) };
}

function beatArbitrary(
  fc: typeof fastCheck,
  { word32, word48, numbered, words64 }: Words,
  identities: Arbitrary<Identity>,
  extras: Arbitrary<Uint8Array>,
): Arbitrary<BeatFrame> {
  return fc
    .record({
      type: fc.constantFrom("beat" as const, "echo" as const),
      tag: words64,
      epoch: word48,
      session: numbered,
      seq: numbered,
      handed: words64,
      echo: word48,
      heldMicros: word32,
      counted: fc.boolean(),
      asks: fc.boolean(),
      gapMs: word32,
      wishMs: word32,
      minMs: word32,
      deadMs: word32,
      sentMicros: word48,
      stalledMs: word32,
      identity: fc.option(identities, { nil: undefined }),
      extra: extras,
    })
    .map(({ identity, ...rest }) => {
      const asks = rest.type === "beat" && rest.asks;
      const frame: BeatFrame = { ...rest, asks, ...(identity && { identity }) };
      const missing = asks && identity ? PADDED_BYTES - encodeFrame(frame).length : 0;
      // A complete question is never short.
      return missing > 0
        ? { ...frame, extra: Uint8Array.of(...frame.extra, ...new Uint8Array(missing)) }
        : frame;
    });
}

/** One change of one byte, or a cut, or more bytes: most of what results is no frame. */
interface Mutation {
  readonly kind: "set" | "cut" | "append" | "relength";
  readonly at: number;
  readonly byte: number;
}

function nearly(fc: typeof fastCheck, frames: Arbitrary<Frame>): Arbitrary<Uint8Array> {
  const mutations: Arbitrary<Mutation> = fc.record({
    kind: fc.constantFrom("set", "set", "cut", "append", "relength"),
    // Half of them in the first bytes, where the structure is.
    at: fc.oneof(fc.nat({ max: 80 }), fc.nat({ max: 400 })),
    byte: fc.oneof(fc.constantFrom(0, 1, 2, 255), fc.nat({ max: 255 })),
  });
  return fc
    .tuple(frames, fc.array(mutations, { minLength: 1, maxLength: 4 }))
    .map(([frame, changes]) => changes.reduce(mutate, encodeFrame(frame) as Uint8Array));
}

function mutate(bytes: Uint8Array, { kind, at, byte }: Mutation): Uint8Array {
  switch (kind) {
    case "set":
      return bytes.map((before, index) => (index === at % bytes.length ? byte : before));
    case "cut":
      return bytes.slice(0, at % (bytes.length + 1));
    case "append":
      return Uint8Array.of(...bytes, byte);
    case "relength":
      return withTrueLength(bytes);
  }
}

/** The same bytes with a length field that tells the truth, so that more than the length is tried. */
export function withTrueLength(bytes: Uint8Array): Uint8Array {
  const honest = bytes.slice();
  if (honest.length >= 8) new DataView(honest.buffer).setUint32(4, honest.length);
  return honest;
}
