// Keys on real sockets: seals, rotation, wrong keys, and a socket that is shared with the application.
import { createSecretKey } from "node:crypto";
import { createSocket } from "node:dgram";
import { createNode, type Keys, type NodeOptions, type SystoleNode } from "@systole/adapter-dgram";
import { afterEach, expect, test } from "vitest";
import { beatsOf, next, Story } from "../../adapter-net/test/waiting.ts";
import { Nat } from "./nat.ts";

const POLICY = { intervalMs: 100, suspectAfterMs: 1_500, deadAfterMs: 3_000 };
const QUICK = { intervalMs: 50, suspectAfterMs: 200, deadAfterMs: 400 };
const LOCAL = "127.0.0.1";
const open: { [Symbol.asyncDispose](): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

async function bound(id: string, options: Partial<NodeOptions> = {}): Promise<SystoleNode> {
  const node = createNode({ id, policy: POLICY, ...options });
  open.push(node);
  await node.bind(0, LOCAL);
  return node;
}

function at(node: SystoleNode): { address: string; port: number } {
  return { address: LOCAL, port: node.address()?.port as number };
}

const k1 = new Uint8Array(32).fill(1);
const k2 = createSecretKey(Buffer.alloc(32, 2));
const old: Keys = { sign: "k1", accept: { k1 } };

test("keys rotate on both sides of running nodes, one after the other, and nobody is suspected", async () => {
  const a = await bound("a", { keys: old, accept: () => true });
  const b = await bound("b", { keys: old });
  const stories = [new Story(a), new Story(b)];
  await b.add("a", at(a)).alive();
  await stories[0]?.reached("b", "alive");
  const steps: Keys[] = [
    { sign: "k1", accept: { k1, k2 } },
    // The names are each node's own.
    { sign: "new", accept: { new: k2, k1 } },
    { sign: "new", accept: { new: k2 } },
  ];
  for (const keys of steps) {
    for (const node of [a, b]) {
      node.setKeys(keys);
      await beatsOf("a", 3);
      await beatsOf("b", 3);
    }
  }
  expect(stories.map((story, n) => story.of(n === 0 ? "b" : "a"))).toEqual([
    ["alive#1"],
    ["alive#1"],
  ]);
  for (const node of [a, b]) {
    const { opened, dropped } = node.stats();
    expect(Object.keys(opened ?? {})).toEqual(["new"]);
    expect(opened?.["new"]).toBeGreaterThan(6);
    expect(dropped["unknown-key"]).toBeUndefined();
  }
});

test("a wrong key, or none, is one event and a counter, however much comes", async () => {
  const gateway = await bound("gateway", { keys: old, accept: () => true });
  const wrong = await bound("wrong", { policy: QUICK, keys: { sign: "k1", accept: { k1: k2 } } });
  const bare = await bound("bare", { policy: QUICK });
  const events: unknown[] = [];
  gateway.on("unauthenticated", (event) => events.push(event));
  const stories = [new Story(wrong), new Story(bare)];
  wrong.add("gateway", at(gateway));
  bare.add("gateway", at(gateway));
  for (const story of stories) {
    expect(await story.reached("gateway", "dead")).toMatchObject({ reason: "unreachable" });
  }
  const { dropped, framesSent } = gateway.stats();
  expect(dropped["unknown-key"]).toBeGreaterThan(1);
  expect(dropped.unsealed).toBeGreaterThan(1);
  expect(framesSent).toBe(0);
  expect(events).toHaveLength(2);
  expect(events).toContainEqual(
    expect.objectContaining({ fault: "unknown-key", ...at(wrong), datagrams: 1 }),
  );
  expect(events).toContainEqual(
    expect.objectContaining({ fault: "unsealed", ...at(bare), datagrams: 1 }),
  );
  expect(gateway.peers).toEqual([]);
  // To who has no keys, a sealed datagram is none of its frames.
  expect(bare.stats().opened).toBeUndefined();
});

test("no bit of a sealed datagram can be turned", async () => {
  const gateway = await bound("gateway", { keys: old, accept: () => true });
  const nat = await Nat.to(at(gateway));
  open.push(nat);
  const device = await bound("device", { keys: old });
  const story = new Story(gateway);
  await device.add("gateway", nat.inside).alive();
  await story.reached("device", "alive");
  await beatsOf("device", 2);
  const datagram = nat.carried.at(-1) as Buffer;
  for (let bit = 0; bit < 8 * datagram.length; bit++) {
    const turned = Buffer.from(datagram);
    turned[bit >> 3] = (turned[bit >> 3] as number) ^ (1 << (bit & 7));
    nat.say(turned);
    if (bit % 64 === 0) await beatsOf("device", 1);
  }
  await beatsOf("device", 2);
  const { dropped } = gateway.stats();
  const codes =
    (dropped["bad-seal"] ?? 0) + (dropped["unknown-key"] ?? 0) + (dropped.unsealed ?? 0);
  expect(codes).toBe(8 * datagram.length);
  expect(story.of("device")).toEqual(["alive#1"]);
});

test("wrong keys are refused at the door, and never shown", async () => {
  const node = await bound("node", { keys: old });
  const wrong = (keys: unknown) => () => node.setKeys(keys as Keys);
  expect(wrong({ sign: "k3", accept: { k1 } })).toThrow(
    "keys.sign must name one of keys.accept (got k3; accepted: k1).\nAccept the key you sign with",
  );
  expect(wrong({ sign: "k1", accept: { k1: new Uint8Array(15) } })).toThrow("at least 16 bytes");
  expect(wrong({ sign: "k1", accept: { k1: "correct horse battery staple" } })).toThrow(
    /randomBytes/,
  );
  expect(wrong({ sign: "a", accept: { a: k1, b: k1 } })).toThrow("a and b are the same key");
  expect(wrong({})).toThrow("accepted: none");
  expect(() => createNode({ id: "x", keys: { sign: "a", accept: {} } })).toThrow("keys.sign");
  const bare = await bound("bare");
  expect(() => bare.setKeys(old)).toThrow("made without keys");
});

test("a shared socket: handle says what was ours, and the application keeps the rest and the socket", async () => {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, LOCAL, resolve));
  const gateway = createNode({
    id: "gateway",
    policy: POLICY,
    keys: old,
    socket,
    accept: () => true,
  });
  const others: string[] = [];
  const heard = new Promise<void>((resolve) => {
    socket.on("message", (message, from) => {
      if (gateway.handle(message, from)) return;
      others.push(message.toString());
      resolve();
    });
  });
  await expect(gateway.bind()).rejects.toThrow("has a socket already");
  const device = await bound("device", { keys: old });
  const peer = device.add("gateway", at(gateway));
  await peer.alive();
  const application = createSocket("udp4");
  application.send("GET /", socket.address().port, LOCAL);
  await heard;
  expect(others).toEqual(["GET /"]);
  expect(gateway.stats().dropped).toEqual({});
  expect(gateway.stats().buffers?.receiveBytes).toBe(socket.getRecvBufferSize());
  const left = next<{ reason: string }>(peer, "dead");
  await gateway.close();
  expect((await left).reason).toBe("left");
  expect(socket.address().port).toBeGreaterThan(0);
  for (const each of [socket, application])
    await new Promise<void>((resolve) => each.close(() => resolve()));
});

