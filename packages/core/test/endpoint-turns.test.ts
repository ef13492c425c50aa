// The calls of an endpoint: one after the other whatever is called from where, each with its effect, what throws
// in them in the open, and whoever drives told of every deadline that moves earlier.
import { describe, expect, test } from "vitest";
import type { Detector } from "../src/detectors/detector.ts";
import { encodeFrame } from "../src/endpoint/encode.ts";
import { createEndpoint, type Endpoint } from "../src/endpoint/endpoint.ts";
import type { BeatFrame } from "../src/endpoint/frame.ts";
import type { PeerRef } from "../src/monitor/refs.ts";
import { ManualHost } from "../src/testing/manual-host.ts";
import { End, policy, Wire } from "./wire.ts";

const stream = { transport: "stream" } as const;
const ORDINARY_BYTES = 78;
/** As the third byte of a frame. */
const LEAVE = 3;

/** A hello, and what a message of the same stranger is. */
function hello(host: ManualHost, id: string): Uint8Array<ArrayBuffer> {
  const { endpoint, sent, driving } = new End(host, { id, ...stream });
  driving[Symbol.dispose]();
  endpoint.dial(endpoint.add("me", { anyId: true }), "up");
  return sent[0] as Uint8Array<ArrayBuffer>;
}

describe("what comes while something is worked on", () => {
  test("waits for the end of that, also if a message was sent in between", () => {
    const host = new ManualHost();
    const late = hello(host, "late");
    const order: string[] = [];
    const me: Endpoint<string> = createEndpoint<string>({
      id: "me",
      host,
      ...stream,
      policy,
      emit() {},
      // A synchronous transport: a message brings somebody else's hello.
      send: (_peer, frame) => {
        const isMessage = frame[2] === 5;
        if (isMessage) me.receive(late, "late");
      },
      accept: ({ id }) => {
        order.push(`${id} begins`);
        if (id === "first") me.message(friend, Uint8Array.of(1));
        order.push(`${id} ends`);
        return true;
      },
    });
    const friend = me.add("friend", { path: "friend" });
    me.dial(friend, "friend");
    me.receive(hello(host, "first"), "first");
    expect(order).toEqual(["first begins", "first ends", "late begins", "late ends"]);
  });

  test("waits for the end of a dial, too", () => {
    const host = new ManualHost();
    const stranger = hello(host, "stranger");
    const order: string[] = [];
    const me: Endpoint<string> = createEndpoint<string>({
      id: "me",
      host,
      ...stream,
      emit() {},
      send: () => {
        if (order.push("sends") === 1) me.receive(stranger, "afar");
        order.push("sent");
      },
      accept: () => order.push("accepts") > 0,
    });
    me.dial(me.add("friend"), "friend");
    expect(order.slice(0, 3)).toEqual(["sends", "sent", "accepts"]);
  });

  test("is heard within a sink without a word said twice", () => {
    const wire = new Wire();
    wire.connect();
    const beat = nextBeat(wire);
    const { right } = wire;
    const seen: string[] = [];
    const before = right.outputs.length;
    const push = right.outputs.push.bind(right.outputs);
    right.outputs.push = (...outputs) => {
      for (const { type } of outputs) seen.push(type);
      if (seen.length === 1) right.endpoint.receive(beat, "wire");
      return push(...outputs);
    };
    const stranger = new End(wire.host, { id: "stranger" });
    stranger.endpoint.dial(stranger.endpoint.add("right"), "other");
    right.endpoint.receive(stranger.sent[0] as Uint8Array, "other");
    expect(seen).toEqual(["changed"]);
    expect(right.outputs.slice(before)).toMatchObject([{ id: "stranger", to: "alive" }]);
    expect(right.endpoint.stats().dropped).toEqual({});
  });
});

