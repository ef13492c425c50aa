// One peer that speaks from another place, frame by frame: when that place is asked to prove itself, and what is
// told once it has.
import { expect, test } from "vitest";
import type { BeatFrame } from "../src/endpoint/frame.ts";
import { living, Stage, told } from "./speaker.ts";

test("a place is asked by what is no longer than what came: a question with a tag of its own", () => {
  const { stage, them } = living();
  const { handed } = them.heard!;
  const [question, ...others] = them.say({ asks: false, identity: false }, "elsewhere");
  expect(others).toEqual([]);
  expect(question).toMatchObject({ to: "elsewhere", frame: { type: "beat", asks: true } });
  expect(question!.frame).not.toHaveProperty("identity", expect.anything());
  expect((question!.frame as BeatFrame).handed).not.toEqual(handed);
  them.say({ type: "echo" }, "elsewhere");
  expect(stage.end.endpoint.path(stage.ref("them"))).toBe("elsewhere");
  expect(stage.end.of("moved")).toMatchObject([{ id: "them", from: "there", to: "elsewhere" }]);
  expect(stage.end.endpoint.stats()).toMatchObject({ moves: 1, movesRefused: 0 });
});

test("a question from there is answered there, and that is all: the answer bears the tag", () => {
  const { stage, them } = living();
  expect(told(them.say({}, "elsewhere"))).toEqual(["elsewhere echo"]);
  expect(stage.end.of("moved")).toEqual([]);
  them.say({ asks: false }, "elsewhere");
  expect(stage.end.of("moved")).toHaveLength(1);
});

test("a tag that is returned from where it was not handed out proves nothing there, nor anywhere from then on", () => {
  const { stage, them } = living();
  them.say({}, "elsewhere");
  them.say({ asks: false });
  them.say({ asks: false }, "third");
  expect(stage.end.endpoint.path(stage.ref("them"))).toBe("there");
  expect(stage.end.of("moved")).toEqual([]);
});

test("a peer that may not know us yet is asked nothing there: it could not tell who asks", () => {
  const stage = new Stage();
  const them = stage.speaker("them", "there");
  them.hail();
  them.say({ counted: false });
  expect(stage.status("them")).toBe("alive");
  const sent = them.say({ counted: false, asks: false, identity: false }, "elsewhere");
  expect(told(sent).filter((what) => what.startsWith("elsewhere"))).toEqual([]);
});

test("to be heard again from where a move has begun is no further move; one too many is counted, and nothing is sent to where it would have gone", () => {
  const { stage, them } = living({ limits: { movesPerMinute: 1 } });
  const { handed: tag } = them.heard!;
  const says = { asks: false, tag } as const;
  expect(told(them.say(says, "second"))).toEqual(["second question"]);
  expect(told(them.say(says, "second"))).toEqual(["second question"]);
  expect(stage.end.endpoint.stats().movesRefused).toBe(0);
  expect(them.say(says, "third")).toEqual([]);
  expect(stage.end.endpoint.stats().movesRefused).toBe(1);
  // It is a sign of life all the same.
  expect(stage.dropped).toEqual({});
  them.live(60_000);
  expect(told(them.say({ asks: false }, "third"))).toEqual(["third question"]);
});

test("no move is told from or to where only a peer is the way; it is one all the same", () => {
  const stage = new Stage();
  const ref = stage.end.endpoint.add("them");
  const friend = stage.end.endpoint.add("friend");
  stage.host.advance(1_000);
  const them = stage.speaker("them", ref);
  const question = stage.sent.find(({ frame }) => frame.type === "beat")!.frame as BeatFrame;
  them.say({ tag: question.handed, echo: question.seq });
  expect(stage.status("them")).toBe("alive");
  const moveTo = (place: string | typeof ref) => {
    them.say({}, place);
    them.say({ asks: false }, place);
  };
  moveTo("elsewhere");
  expect(stage.end.endpoint.path(ref)).toBe("elsewhere");
  moveTo(friend);
  expect(stage.end.endpoint.path(ref)).toBeUndefined();
  expect(stage.end.of("moved")).toEqual([]);
  expect(stage.end.endpoint.stats().moves).toBe(2);
});
