// When our frames left, against a dumb twin: a list, of which what an echo leaves behind is cut off.
import fc from "fast-check";
import { expect, test } from "vitest";
import { isZero, NO_TAG, type Word64 } from "../src/endpoint/frame.ts";
import { Ledger } from "../src/endpoint/ledger.ts";

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

test("a ledger remembers each of its numbers, however many of the others change and it grows", () => {
  type Numbers = Record<(typeof NAMES)[number], number>;
  const NAMES = [
    ...([
      "heardSeq",
      "heardAt",
      "heardStalledMs",
      "lastEcho",
      "numberedFrom",
      "trustedFrom",
    ] as const),
    ...(["messageAt", "answeredAt", "repliedAt", "askedAt"] as const),
  ];
  const tags = fc.record({ hi: fc.nat(), lo: fc.nat() });
  const change = fc.oneof(
    fc.record({ name: fc.constantFrom(...NAMES), value: fc.double({ noNaN: true }) }),
    fc.record({ name: fc.constantFrom("tag" as const, "remoteTag" as const), value: tags }),
    fc.constant({ name: "sent" as const }),
    fc.constant({ name: "spent" as const }),
  );
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 120 }),
      fc.double({ noNaN: true }),
      (changes, createdAt) => {
        const ledger = new Ledger(NO_TAG, createdAt);
        const { heardSeq, heardAt, heardStalledMs, lastEcho, numberedFrom, trustedFrom } = ledger;
        const { messageAt, answeredAt, repliedAt, askedAt } = ledger;
        const twin: Numbers & { tag: Word64; remoteTag: Word64; nextSeq: number } = {
          ...{ heardSeq, heardAt, heardStalledMs, lastEcho, numberedFrom, trustedFrom },
          ...{ messageAt, answeredAt, repliedAt, askedAt },
          ...{ tag: NO_TAG, remoteTag: NO_TAG, nextSeq: 1 },
        };
        for (const each of changes) {
          if (each.name === "sent") twin.nextSeq = ledger.takeSeq(1, 2) + 1;
          else if (each.name === "spent") ledger.spend({ now: 5 }, 1, 3);
          else Object.assign(ledger, { [each.name]: each.value });
          if ("value" in each) Object.assign(twin, { [each.name]: each.value });
          for (const name of Object.keys(twin))
            expect([name, ledger[name as keyof Ledger]]).toEqual([
              name,
              twin[name as keyof typeof twin],
            ]);
          expect(ledger.createdAt).toBe(createdAt);
          expect(ledger.hasRemoteTag).toBe(!isZero(twin.remoteTag));
        }
      },
    ),
  );
});
