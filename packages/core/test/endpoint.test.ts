// The face of an endpoint: its peers, and what a transport may do to it.
import { describe, expect, test } from "vitest";
import { createEndpoint, type Endpoint } from "../src/endpoint/endpoint.ts";
import type { EndpointOutput } from "../src/endpoint/outputs.ts";
import type { PeerRef } from "../src/monitor/refs.ts";
import { ManualHost } from "../src/testing/manual-host.ts";
import { policy, Wire } from "./wire.ts";

const plain = { id: "me", host: new ManualHost(), send: () => true, emit() {} };

describe("peers", () => {
  test("are found by their id, by their ref and by iterating", () => {
    const endpoint = createEndpoint<string>(plain);
    const a = endpoint.add("a", { path: "1.2.3.4", role: "listen" });
    const b = endpoint.add("b");
    expect([...endpoint]).toEqual([a, b]);
    expect([endpoint.find("a"), endpoint.find("b"), endpoint.find("c")]).toEqual([a, b, undefined]);
    expect([endpoint.id(a), endpoint.path(a), endpoint.path(b)]).toEqual([
      "a",
      "1.2.3.4",
      undefined,
    ]);
    expect(endpoint.state(a)).toMatchObject({ status: "connecting", role: "listen", session: 1 });
    expect(endpoint.policy(a)).toMatchObject({ intervalMs: 1_000, returns: "never" });
    expect(endpoint.trustedUntil(a)).toBe(Number.NEGATIVE_INFINITY);
    expect(endpoint.countsSleep).toBe(true);
    // Nothing is proven of it yet: on the scale of suspicion that is where suspects begin.
    expect(endpoint.suspicion(a)).toBe(1);
  });

  test("that are removed are gone without a word, and their refs touch nobody else", () => {
    const { left, right } = new Wire();
    const old = left.endpoint.add("right", { path: "wire" });
    left.endpoint.remove(old);
    expect([left.endpoint.size, left.endpoint.find("right")]).toEqual([0, undefined]);
    const { endpoint } = left;
    const calls: ((ref: PeerRef) => void)[] = [
      (ref) => endpoint.remove(ref),
      (ref) => endpoint.dial(ref, "wire"),
      (ref) => endpoint.leave(ref),
      (ref) => endpoint.setPolicy(ref, policy),
      (ref) => endpoint.pause(ref),
      (ref) => endpoint.ended(ref, "closed"),
      (ref) => endpoint.receive(Uint8Array.of(1), ref),
    ];
    for (const call of calls) call(old);
    const next = endpoint.add("right", { path: "wire" });
    for (const call of calls) call(old);
    expect(endpoint.state(next)?.status).toBe("connecting");
    expect([
      endpoint.id(old),
      endpoint.state(old),
      endpoint.policy(old),
      endpoint.path(old),
    ]).toEqual([undefined, undefined, undefined, undefined]);
    expect(endpoint.message(old, Uint8Array.of(1))).toBe(false);
    expect(endpoint.trustedUntil(old)).toBe(Number.NEGATIVE_INFINITY);
    expect(endpoint.stats().dropped).toEqual({ "unknown-path": 2 });
    expect([left.outputs, right.outputs]).toEqual([[], []]);
  });

  test("that are dead begin their next session when they are added again", () => {
    const { left, host } = new Wire();
    const ref = left.endpoint.add("right", { path: "wire" });
    left.takes = false;
    host.advance(10_000);
    expect(left.changes).toEqual(["right connecting>dead unreachable"]);
    expect(left.endpoint.add("right")).toBe(ref);
    expect(left.endpoint.state(ref)).toMatchObject({ status: "connecting", session: 2 });
    expect(left.endpoint.path(ref)).toBe("wire");
  });

  test("that are dialled say hello at once; a living one dies closed first", () => {
    const wire = new Wire();
    const { right } = wire.connect();
    const before = wire.left.sent.length;
    wire.left.endpoint.dial(right, "another wire");
    expect(wire.left.changes.slice(1)).toEqual([
      "right alive>dead closed",
      "right dead>connecting",
    ]);
    const [hello] = wire.left.beats.slice(before);
    expect(hello).toMatchObject({
      seq: 1,
      asks: true,
      tag: { hi: 0, lo: 0 },
      identity: { id: "left" },
    });
    expect(wire.left.endpoint.path(right)).toBe("another wire");
  });
});

