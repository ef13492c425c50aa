// Application messages on a stream: whole, from somebody who said who it is, and bounded.
import { describe, expect, test } from "vitest";
import { encodeFrame } from "../src/endpoint/encode.ts";
import type { BeatFrame } from "../src/endpoint/frame.ts";
import { createHub } from "../src/endpoint/hub.ts";
import { takeBytes } from "../src/endpoint/inlet.ts";
import { ManualHost } from "../src/testing/manual-host.ts";
import { policy, Wire } from "./wire.ts";

test("what came in is counted in bytes, whatever it was", () => {
  const { endpoint } = new Wire().right;
  endpoint.receive(new Uint8Array(10), "there");
  endpoint.receive(new Uint8Array(7), "elsewhere");
  expect(endpoint.stats()).toMatchObject({ bytesReceived: 17, framesReceived: 0 });
});

describe("message, on streams", () => {
  const stream = { transport: "stream" } as const;
  const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);

  test("arrives whole, with bytes that are the receiver's own", () => {
    const wire = new Wire(stream, stream);
    const { right } = wire.connect();
    expect(wire.left.endpoint.message(right, bytes)).toBe(true);
    const [frame] = wire.left.inFlight.splice(0);
    wire.right.endpoint.receive((frame as Uint8Array).subarray(0, 100), "wire");
    expect(wire.right.of("message")).toEqual([]);
    wire.right.endpoint.receive((frame as Uint8Array).subarray(100), "wire");
    frame?.fill(0);
    expect(wire.right.of("message")).toMatchObject([{ id: "left", bytes }]);
  });

  test("arrives whole, beside parts of others on other connections", () => {
    const wire = new Wire(stream, stream);
    const { right } = wire.connect();
    const { endpoint } = wire.right;
    wire.left.endpoint.message(right, bytes);
    const [frame] = wire.left.inFlight.splice(0) as [Uint8Array];
    endpoint.receive(frame.subarray(0, 100), "wire");
    endpoint.receive(frame.subarray(0, 50), "another");
    endpoint.receive(frame.subarray(100), "wire");
    expect(wire.right.of("message")).toMatchObject([{ id: "left", bytes }]);
    expect(endpoint.stats().dropped).toEqual({});
  });

  test("may look like a beat, in a chunk of its own: it is no beat", () => {
    const wire = new Wire(stream, stream);
    const { right } = wire.connect();
    wire.run(2_000);
    wire.host.advance(1_000);
    const beat = wire.left.inFlight.splice(0).at(-1) as Uint8Array<ArrayBuffer>;
    wire.left.endpoint.message(right, beat);
    const [frame] = wire.left.inFlight.splice(0) as [Uint8Array];
    const { framesReceived } = wire.right.endpoint.stats();
    wire.right.endpoint.receive(frame.subarray(0, 8), "wire");
    wire.right.endpoint.receive(frame.subarray(8), "wire");
    expect(wire.right.of("message")).toMatchObject([{ id: "left", bytes: beat }]);
    expect(wire.right.endpoint.stats().framesReceived).toBe(framesReceived + 1);
  });

  test("of which nothing is held leaves nothing behind: most connections hold nothing", () => {
    const hub = createHub(
      { id: "us", host: new ManualHost(), ...stream, send: () => true, emit: () => {} },
      () => {},
      () => {},
    );
    const frame = encodeFrame({ type: "data", payload: bytes });
    takeBytes(hub, frame, "whole");
    expect(hub.streams.size).toBe(0);
    takeBytes(hub, frame.subarray(0, 10), "in parts");
    expect([...hub.streams.keys()]).toEqual(["in parts"]);
    takeBytes(hub, frame.subarray(10), "in parts");
    expect(hub.streams.size).toBe(0);
    expect(hub.counts.framesReceived).toBe(2);
  });

  test("of which a part came is forgotten with its connection", () => {
    const { endpoint } = new Wire(stream, stream).right;
    const other = new Wire(stream, stream);
    other.left.endpoint.add("right", { path: "wire" });
    other.host.advance(500);
    const [hello] = other.left.inFlight as [Uint8Array];
    endpoint.receive(hello.subarray(0, 10), "wire");
    endpoint.ended("wire", "closed");
    endpoint.receive(hello, "wire");
    expect(endpoint.stats()).toMatchObject({ framesReceived: 1, dropped: {} });
  });

  test("socketio/socket.io#5450, #2666, yjs/y-websocket#203: a part of it is life, for as long as parts come", () => {
    const wire = new Wire(stream, stream);
    const { right } = wire.connect();
    wire.left.endpoint.message(right, bytes);
    const [frame] = wire.left.inFlight.splice(0) as [Uint8Array];
    // Nothing else comes: beats, too, queue behind what the wire is still busy with.
    wire.cut.add(wire.left);
    const parts = 20;
    for (let at = 0; at < parts; at++) {
      wire.right.endpoint.receive(frame.subarray(at, at + 1), "wire");
      wire.run(policy.suspectAfterMs - 100);
    }
    expect([wire.right.changes, wire.right.of("message")]).toEqual([["left connecting>alive"], []]);
    wire.run(200);
    expect(wire.right.changes.slice(1)).toEqual(["left alive>suspect"]);
    wire.right.endpoint.receive(frame.subarray(parts), "wire");
    expect(wire.right.of("message")).toMatchObject([{ id: "left", bytes }]);
    expect(wire.right.changes.slice(2)).toEqual(["left suspect>alive"]);
  });

  test("is not sent to the dead, nor where the transport refuses, nor where there are no messages", () => {
    const wire = new Wire(stream, stream);
    const { right } = wire.connect();
    wire.left.takes = false;
    expect(wire.left.endpoint.message(right, bytes)).toBe(false);
    wire.left.takes = true;
    wire.left.endpoint.ended("wire", "closed");
    expect(wire.left.endpoint.message(right, bytes)).toBe(false);
    const frames = new Wire();
    expect(frames.left.endpoint.message(frames.connect().right, bytes)).toBe(false);
  });

  test("is as good as a beat where it leaves, and nothing where it does not", () => {
    for (const leaves of [true, false]) {
      const wire: Wire = new Wire(
        {
          ...stream,
          send: (_peer, frame) => {
            const isMessage = frame[2] === 5;
            if (isMessage && !leaves) return false;
            wire.left.sent.push(frame);
            wire.left.inFlight.push(frame);
            return true;
          },
        },
        stream,
      );
      const { right } = wire.connect();
      const before = wire.left.beats.length;
      for (let round = 0; round < 3; round++) {
        for (let n = 0; n < 4; n++) {
          wire.run(500);
          expect(wire.left.endpoint.message(right, bytes)).toBe(leaves);
        }
        wire.run(1_000);
      }
      const beats = wire.left.beats.slice(before);
      expect(beats.length).toBe(leaves ? 3 : 9);
      // Nobody speaks late who speaks in messages: no slower pace is announced.
      expect(beats.every(({ gapMs }) => gapMs === 1_000)).toBe(true);
    }
  });

  test("is for nobody who was removed", () => {
    const wire = new Wire(stream, stream);
    const { right } = wire.connect();
    wire.left.endpoint.remove(right);
    expect(wire.left.endpoint.message(right, bytes)).toBe(false);
  });

  test("introduces its sender first, where that has not been done", () => {
    const wire = new Wire(stream, stream);
    const right = wire.left.endpoint.add("right", { path: "wire" });
    expect(wire.left.endpoint.message(right, bytes)).toBe(true);
    wire.deliver();
    expect(wire.right.of("message")).toMatchObject([{ id: "left", bytes }]);
    expect(wire.left.frames.slice(0, 2).map(({ type }) => type)).toEqual(["beat", "data"]);
  });

  test("of somebody who never said who it is is dropped, as it is where there are no messages", () => {
    const data = encodeFrame({ type: "data", payload: bytes });
    const wire = new Wire(stream);
    wire.left.endpoint.receive(data, "wire");
    wire.right.endpoint.receive(data, "wire");
    expect([wire.left, wire.right].map(({ endpoint }) => endpoint.stats().dropped)).toEqual([
      { "unexpected-data": 1 },
      { "unexpected-data": 1 },
    ]);
  });

  test("longer than the receiver takes ends the session there: protocol-error, and the path is refused", () => {
    const wire = new Wire(stream, { ...stream, maxMessageBytes: 100 });
    const { right } = wire.connect();
    wire.left.endpoint.message(right, bytes);
    wire.deliver();
    expect(wire.right.changes.at(-1)).toBe("left alive>dead protocol-error");
    expect(wire.right.of("refused")).toEqual([
      { type: "refused", path: "wire", reason: "protocol-error" },
    ]);
    expect(wire.right.endpoint.stats().dropped).toEqual({ "too-long": 1 });
  });

  test("bytes that are no frames end the session of a peer without a path, which there is none to refuse", () => {
    const wire = new Wire(stream, stream);
    const ref = wire.right.endpoint.add("left");
    const left = wire.left.endpoint.add("right", { path: "wire" });
    wire.host.advance(1_000);
    for (const frame of wire.left.inFlight) wire.right.endpoint.receive(frame, ref);
    expect(wire.right.changes).toEqual(["left connecting>alive"]);
    wire.right.endpoint.receive(new Uint8Array(8), ref);
    expect(wire.right.changes.slice(1)).toEqual(["left alive>dead protocol-error"]);
    expect([wire.right.of("refused"), wire.right.endpoint.stats().refused]).toEqual([[], {}]);
    expect(wire.left.endpoint.path(left)).toBe("wire");
  });

  test("bytes that are no frames from a stranger are refused, too", () => {
    const { endpoint, of } = new Wire(stream).left;
    void of;
    endpoint.receive(Buffer.from("GET / HTTP/1.1\r\n"), "wire");
    expect(endpoint.stats()).toMatchObject({ dropped: { magic: 1 }, sessions: 0 });
  });

  test("a flood of beats is fatal only once it lasted as long as a silence would", () => {
    const wire = new Wire(stream, stream);
    wire.connect();
    const flood = (ms: number) => {
      for (let passed = 0; passed < ms; passed += 10) {
        const [model] = wire.left.beats.slice(-1);
        // Ten times as many as the right end said it accepts.
        for (let n = 1; n <= 20; n++) {
          seq += 1;
          wire.right.endpoint.receive(
            encodeFrame({ ...(model as BeatFrame), asks: false, seq }),
            "wire",
          );
        }
        wire.run(10);
      }
    };
    let seq = 1_000;
    // A burst of what was queued somewhere, and a good while more.
    flood(5_000);
    expect(wire.right.changes).toEqual(["left connecting>alive"]);
    expect(wire.right.endpoint.stats().dropped["too-many"]).toBeGreaterThan(0);
    flood(2_000);
    expect(wire.right.changes).toContain("left alive>dead protocol-error");
  });
});

