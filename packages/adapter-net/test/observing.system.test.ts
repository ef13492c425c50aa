// What can be seen of peers and watched sockets from elsewhere: bounded iterators, diagnostics channels.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type AddressInfo, createServer as createTcpServer, connect as tcp } from "node:net";
import { type Change, createWatcher, type Peer } from "@systole/adapter-net";
import { afterEach, expect, test } from "vitest";
import { closeAll, connecting, listening, QUICK } from "./sides.ts";
import { next } from "./waiting.ts";

afterEach(closeAll);

const words = async (
  changes: AsyncIterable<{ readonly id?: string | undefined; readonly to: string }>,
) => {
  const read: string[] = [];
  for await (const { id, to } of changes) read.push(`${id} ${to}`);
  return read;
};

test("changes() of a server and of a peer: all of them, in order, until it closes", async () => {
  const [server, port] = await listening();
  const changes = server.changes();
  const latest = server.changes({ limit: 1 });
  const peer = connecting(port);
  const mine = words(peer.changes());
  await peer.alive();
  const theirs = words((server.peer("worker-7") as Peer).changes());
  await peer.close();
  await server.close();
  expect(await mine).toEqual(["scheduler alive", "scheduler dead"]);
  expect(await theirs).toEqual(["worker-7 dead"]);
  expect(await words(changes)).toEqual(["worker-7 alive", "worker-7 dead"]);
  expect([await words(latest), latest.dropped]).toEqual([["worker-7 dead"], 1]);
  expect(await words(peer.changes())).toEqual([]);
  expect(() => server.changes({ limit: 0 })).toThrow("limit must be");
});

test("a watcher tells the same: on its iterator and on the channels, with the names of its sockets", async () => {
  const echo = createTcpServer((socket) => socket.on("error", () => {}).pipe(socket));
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  const seen: Record<string, unknown>[] = [];
  const onMessage = (message: unknown) => seen.push(message as Record<string, unknown>);
  subscribe("systole:change", onMessage);
  subscribe("systole:beat", onMessage);
  const watcher = createWatcher({ policy: QUICK });
  const changes = words(watcher.changes());
  const socket = tcp((echo.address() as AddressInfo).port, "127.0.0.1").resume();
  const liveness = watcher.watch(socket, { beat: "ping\n", id: "echo", keepAlive: true });
  expect((await next<Change>(liveness, "alive")).id).toBe("echo");
  socket.destroy();
  await next(liveness, "dead");
  unsubscribe("systole:change", onMessage);
  unsubscribe("systole:beat", onMessage);
  watcher.close();
  expect(await changes).toEqual(["echo alive", "echo dead"]);
  expect(seen[0]).toMatchObject({ transport: "watch", id: "echo", direction: "sent" });
  expect(seen.filter(({ type }) => type === "changed")).toMatchObject([
    { transport: "watch", id: "echo", to: "alive" },
    { transport: "watch", id: "echo", to: "dead", reason: "closed" },
  ]);
  await new Promise((resolve) => echo.close(resolve));
});