describe("a closed endpoint", () => {
  test("has said leave to everybody, and is deaf, still and empty", () => {
    const wire = new Wire();
    const { right } = wire.connect();
    wire.left.endpoint.close({ returnInMs: 5_000 });
    wire.left.endpoint.close();
    expect(wire.left.frames.at(-1)).toMatchObject({ type: "leave", returnInMs: 5_000 });
    wire.deliver();
    expect(wire.right.changes.at(-1)).toBe("left alive>dead left");
    expect(wire.right.of("changed").at(-1)).toMatchObject({ returnInMs: 5_000, safeInMs: 0 });
    const { endpoint } = wire.left;
    expect([endpoint.size, endpoint.nextDeadline()]).toEqual([0, Number.POSITIVE_INFINITY]);
    const sent = wire.left.sent.length;
    const { bytesReceived: received } = endpoint.stats();
    endpoint.receive(wire.right.sent[0] as Uint8Array, "wire");
    expect(endpoint.stats()).toMatchObject({ dropped: {}, bytesReceived: received });
    endpoint.opened("another wire");
    expect([endpoint.nextDeadline(), endpoint.stats().handshakes]).toEqual([
      Number.POSITIVE_INFINITY,
      0,
    ]);
    endpoint.tick();
    wire.run(40_000);
    expect([wire.left.sent.length, endpoint.state(right)]).toEqual([sent, undefined]);
    expect(() => endpoint.add("a")).toThrow(
      expect.objectContaining({
        code: "ERR_SYSTOLE_CLOSED",
        message: expect.stringMatching(/closed/),
      }),
    );
    expect(wire.host.timers).toBe(0);
  });
});

describe("a transport", () => {
  test("that throws or says false did not send: counted, nothing numbered, nothing postponed", () => {
    const host = new ManualHost();
    const answers = [false, new Error("gone"), undefined, true];
    const frames: Uint8Array[] = [];
    const endpoint = createEndpoint({
      ...plain,
      host,
      send(_peer, frame) {
        frames.push(frame);
        const answer = answers.shift();
        if (answer instanceof Error) throw answer;
        return answer;
      },
    });
    endpoint.add("a");
    while (frames.length < 4) {
      host.advance(100);
      endpoint.tick();
    }
    const seqs = frames.map((frame) => new DataView(frame.buffer).getUint32(30));
    expect(seqs).toEqual([1, 1, 1, 2]);
    expect(endpoint.stats()).toMatchObject({ sendFailures: 2, framesSent: 2, bytesSent: 430 });
  });

  test("may be synchronous: what a frame brings about arrives while it is being sent", () => {
    const host = new ManualHost();
    const outputs: string[] = [];
    const emit = (name: string) => (output: EndpointOutput<string>) => {
      if (output.type === "changed") outputs.push(`${name}: ${output.id} ${output.to}`);
    };
    const ends: Record<string, Endpoint<string>> = {};
    const create = (id: string, other: string) =>
      createEndpoint<string>({
        id,
        host,
        policy,
        accept: () => true,
        emit: emit(id),
        send: (_peer, frame) => {
          // The memory is the transport's, and it uses it again at once.
          const memory = Buffer.from(frame);
          ends[other]?.receive(memory, "wire");
          memory.fill(0);
        },
      });
    ends["a"] = create("a", "b");
    ends["b"] = create("b", "a");
    ends["a"].add("b", { path: "wire" });
    for (let n = 0; n < 30; n++) {
      host.advance(100);
      ends["a"].tick();
      ends["b"].tick();
    }
    expect(outputs).toEqual(["b: a alive", "a: b alive"]);
    expect([ends["a"].stats().dropped, ends["b"].stats().dropped]).toEqual([{}, {}]);
  });

  test("cannot make receive throw, whatever it hands over", () => {
    const { endpoint } = new Wire({ transport: "datagram" }).left;
    const ref = endpoint.add("x");
    for (const bytes of [
      [],
      [1],
      [0x53],
      [0x53, 1, 1, 0, 0, 0, 0, 8],
      new Array(2_000).fill(0x53),
    ]) {
      endpoint.receive(Uint8Array.from(bytes), "somewhere");
      endpoint.receive(Uint8Array.from(bytes), ref);
    }
    expect(endpoint.stats().dropped).toEqual({ short: 8, version: 2 });
    expect(endpoint.stats().framesReceived).toBe(0);
  });
});