describe("what throws", () => {
  test("over something that is no bytes surfaces, and nothing else suffers", () => {
    const { left, right } = new Wire();
    left.endpoint.dial(left.endpoint.add("right"), "wire");
    expect(() => right.endpoint.receive(undefined as never, "wire")).toThrow(TypeError);
    right.endpoint.receive(left.sent[0] as Uint8Array, "wire");
    expect(right.changes).toEqual(["left connecting>alive"]);
  });

  test("where a message is written costs that message; within a sink, it surfaces with the rest", () => {
    let isOut = false;
    const answers: boolean[] = [];
    const wire = new Wire(
      {
        ...stream,
        allocate: (lengthBytes) => {
          if (isOut) throw new Error("out of memory");
          return new Uint8Array(lengthBytes);
        },
      },
      stream,
    );
    const { right } = wire.connect();
    const { endpoint, outputs } = wire.left;
    const push = outputs.push.bind(outputs);
    outputs.push = (...more) => {
      answers.push(endpoint.message(right, Uint8Array.of(1)));
      return push(...more);
    };
    isOut = true;
    expect(() => endpoint.ended("nowhere", "closed")).not.toThrow();
    expect(() => endpoint.message(right, Uint8Array.of(1))).toThrow("out of memory");
    expect(() => endpoint.setPolicy(right, { ...policy, detector: undefined })).not.toThrow();
    wire.right.endpoint.message(wire.right.endpoint.find("left") as PeerRef, Uint8Array.of(2));
    expect(() => wire.deliver()).toThrow("out of memory");
    expect(answers).toEqual([false]);
    isOut = false;
    outputs.push = push;
    expect(endpoint.message(right, Uint8Array.of(1))).toBe(true);
  });

  test("in observeBeats surfaces at every beat, the most ordinary too, which counts all the same", () => {
    let observeBeats = () => false;
    const wire = new Wire({}, { observeBeats: () => observeBeats() });
    const { left } = wire.connect();
    const beat = nextBeat(wire);
    observeBeats = () => {
      throw new Error("observer");
    };
    const { endpoint } = wire.right;
    const before = endpoint.state(left())?.heardAt as number;
    expect(() => endpoint.receive(beat, "wire")).toThrow("observer");
    expect(endpoint.state(left())?.heardAt).toBeGreaterThan(before);
  });

  test("in a detector is no sign of life that we would say we counted", () => {
    let isBroken = false;
    const detector: Detector = {
      name: "moody",
      size: 1,
      learn() {
        if (isBroken) throw new Error("detector");
      },
    };
    const wire = new Wire({}, { policy: { ...policy, detector } });
    wire.connect();
    const beat = nextBeat(wire);
    isBroken = true;
    const { left, right } = wire;
    expect(() => right.endpoint.receive(beat, "wire")).toThrow("detector");
    wire.host.advance(1_000);
    expect(right.beats.at(-1)).toMatchObject({ echo: left.beats.at(-2)?.seq, counted: false });
    const question = { ...(left.beats.at(-1) as BeatFrame), asks: true };
    expect(() => right.endpoint.receive(encodeFrame(question), "wire")).toThrow("detector");
    expect(right.frames.at(-1)).toMatchObject({
      type: "echo",
      echo: question.seq,
      counted: false,
    });
  });
});

test("whoever drives is told of a deadline that moves earlier by a beat, however ordinary", () => {
  // Of its own it is due every 10 s, and to notice a freeze of ours every 3 s.
  const rare = { intervalMs: 10_000, suspectAfterMs: 12_000, deadAfterMs: 30_000, jitter: 0 };
  const detector: Detector = {
    name: "sudden",
    size: 2,
    learn(memory, from) {
      const count = (memory[from + 1] as number) + 1;
      memory.set([count > 8 ? 1_200 : 0, count], from);
    },
  };
  const often = { ...policy, suspectAfterMs: 30_000, deadAfterMs: 60_000 };
  for (const transport of ["message", "stream"] as const) {
    const wire = new Wire(
      { transport, policy: often },
      { transport, policy: { ...rare, detector } },
    );
    wire.connect();
    const { endpoint, driving } = wire.right;
    driving[Symbol.dispose]();
    let knownAt = endpoint.nextDeadline();
    endpoint.onEarlier(() => {
      knownAt = endpoint.nextDeadline();
    });
    let earlier = 0;
    for (let n = 0; n < 12; n++) {
      wire.host.advance(1_000);
      wire.right.inFlight = [];
      endpoint.tick();
      knownAt = endpoint.nextDeadline();
      for (const beat of wire.left.inFlight.splice(0)) {
        const before = knownAt;
        endpoint.receive(beat, "wire");
        expect(knownAt).toBeLessThanOrEqual(endpoint.nextDeadline());
        if (beat.length === ORDINARY_BYTES && knownAt < before) earlier += 1;
      }
    }
    expect(earlier).toBeGreaterThan(0);
  }
});

