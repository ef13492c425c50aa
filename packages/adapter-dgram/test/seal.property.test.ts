// Seals without a socket: what they cover, how much of them is compared, and which keys open what.
import { createHmac, createSecretKey } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Hmac, hmacKeyOf } from "../src/hmac.ts";
import { type Keys, Seals } from "../src/seal.ts";

const KEYS = ["first", "second", "third"] as const;
const secretOf = (name: string) =>
  new TextEncoder().encode(`${name}: thirty-two bytes of a secret`);

/** Signs with one, accepts some. */
function keys(sign: string, ...accept: readonly string[]): Keys {
  return { sign, accept: Object.fromEntries([sign, ...accept].map((key) => [key, secretOf(key)])) };
}

/** A datagram as the endpoint hands it over: a frame, and room for a seal behind it. */
function sealed(seals: Seals, frame: Uint8Array): Uint8Array<ArrayBuffer> {
  const datagram = new Uint8Array(frame.length + seals.sealBytes);
  datagram.set(frame);
  seals.seal(datagram);
  return datagram;
}

const frames = fc.uint8Array({ minLength: 1, maxLength: 1_200 });
const changes = fc.record({ at: fc.nat(), by: fc.integer({ min: 1, max: 255 }) });

test("a code is the one of RFC 2104 as node:crypto computes it, whatever was computed before", () => {
  const keysAndTexts = fc.array(
    fc.record({
      // Longer than a block is hashed first.
      key: fc.uint8Array({ minLength: 16, maxLength: 200 }),
      text: fc.uint8Array({ maxLength: 300 }),
      coveredBytes: fc.nat(300),
      codeBytes: fc.integer({ min: 1, max: 32 }),
    }),
    { minLength: 1, maxLength: 4 },
  );
  const hmac = new Hmac(300);
  fc.assert(
    fc.property(keysAndTexts, (all) => {
      for (const { key, text, coveredBytes, codeBytes } of all) {
        const covered = Math.min(coveredBytes, text.length);
        const secret = createSecretKey(key);
        const code = new Uint8Array(codeBytes);
        hmac.compute(hmacKeyOf(secret), text, covered, code);
        const expected = createHmac("sha256", secret).update(text.subarray(0, covered)).digest();
        expect([...code]).toEqual([...expected.subarray(0, codeBytes)]);
      }
    }),
  );
});

test("a seal is what docs/wire.md says: 4 bytes that name the key, and 16 of the code over all before them", () => {
  const seals = new Seals(keys("first"));
  const hmacOf = (text: string | Uint8Array) =>
    createHmac("sha256", secretOf("first")).update(text).digest();
  fc.assert(
    fc.property(frames, (frame) => {
      const seal = Buffer.from(sealed(seals, frame).subarray(frame.length));
      const id = hmacOf("systole key id").subarray(0, 4);
      const code = hmacOf(Buffer.concat([frame, id])).subarray(0, 16);
      expect(seal.toString("hex")).toBe(Buffer.concat([id, code]).toString("hex"));
    }),
  );
});

test("a seal covers every byte before it, and every byte of it is compared", () => {
  const seals = new Seals(keys("first", "second"));
  const check = (frame: Uint8Array, at: number, by: number) => {
    const datagram = sealed(seals, frame);
    expect(seals.open(datagram)).toBe("opened");
    (datagram[at] as number) ^= by;
    expect(seals.open(datagram)).not.toBe("opened");
  };
  fc.assert(
    fc.property(frames, changes, (frame, { at, by }) =>
      check(frame, at % (frame.length + seals.sealBytes), by),
    ),
  );
  // The ends are where an offset is wrong by one.
  const frame = new Uint8Array(78).fill(7);
  for (let at = 0; at < frame.length + seals.sealBytes; at++) check(frame, at, 1);
});

test("what is accepted is what was set last, however well another key worked before", () => {
  const steps = fc.array(fc.tuple(fc.constantFrom(...KEYS), fc.subarray([...KEYS])), {
    minLength: 1,
  });
  fc.assert(
    fc.property(steps, (history) => {
      const seals = new Seals(keys("first"));
      for (const [sign, accept] of history) {
        seals.use(keys(sign, ...accept));
        const accepted = new Set([sign, ...accept]);
        expect(Object.keys(seals.opened).sort()).toEqual([...accepted].sort());
        for (const key of KEYS) {
          const datagram = sealed(new Seals(keys(key)), new Uint8Array(78));
          expect(seals.open(datagram)).toBe(accepted.has(key) ? "opened" : "unknown-key");
        }
      }
    }),
  );
});