describe("one reading of the clock", () => {
  test("is taken in each turn, whatever happens in it", () => {
    const wire = new Wire();
    const { right } = wire.connect();
    const { host } = wire;
    let readings = 0;
    const { now } = host;
    host.now = () => {
      readings += 1;
      return now.call(host);
    };
    const { endpoint } = wire.left;
    const readingsOf = (call: () => void) => {
      readings = 0;
      // Driving compares deadlines with the clock after the turn; that is not the endpoint's reading.
      wire.left.driving[Symbol.dispose]();
      call();
      return readings;
    };
    const frame = wire.right.sent[0] as Uint8Array;
    expect(
      [
        () => endpoint.tick(),
        () => endpoint.receive(frame, "wire"),
        () => endpoint.pause(right),
        () => endpoint.resume(right),
        () => endpoint.setPolicy(right, { ...policy, intervalMs: 500 }),
        () => endpoint.stalled(5),
        () => endpoint.leave(right),
        () => endpoint.dial(right, "wire"),
        () => endpoint.remove(right),
        () => endpoint.close(),
      ].map(readingsOf),
    ).toEqual(new Array(10).fill(1));
  });
});

test("a callback that throws while a synchronous transport delivers surfaces, and nothing goes deaf", () => {
  const hello: Uint8Array<ArrayBuffer>[] = [];
  const stranger = createEndpoint<string>({
    ...plain,
    id: "stranger",
    send: (_peer, frame) => hello.push(frame),
  });
  stranger.dial(stranger.add("me"), "wire");
  const deliver = (): void => endpoint.receive(hello[0] as Uint8Array, "from afar");
  let accepts = (): boolean => {
    throw new Error("accept");
  };
  const endpoint: Endpoint<string> = createEndpoint({
    ...plain,
    send: deliver,
    accept: () => accepts(),
  });
  const peer = endpoint.add("somebody");
  expect(() => endpoint.dial(peer, "wire")).toThrow("accept");
  accepts = () => true;
  deliver();
  expect(endpoint.find("stranger")).toBeDefined();
});

test("a sink that closes the endpoint is not spoken to by what was still under way", () => {
  const wire = new Wire({ id: "stranger" });
  wire.left.endpoint.dial(wire.left.endpoint.add("me"), "wire");
  const asked: string[] = [];
  const endpoint: Endpoint<string> = createEndpoint<string>({
    ...plain,
    send: () => endpoint.receive(wire.left.sent[0] as Uint8Array, "from afar"),
    accept: ({ id }) => asked.push(id) > 0,
  });
  endpoint.receive(wire.left.sent[0] as Uint8Array, "near");
  expect(asked).toEqual(["stranger"]);
  endpoint.close();
  expect([asked, endpoint.size]).toEqual([["stranger"], 0]);
});

test("a detector that throws costs errors, not a conversation", () => {
  const host = new ManualHost();
  const ends: Endpoint<string>[] = [];
  const changes: string[] = [];
  const errors: unknown[] = [];
  const guarded = (body: () => void) => {
    try {
      body();
    } catch (error) {
      errors.push(...(error instanceof AggregateError ? error.errors : [error]));
    }
  };
  const broken = {
    name: "broken",
    size: 1,
    learn() {
      throw new Error("broken");
    },
  };
  ["a", "b"].forEach((id, n) => {
    ends[n] = createEndpoint<string>({
      id,
      host,
      policy: { ...policy, ...(id === "a" && { detector: broken }) },
      transport: "datagram",
      send: (_peer, bytes) => guarded(() => ends[1 - n]?.receive(bytes, id)),
      emit: (output) => output.type === "changed" && changes.push(`${output.id} ${output.to}`),
    });
  });
  ends[0]?.add("b", { path: "b" });
  ends[1]?.add("a", { path: "a" });
  for (let n = 0; n < 600; n++) {
    host.freeze(100);
    for (const end of ends) guarded(() => end.tick());
  }
  expect(changes.toSorted()).toEqual(["a alive", "b alive"]);
  expect(errors.length).toBeGreaterThan(50);
  expect(new Set(errors.map(String))).toEqual(new Set(["Error: broken"]));
});
