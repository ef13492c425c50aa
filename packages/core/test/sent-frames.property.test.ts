// When our frames left, against a dumb twin: a list, of which what an echo leaves behind is cut off.
import fc from "fast-check";
import { expect, test } from "vitest";
import { NO_TAG } from "../src/endpoint/frame.ts";
import { Negotiation } from "../src/endpoint/negotiation.ts";
import { SentFrames } from "../src/endpoint/sent-frames.ts";
import { createSession, giveBackSeq, takeSeq } from "../src/endpoint/session.ts";
import { definePolicy } from "../src/policy.ts";

const MOST = 64;

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
        const sent = new SentFrames();
        let twin: { seq: number; at: number }[] = [];
        let seq = first;
        let now = 0;
        for (const step of list) {
          if (step.type === "sent") {
            now += step.ms / 7;
            twin = [...twin, { seq, at: now }].slice(-MOST);
            sent.add(seq++, now, now / 2);
          } else if (step.type === "failed" && twin.length > 1) {
            seq -= 1;
            sent.remove(seq);
            twin.pop();
          } else if (step.type === "echoed") {
            const at = Math.max(0, twin.length - 1 - step.back);
            const echoed = twin[at]?.seq;
            if (echoed !== undefined) sent.forgetBefore(echoed);
            twin = twin.slice(at);
          }
          for (let each = Math.max(first, seq - 80); each <= seq; each++) {
            const row = sent.rowOf(each);
            const known = twin.find((frame) => frame.seq === each);
            expect(row < 0 ? undefined : sent.at(row)).toBe(known?.at);
            if (known) expect(sent.observedAt(row)).toBe(known.at / 2);
          }
          expect(sent.lastAt).toBe(twin.at(-1)?.at ?? Number.NEGATIVE_INFINITY);
        }
      },
    ),
  );
});

test("64 frames are remembered, and not one more", () => {
  const sent = new SentFrames();
  for (let seq = 1; seq <= 64; seq++) sent.add(seq, seq, seq);
  const known = () => Array.from({ length: 66 }, (_, seq) => seq).filter((n) => sent.rowOf(n) >= 0);
  expect(known()).toEqual(Array.from({ length: 64 }, (_, n) => n + 1));
  sent.add(65, 65, 65);
  expect(known()).toEqual(Array.from({ length: 64 }, (_, n) => n + 2));
});

test("a frame that did not leave after all, while later ones did, takes nothing with it", () => {
  const sent = new SentFrames();
  for (let seq = 64; seq < 96; seq++) sent.add(seq, seq, seq);
  sent.remove(70);
  expect(sent.lastAt).toBe(95);
  // There must be more room for this one, with what was there.
  sent.add(96, 96, 96);
  for (let seq = 64; seq <= 96; seq++)
    expect([seq, sent.rowOf(seq) >= 0]).toEqual([seq, seq !== 70]);
  const session = createSession({
    number: 1,
    tag: NO_TAG,
    place: "there",
    createdAt: 0,
    negotiation: new Negotiation(definePolicy({}), "both"),
  });
  const first = takeSeq(session, 1, 1);
  expect(takeSeq(session, 2, 2)).toBe(first + 1);
  giveBackSeq(session, first);
  // No number is used twice.
  expect(takeSeq(session, 3, 3)).toBe(first + 2);
});
