// Accusations: a NOTICE is believed only by the life it names (epoch, session, boot id), and "known as X" only
// in answer to a frame that was sent. Everything else about it may be right: the tag, the place, the kind.
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeFrame } from "../src/endpoint/encode.ts";
import { NO_EXTRA, type NoticeFrame, type NoticeKind } from "../src/endpoint/frame.ts";
import { Wire } from "./wire.ts";

const KINDS: readonly NoticeKind[] = [
  "dead",
  "known-as",
  "duplicate-id",
  "replaced",
  "incompatible",
];

/** Two that live with each other, and what the right one would have to name to accuse the left one. */
function lives() {
  const wire = new Wire({ transport: "datagram" }, { transport: "datagram" });
  wire.connect();
  wire.run(1_100);
  const { left, right } = wire;
  const said = left.beats.at(-1)!;
  const heard = right.beats.at(-1)!;
  const boot = left.beats.find(({ identity }) => identity)!.identity!.boot;
  const accusation: Omit<NoticeFrame, "kind"> = {
    type: "notice",
    tag: said.handed,
    epoch: heard.epoch,
    session: heard.session,
    aboutEpoch: said.epoch,
    aboutSession: said.session,
    aboutBoot: boot,
    answers: said.seq,
    knownEpoch: said.epoch + 5,
    extra: NO_EXTRA,
  };
  const tell = (notice: NoticeFrame) => left.endpoint.receive(encodeFrame(notice), "wire");
  return { wire, left, said, accusation, tell };
}

const offsets = fc.constantFrom(-1, 0, 1, 7);

test("who is not the one that is named is not concerned", () => {
  const wrong = fc
    .record({
      kind: fc.constantFrom(...KINDS),
      epoch: offsets,
      session: offsets,
      boot: fc.boolean(),
      known: offsets,
    })
    .filter(({ epoch, session, boot }) => epoch !== 0 || session !== 0 || boot);
  fc.assert(
    fc.property(wrong, ({ kind, epoch, session, boot, known }) => {
      const { wire, left, said, accusation, tell } = lives();
      const { aboutEpoch, aboutSession, aboutBoot } = accusation;
      const [changes, sent] = [left.changes.length, left.sent.length];
      tell({
        ...accusation,
        kind,
        aboutEpoch: aboutEpoch + epoch,
        aboutSession: Math.max(0, aboutSession + session),
        aboutBoot: boot ? { hi: aboutBoot.hi ^ 1, lo: aboutBoot.lo } : aboutBoot,
        knownEpoch: accusation.knownEpoch + known,
      });
      // An answer to it would be an oracle for whoever tries.
      expect(left.sent.length).toBe(sent);
      expect(left.endpoint.stats().dropped["not-current"]).toBe(1);
      wire.run(2_000);
      expect(left.changes.length).toBe(changes);
      expect(left.of("declared-dead")).toEqual([]);
      expect(left.beats.at(-1)).toMatchObject({ epoch: said.epoch, session: said.session });
    }),
  );
});

test("known as X raises our epoch only in answer to a frame of ours, and never to the top", () => {
  const claims = fc.record({
    answers: fc.oneof(fc.constant(0), fc.integer({ min: 1_000, max: 2 ** 48 - 2 })),
    knownEpoch: fc.nat(1_000),
  });
  fc.assert(
    fc.property(claims, ({ answers, knownEpoch }) => {
      const { wire, left, said, accusation, tell } = lives();
      tell({ ...accusation, kind: "known-as", answers, knownEpoch: said.epoch + knownEpoch });
      tell({ ...accusation, kind: "known-as", knownEpoch: 2 ** 48 - 2 });
      tell({ ...accusation, kind: "known-as", knownEpoch: said.epoch - 1 });
      expect(left.endpoint.stats().dropped["not-current"]).toBe(3);
      wire.run(1_500);
      expect(left.beats.at(-1)).toMatchObject({ epoch: said.epoch, session: said.session });
    }),
  );
});

test("who is the one acts on it", () => {
  for (const kind of KINDS) {
    const { wire, left, said, accusation, tell } = lives();
    const before = left.changes.length;
    tell({ ...accusation, kind });
    const changes = left.changes.slice(before);
    wire.run(1_500);
    const { epoch, session } = left.beats.at(-1)!;
    if (kind === "dead") {
      expect(changes).toEqual(["right alive>dead restarted", "right dead>connecting"]);
      expect(left.of("declared-dead")).toHaveLength(1);
      expect(session).toBeGreaterThan(said.session);
    } else if (kind === "known-as") {
      expect(changes).toEqual([]);
      expect(epoch).toBe(accusation.knownEpoch + 1);
    } else if (kind === "duplicate-id") {
      // Frames of ours counted over there: that id is ours.
      expect(changes).toEqual([]);
    } else {
      expect(changes).toEqual([`right alive>dead ${kind}`]);
    }
  }
});