test("one socket for both families: IPv4 peers are IPv4 addresses", async () => {
  const gateway = createNode({ id: "gateway", policy: POLICY, accept: () => true });
  open.push(gateway);
  await gateway.bind(0, "::");
  const story = new Story(gateway);
  const port = gateway.address()?.port as number;
  const four = await bound("four");
  const six = createNode({ id: "six", policy: POLICY });
  open.push(six);
  await six.bind(0, "::1");
  await four.add("gateway", { address: LOCAL, port }).alive();
  await six.add("gateway", { address: "::1", port }).alive();
  for (const id of ["four", "six"]) await story.reached(id, "alive");
  expect(gateway.peer("four")?.address).toEqual(at(four));
  expect(gateway.peer("six")?.address?.address).toBe("::1");
  const back = await bound("back", { accept: () => true });
  await gateway.add("back", at(back)).alive();
});

test("leave keeps the peer, pause credits it, and the kernel says what it gave", async () => {
  const a = await bound("a", {
    accept: () => true,
    buffers: { receiveBytes: 65_536, sendBytes: 65_536 },
  });
  const b = await bound("b");
  const story = new Story(a);
  await b.add("a", at(a)).alive();
  await story.reached("b", "alive");
  expect(a.stats().buffers?.receiveBytes).toBeGreaterThanOrEqual(65_536);
  expect(a.stats().buffers?.sendBytes).toBeGreaterThanOrEqual(65_536);
  a.pause();
  a.resume();
  expect(b.leave("nobody")).toBe(false);
  expect(b.leave("a", { returnInMs: 5_000 })).toBe(true);
  expect(await story.reached("b", "dead")).toMatchObject({ reason: "left" });
  expect(b.peer("a")?.status).toBe("dead");
  await b.add("a", at(a)).alive();
  await story.reached("b", "alive", 2);
});
