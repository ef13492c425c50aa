// Connections that fail and come back: what they failed of, when the next attempt is, and what became of
// every message meanwhile.
import { type AddressInfo, createServer as createTcpServer, Socket } from "node:net";
import { type Change, type ConnectOptions, connect, explain } from "@systole/adapter-net";
import { afterEach, expect, test } from "vitest";
import { closeAll, connecting, keep, listening, numbered, numberOf, QUICK } from "./sides.ts";
import { next, Story } from "./waiting.ts";

const HASTY = { ...QUICK, backoffMinMs: 10, backoffMaxMs: 40 };

afterEach(closeAll);

async function unusedPort(): Promise<number> {
  const nobody = createTcpServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => nobody.listen(0, "127.0.0.1", resolve));
  const { port } = nobody.address() as AddressInfo;
  await new Promise((resolve) => nobody.close(resolve));
  return port;
}

const failing = (code: string) => () =>
  new Socket().destroy(Object.assign(new Error(`connect ${code}`), { code, syscall: "connect" }));

test.each<[failure: string, options: (port: number) => Partial<ConnectOptions>]>([
  ["refused", (port) => ({ host: "127.0.0.1", port })],
  ["refused", (port) => ({ host: "localhost", port })],
  ["refused", () => ({ path: "/nowhere/at/all.sock" })],
  ["dns", (port) => ({ host: "nobody.invalid", port })],
  ["unreachable", () => ({ socket: failing("EHOSTUNREACH") })],
  ["broken", () => ({ socket: failing("ECONNRESET") })],
  ["other", () => ({ socket: failing("ESTRANGE") })],
])(
  "%s is told apart, with the time of the next attempt, until it is closed",
  async (failure, where) => {
    const options = { id: "worker-7", reconnect: true, policy: HASTY };
    const peer = keep(connect({ ...options, ...where(await unusedPort()) }));
    for (let attempt = 0; attempt < 3; attempt++) {
      const dead = await next<Change>(peer, "dead");
      expect(dead).toMatchObject({ reason: "closed", failure, retryInMs: expect.any(Number) });
      expect(dead.retryInMs).toBeLessThanOrEqual(40);
      expect(explain(dead)).toContain(`(${dead.error?.message})`);
    }
    const closed = next(peer, "close");
    await peer.close();
    await closed;
  },
);

test("an attempt that cannot even be made is one that failed; the first one throws", async () => {
  const [server, port] = await listening();
  let attempts = 0;
  const socket = () => {
    attempts += 1;
    if (attempts === 2) throw new Error("no sockets today");
    return new Socket().connect(port, "127.0.0.1");
  };
  const peer = keep(connect({ id: "worker-7", reconnect: true, policy: HASTY, socket }));
  await peer.alive();
  const failed = next<Change>(peer, "dead", ({ error }) => error?.message === "no sockets today");
  server.peer("worker-7")?.destroy();
  expect(await failed).toMatchObject({ reason: "closed", failure: "other" });
  await peer.alive();
  expect(attempts).toBe(3);
  const never = () => {
    throw new Error("never");
  };
  expect(() => connect({ id: "x", socket: never })).toThrow("never");
});

test("every message is either handed over or reported, and none arrives twice or out of order", async () => {
  const [server, port] = await listening();
  const received: number[] = [];
  server.on("peer", (peer) => {
    let left = 20;
    peer.on("message", (message) => {
      received.push(numberOf(message));
      left -= 1;
      // In the middle of everything, again and again.
      if (left === 0) peer.destroy();
    });
  });
  const peer = connecting(port, { reconnect: true, policy: HASTY });
  const story = new Story(peer);
  const handed: number[] = [];
  const reported: number[] = [];
  let sent = 0;
  while (story.of("scheduler").filter((words) => words.startsWith("dead")).length < 5) {
    const n = sent++;
    const accepted = peer.send(numbered(n, 10_000), (error) => {
      (error ? reported : handed).push(n);
    });
    // Some in a queue, some in an empty one.
    if (!accepted) await next(peer, "drain");
    else if (n % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await peer.close();
  const closed = new Promise<Error | undefined>((resolve) => peer.send(numbered(sent, 4), resolve));
  expect(await closed).toMatchObject({ code: "ERR_SYSTOLE_NOT_SENT" });
  expect([...handed, ...reported].sort((a, b) => a - b)).toEqual([...Array(sent).keys()]);
  expect(received).toEqual([...new Set(received)].sort((a, b) => a - b));
  expect(received.length).toBeGreaterThanOrEqual(100);
  expect(reported.length).toBeGreaterThan(0);
});

test("without reconnect the first death is the last word, once", async () => {
  const [server, port] = await listening();
  const peer = connecting(port);
  await peer.alive();
  const words: string[] = [];
  peer.on("dead", ({ retryInMs }) => words.push(`dead, again in ${retryInMs}`));
  peer.on("close", () => words.push("close"));
  const closed = next(peer, "close");
  server.peer("worker-7")?.destroy();
  await closed;
  await peer.close();
  peer.destroy();
  expect(words).toEqual(["dead, again in undefined", "close"]);
  await expect(peer.alive()).rejects.toMatchObject({ reason: "closed" });
});
