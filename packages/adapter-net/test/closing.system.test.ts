// `close()` drains, says leave, and always ends: also where the other side lives and reads nothing.
import type { Change, Peer } from "@systole/adapter-net";
import { afterEach, expect, test } from "vitest";
import { authority } from "./certificates.ts";
import { closeAll, connecting, listening, QUICK } from "./sides.ts";
import { next } from "./waiting.ts";

const issue = authority();
const secure = { server: { tls: issue("scheduler") }, client: { tls: issue("worker-7") } };

afterEach(closeAll);

test.each([
  ["tcp", {}, {}],
  ["tls", secure.server, secure.client],
])(
  "over %s, a peer that beats and never reads is waited for as long as was said",
  async (_, s, c) => {
    const [server, port] = await listening(s);
    const peer = connecting(port, { ...c, reconnect: true });
    await peer.alive();
    const there = server.peer("worker-7") as Peer;
    there.pause();
    const failures: (Error | undefined)[] = [];
    const COUNT = 200;
    for (let n = 0; n < COUNT; n++) {
      peer.send(new Uint8Array(60_000), (error) => failures.push(error));
    }
    const dead = next<Change>(peer, "dead");
    const closed = next(peer, "close");
    await peer.close({ withinMs: 300 });
    await closed;
    expect(await dead).toMatchObject({ reason: "left", bySelf: true });
    expect(failures.length).toBe(COUNT);
    expect(failures.at(-1)).toMatchObject({ code: "ERR_SYSTOLE_NOT_SENT" });
    expect(peer.state()?.status).toBe("dead");
  },
);

test("grpc/grpc-node#2953: and without a word, as long as twice the silence that kills", async () => {
  const [server, port] = await listening();
  const peer = connecting(port, { policy: QUICK });
  await peer.alive();
  peer.pause();
  const there = server.peer("worker-7") as Peer;
  for (let n = 0; n < 200; n++) there.send(new Uint8Array(60_000));
  const dead = next<Change>(there, "dead");
  await server.close();
  expect((await dead).reason).toBe("left");
  expect(server.peers).toEqual([]);
});

test("while connecting, between two attempts, and once it is over", async () => {
  const [server, port] = await listening();
  const early = connecting(port);
  await early.close();
  expect(early.status).toBe("dead");
  const waiting = connecting(port, { id: "waiting", reconnect: true });
  await waiting.alive();
  const dead = next(waiting, "dead");
  server.peer("waiting")?.destroy();
  await dead;
  await Promise.all([waiting.close(), waiting.close()]);
  expect(() => waiting.destroy()).not.toThrow();
  await expect(waiting.alive()).rejects.toMatchObject({ reason: undefined });
});

test("says what was asked for: when we expect to be back", async () => {
  const [server, port] = await listening();
  const peer = connecting(port);
  await peer.alive();
  const dead = next<Change>(server.peer("worker-7") as Peer, "dead");
  await peer.close({ returnInMs: 5_000 });
  expect(await dead).toMatchObject({ reason: "left", returnInMs: 5_000 });
  const other = connecting(port, { id: "other" });
  await other.alive();
  expect(() => other.close({ withinMs: -1 })).toThrow("withinMs must be");
  expect(() => server.close({ returnInMs: Number.NaN })).toThrow("returnInMs must be");
  expect([other.status, server.peers.length]).toEqual(["alive", 1]);
});
