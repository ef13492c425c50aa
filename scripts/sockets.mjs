// The smoke scenario of the adapters: two ends on TCP, two on UDP, over loopback. Every step waits
// for an event; whoever runs it gives up after a while.
import { once } from "node:events";
import { createNode } from "@systole/adapter-dgram";
import { connect, createServer } from "@systole/adapter-net";

const policy = { intervalMs: 100, suspectAfterMs: 1_000, deadAfterMs: 3_000 };

async function overTcp() {
  const server = createServer({ id: "server", policy });
  server.on("peer", (peer) => peer.on("message", (bytes) => peer.send(bytes)));
  await server.listen(0, "127.0.0.1");
  const peer = connect({ host: "127.0.0.1", port: server.address().port, id: "client", policy });
  await peer.alive();
  const answered = once(peer, "message");
  peer.send(new TextEncoder().encode("ping"));
  const [answer] = await answered;
  if (new TextDecoder().decode(answer) !== "ping") throw new Error("TCP: another answer");
  const left = once(server, "dead");
  await peer.close();
  const [{ reason }] = await left;
  if (reason !== "left") throw new Error(`TCP: dead by ${reason} instead of left`);
  await server.close();
}

async function overUdp() {
  const gateway = createNode({ id: "gateway", policy, accept: () => true });
  const device = createNode({ id: "device", policy });
  await Promise.all([gateway.bind(0, "127.0.0.1"), device.bind(0, "127.0.0.1")]);
  const known = once(gateway, "alive");
  const { address, port } = gateway.address();
  const alive = once(device.add("gateway", { address, port }), "alive");
  await Promise.all([known, alive]);
  const left = once(gateway, "dead");
  await device.close();
  const [{ reason }] = await left;
  if (reason !== "left") throw new Error(`UDP: dead by ${reason} instead of left`);
  await gateway.close();
}

/** Throws where the adapters do not behave. */
export async function runSockets() {
  await overTcp();
  await overUdp();
}