test("whoever drives is told what is due earlier, and that nothing is due any more, and nothing else", () => {
  const host = new ManualHost();
  const endpoint = createEndpoint<string>({ id: "me", host, policy, send() {}, emit() {} });
  let told = 0;
  const withdraw = endpoint.onEarlier(() => {
    told += 1;
  });
  const toldBy = (call: () => void) => {
    told = 0;
    call();
    return told;
  };
  const first = endpoint.add("first", { path: "first" });
  host.advance(900);
  endpoint.tick();
  // Nothing new, later, and never.
  expect([toldBy(() => endpoint.tick()), toldBy(() => endpoint.opened("fresh"))]).toEqual([0, 0]);
  expect(toldBy(() => endpoint.ended("fresh", "closed"))).toBe(0);
  const before = endpoint.nextDeadline();
  host.advance(before - host.now());
  expect(toldBy(() => endpoint.tick())).toBe(0);
  expect(endpoint.nextDeadline()).toBeGreaterThan(before);
  expect(toldBy(() => endpoint.remove(first))).toBe(1);
  expect(endpoint.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  expect(toldBy(() => endpoint.tick())).toBe(0);
  expect(toldBy(() => endpoint.add("second"))).toBe(1);
  withdraw();
  expect(toldBy(() => endpoint.close())).toBe(0);
});

describe("a call has its effect", () => {
  test("resume: from then on silence is evidence again, of one peer and of all", () => {
    for (const isOne of [true, false]) {
      const wire = new Wire();
      const { right } = wire.connect();
      const { endpoint } = wire.left;
      wire.cut.add(wire.right);
      endpoint.pause(isOne ? right : undefined);
      wire.run(20_000);
      expect(wire.left.changes).toEqual(["right connecting>alive"]);
      endpoint.resume(isOne ? right : undefined);
      wire.run(policy.deadAfterMs + 100);
      expect(wire.left.changes.slice(1)).toEqual([
        "right alive>suspect",
        "right suspect>dead silence",
      ]);
    }
  });

  test("stalled: what a loop says it lost is told, credited, and declared to the others", () => {
    const wire = new Wire();
    const { right } = wire.connect();
    wire.run(2_000);
    const { endpoint } = wire.left;
    wire.host.freeze(80);
    endpoint.stalled(70);
    expect(wire.left.of("stalled")).toMatchObject([{ stallMs: 70 }]);
    expect(endpoint.monitorStats()).toMatchObject({ stalls: 1 });
    wire.run(1_500);
    expect(wire.left.beats.at(-1)).toMatchObject({ stalledMs: 70 });
    expect(endpoint.state(right)?.status).toBe("alive");
  });

  test("countsSleep: whether the host says that its clock goes on in system sleep", () => {
    const given = new ManualHost();
    const says = (countsSleep?: boolean) =>
      createEndpoint({
        id: "me",
        host: {
          now: () => 0,
          entropy: () => given.entropy(),
          epochMs: () => 0,
          ...(countsSleep !== undefined && { countsSleep }),
        } as never,
        send() {},
        emit() {},
      }).countsSleep;
    expect([says(true), says(false), says()]).toEqual([true, false, false]);
  });
});

/** An ordinary beat of the left end, that has not arrived yet. */
function nextBeat(wire: Wire): Uint8Array {
  wire.run(3_000);
  wire.host.advance(1_000);
  const [beat] = wire.left.inFlight.splice(0) as [Uint8Array];
  expect(beat.length).toBe(ORDINARY_BYTES);
  return beat;
}

describe("whoever is added while others go", () => {
  /** An endpoint whose every send adds one more peer, once `adds` says so. */
  function setUp() {
    const host = new ManualHost();
    let adds = false;
    const endpoint = createEndpoint<string>({
      id: "us",
      host,
      transport: "datagram",
      policy: { jitter: 0, forgetAfterMs: 30_000 },
      emit: () => {},
      send() {
        if (adds) {
          adds = false;
          endpoint.add("newcomer", { path: "new" });
        }
        return true;
      },
    });
    const addNext = () => {
      adds = true;
    };
    return { host, endpoint, addNext };
  }

  test("takes the place of one that is forgotten in the same tick, and nothing of it is left", () => {
    const { host, endpoint, addNext } = setUp();
    const first = endpoint.add("first", { path: "there" });
    endpoint.tick();
    host.freeze(20_000);
    endpoint.tick();
    const second = endpoint.add("second", { path: "elsewhere" });
    expect(endpoint.state(first)?.status).toBe("dead");
    // Both the first's end and a beat of the second fall due while nobody looks.
    host.freeze(29_000);
    endpoint.tick();
    host.freeze(2_000);
    addNext();
    endpoint.tick();
    expect([endpoint.find("first"), endpoint.size]).toEqual([undefined, 2]);
    endpoint.remove(second);
    endpoint.remove(endpoint.find("newcomer") as PeerRef);
    expect(endpoint.stats()).toMatchObject({ peers: 0, sessions: 0 });
  });

  test("while all are left is left, too: nothing goes on after close", () => {
    const host = new ManualHost();
    let left = 0;
    const me: Endpoint<string> = createEndpoint<string>({
      id: "me",
      host,
      ...stream,
      policy,
      emit() {},
      send(_peer, frame) {
        if (frame[2] !== LEAVE) return;
        left += 1;
        me.add("newcomer");
      },
    });
    me.add("first");
    const friend = me.add("friend");
    me.dial(friend, "up");
    me.receive(hello(host, "friend"), "up");
    me.close();
    expect([left, me.size, me.nextDeadline()]).toEqual([1, 0, Number.POSITIVE_INFINITY]);
  });
});
