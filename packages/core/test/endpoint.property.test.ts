// Hostile frames: whoever cannot read the traffic changes nothing, and whoever can cannot make an
// endpoint throw, grow, or tell of lives that are not legal.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeFrame } from "../src/endpoint/encode.ts";
import { type BeatFrame, type Frame, NO_TAG, type Word64 } from "../src/endpoint/frame.ts";
import { TRANSITIONS } from "../src/peer/transition.ts";
import { frames, nearlyFrames } from "./arbitrary-frames.ts";
import { Wire } from "./wire.ts";

type Transport = "datagram" | "message" | "stream";

interface Attack {
  /** Deltas to the true numbers of the frame that is imitated, or none: any frame at all. */
  readonly frame: Frame;
  readonly imitates: boolean;
  readonly epochBy: number;
  readonly sessionBy: number;
  readonly seqBy: number;
  readonly boot: "true" | "false";
  readonly id: "left" | "right" | "somebody";
  readonly tag: "true" | "none" | "guessed";
  readonly place: "wire" | "elsewhere";
  readonly waitMs: number;
}

const deltas = fc.constantFrom(0, 0, 1, 1_000, -1, 2 ** 30);
const attacks: fc.Arbitrary<Attack> = fc.record({
  frame: frames,
  imitates: fc.boolean(),
  epochBy: deltas,
  sessionBy: deltas,
  seqBy: deltas,
  boot: fc.constantFrom("true" as const, "false" as const),
  id: fc.constantFrom("left" as const, "left" as const, "right" as const, "somebody" as const),
  tag: fc.constantFrom("true" as const, "none" as const, "guessed" as const),
  place: fc.constantFrom("wire" as const, "elsewhere" as const),
  waitMs: fc.constantFrom(0, 0, 10, 500),
});

/** A frame as the attacker writes it, on the ground of the newest one that `left` sent. */
function forge(attack: Attack, model: BeatFrame, trueTag: Word64, offPath: boolean): Uint8Array {
  const { frame, imitates, tag } = attack;
  if (frame.type === "data") return encodeFrame(frame);
  const guessed = tag === "guessed" || (tag === "true" && offPath) ? frame.tag : trueTag;
  const above0 = (value: number) => Math.min(2 ** 48 - 2, Math.max(1, value));
  const forged = {
    ...frame,
    tag: tag === "none" ? NO_TAG : guessed,
    ...(imitates && {
      epoch: above0(model.epoch + attack.epochBy),
      session: above0(model.session + attack.sessionBy),
    }),
  };
  if (forged.type === "notice") return encodeFrame(forged);
  const seq = imitates ? above0(model.seq + attack.seqBy) : forged.seq;
  if (forged.type === "leave") return encodeFrame({ ...forged, seq });
  const boot = attack.boot === "true" ? model.identity?.boot : forged.handed;
  const complete = forged.identity !== undefined || tag === "none";
  return encodeFrame({
    ...forged,
    seq,
    ...(complete && {
      identity: { boot: boot ?? NO_TAG, id: attack.id },
      extra: new Uint8Array(200),
    }),
  });
}

function play(transport: Transport, list: readonly Attack[], offPath: boolean): Wire {
  const wire = new Wire({ transport }, { transport, limits: { peers: 3, candidates: 4 } });
  wire.connect();
  wire.run(1_000);
  const model = {
    ...(wire.left.beats.at(-1) as BeatFrame),
    identity: wire.left.beats[0]?.identity,
  };
  const trueTag = (wire.right.beats.at(-1) as BeatFrame).handed;
  for (const attack of list) {
    const bytes = forge(attack, model as BeatFrame, trueTag, offPath);
    wire.right.endpoint.receive(bytes, attack.place);
    wire.right.inFlight = wire.right.inFlight.filter(() => attack.place === "wire");
    wire.run(attack.waitMs);
  }
  return wire;
}

/** Every change follows the table, sessions only grow, and dead is final in each. */
function checkLives(wire: Wire): void {
  for (const { of } of [wire.left, wire.right].map((end) => ({ of: end.of.bind(end) }))) {
    const last = new Map<number, { to: string; session: number }>();
    for (const { peer, from, to, session } of of("changed")) {
      const before = last.get(peer) ?? { to: "connecting", session: 1 };
      expect(from).toBe(before.to);
      expect(Object.values(TRANSITIONS[from])).toContain(to);
      expect(session).toBe(from === "dead" ? before.session + 1 : before.session);
      last.set(peer, { to, session });
    }
    for (const { peer } of of("forget")) last.delete(peer);
  }
}

describe("whoever cannot read the traffic", () => {
  test("changes nothing between two peers, whatever it sends in anybody's name", () => {
    fc.assert(
      fc.property(fc.array(attacks, { maxLength: 15 }), (list) => {
        const wire = play("datagram", list, true);
        wire.run(10_000);
        expect(wire.left.changes).toEqual(["right connecting>alive"]);
        expect(wire.right.changes).toEqual(["left connecting>alive"]);
      }),
    );
  });
});

describe.each(["datagram", "message", "stream"] as const)("over %s, whoever can", (transport) => {
  test("makes nobody throw, grow, or tell of an illegal life", () => {
    fc.assert(
      fc.property(fc.array(attacks, { maxLength: 15 }), (list) => {
        const wire = play(transport, list, false);
        wire.run(3_000);
        checkLives(wire);
        const { sessions, candidates } = wire.right.endpoint.stats();
        expect(candidates).toBeLessThanOrEqual(4);
        expect(sessions).toBeLessThanOrEqual(3 * 3 + 4);
      }),
    );
  });

  test("or sends bytes that are nearly frames", () => {
    fc.assert(
      fc.property(fc.array(nearlyFrames, { maxLength: 10 }), (list) => {
        const wire = new Wire({ transport }, { transport });
        wire.connect();
        for (const bytes of list) {
          wire.right.endpoint.receive(bytes, "wire");
          wire.right.endpoint.receive(bytes, "elsewhere");
        }
        wire.right.inFlight = [];
        wire.run(100);
        checkLives(wire);
      }),
    );
  });
});
