// What strangers and peers can make a server hold, and that it is counted.
import { type Socket, connect as tcp } from "node:net";
import type { Peer } from "@systole/adapter-net";
import { afterEach, expect, test } from "vitest";
import { bytes, closeAll, connecting, listening, numbered, numberOf, text } from "./sides.ts";
import { next } from "./waiting.ts";

const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await closeAll();
});

function stranger(port: number): Promise<void> & { readonly socket: Socket } {
  const socket = tcp(port, "127.0.0.1")
    .on("error", () => {})
    .resume();
  sockets.push(socket);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return Object.assign(closed, { socket });
}

test("a connection that never says a byte is closed in time, and so is one that drips them", async () => {
  const [server, port] = await listening({ limits: { handshakeMs: 300 } });
  const peer = connecting(port);
  await peer.alive();
  const dripping = stranger(port);
  const drip = setInterval(() => dripping.socket.write("S"), 20);
  await Promise.all([stranger(port), dripping]);
  clearInterval(drip);
  expect(server.stats().handshakes).toBe(0);
  const { refused } = server.stats();
  expect((refused["handshake-timeout"] ?? 0) + (refused["protocol-error"] ?? 0)).toBe(2);
  expect(peer.status).toBe("alive");
});

test("with too many handshakes the oldest gives way, and peers are not among them", async () => {
  const [server, port] = await listening({ limits: { candidates: 2, handshakeMs: 60_000 } });
  const peer = connecting(port);
  await peer.alive();
  const first = stranger(port);
  await next(first.socket, "connect");
  const others = [stranger(port), stranger(port)];
  await first;
  expect(server.stats()).toMatchObject({
    handshakes: 2,
    connections: 3,
    refused: { "too-many-handshakes": 1 },
    monitor: { alive: 1 },
  });
  void others;
  expect(peer.status).toBe("alive");
});

test("with as many peers as there may be the next one is refused, and let in later", async () => {
  const [server, port] = await listening({ limits: { peers: 1 } });
  const first = connecting(port);
  await first.alive();
  const second = connecting(port, { id: "worker-8" });
  await expect(second.alive()).rejects.toMatchObject({ reason: "closed" });
  expect(server.stats().refused).toEqual({ "too-many-peers": 1 });
});

test("who says who it is may be looked into for a while: what it sends meanwhile is not lost", async () => {
  let decide: (isAuthentic: boolean) => void = () => {};
  const decided = new Promise<boolean>((resolve) => {
    decide = resolve;
  });
  let begun: () => void = () => {};
  const looking = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const [server, port] = await listening({
    authenticate: () => {
      begun();
      return decided;
    },
  });
  const received: string[] = [];
  const all = new Promise<void>((resolve) => {
    server.on("peer", (peer) =>
      peer.on("message", (message) => {
        received.push(text(message));
        if (received.length === 3) resolve();
      }),
    );
  });
  const peer = connecting(port);
  await looking;
  for (const words of ["one", "two", "three"]) peer.send(bytes(words));
  expect([peer.status, server.peers]).toEqual(["connecting", []]);
  decide(true);
  await Promise.all([peer.alive(), all]);
  expect(received).toEqual(["one", "two", "three"]);
});

test("an authenticate that fails, or never ends, lets nobody in, and is counted", async () => {
  const [server, port] = await listening({
    limits: { handshakeMs: 300 },
    authenticate: ({ id }) =>
      id === "broken" ? Promise.reject(new Error("no database")) : new Promise(() => {}),
  });
  for (const id of ["broken", "endless"]) {
    await expect(connecting(port, { id }).alive()).rejects.toMatchObject({ reason: "closed" });
  }
  expect(server.stats()).toMatchObject({
    refused: { "not-authentic": 1, "handshake-timeout": 1 },
    acceptErrors: { Error: 1 },
    handshakes: 0,
  });
});

test("a message longer than the server takes ends the connection there, with a reason", async () => {
  const [server, port] = await listening({ maxMessageBytes: 1_000 });
  const peer = connecting(port);
  await peer.alive();
  const there = server.peer("worker-7") as Peer;
  const dead = next(there, "dead");
  peer.send(new Uint8Array(1_001));
  expect(await dead).toMatchObject({ reason: "protocol-error" });
  expect(server.stats()).toMatchObject({
    dropped: { "too-long": 1 },
    refused: { "protocol-error": 1 },
  });
});

test("no more is queued for a peer than it may: the rest is reported, and nothing else is lost", async () => {
  const [server, port] = await listening();
  const peer = connecting(port, { maxQueuedBytes: 1_000_000 });
  await peer.alive();
  const there = server.peer("worker-7") as Peer;
  there.pause();
  const handed: number[] = [];
  const reported: number[] = [];
  const COUNT = 200;
  const told = new Promise<void>((resolve) => {
    for (let n = 0; n < COUNT; n++) {
      peer.send(numbered(n, 100_000), (error) => {
        (error ? reported : handed).push(n);
        if (handed.length + reported.length === COUNT) resolve();
      });
    }
  });
  expect(peer.queuedBytes).toBeGreaterThanOrEqual(1_000_000);
  expect(peer.queuedBytes).toBeLessThan(1_200_000);
  const received: number[] = [];
  there.on("message", (message) => received.push(numberOf(message)));
  there.resume();
  await told;
  const left = next(there, "dead");
  await peer.close();
  await left;
  expect(reported.length).toBeGreaterThan(50);
  expect(peer.stats().sendFailures).toBeGreaterThanOrEqual(reported.length);
  expect(received).toEqual(handed);
});
