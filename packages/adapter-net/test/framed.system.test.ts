// The framed connection on real TCP and unix sockets, both ends in this process.
import { randomUUID } from "node:crypto";
import { getEventListeners } from "node:events";
import { rmSync } from "node:fs";
import { type AddressInfo, createServer as createNetServer, connect as netConnect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  connect,
  createServer,
  explain,
  type Peer,
  type ServerOptions,
  type SystoleServer,
} from "@systole/adapter-net";
import { afterEach, expect, test } from "vitest";
import { beatsOf, next, Story } from "./waiting.ts";

const QUICK = { intervalMs: 100, suspectAfterMs: 400, deadAfterMs: 800 };
const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

async function listening(options: Partial<ServerOptions> = {}): Promise<[SystoleServer, number]> {
  const server = createServer({ id: "scheduler", policy: QUICK, ...options });
  open.push(server);
  await server.listen(0, "127.0.0.1");
  return [server, (server.address() as AddressInfo).port];
}

function connecting(port: number, options: object = {}): Peer {
  const peer = connect({ host: "127.0.0.1", port, id: "worker-7", ...options });
  open.push(peer);
  return peer;
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (words: string) => new TextEncoder().encode(words);

test("two ends find each other, and messages go both ways", async () => {
  const [server, port] = await listening();
  server.on("peer", (peer) => {
    peer.on("message", (message) => peer.send(bytes(`${peer.id} said ${text(message)}`)));
  });
  const peer = connecting(port);
  await peer.alive();
  expect(peer.id).toBe("scheduler");
  expect(peer.status).toBe("alive");
  expect(server.peer("worker-7")?.status).toBe("alive");
  const sent = new Promise((resolve) => {
    expect(peer.send(bytes("hello"), resolve)).toBe(true);
  });
  const answer = await next<Uint8Array>(peer, "message");
  expect(text(answer)).toBe("worker-7 said hello");
  expect(await sent).toBeUndefined();
});

test("the server asks a client without a policy for the pace it needs", async () => {
  const [server, port] = await listening();
  const story = new Story(server);
  const peer = connecting(port);
  await peer.alive();
  // At the client's own pace of a second there would be a suspicion after 400 ms.
  await beatsOf("worker-7", 12);
  expect(story.of("worker-7")).toEqual(["alive#1"]);
});

test("trustedUntil lies ahead while the server counts on us, and is gone with the session", async () => {
  const [, port] = await listening();
  const peer = connecting(port);
  await peer.alive();
  expect(peer.trustedUntil()).toBeGreaterThan(performance.now());
  await peer.close();
  expect(peer.trustedUntil()).toBe(Number.NEGATIVE_INFINITY);
});

test("send says when to wait, drain when to go on, and nothing is lost or reordered", async () => {
  const [server, port] = await listening();
  const arrived = next<Peer>(server, "peer");
  const peer = connecting(port);
  const [there] = await Promise.all([arrived, peer.alive()]);
  const story = new Story(server);
  there.pause();
  const chunk = new Uint8Array(65_536);
  let sent = 0;
  let handed = 0;
  const count = (error?: Error) => {
    if (!error) handed += 1;
  };
  const sendNext = () => {
    chunk[0] = sent % 251;
    sent += 1;
    return peer.send(chunk, count);
  };
  while (sendNext());
  // The kernel's buffers are full only after some: fill them, so that the next `false` is theirs.
  while (sent < 256) sendNext();
  const drained = next(peer, "drain");
  let received = 0;
  const all = new Promise<void>((resolve) => {
    there.on("message", (message) => {
      expect([message.length, message[0]]).toEqual([65_536, received % 251]);
      received += 1;
      if (received === sent) resolve();
    });
  });
  there.resume();
  await Promise.all([drained, all]);
  expect(handed).toBe(sent);
  expect(story.changes).toEqual([]);
});

test("a leaving client is dead at once, and nothing has to be waited for", async () => {
  const [server, port] = await listening();
  const arrived = next<Peer>(server, "peer");
  const peer = connecting(port);
  const [there] = await Promise.all([arrived, peer.alive()]);
  const dead = next<{ reason: string; safeInMs: number }>(there, "dead");
  const closed = next(there, "close");
  let received = 0;
  there.on("message", () => {
    received += 1;
  });
  for (let n = 0; n < 20; n++) peer.send(new Uint8Array(50_000));
  await peer.close();
  expect(await dead).toMatchObject({ reason: "left", safeInMs: 0, id: "worker-7" });
  await closed;
  expect(received).toBe(20);
  expect(there.status).toBe("dead");
  expect(server.peers).toEqual([]);
});

test("a closing server leaves everybody, and its peers say why they are dead", async () => {
  const [server, port] = await listening();
  const peer = connecting(port);
  await peer.alive();
  const dead = next<{ reason: string }>(peer, "dead");
  const [change] = await Promise.all([dead, server.close()]);
  expect(change.reason).toBe("left");
  expect(server.address()).toBeNull();
  await expect(peer.alive()).rejects.toMatchObject({ code: "ERR_SYSTOLE_CLOSED", reason: "left" });
  await expect(server.listen(0)).rejects.toMatchObject({ code: "ERR_SYSTOLE_CLOSED" });
});

test("with reconnect the peer lives on across a restart of the server, each time as a new session", async () => {
  const [first, port] = await listening();
  const peer = connecting(port, { reconnect: true, policy: { ...QUICK, backoffMinMs: 20 } });
  const story = new Story(peer);
  await peer.alive();
  const dead = next<{ reason: string }>(peer, "dead");
  await first.close();
  expect((await dead).reason).toBe("left");
  const failed = await new Promise<Error | undefined>((resolve) => {
    expect(peer.send(bytes("lost"), resolve)).toBe(false);
  });
  expect(failed).toMatchObject({ code: "ERR_SYSTOLE_NOT_SENT" });
  // Some attempts meet nobody: each is a session that ends with the error of its socket.
  const refused = await next<{ error?: NodeJS.ErrnoException }>(peer, "dead");
  expect(refused.error?.code).toBe("ECONNREFUSED");

  const second = createServer({ id: "scheduler", policy: QUICK });
  open.push(second);
  const drained = next(peer, "drain");
  await second.listen(port, "127.0.0.1");
  await Promise.all([peer.alive(), drained]);
  const sessions = story.changes.filter(({ to }) => to === "alive").map(({ session }) => session);
  expect(sessions[0]).toBe(1);
  expect(sessions[1]).toBe(peer.state()?.session);
  expect(sessions[1]).toBeGreaterThan(2);
  const got = next<Peer>(second, "peer");
  expect(second.peer("worker-7") ?? (await got)).toMatchObject({ id: "worker-7" });
});

test("amqp-node/amqplib#557: an attempt that leads nowhere is a death with a reason, never an 'error'", async () => {
  const nobody = createNetServer();
  await new Promise<void>((resolve) => nobody.listen(0, "127.0.0.1", resolve));
  const { port } = nobody.address() as AddressInfo;
  await new Promise((resolve) => nobody.close(resolve));
  const peer = connecting(port);
  const dead = next<{ error?: NodeJS.ErrnoException }>(peer, "dead");
  await expect(peer.alive()).rejects.toMatchObject({
    code: "ERR_SYSTOLE_CLOSED",
    reason: "closed",
    cause: { code: "ECONNREFUSED" },
  });
  expect((await dead).error?.code).toBe("ECONNREFUSED");
  await peer.close();
});

test("a server that accepts and says nothing is unreachable", async () => {
  const mute = createNetServer((socket) => socket.resume());
  await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
  const peer = connecting((mute.address() as AddressInfo).port, { policy: QUICK });
  const dead = next<Parameters<typeof explain>[0]>(peer, "dead");
  await expect(peer.alive()).rejects.toMatchObject({ reason: "unreachable" });
  expect(explain(await dead)).toMatch(/did not answer within \d+ ms/);
  await new Promise((resolve) => mute.close(resolve));
});

test("whoever speaks something else is let go, and hurts nobody", async () => {
  const [server, port] = await listening();
  const peer = connecting(port);
  await peer.alive();
  const stranger = netConnect(port, "127.0.0.1", () => stranger.write("GET / HTTP/1.1\r\n\r\n"));
  stranger.on("error", () => {});
  await new Promise((resolve) => stranger.once("close", resolve));
  expect(server.stats().dropped.magic).toBe(1);
  expect(peer.status).toBe("alive");
});

test("accept decides, and can give a policy", async () => {
  const seen: unknown[] = [];
  const [server, port] = await listening({
    accept: ({ id, socket }) => {
      seen.push([id, socket.remoteAddress]);
      return id === "worker-7" ? { policy: { ...QUICK, deadAfterMs: 5_000 } } : false;
    },
  });
  const stranger = connecting(port, { id: "stranger" });
  await expect(stranger.alive()).rejects.toMatchObject({ reason: "closed" });
  await connecting(port).alive();
  expect(seen).toEqual([
    ["stranger", "127.0.0.1"],
    ["worker-7", "127.0.0.1"],
  ]);
  expect(server.peers.map(({ id }) => id)).toEqual(["worker-7"]);
});

test("an AbortSignal closes, also one that was aborted before", async () => {
  const [server, port] = await listening();
  const abort = new AbortController();
  const peer = connecting(port, { signal: abort.signal });
  await peer.alive();
  const dead = next<{ reason: string }>(server.peer("worker-7") as Peer, "dead");
  const closed = next(peer, "close");
  abort.abort();
  await closed;
  expect((await dead).reason).toBe("left");

  const late = connecting(port, { id: "late", signal: abort.signal });
  await expect(late.alive()).rejects.toMatchObject({
    code: "ERR_SYSTOLE_CLOSED",
    reason: undefined,
  });
});

test("libp2p/js-libp2p#3392: an AbortSignal has as many listeners after beats as before them", async () => {
  const { signal } = new AbortController();
  const [, port] = await listening({ signal });
  const peer = connecting(port, { signal });
  await peer.alive();
  const before = getEventListeners(signal, "abort").length;
  await beatsOf("worker-7", 8);
  expect([before, getEventListeners(signal, "abort").length]).toEqual([2, 2]);
});

test("a unix socket is an address like any other", async () => {
  const path = join(tmpdir(), `systole-${randomUUID()}.sock`);
  const server = createServer({ id: "scheduler", policy: QUICK });
  open.push(server, { [Symbol.asyncDispose]: async () => rmSync(path, { force: true }) });
  await server.listen(path);
  expect(server.address()).toBe(path);
  const peer = connect({ path, id: "worker-7" });
  open.push(peer);
  await peer.alive();
  expect(peer.id).toBe("scheduler");
});

test("destroy ends at once, without a word, and what is queued fails through its callback", async () => {
  const [server, port] = await listening();
  const peer = connecting(port, { reconnect: true });
  await peer.alive();
  const there = server.peer("worker-7") as Peer;
  there.pause();
  const dead = next<{ reason: string }>(there, "dead");
  const failed = new Promise<Error | undefined>((resolve) => {
    for (let n = 0; n < 16; n++) peer.send(new Uint8Array(1_000_000));
    peer.send(bytes("last"), resolve);
  });
  peer.destroy();
  expect(await failed).toMatchObject({ code: "ERR_SYSTOLE_NOT_SENT" });
  await peer.close();
  there.resume();
  expect((await dead).reason).toBe("closed");
  expect(peer.status).toBe("dead");
});

test("listen fails with the error of the system, wrong options with one of ours", async () => {
  const [, port] = await listening();
  const second = createServer({ id: "second" });
  open.push(second);
  await expect(second.listen(port, "127.0.0.1")).rejects.toMatchObject({ code: "EADDRINUSE" });
  await second.listen(0, "127.0.0.1");

  expect(() => connect({ id: "worker-7" })).toThrow("either port or path");
  expect(() => connect({ id: "", port: 1 })).toThrow("An id must be");
  expect(() => createServer({ id: "x", policy: { deadAfterMs: 1 } })).toThrow("deadAfterMs");
  const peer = connecting(port);
  expect(() => peer.send("text" as never)).toThrow("A message must be bytes");
  expect(() => peer.send(new Uint8Array(2_000_000))).toThrow("at most 1048576 bytes");
});