describe("a callback that throws costs no byte of a stream", () => {
  const stream = { transport: "stream" } as const;
  const oops = () => {
    throw new Error("oops");
  };
  const chunk = (frames: readonly Uint8Array[]) =>
    Uint8Array.from(frames.flatMap((frame) => [...frame]));

  test("accept", () => {
    let accept = (): boolean => oops();
    const wire = new Wire(stream, { ...stream, accept: () => accept() });
    wire.left.endpoint.message(wire.left.endpoint.add("right"), Uint8Array.of(1));
    const [hello, message] = wire.left.inFlight as [Uint8Array, Uint8Array];
    const { endpoint } = wire.right;
    expect(() => endpoint.receive(chunk([hello, message.subarray(0, 5)]), "wire")).toThrow("oops");
    accept = () => true;
    endpoint.receive(chunk([message.subarray(5), hello, message]), "wire");
    expect(endpoint.stats().dropped).toEqual({ "unexpected-data": 1 });
    expect(wire.right.of("message")).toHaveLength(1);
  });

  test("observeBeats, and the frame is answered all the same", () => {
    let observeBeats = () => false;
    const wire = new Wire(stream, { ...stream, observeBeats: () => observeBeats() });
    const { right } = wire.connect();
    observeBeats = oops;
    wire.left.inFlight = [];
    wire.left.endpoint.dial(right, "wire");
    const [hello] = wire.left.inFlight as [Uint8Array];
    expect(() => wire.right.endpoint.receive(hello, "wire")).toThrow("oops");
    expect(wire.right.frames.at(-1)).toMatchObject({ type: "echo", counted: true });
    expect(wire.right.outputs.at(-1)).toMatchObject({ type: "changed", to: "alive" });
  });
});
