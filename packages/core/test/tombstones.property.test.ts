// Dead is final for a session: apple/swift-distributed-actors#414, zombies. What speaks for a life that is dead to
// us is told so, at most, and is never taken for somebody new.
import fc from "fast-check";
import { expect, test } from "vitest";
import { Wire } from "./wire.ts";

const HASTY = { intervalMs: 100, suspectAfterMs: 300, deadAfterMs: 600, jitter: 0 };
const PATIENT = { ...HASTY, suspectAfterMs: 500, deadAfterMs: 9_000, wishMs: 100 };

/** The right one declares the left one dead, which goes on; and neither hears the other. */
function parted(livedMs: number, partedMs: number) {
  const wire = new Wire(
    { transport: "datagram", policy: PATIENT },
    // One that only answers does not speak first.
    { transport: "datagram", policy: HASTY, role: "listen" },
  );
  wire.connect();
  wire.run(livedMs);
  wire.cut.add(wire.left).add(wire.right);
  wire.run(900 + partedMs);
  expect(wire.right.changes.at(-1)).toBe("left suspect>dead silence");
  expect(wire.left.changes.at(-1)).toBe("right alive>suspect");
  return wire;
}

const times = fc.record({
  livedMs: fc.integer({ min: 150, max: 500 }),
  partedMs: fc.nat(1_500),
});

test("who is dead to the other side and went on is told, and comes back as a later session", () => {
  fc.assert(
    fc.property(times, ({ livedMs, partedMs }) => {
      const wire = parted(livedMs, partedMs);
      const { left, right } = wire;
      const { session } = left.beats.at(-1)!;
      wire.cut.clear();
      wire.run(1_000);
      expect(left.of("declared-dead")).toHaveLength(1);
      expect(left.beats.at(-1)!.session).toBeGreaterThan(session);
      expect(right.changes.slice(-2)).toEqual(["left dead>connecting", "left connecting>alive"]);
    }),
  );
});

test("what the dead said, said again, is no newcomer: it gets no tag, and no conversation", () => {
  fc.assert(
    fc.property(times, fc.nat(), ({ livedMs, partedMs }, which) => {
      const wire = parted(livedMs, partedMs);
      const { left, right } = wire;
      // Complete, and without a tag: the first frames of a conversation, and probes.
      const { frames } = left;
      const openings = left.sent.filter((_bytes, n) => {
        const frame = frames[n]!;
        return frame.type === "beat" && frame.identity !== undefined && frame.tag.hi === 0;
      });
      const [said, changes] = [right.frames.length, right.changes.length];
      right.endpoint.receive(openings[which % openings.length]!, "wire");
      const answers = right.frames.slice(said).map(({ type }) => type);
      expect(answers).toEqual(["notice"]);
      expect(right.endpoint.stats()).toMatchObject({ candidates: 0, dropped: { old: 1 } });
      wire.run(500);
      expect(right.changes.length).toBe(changes);
    }),
  );
});
