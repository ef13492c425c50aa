// `pnpm beacon`: sensors that only send, to a multicast group, and two who listen to it. One sensor dies and
// comes back. Nobody who listens ever sends anything, so nothing proves who the sensors are: give
// both sides `keys` where that matters. Exit code 0 only if both heard all of it, and said nothing.

import { fork } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createNode, explain } from "@systole/adapter-dgram";

const GROUP = "239.255.83.90";
const [interfaceAddress = "127.0.0.1"] = process.argv.slice(2);
const POLICY = { intervalMs: 250, suspectAfterMs: 1_000, deadAfterMs: 2_000 };
const SENSORS = ["north", "south"];
const startedAt = performance.now();
const heard = [];
let check = () => {};

const tower = await listen("tower", 0);
const harbour = await listen("harbour", tower.port);
line(`tower and harbour listen to ${GROUP}`);
const sensors = new Map(SENSORS.map((id) => [id, start(id)]));
await hears("north", "alive", 1);
await hears("south", "alive", 1);
line("→ SIGKILL south");
sensors.get("south").kill("SIGKILL");
await hears("south", "dead", 1);
line("→ south starts again, as a new process");
sensors.set("south", start("south"));
await hears("south", "alive", 2);

const sent = [tower, harbour].map(({ node }) => node.stats().framesSent);
const ok = sent.every((count) => count === 0);
console.log(
  `\n  Who listens has sent ${sent.join(" and ")} datagrams. ${ok ? "As it must be." : "NOT as it must be."}\n`,
);
for (const sensor of sensors.values()) sensor.kill("SIGKILL");
process.exit(ok ? 0 : 1);

/** Somebody who listens; on a socket of its own, for it has to join the group. */
async function listen(id, wanted) {
  const socket = createSocket({ type: "udp4", reuseAddr: true }).bind(wanted);
  await once(socket, "listening");
  socket.addMembership(GROUP, interfaceAddress);
  const node = createNode({
    id,
    policy: POLICY,
    socket,
    acceptBeacon: (sensor) => SENSORS.includes(sensor.id),
  });
  socket.on("message", (datagram, from) => node.handle(datagram, from));
  node.on("change", (change) => {
    line(`${id.padEnd(7)} ${explain(change)}`);
    heard.push({ by: id, of: change.id, to: change.to });
    check();
  });
  return { node, port: socket.address().port };
}

function start(id) {
  const args = [id, GROUP, `${tower.port}`, interfaceAddress];
  return fork(new URL("sensor.mjs", import.meta.url), args);
}

/** Waits until both have heard that of a sensor, so many times. */
async function hears(of, to, times) {
  const timesOf = (by) =>
    heard.filter((each) => each.by === by && each.of === of && each.to === to).length;
  await new Promise((resolve) => {
    check = () => ["tower", "harbour"].every((by) => timesOf(by) >= times) && resolve();
    check();
  });
}

function line(text) {
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(2).padStart(6);
  console.log(`${seconds} s  ${text}`);
}
