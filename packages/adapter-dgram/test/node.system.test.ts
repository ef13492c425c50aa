// Nodes on real UDP sockets, all in this process.
import { createSocket } from "node:dgram";
import { createNode, explain, type NodeOptions, type SystoleNode } from "@systole/adapter-dgram";
import { afterEach, expect, test } from "vitest";
import { beatsOf, next, Story } from "../../adapter-net/test/waiting.ts";

const QUICK = { intervalMs: 100, suspectAfterMs: 400, deadAfterMs: 800 };
const LOCAL = "127.0.0.1";
const open: SystoleNode[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function bound(id: string, options: Partial<NodeOptions> = {}): Promise<SystoleNode> {
  const node = createNode({ id, policy: QUICK, ...options });
  open.push(node);
  await node.bind(0, LOCAL);
  return node;
}

function at(node: SystoleNode): { address: string; port: number } {
  return { address: LOCAL, port: node.address()?.port as number };
}

test("two nodes that added each other find each other", async () => {
  const [a, b] = await Promise.all([bound("a"), bound("b")]);
  const atA = a.add("b", at(b));
  const atB = b.add("a", at(a));
  await Promise.all([atA.alive(), atB.alive()]);
  expect([atA.status, atB.status]).toEqual(["alive", "alive"]);
  await beatsOf("b", 5);
  expect(atA.trustedUntil()).toBeGreaterThan(performance.now());
  expect(a.peer("b")).toBe(atA);
  expect(a.peers).toEqual([atA]);
});

test("who was not added needs to be accepted, and is asked for its address first", async () => {
  const candidates: unknown[] = [];
  const gateway = await bound("gateway", {
    accept: (candidate) => {
      candidates.push(candidate);
      return candidate.id === "device";
    },
  });
  const [device, stranger] = await Promise.all([bound("device"), bound("stranger")]);
  const arrived = next<{ id: string }>(gateway, "peer");
  const refused = stranger.add("gateway", at(gateway));
  await device.add("gateway", at(gateway)).alive();
  expect((await arrived).id).toBe("device");
  await next(refused, "dead");
  expect(gateway.peers.map(({ id }) => id)).toEqual(["device"]);
  expect(candidates).toContainEqual({ id: "device", ...at(device) });
  expect(gateway.stats().dropped["not-accepted"]).toBeGreaterThan(0);
});

test("without accept nobody unknown gets in, and nothing is kept of it", async () => {
  const [node, stranger] = await Promise.all([bound("node"), bound("stranger")]);
  await next(stranger.add("node", at(node)), "dead");
  expect(node.peers).toEqual([]);
  expect(node.peer("stranger")).toBeUndefined();
});

test("remove says leave: the other side knows at once, and this side forgets", async () => {
  const a = await bound("a", { accept: () => true });
  const b = await bound("b");
  const story = new Story(a);
  const atB = b.add("a", at(a));
  await atB.alive();
  await story.reached("b", "alive");
  expect(b.remove("a")).toBe(true);
  const left = await story.reached("b", "dead");
  expect(left).toMatchObject({ reason: "left", safeInMs: 0 });
  expect(atB.state()).toBeUndefined();
  await expect(atB.alive()).rejects.toMatchObject({ code: "ERR_SYSTOLE_CLOSED" });
  expect(b.remove("a")).toBe(false);
});

test("mrhooray/swim-js#4, #10: a node that comes back on another port, under its id, is the next session of the same peer", async () => {
  const gateway = await bound("gateway", { accept: () => true });
  const story = new Story(gateway);
  const first = await bound("device");
  await first.add("gateway", at(gateway)).alive();
  await story.reached("device", "alive", 1);
  const peer = gateway.peer("device");
  await first.close();
  await story.reached("device", "dead", 1);
  const second = await bound("device");
  await second.add("gateway", at(gateway)).alive();
  await story.reached("device", "alive", 2);
  expect(story.of("device")).toEqual(["alive#1", "dead#1 left", "connecting#2", "alive#2"]);
  expect(gateway.peer("device")).toBe(peer);
});

test("nobody there: unreachable, asked on at back-off, and alive once there is somebody", async () => {
  const node = await bound("node", { policy: { ...QUICK, backoffMinMs: 20, backoffMaxMs: 100 } });
  const place = createSocket("udp4");
  await new Promise<void>((resolve) => place.bind(0, LOCAL, resolve));
  const { port } = place.address();
  await new Promise<void>((resolve) => place.close(() => resolve()));
  const peer = node.add("late", { address: LOCAL, port });
  const story = new Story(peer);
  const { reason } = await story.reached("late", "dead");
  expect(reason).toBe("unreachable");
  const late = createNode({ id: "late", policy: QUICK, accept: () => true });
  open.push(late);
  await late.bind(port, LOCAL);
  await peer.alive();
  expect(story.of("late")).toEqual(["dead#1 unreachable", "connecting#2", "alive#2"]);
});

test("changes() tells all in order, drops the oldest of a slow reader, and ends with the node", async () => {
  const node = await bound("node", { accept: () => true });
  const all = node.changes();
  const slow = node.changes({ limit: 2 });
  const words: string[] = [];
  const reading = (async () => {
    for await (const change of all) words.push(`${explain(change)}: ${change.from} → ${change.to}`);
  })();
  const story = new Story(node);
  for (const id of ["one", "two", "three"]) {
    (await bound(id)).add("node", at(node));
    await story.reached(id, "alive");
  }
  await node.close();
  await reading;
  expect(words.length).toBe(6);
  expect(words[0]).toBe("one is alive (session 1): connecting → alive");
  expect(slow.dropped).toBe(4);
  const last = [await slow.next(), await slow.next(), await slow.next()];
  expect(last.map(({ done }) => done)).toEqual([false, false, true]);
  expect(await node.changes().next()).toEqual({ value: undefined, done: true });
});

test("leaving a loop over changes() ends it", async () => {
  const node = await bound("node");
  node.add("nobody", { address: LOCAL, port: 9 });
  for await (const { to } of node.changes()) {
    expect(to).toBe("dead");
    break;
  }
});

test("errors of the socket are counted, never thrown and never a verdict", async () => {
  const node = createNode({ id: "node", policy: QUICK });
  open.push(node);
  await node.bind(0, "::1");
  const peer = node.add("v4", { address: "127.0.0.1", port: 9 });
  const dead = await next<{ reason: string }>(peer, "dead");
  expect(dead.reason).toBe("unreachable");
  expect(Object.values(node.stats().socketErrors)).not.toEqual([]);
});

test("IPv6 peers are found, however their address is spelt", async () => {
  const policy = QUICK;
  const [a, b] = [createNode({ id: "a", policy }), createNode({ id: "b", policy })];
  open.push(a, b);
  await Promise.all([a.bind(0, "::1"), b.bind(0, "::1")]);
  a.add("b", { address: "0:0:0:0:0:0:0:1", port: b.address()?.port as number });
  await b.add("a", { address: "::1", port: a.address()?.port as number }).alive();
  await a.peer("b")?.alive();
});

test("a signal and close end everything, also without a socket, also twice", async () => {
  const abort = new AbortController();
  const observer = await bound("observer", { accept: () => true });
  const node = await bound("node", { signal: abort.signal });
  const peer = node.add("observer", at(observer));
  await peer.alive();
  await observer.peer("node")?.alive();
  const dead = next<{ reason: string }>(observer, "dead");
  abort.abort();
  expect((await dead).reason).toBe("left");
  await node.close();
  expect(node.address()).toBeNull();
  expect(() => node.add("x", at(observer))).toThrow("This node is closed");
  await expect(node.bind()).rejects.toMatchObject({ code: "ERR_SYSTOLE_CLOSED" });

  const unbound = createNode({ id: "unbound" });
  const waiting = unbound.add("observer", at(observer)).alive();
  await Promise.all([unbound.close(), expect(waiting).rejects.toThrow("no peer of this node")]);
  await unbound[Symbol.asyncDispose]();
});

test("bind fails with the error of the system, wrong options with one of ours", async () => {
  const node = await bound("node");
  const second = createNode({ id: "second" });
  open.push(second);
  await expect(second.bind(at(node).port, LOCAL)).rejects.toMatchObject({ code: "EADDRINUSE" });
  await second.bind(0, LOCAL);
  await expect(second.bind(0, LOCAL)).rejects.toMatchObject({ code: "ERR_SYSTOLE_OPTION" });

  const wrong = (options: object) => () => node.add("x", options as never);
  expect(wrong({ address: "localhost", port: 1 })).toThrow("dns.lookup");
  expect(wrong({ address: LOCAL, port: 0 })).toThrow("port must be a whole number from 1");
  expect(wrong({ port: 5 })).toThrow("address must be");
  expect(wrong({ ...at(second), policy: { deadAfterMs: 1 } })).toThrow("deadAfterMs");
  node.add("x", at(second));
  expect(wrong(at(second))).toThrow("already");
  expect(() => node.changes({ limit: 0 })).toThrow("limit must be");
  expect(() => createNode({ id: "" })).toThrow("An id must be");
});
