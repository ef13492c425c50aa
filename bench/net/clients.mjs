// `clients.mjs bare|systole COUNT PORT INTERVAL_MS`: the other ends of so many connections, in a process
// of their own, and of the same pace whoever they are: what arrives together costs less than what comes alone.

import { createConnection } from "node:net";
import { createEndpoint } from "@systole/core/endpoint";
import { ManualHost } from "@systole/core/testing";
import { BEAT, policyFor, startBeating } from "./traffic.mjs";

const [kind, count, port, intervalMs] = process.argv.slice(2);
const target = { host: "127.0.0.1", port: Number(port) };
const policy = policyFor(Number(intervalMs));
const AT_ONCE = 200;
/** Clients are machines, and beat each on its own: here, at least every ms. */
const STEP_MS = 1;

process.on("disconnect", () => process.exit());
const clients = [];
for (let n = 0; n < Number(count); n += AT_ONCE) {
  const some = Math.min(AT_ONCE, Number(count) - n);
  await Promise.all(Array.from({ length: some }, (_, at) => open(n + at)));
}
startBeating(clients, Number(intervalMs), STEP_MS, kind === "systole" ? beatOf : bareBeat);

async function open(n) {
  const socket = createConnection({ ...target, noDelay: true });
  await new Promise((resolve) => socket.once("connect", resolve));
  if (kind === "systole") return clients.push(await introduced(n, socket));
  socket.on("data", () => {});
  clients.push(socket);
}

function bareBeat(socket) {
  socket.write(BEAT);
}

/** An endpoint without a timer: a thousand of those would have this process do nothing else. */
async function introduced(n, socket) {
  const client = { host: new ManualHost({ seed: n }), endpoint: undefined, sent: 0 };
  const alive = new Promise((resolve) => {
    client.endpoint = createEndpoint({
      id: `client-${n}`,
      host: client.host,
      policy,
      transport: "stream",
      send(_peer, frame) {
        client.sent += 1;
        return socket.write(frame) || true;
      },
      emit: ({ type, to }) => type === "changed" && to === "alive" && resolve(),
    });
  });
  const server = client.endpoint.add("server", { anyId: true });
  socket.on("data", (bytes) => client.endpoint.receive(bytes, socket));
  client.endpoint.dial(server, socket);
  await alive;
  return client;
}

/** Its time moves to its next beat. */
function beatOf(client) {
  const { host, endpoint, sent } = client;
  while (client.sent === sent) {
    host.freeze(Math.max(0, endpoint.nextDeadline() - host.now()));
    endpoint.tick();
  }
}
