// Frames that bear the right tag and a fresh number, but speak for another life of the peer: (epoch, session) is
// lexicographic, and what is not of the incarnation a conversation is with is no life, no death, no question.
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeFrame } from "../src/endpoint/encode.ts";
import { type BeatFrame, type LeaveFrame, NO_EXTRA } from "../src/endpoint/frame.ts";
import type { PeerRef } from "../src/monitor/refs.ts";
import { Wire } from "./wire.ts";

/** Two that live with each other, the newest frame of the right one, and a way to speak in its name. */
function lives() {
  const wire = new Wire({ transport: "datagram" }, { transport: "datagram" });
  const { right: ref } = wire.connect();
  wire.run(1_100);
  const { left, right } = wire;
  const { identity: _identity, ...newest } = right.beats.at(-1)!;
  // A newer number than any of its answers had.
  const seq = Math.max(...right.frames.map((frame) => ("seq" in frame ? frame.seq : 0))) + 1;
  const beat: BeatFrame = { ...newest, tag: left.beats.at(-1)!.handed, seq, extra: NO_EXTRA };
  const { tag, epoch, session } = beat;
  const more = { type: "leave", reason: "leaving", returnInMs: 0, extra: NO_EXTRA } as const;
  const leave: LeaveFrame = { ...more, tag, epoch, session, seq };
  const say = (frame: BeatFrame | LeaveFrame) => {
    wire.host.advance(100);
    left.endpoint.receive(encodeFrame(frame), "wire");
  };
  return { left, ref, beat, leave, say };
}

/** All that a frame may move. */
function look({ left, ref }: { left: Wire["left"]; ref: PeerRef }) {
  const { heardAt, status, arrivals } = left.endpoint.state(ref)!;
  const { dropped } = left.endpoint.stats();
  const trustedUntil = left.endpoint.trustedUntil(ref);
  return { heardAt, status, arrivals, trustedUntil, sent: left.sent.length, old: dropped.old ?? 0 };
}

const strays = fc
  .record({
    type: fc.constantFrom("beat" as const, "echo" as const, "leave" as const),
    epoch: fc.constantFrom(-1_000, -1, 0),
    session: fc.constantFrom(-1, 0, 1, 1_000),
    ahead: fc.nat(1_000),
    asks: fc.boolean(),
    counted: fc.boolean(),
  })
  .filter(({ epoch, session }) => epoch < 0 || session !== 0);

test("a frame of another session, or of an epoch before, changes nothing but a counter", () => {
  fc.assert(
    fc.property(strays, ({ type, epoch, session, ahead, asks, counted }) => {
      const world = lives();
      const { beat, leave, say } = world;
      const speaksFor = {
        epoch: beat.epoch + epoch,
        session: Math.max(1, beat.session + session),
        seq: beat.seq + ahead,
      };
      fc.pre(epoch < 0 || speaksFor.session !== beat.session);
      const before = look(world);
      if (type === "leave") say({ ...leave, ...speaksFor });
      else say({ ...beat, ...speaksFor, type, counted, asks: asks && type === "beat" });
      expect(look(world)).toEqual({ ...before, old: before.old + 1 });
    }),
  );
});

test("the same frames in its own name do", () => {
  const world = lives();
  const before = look(world);
  world.say({ ...world.beat, asks: true });
  const after = look(world);
  expect(after.heardAt).toBeGreaterThan(before.heardAt as number);
  expect(after).toMatchObject({ status: "alive", sent: before.sent + 1, old: before.old });
  world.say({ ...world.leave, seq: world.leave.seq + 1 });
  expect(look(world).status).toBe("dead");
  expect(world.left.changes.at(-1)).toBe("right alive>dead left");
});

test("an answer is never answered, whatever it says", () => {
  const answers = fc.record({ ahead: fc.nat(1_000), counted: fc.boolean(), echo: fc.nat(100) });
  fc.assert(
    fc.property(answers, ({ ahead, counted, echo }) => {
      const { left, beat, say } = lives();
      const before = left.sent.length;
      say({ ...beat, type: "echo", seq: beat.seq + ahead, counted, echo });
      expect(left.frames.slice(before).filter(({ type }) => type !== "beat")).toEqual([]);
    }),
  );
});

test("an answer says that a frame was counted where it was, and nowhere else", () => {
  fc.assert(
    fc.property(fc.nat(10), fc.nat(1_000), (behind, ahead) => {
      const world = lives();
      const { left, ref, beat, say } = world;
      const before = look(world);
      // It echoes one of our frames, or one that we do not remember: then it may have been held back.
      say({ ...beat, asks: true, seq: beat.seq + ahead, echo: Math.max(0, beat.echo - behind) });
      const counted = (left.endpoint.state(ref)?.heardAt as number) > (before.heardAt as number);
      const answer = left.frames.at(-1);
      expect(left.sent.length).toBe(before.sent + 1);
      expect(answer).toMatchObject({ type: "echo", echo: beat.seq + ahead, counted });
      expect(counted).toBe(behind === 0);
    }),
  );
});
