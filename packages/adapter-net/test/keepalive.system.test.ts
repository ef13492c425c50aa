// The keepalive of the system, as the system itself shows it: a backstop on framed connections, on
// watched sockets only where it is asked for.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { type AddressInfo, type Socket, connect as tcp, createServer as tcpServer } from "node:net";
import { connect, createServer, watch } from "@systole/adapter-net";
import { expect, test } from "vitest";
import { kernelViewOf } from "./kernel.mjs";

/** Once nothing waits for an acknowledgement: until then another timer is shown. */
async function quietViewOf(socket: Socket): Promise<string> {
  for (;;) {
    const view = await kernelViewOf(socket);
    if (view !== "ESTAB on") return view;
  }
}

test("both ends of a framed connection have it", async () => {
  const sockets: Socket[] = [];
  const keep = (message: unknown) => sockets.push((message as { socket: Socket }).socket);
  for (const name of ["net.client.socket", "net.server.socket"]) subscribe(name, keep);
  const server = createServer({ id: "server" });
  await server.listen(0, "127.0.0.1");
  const { port } = server.address() as AddressInfo;
  const peer = connect({ host: "127.0.0.1", port, id: "client" });
  await peer.alive();
  for (const name of ["net.client.socket", "net.server.socket"]) unsubscribe(name, keep);
  const views = await Promise.all(sockets.map(quietViewOf));
  expect(views).toEqual(["ESTAB keepalive", "ESTAB keepalive"]);
  await peer.close();
  await server.close();
});

test.each([
  [true, "ESTAB keepalive"],
  [undefined, "ESTAB none"],
])("a watched socket with keepAlive: %s is %s", async (keepAlive, view) => {
  const server = tcpServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = tcp((server.address() as AddressInfo).port, "127.0.0.1");
  const liveness = watch(socket, { keepAlive });
  await once(socket, "connect");
  expect(await quietViewOf(socket)).toBe(view);
  liveness.unwatch();
  socket.resetAndDestroy();
  server.close();
});
