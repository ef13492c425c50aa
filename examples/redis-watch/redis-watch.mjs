// `pnpm redis-watch`: a client that nobody here wrote, on a Redis server and its replica, both started
// here (Debian: `apt-get install redis-server`). The primary freezes. The client that is watched moves to
// the replica; beside it, one that is not notices nothing. Exit code 0 only if it went that way.

import { explain, watch } from "@systole/adapter-net";
import { Redis } from "ioredis";
import { startRedis } from "./server.mjs";

const POLICY = { intervalMs: 250, suspectAfterMs: 750, deadAfterMs: 1_500 };
const startedAt = performance.now();

const primary = await startRedis(["--repl-diskless-sync-delay", "0"]);
const replica = await startRedis(["--replicaof", "127.0.0.1", `${primary.port}`]);
line(`redis-server on port ${primary.port}, its replica on port ${replica.port}`);

// One client has all that people usually give it.
const unwatched = await opened(primary.port, { keepAlive: 1_000 });
const noticed = [];
for (const event of ["close", "error", "end", "reconnecting"]) {
  unwatched.on(event, () => noticed.push(event));
}
await unwatched.set("greeting", "written before the freeze");
// A command that blocks keeps everything behind it waiting, beats too: not on a connection that is watched.
const copies = await unwatched.wait(1, 30_000);
line(`greeting is set, and replicated to ${copies}`);

// The other is watched, once it has its socket, and left to reconnect by nobody but us.
const redis = await opened(primary.port, { retryStrategy: null });
const liveness = watch(redis.stream, { id: "redis", beat: () => redis.ping(), policy: POLICY });
liveness.on("suspect", (change) => line(explain(change)));
await new Promise((resolve) => liveness.once("alive", resolve));
line("→ SIGSTOP redis-server");
primary.freeze();
const frozenAt = performance.now();
const answers = [redis, unwatched].map((client) => settled(client.get("greeting")));

const change = await new Promise((resolve) => liveness.once("dead", resolve));
const afterMs = performance.now() - frozenAt;
line(explain(change));
line(`the socket is destroyed, and the command that was under way fails: ${await answers[0]}`);
const next = await opened(replica.port);
await next.replicaof("NO", "ONE");
line(`the replica is the primary now; greeting: "${await next.get("greeting")}"`);
const others = noticed.join(", ") || "nothing";
line(`the client that nobody watches, with keepAlive 1 s, has noticed ${others}: it still waits`);

const ok =
  change.reason === "silence" &&
  noticed.length === 0 &&
  (await next.get("greeting")) === "written before the freeze";
console.log(
  `\n  ${ok ? "Failed over" : "NOT as it must be"}, ${Math.round(afterMs)} ms after Redis froze.\n`,
);
// Both servers and what still waits for an answer end with this process.
process.exit(ok ? 0 : 1);

async function opened(port, options = {}) {
  const client = new Redis({ port, host: "127.0.0.1", ...options });
  // ioredis says so in words as well: what failed shows in the commands.
  client.on("error", () => {});
  await client.ping();
  return client;
}

async function settled(command) {
  try {
    return `"${await command}"`;
  } catch (error) {
    return error.message;
  }
}

function line(text) {
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(2).padStart(6);
  console.log(`${seconds} s  ${text}`);
}
