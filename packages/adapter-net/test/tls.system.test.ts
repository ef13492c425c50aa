// The framed connection over TLS, over servers and sockets of somebody else's, and what fails there.
import { randomUUID } from "node:crypto";
import { createServer as createTcpServer, type Socket, connect as tcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer, type TLSSocket, connect as tls } from "node:tls";
import { type Change, connect, createServer, explain, type Peer } from "@systole/adapter-net";
import { afterEach, expect, test } from "vitest";
import { authority } from "./certificates.ts";
import { bytes, closeAll, connecting, keep, listening, QUICK, text } from "./sides.ts";
import { next } from "./waiting.ts";

const issue = authority();
const server = issue("scheduler");
const worker = issue("worker-7");
/** Whoever shows a certificate is who it says, and nobody else. */
const mutual = {
  tls: { ...server, requestCert: true },
  authenticate: ({ id, socket }: { id: string; socket: Socket }) =>
    (socket as TLSSocket).getPeerCertificate().subject.CN === id,
};

afterEach(closeAll);

test("mutual TLS: messages go both ways, and the certificate says who may use an id", async () => {
  const [there, port] = await listening(mutual);
  there.on("peer", (peer) => {
    peer.on("message", (message) => peer.send(bytes(`${peer.id} said ${text(message)}`)));
  });
  const peer = connecting(port, { tls: worker });
  await peer.alive();
  const answer = next<Uint8Array>(peer, "message");
  peer.send(bytes("hello"));
  expect(text(await answer)).toBe("worker-7 said hello");

  const impostor = connecting(port, { tls: issue("mallory") });
  await expect(impostor.alive()).rejects.toMatchObject({ reason: "closed" });
  expect(there.stats().refused).toEqual({ "not-authentic": 1 });
  expect([peer.status, there.peers.length]).toEqual(["alive", 1]);
});

test.each(["client", "server"])(
  "a %s that leaves says so before the connection is gone",
  async (who) => {
    const [there, port] = await listening(mutual);
    const peer = connecting(port, { tls: worker });
    await peer.alive();
    const left = next<Change>(who === "client" ? (there.peer("worker-7") as Peer) : peer, "dead");
    await (who === "client" ? peer : there).close();
    expect(await left).toMatchObject({ reason: "left", safeInMs: 0 });
  },
);

test("a certificate nobody vouches for is a failure of TLS, told on both sides", async () => {
  const [there, port] = await listening(mutual);
  const stranger = connecting(port, { tls: { ...worker, ca: authority()("ca").ca } });
  const dead = await next<Change>(stranger, "dead");
  expect(dead).toMatchObject({ reason: "closed", failure: "tls" });
  expect(explain(dead)).toContain("certificate");

  const naive = connecting(port);
  expect(await next<Change>(naive, "dead")).toMatchObject({ reason: "closed" });
  const unknown = connecting(port, { tls: { ca: server.ca } });
  expect((await next<Change>(unknown, "dead")).failure).toBe("tls");
  expect(Object.values(there.stats().acceptErrors).reduce((sum, n) => sum + n, 0)).toBe(3);
  expect(there.stats()).toMatchObject({ connections: 0, handshakes: 0 });
});

test("a connection that never begins its handshake is closed in time, too", async () => {
  const [there, port] = await listening({ ...mutual, limits: { handshakeMs: 200 } });
  const mute = tcp(port, "127.0.0.1")
    .on("error", () => {})
    .resume();
  await new Promise((resolve) => mute.once("close", resolve));
  expect(there.stats().acceptErrors).toEqual({ ERR_TLS_HANDSHAKE_TIMEOUT: 1 });
});

test("a server of your own, over a unix socket, and sockets of your own for each attempt", async () => {
  const path = join(tmpdir(), `systole-${randomUUID()}.sock`);
  const own = createTlsServer(mutual.tls);
  const there = keep(createServer({ id: "scheduler", policy: QUICK, server: own }));
  await there.listen(path);
  let attempts = 0;
  const peer = keep(
    connect({
      id: "worker-7",
      reconnect: true,
      policy: { ...QUICK, backoffMinMs: 10 },
      socket() {
        attempts += 1;
        // Through another one: a tunnel, a proxy.
        return tls({ ...worker, socket: tcp(path), servername: "localhost" });
      },
    }),
  );
  await peer.alive();
  expect(peer.id).toBe("scheduler");
  there.peer("worker-7")?.destroy();
  await next(peer, "dead");
  await peer.alive();
  expect(attempts).toBeGreaterThan(1);
  await Promise.all([peer.close(), there.close()]);
  expect(own.listening).toBe(true);
  expect(
    own.eventNames().filter((name) => own.listenerCount(name) > 0 && name !== "connection"),
  ).toEqual(
    createTlsServer(mutual.tls)
      .eventNames()
      .filter((name) => name !== "connection"),
  );
  await new Promise((resolve) => own.close(resolve));
});

test("a socket that came by another way is served like any other", async () => {
  const [there] = await listening();
  const doorman = createTcpServer((socket) => there.serve(socket));
  await new Promise<void>((resolve) => doorman.listen(0, "127.0.0.1", resolve));
  const { port } = doorman.address() as { port: number };
  const peer = connecting(port);
  await peer.alive();
  expect(there.stats().connections).toBe(1);
  await there.close();
  there.serve(tcp(port, "127.0.0.1").on("error", () => {}));
  expect(there.peers).toEqual([]);
  await new Promise((resolve) => doorman.close(resolve));
});

test("tls and a server of your own, or two ways to connect, contradict each other", () => {
  const own = createTcpServer();
  expect(() => createServer({ id: "x", server: own, tls: {} })).toThrow("tls must be left out");
  expect(() => createServer({ id: "x", tls: { key: "no key" } })).toThrow();
  expect(() => connect({ id: "x", port: 1, path: "/x" })).toThrow(
    'either port or path or socket (got "port and path")',
  );
  expect(() => connect({ id: "x", port: 99_999 })).toThrow("99999");
});
