// Where every datagram is sealed: what is opened at all, how it is counted, and when it is told.
import { expect, test } from "vitest";
import { encodeFrame } from "../src/endpoint/encode.ts";
import type { SealFault, Sealing } from "../src/endpoint/sealing.ts";
import { ManualHost } from "../src/testing/manual-host.ts";
import { Keyring } from "./keyring.ts";
import { End } from "./wire.ts";

const empty = encodeFrame({ type: "data", payload: new Uint8Array(0) });

/** One end that opens what bears the one byte it wants; what it was asked to open. */
function setUp(judge: Sealing["open"] = () => "bad-seal") {
  const host = new ManualHost();
  const asked: number[] = [];
  const open: Sealing["open"] = (datagram) => {
    asked.push(datagram.length);
    return judge(datagram);
  };
  const sealing = { sealBytes: 4, seal() {}, open };
  const end = new End(host, { id: "me", transport: "datagram", sealing });
  const told = () => end.of("unauthenticated").map(({ fault, datagrams }) => [fault, datagrams]);
  return { host, end, endpoint: end.endpoint, asked, told };
}

test("what has no room for a header and a seal is unsealed, and is not opened", () => {
  const { endpoint, asked } = setUp(() => "opened");
  for (let length = 0; length <= 12; length++) endpoint.receive(new Uint8Array(length), "there");
  expect(asked).toEqual([12]);
  expect(endpoint.stats().dropped).toEqual({ unsealed: 12, magic: 1 });
});

test("a frame from end to end is unsealed, whatever was said of its last bytes", () => {
  const { endpoint, told } = setUp(() => "unknown-key");
  const frame = encodeFrame({ type: "data", payload: new Uint8Array(40) });
  endpoint.receive(frame, "there");
  endpoint.receive(new Uint8Array(40), "there");
  expect(told()).toEqual([
    ["unsealed", 1],
    ["unknown-key", 1],
  ]);
});

test("a fault is told at once, and then once a minute with how many there were; none of a peer without a path", () => {
  const { host, end, endpoint, told } = setUp();
  const forged = new Uint8Array(60);
  for (const waitMs of [0, 1, 59_998, 1, 59_999, 1]) {
    host.freeze(waitMs);
    endpoint.receive(forged, "there");
  }
  expect(told()).toEqual([
    ["bad-seal", 1],
    ["bad-seal", 3],
    ["bad-seal", 2],
  ] satisfies [SealFault, number][]);
  const somebody = endpoint.add("somebody");
  host.freeze(60_000);
  endpoint.receive(forged, somebody);
  expect([endpoint.stats().dropped, told().length]).toEqual([{ "bad-seal": 7 }, 3]);
  endpoint.receive(forged, "elsewhere");
  expect(end.of("unauthenticated").at(-1)).toMatchObject({ path: "elsewhere", datagrams: 2 });
});

test("a seal that throws over a datagram costs it, and comes to light", () => {
  const { endpoint, told } = setUp(() => {
    throw new Error("key store");
  });
  expect(() => endpoint.receive(new Uint8Array(60), "there")).toThrow("key store");
  expect([told(), endpoint.stats().dropped, endpoint.stats().framesReceived]).toEqual([[], {}, 0]);
});

test("a frame is recognised by its length, sealed or not, down to the shortest", () => {
  const { endpoint } = setUp();
  const lengths = [0, 7, 8, 9, 11, 12, 13];
  const recognised = lengths.filter((length) => {
    const bytes = new Uint8Array(length);
    bytes.set(empty.subarray(0, length));
    return endpoint.recognises(bytes);
  });
  expect(recognised).toEqual([8, 12]);
  const plain = new End(new ManualHost(), { id: "me", transport: "datagram" });
  expect([plain.endpoint.recognises(empty), plain.endpoint.recognises(new Uint8Array(12))]).toEqual(
    [true, false],
  );
});

test("what a keyring seals its like opens", () => {
  const sealing = new Keyring(1);
  const end = new End(new ManualHost(), { id: "me", transport: "datagram", sealing });
  const sealed = encodeFrame({ type: "data", payload: Uint8Array.of(1) }, sealing.sealBytes);
  sealing.seal(sealed);
  end.endpoint.receive(sealed, "there");
  expect(end.endpoint.stats().dropped).toEqual({ "unexpected-data": 1 });
});
