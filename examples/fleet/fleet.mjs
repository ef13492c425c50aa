// `pnpm fleet`: twelve devices behind a NAT, each datagram sealed with a key, and a gateway that watches
// them. The NAT starts anew, so that all of them come from other ports; the key is changed; somebody
// without it speaks in the name of a device; and one device dies. Exit code 0 only if no other was
// ever taken for dead.

import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { createNode, explain, relaxed } from "@systole/adapter-dgram";
import { startNat } from "./nat.mjs";

/** All times are a tenth of real ones, so that nobody has to wait: those of `relaxed`, and of the NAT. */
const SPEED = 10;
const POLICY = {
  intervalMs: relaxed.intervalMs / SPEED,
  suspectAfterMs: relaxed.suspectAfterMs / SPEED,
  deadAfterMs: relaxed.deadAfterMs / SPEED,
};
/** Many routers forget after 30 s of silence: beats at most 5 s apart keep the way open. */
const NAT_IDLE_MS = 30_000 / SPEED;
const FLEET = Array.from({ length: 11 }, (_, n) => `meter-${n + 1}`);
const MORTAL = "meter-12";
const secrets = { first: randomBytes(32), second: randomBytes(32) };
const startedAt = performance.now();
const count = { suspect: 0, dead: 0 };
const alive = new Set();
let isOver = false;

const gateway = createNode({
  id: "gateway",
  policy: POLICY,
  keys: { sign: "first", accept: { first: secrets.first } },
  accept: ({ id }) => FLEET.includes(id) || id === MORTAL,
});
gateway.on("change", (change) => {
  if (isOver) return;
  if (change.to === "alive") alive.add(change.id);
  if (change.to !== "alive" && change.to !== "connecting") count[change.to] += 1;
  if (change.to === "dead") line(explain(change));
});
await gateway.bind(0, "127.0.0.1");
const nat = await startNat({ server: gateway.address(), idleMs: NAT_IDLE_MS });
const fleet = start(FLEET);
const mortal = start([MORTAL]);
await until(() => alive.size === FLEET.length + 1);
line(`${alive.size} devices are alive, all behind one NAT`);

line("→ the NAT starts anew: every device has another port now");
const moved = new Set();
gateway.on("moved", ({ id }) => moved.add(id));
nat.restart();
await until(() => moved.size === alive.size);
line(`${moved.size} devices moved, each proven by a round trip; suspected: ${count.suspect}`);

line("→ the key is changed: accepted first, then signed with, and the old one is given up last");
for (const [sign, ...names] of [
  ["first", "first", "second"],
  ["second", "first", "second"],
  ["second", "second"],
]) {
  const accept = Object.fromEntries(names.map((name) => [name, secrets[name]]));
  gateway.setKeys({ sign, accept });
  await Promise.all([fleet, mortal].map((child) => rekeyed(child, sign, accept)));
}
const before = gateway.stats().opened.second;
await until(() => gateway.stats().opened.second >= before + 2 * alive.size);
line(`every beat bears the new key; suspected: ${count.suspect}`);

line("→ somebody without the key says that it is meter-3");
const thief = createNode({
  id: "meter-3",
  keys: { sign: "guess", accept: { guess: randomBytes(32) } },
});
await thief.bind(0, "127.0.0.1");
thief.add("gateway", { address: "127.0.0.1", port: gateway.address().port });
const [{ fault }] = await once(gateway, "unauthenticated");
await thief.close();
line(`it has no effect, and shows as "${fault}"; meter-3 is ${gateway.peer("meter-3").status}`);

line(`→ SIGKILL ${MORTAL}`);
mortal.kill("SIGKILL");
await until(() => gateway.peer(MORTAL).status === "dead");

isOver = true;
const living = FLEET.filter((id) => gateway.peer(id).state().session === 1);
const ok = count.dead === 1 && living.length === FLEET.length && moved.size === alive.size;
console.log(
  `\n  ${living.length} of ${FLEET.length} devices live in their first session, ${count.dead} is dead. ${ok ? "As it must be." : "NOT as it must be."}\n`,
);
fleet.kill("SIGKILL");
await gateway.close();
nat.close();
process.exit(ok ? 0 : 1);

function start(ids) {
  const args = [`${nat.port}`, secrets.first.toString("hex"), ...ids];
  return fork(new URL("devices.mjs", import.meta.url), args);
}

async function rekeyed(child, sign, accept) {
  const hex = Object.entries(accept).map(([name, secret]) => [name, secret.toString("hex")]);
  child.send({ sign, accept: Object.fromEntries(hex) });
  await once(child, "message");
}

async function until(isSo) {
  while (!isSo()) await sleep(20);
}

function line(text) {
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(2).padStart(6);
  console.log(`${seconds} s  ${text}`);
}
