// The hot path out against its dumb twin: whatever a session knows, a BEAT that leaves is, byte by byte, the
// frame that `beatFrame` makes of it; and a message is the DATA that `encodeFrame` makes of it.
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeFrame } from "../src/endpoint/encode.ts";
import { isZero, NO_TAG, TOP } from "../src/endpoint/frame.ts";
import { createHub } from "../src/endpoint/hub.ts";
import { ASKS, BEAT_BYTES, COMPLETE } from "../src/endpoint/layout.ts";
import type { Pace } from "../src/endpoint/negotiation.ts";
import { messageBytes } from "../src/endpoint/ordinary-out.ts";
import { type BeatOptions, beatFrame, sendBeat } from "../src/endpoint/outbox.ts";
import { addByHand } from "../src/endpoint/pairs.ts";
import { type Pair, sentAt } from "../src/endpoint/session.ts";
import { ManualHost } from "../src/testing/manual-host.ts";
import { roles } from "./arbitraries.ts";
import { words64 } from "./arbitrary-frames.ts";

const SEAL_BYTES = 20;
const PLACE = "there";

const word32 = fc.oneof(
  fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);
const word48 = fc.maxSafeNat().map((n) => n % (TOP - 1));
/** Doubles alone would nearly all be next to nothing. */
const durations = fc.oneof(
  fc.double({ min: 0, max: 2 ** 33, noNaN: true }),
  fc.nat(10_000_000).map((micros) => micros / 1_000),
);
const paces: fc.Arbitrary<Pace> = fc.record({
  gapMs: fc.oneof(fc.constant(0), word32, fc.nat(5_000)),
  wishMs: fc.nat(5_000),
  minMs: fc.nat(5_000),
  deadMs: word32,
});

/** What a session, and the endpoint it is of, may know when a beat falls due. */
const situations = fc.record({
  role: roles,
  epoch: word48,
  stalledMs: durations,
  isSealed: fc.boolean(),
  isLive: fc.boolean(),
  // When a frame of theirs came, when the one of ours before left, and how long after all that this is.
  heardAfterMs: fc.double({ min: 0, max: 1_000, noNaN: true }),
  gapMs: fc.double({ min: 0, max: 10_000, noNaN: true }),
  laterMs: durations,
  paces: fc.array(paces, { maxLength: 3 }),
  isKnown: fc.boolean(),
  session: fc.record({
    number: word48.map((n) => n || 1),
    nextSeq: word48.map((n) => n || 1),
    introduced: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
    heardSeq: fc.oneof(fc.constant(0), word48),
    heardCounted: fc.boolean(),
    tag: words64,
    remoteTag: fc.oneof({ weight: 9, arbitrary: words64 }, fc.constant(NO_TAG)),
    move: fc.option(fc.record({ place: fc.constant("elsewhere"), tag: words64 }), {
      nil: undefined,
    }),
  }),
  how: fc.constantFrom<BeatOptions | undefined>(
    undefined,
    undefined,
    { asks: true },
    { asks: true, untagged: true },
  ),
});

type Situation = typeof situations extends fc.Arbitrary<infer Of> ? Of : never;

/** An ordinary beat of who heard nothing, and stood still, for longer than a beat can say. */
const longSilent: Situation = {
  role: "both",
  epoch: 1,
  stalledMs: 2 ** 33,
  isSealed: false,
  isLive: false,
  heardAfterMs: 10,
  gapMs: 10,
  laterMs: 2 ** 33,
  paces: [],
  isKnown: false,
  session: {
    number: 1,
    nextSeq: 9,
    introduced: true,
    heardSeq: 5,
    heardCounted: true,
    tag: { hi: 1, lo: 2 },
    remoteTag: { hi: 3, lo: 4 },
    move: undefined,
  },
  how: undefined,
};

const seal = (datagram: Uint8Array) => datagram.fill(7, datagram.length - SEAL_BYTES);

/** The hub and the session of it, and where its bytes go. */
function arrange({ role, isSealed, isLive, epoch, stalledMs, ...situation }: Situation) {
  // Not at 0: that would hide what is late or early by the clock itself.
  const host = new ManualHost({ seed: 1, startAt: 100_000 });
  const sent: Uint8Array[] = [];
  const hub = createHub(
    {
      id: "node",
      host,
      transport: "datagram",
      policy: { proof: "any" },
      role,
      send: (_peer, frame) => sent.push(frame),
      emit: () => {},
      // Every byte is written, whatever lay there before.
      allocate: (lengthBytes) => new Uint8Array(lengthBytes).fill(0xa5),
      sealing: isSealed ? { sealBytes: SEAL_BYTES, seal, open: () => "opened" } : undefined,
    },
    () => {},
    () => {},
  );
  const pass = (ms: number) => {
    host.freeze(ms);
    hub.turn.read();
  };
  const ref = addByHand(hub, "peer", { path: PLACE }, undefined);
  const { current: session } = hub.pairs.get(ref) as Pair;
  if (isLive) hub.monitor.heard(ref);
  hub.epoch = epoch;
  hub.stalledMs = stalledMs;
  sendBeat(hub, session);
  pass(situation.heardAfterMs);
  Object.assign(session, situation.session, { heardAt: hub.turn.now });
  for (const pace of situation.paces) session.negotiation.heard(pace, session.nextSeq);
  if (situation.isKnown) session.negotiation.echoed(session.nextSeq);
  pass(situation.gapMs);
  sendBeat(hub, session);
  pass(situation.laterMs);
  return { hub, session, sent };
}

test("a beat that leaves is the frame that the general path makes", () => {
  let ordinary = 0;
  let longHeld = 0;
  fc.assert(
    fc.property(situations, (situation) => {
      const { hub, session, sent } = arrange(situation);
      const { introduced, negotiation, place, remoteTag } = session;
      const { asks: mustAsk = false, untagged = false } = situation.how ?? {};
      const tag = untagged ? NO_TAG : remoteTag;
      const { pending, peerOnlyAnswers } = negotiation;
      const asks = mustAsk || !introduced || pending || peerOnlyAnswers;
      const complete = !introduced || isZero(tag);

      const seq = sendBeat(hub, session, situation.how) as number;
      const bytes = sent.at(-1) as Uint8Array;

      const how = { type: "beat", tag, place, asks, complete } as const;
      const expected = encodeFrame(
        beatFrame(hub, session, how, seq),
        situation.isSealed ? SEAL_BYTES : 0,
      );
      if (situation.isSealed) seal(expected);
      expect(bytes).toEqual(expected);
      expect(sentAt(session, seq)?.at).toBe(hub.turn.now);
      const flags = bytes[3] as number;
      const isShort = bytes.length === BEAT_BYTES + (situation.isSealed ? SEAL_BYTES : 0);
      const isOrdinary = isShort && (flags & (ASKS | COMPLETE)) === 0;
      ordinary += Number(isOrdinary);
      const heldMs = session.heardSeq > 0 ? hub.turn.now - session.heardAt : 0;
      longHeld += Number(isOrdinary && heldMs * 1_000 > 2 ** 32);
    }),
    { examples: [[longSilent]] },
  );
  // Else this compared the general path with itself.
  expect(ordinary).toBeGreaterThan(0);
  expect(longHeld).toBeGreaterThan(0);
});

test("a message that leaves is the frame that the general path makes", () => {
  const options = { id: "us", host: new ManualHost(), send: () => true, emit: () => {} };
  const hub = createHub(
    { ...options, transport: "stream" },
    () => {},
    () => {},
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (payload) => {
      expect(messageBytes(hub, payload)).toEqual(encodeFrame({ type: "data", payload }));
    }),
  );
});
