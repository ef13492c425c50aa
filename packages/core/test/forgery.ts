// Frames of somebody who sees nothing, but knows names and addresses, and guesses numbers.
import fc from "fast-check";
import { encodeFrame } from "../src/endpoint/encode.ts";
import {
  type BeatFrame,
  type Frame,
  NO_EXTRA,
  NO_TAG,
  type NoticeFrame,
  PADDED_BYTES,
  TOP,
  type Word64,
} from "../src/endpoint/frame.ts";

const half = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const random: fc.Arbitrary<Word64> = fc.record({ hi: half, lo: half });
const tag: fc.Arbitrary<Word64> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(NO_TAG) },
  { weight: 1, arbitrary: random },
  // The slot of a tag is no secret.
  { weight: 1, arbitrary: fc.record({ hi: half, lo: half.map((lo) => lo - (lo % 2 ** 22)) }) },
);
const small = fc.integer({ min: 1, max: 9 });
const pace = fc.constantFrom(0, 1, 100, 1_000, 2 ** 32 - 1);

/** `epochs` are what such a person would guess, boot ids it may even know. */
export function forged(
  ids: readonly string[],
  epochs: readonly number[],
  boots: readonly Word64[] = [],
): fc.Arbitrary<Frame> {
  const sender = {
    tag,
    epoch: fc.constantFrom(...epochs.flatMap((epoch) => [epoch - 1, epoch, epoch + 1]), TOP - 1),
    session: small,
  };
  const boot = fc.oneof(random, ...boots.map((each) => fc.constant(each)));
  const beat = fc
    .record({
      ...sender,
      type: fc.constantFrom("beat" as const, "beat" as const, "echo" as const),
      seq: small,
      handed: random,
      echo: fc.integer({ min: 0, max: 60 }),
      heldMicros: pace,
      counted: fc.boolean(),
      asks: fc.boolean(),
      gapMs: pace,
      wishMs: pace,
      minMs: pace,
      deadMs: pace,
      sentMicros: pace,
      stalledMs: pace,
      identity: fc.record({ boot, id: fc.constantFrom(...ids) }),
    })
    .map((frame): BeatFrame => {
      const asks = frame.asks && frame.type === "beat";
      const bare: BeatFrame = { ...frame, asks, extra: NO_EXTRA };
      const missing = Math.max(0, PADDED_BYTES - encodeFrame(bare).length);
      return { ...bare, extra: new Uint8Array(missing) };
    });
  const leave = fc.record({
    ...sender,
    type: fc.constant("leave" as const),
    seq: fc.integer({ min: 1, max: 1e6 }),
    reason: fc.constantFrom("leaving" as const, "removed" as const),
    returnInMs: pace,
    extra: fc.constant(NO_EXTRA),
  });
  const notice: fc.Arbitrary<NoticeFrame> = fc.record({
    ...sender,
    type: fc.constant("notice" as const),
    kind: fc.constantFrom(
      ...(["dead", "known-as", "duplicate-id", "replaced", "incompatible"] as const),
    ),
    aboutEpoch: sender.epoch,
    aboutSession: small,
    aboutBoot: boot,
    answers: small,
    knownEpoch: fc.constantFrom(...epochs, TOP - 2),
    extra: fc.constant(NO_EXTRA),
  });
  return fc.oneof(
    { weight: 3, arbitrary: beat },
    { weight: 1, arbitrary: leave },
    { weight: 2, arbitrary: notice },
  );
}
