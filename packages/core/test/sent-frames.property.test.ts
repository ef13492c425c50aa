// When our frames left, against a dumb twin: a list, of which what an echo leaves behind is cut off.
import fc from "fast-check";
import { expect, test } from "vitest";
import { SentFrames } from "../src/endpoint/sent-frames.ts";

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
