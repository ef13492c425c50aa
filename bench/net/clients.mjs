// `clients.mjs bare|systole COUNT PORT INTERVAL_MS`: the other ends of so many connections, in a process
// of their own.

import { createConnection } from "node:net";
import { connect } from "@systole/adapter-net";
import { systemHost } from "@systole/core/system";
import { policyFor, startBeating } from "./traffic.mjs";

const [kind, count, port, intervalMs] = process.argv.slice(2);
const target = { host: "127.0.0.1", port: Number(port) };
const policy = policyFor(Number(intervalMs));
const AT_ONCE = 200;
/** Clients are machines, and beat each on its own: here, at least every ms. */
const STEP_MS = 1;

process.on("disconnect", () => process.exit());
const sockets = [];
for (let n = 0; n < Number(count); n += AT_ONCE) {
  const some = Math.min(AT_ONCE, Number(count) - n);
  await Promise.all(Array.from({ length: some }, (_, at) => open(n + at)));
}
if (kind === "bare") startBeating(sockets, Number(intervalMs), STEP_MS);

async function open(n) {
  if (kind === "systole") {
    return connect({ ...target, id: `client-${n}`, policy, clock: clockOfItsOwn() }).alive();
  }
  const socket = createConnection({ ...target, noDelay: true });
  socket.on("data", () => {});
  sockets.push(socket);
  await new Promise((resolve) => socket.once("connect", resolve));
}

/** One for all would have them all beat in the same instants. */
function clockOfItsOwn() {
  const host = systemHost();
  const startedAt = Math.random() * 1_000;
  return { ...host, now: () => startedAt + host.now() };
}
