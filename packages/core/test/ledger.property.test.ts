// When our frames left, against a dumb twin: a list, of which what an echo leaves behind is cut off.
import fc from "fast-check";
import { expect, test } from "vitest";
import { FULL_BUCKET, overdrawnMs, takeToken } from "../src/endpoint/bucket.ts";
import { isZero, NO_TAG } from "../src/endpoint/frame.ts";
import { Ledger } from "../src/endpoint/ledger.ts";
import { words64 } from "./arbitrary-frames.ts";

const MOST = 64;

/** Of a conversation whose next frame has this number. */
function ledgerFrom(first: number): Ledger {
  const ledger = new Ledger(NO_TAG, 0);
  ledger.nextSeq = first;
  return ledger;
}

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: fc.constant("sent" as const), ms: fc.nat(1_000) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("failed" as const) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("echoed" as const), back: fc.nat(9) }) },
  ),
  { maxLength: 200 },
);

test("a frame is remembered until one after it is echoed, or 64 more have left", () => {
  fc.assert(
    fc.property(
      steps,
      fc.constantFrom(1, 2 ** 31 - 5, 2 ** 32 - 5, 2 ** 48 - 500),
      (list, first) => {
        const ledger = ledgerFrom(first);
        let twin: { seq: number; at: number }[] = [];
        let now = 0;
        for (const step of list) {
          if (step.type === "sent") {
            now += step.ms / 7;
            twin = [...twin, { seq: ledger.nextSeq, at: now }].slice(-MOST);
            ledger.takeSeq(now, now / 2);
          } else if (step.type === "failed" && twin.length > 1) {
            ledger.giveBackSeq(ledger.nextSeq - 1);
            twin.pop();
          } else if (step.type === "echoed") {
            const at = Math.max(0, twin.length - 1 - step.back);
            const echoed = twin[at]?.seq;
            if (echoed !== undefined) ledger.forgetBefore(echoed);
            twin = twin.slice(at);
          }
          const { nextSeq } = ledger;
          for (let each = Math.max(first, nextSeq - 80); each <= nextSeq; each++) {
            const row = ledger.rowOf(each);
            const known = twin.find((frame) => frame.seq === each);
            expect(row < 0 ? undefined : ledger.sentAt(row)).toBe(known?.at);
            if (known) expect(ledger.sentObservedAt(row)).toBe(known.at / 2);
          }
          expect(ledger.lastSentAt).toBe(twin.at(-1)?.at ?? Number.NEGATIVE_INFINITY);
        }
      },
    ),
  );
});

test("64 frames are remembered, and not one more", () => {
  const ledger = ledgerFrom(1);
  for (let seq = 1; seq <= 64; seq++) ledger.takeSeq(seq, seq);
  const known = () =>
    Array.from({ length: 66 }, (_, seq) => seq).filter((n) => ledger.rowOf(n) >= 0);
  expect(known()).toEqual(Array.from({ length: 64 }, (_, n) => n + 1));
  ledger.takeSeq(65, 65);
  expect(known()).toEqual(Array.from({ length: 64 }, (_, n) => n + 2));
});

test("a frame that did not leave after all, while later ones did, takes nothing with it", () => {
  const ledger = ledgerFrom(64);
  for (let seq = 64; seq < 96; seq++) ledger.takeSeq(seq, seq);
  ledger.giveBackSeq(70);
  expect(ledger.lastSentAt).toBe(95);
  // There must be more room for this one, with what was there; and no number is used twice.
  expect(ledger.takeSeq(96, 96)).toBe(96);
  for (let seq = 64; seq <= 96; seq++)
    expect([seq, ledger.rowOf(seq) >= 0]).toEqual([seq, seq !== 70]);
});

const NUMBERS = [
  "heardSeq",
  "heardAt",
  "heardStalledMs",
  "lastEcho",
  "numberedFrom",
  "trustedFrom",
  "messageAt",
  "answeredAt",
  "repliedAt",
  "askedAt",
] as const;
const TAGS = ["tag", "remoteTag"] as const;
const PLACES = [0, 4, 8, 12, 16, 20, 24, 28, 32];

const changes = fc.array(
  fc.oneof(
    fc.record({ name: fc.constantFrom(...NUMBERS), value: fc.double({ noNaN: true }) }),
    fc.record({ name: fc.constantFrom(...TAGS), value: words64 }),
    fc.record({
      name: fc.constant("refrain" as const),
      value: fc.uint8Array({ minLength: 36, maxLength: 36 }),
    }),
    fc.record({ name: fc.constantFrom("sent" as const, "spent" as const), value: fc.nat(9) }),
  ),
  { maxLength: 80 },
);

test("whatever changes in a ledger, and however it grows, all else in it stays", () => {
  fc.assert(
    fc.property(changes, fc.double({ noNaN: true }), (list, createdAt) => {
      const ledger = new Ledger(NO_TAG, createdAt);
      const names = [...NUMBERS, ...TAGS, "createdAt", "nextSeq", "lastSentAt"] as const;
      const twin = Object.fromEntries(names.map((name) => [name, ledger[name]]));
      // Those of a conversation are a part of its ledger, this one is one by itself.
      const bucket = [...FULL_BUCKET];
      let kept: Uint8Array | undefined;
      let now = 0;
      for (const { name, value } of list) {
        if (name === "sent") {
          twin["nextSeq"] = ledger.takeSeq(value, value / 2) + 1;
          twin["lastSentAt"] = value;
        } else if (name === "spent") {
          now += value;
          expect(ledger.spend({ now }, 7, 3)).toBe(takeToken(bucket, 0, { now }, 7, 3));
        } else if (name === "refrain") {
          ledger.keepRefrain(value, PLACES);
          kept = value;
        } else {
          Object.assign(ledger, { [name]: value });
          twin[name] = value;
        }
        expect(Object.fromEntries(names.map((each) => [each, ledger[each]]))).toEqual(twin);
        expect(ledger.hasRemoteTag).toBe(!isZero(ledger.remoteTag));
        expect(ledger.overdrawnMs(now + 1)).toBe(overdrawnMs(bucket, 0, now + 1));
        if (kept) expect(ledger.repeats(kept, PLACES)).toBe(true);
      }
    }),
  );
});

test("a frame that says one word otherwise repeats nothing", () => {
  const ledger = new Ledger(NO_TAG, 0);
  const said = Uint8Array.from({ length: 36 }, (_, at) => at);
  ledger.keepRefrain(said, PLACES);
  for (const at of said) {
    const other = said.slice();
    other[at] = 0xff;
    expect(ledger.repeats(other, PLACES)).toBe(false);
  }
});
