// `pnpm watchers`: three watchers, one primary, one key. Two of the three must say that the primary is dead
// before its replica takes over, and the primary serves only while two of them cannot have said so. Somebody
// without the key speaks as the primary and as a fourth watcher, a watcher freezes, and then the primary
// does. Exit code 0 only if there was one take-over, and never two who served.

import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { createNode } from "@systole/adapter-dgram";

const POLICY = { intervalMs: 250, suspectAfterMs: 1_000, deadAfterMs: 2_000 };
const WATCHERS = ["watcher-1", "watcher-2", "watcher-3"];
const MAJORITY = 2;
const key = randomBytes(32).toString("hex");
const startedAt = performance.now();
const children = new Map();
/** What each has said last, by its type; and who said that the primary is dead, and when that is safe. */
const said = new Map();
const verdicts = new Map();

const { port } = await start("primary", WATCHERS.join());
for (const id of WATCHERS) await start(id, port);
await until(() => WATCHERS.every((id) => said.has(`${id} alive`)) && said.has("primary serves"));
line("three watchers see the primary alive, and it serves");

line(
  "→ somebody without the key says that it is the primary, and that it leaves; and that it is watcher-4",
);
const intruders = [await intrude("primary", WATCHERS), await intrude("watcher-4", ["primary"])];
await until(() => [...WATCHERS, "primary"].every((id) => said.has(`${id} unauthenticated`)));
await Promise.all(intruders.map((node) => node.close()));
line(`all four noticed, and nobody believed it; verdicts: ${verdicts.size}`);

line("→ SIGSTOP watcher-1, for longer than the silence that it would doubt");
children.get("watcher-1").kill("SIGSTOP");
await sleep(POLICY.suspectAfterMs * 1.5);
children.get("watcher-1").kill("SIGCONT");
await sleep(POLICY.deadAfterMs);
said.delete("primary serves");
await until(() => said.has("primary serves"));
line(`back, it blames nobody; verdicts: ${verdicts.size}; the primary served all the time`);
const early = verdicts.size;

line("→ SIGSTOP primary");
children.get("primary").kill("SIGSTOP");
await until(() => verdicts.size >= MAJORITY);
// Each verdict says how long the other side may still believe in itself.
await sleep(Math.max(...verdicts.values()) - performance.now());
const tookOverAt = Number(process.hrtime.bigint()) / 1e6;
line(
  `${verdicts.size} of ${WATCHERS.length} agree, and the primary must know by now: the replica takes over`,
);
children.get("primary").kill("SIGCONT");
await until(() => said.has("primary stopped"));
line("awake again, the primary finds that too few vouch for it, and serves no more");

const { lastAt } = said.get("primary stopped");
const ok = early === 0 && lastAt < tookOverAt;
const gap = ((tookOverAt - lastAt) / 1_000).toFixed(2);
console.log(
  `\n  Nobody served for ${gap} s, and at no time two did. ${ok ? "As it must be." : "NOT as it must be."}\n`,
);
for (const child of children.values()) child.kill("SIGKILL");
process.exit(ok ? 0 : 1);

/** Starts a process, and waits until it listens. */
async function start(id, about) {
  const script = id === "primary" ? "primary.mjs" : "watcher.mjs";
  const args = [id, key, JSON.stringify(POLICY), `${about}`];
  const child = fork(new URL(script, import.meta.url), args);
  children.set(id, child);
  child.on("message", (message) => hear(id, message));
  await until(() => said.has(`${id} listening`));
  return said.get(`${id} listening`);
}

function hear(id, message) {
  said.set(`${id} ${message.type}`, message);
  // Whoever lives again, in another session, has no vote against it any more.
  if (message.type === "alive") verdicts.delete(id);
  if (message.type !== "dead") return;
  line(`${id}: ${message.words}`);
  verdicts.set(id, performance.now() + message.safeInMs);
}

/** Speaks in somebody's name, sealed with a key that nobody knows; it leaves in their name when it is closed. */
async function intrude(id, victims) {
  const node = createNode({ id, keys: { sign: "guess", accept: { guess: randomBytes(32) } } });
  await node.bind(0, "127.0.0.1");
  for (const victim of victims) {
    node.add(victim, { address: "127.0.0.1", port: said.get(`${victim} listening`).port });
  }
  return node;
}

async function until(isSo) {
  while (!isSo()) await sleep(20);
}

function line(text) {
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(2).padStart(6);
  console.log(`${seconds} s  ${text}`);
}
