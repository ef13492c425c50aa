// A real Redis, and a real client that `watch` looks at: neither may notice it.
import type { Socket } from "node:net";
import { explain } from "@systole/adapter-net";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { next } from "../waiting.ts";
import { Watched } from "../watched.ts";
import { diesWithinItsPolicy, livesAgain, POLICY } from "./freezing.ts";
import { isInstalled, Running, redis } from "./programs.ts";

const PIPELINES = 1_000;
const KEYS = 50;
const AT_ONCE = 4;

describe.skipIf(!isInstalled(redis))("Redis with ioredis, beat: () => client.ping()", () => {
  let server: Running;
  let client: Redis;
  let watched: Watched;

  beforeEach(async () => {
    server = await Running.start(redis);
    client = new Redis({ port: server.port, host: "127.0.0.1", retryStrategy: () => null });
    // Its connection is destroyed under it, and it says so.
    client.on("error", () => {});
    await next(client, "ready");
    watched = new Watched(client.stream as Socket, "redis", POLICY, () => client.ping());
    await watched.story.reached("redis", "alive");
  });

  afterEach(async () => {
    watched.liveness.unwatch();
    client.disconnect();
    await server.kill();
  });

  test("pipelined load: no stray reply, no extra beat, no suspicion", async () => {
    await client.config("RESETSTAT");
    const before = watched.beats;
    const startedAt = performance.now();
    const strays = await load(client);
    const loadedMs = performance.now() - startedAt;
    const underLoad = watched.beats - before;
    // Quiet again: now the beats alone keep it alive.
    await watched.beatsMore(10);
    const beats = watched.beats - before;
    const info = await client.info("commandstats");
    const pings = Number(info.match(/cmdstat_ping:calls=(\d+)/)?.[1]);
    console.log(
      `redis: ${PIPELINES * KEYS * 3} commands in ${loadedMs.toFixed(0)} ms: ${strays} stray replies, ${underLoad} beats; then ${beats - underLoad} beats in peace; the server counted ${pings}`,
    );
    expect(strays).toBe(0);
    expect(pings).toBe(beats);
    expect(underLoad).toBeLessThanOrEqual(loadedMs / POLICY.intervalMs + 1);
    expect(watched.story.of("redis")).toEqual(["alive#1"]);
    expect(watched.liveness.beatFailures).toBe(0);
  });

  test("redis/ioredis#1615, #1706, nodejs/undici#4230: SIGSTOP: suspect, then dead within the policy, while keepalive sees nothing", async () => {
    const { dead } = await diesWithinItsPolicy(server, watched, "redis");
    // The commands that were under way fail, as with any lost connection; nothing is thrown.
    expect(client.status).not.toBe("ready");
    expect(explain(dead)).toMatch(/^redis is dead after \d+ ms/);
  });

  test("SIGCONT in time: alive on the same connection, and every reply still comes", async () => {
    const asked: Promise<string>[] = [];
    await livesAgain(server, watched, "redis", () => asked.push(client.echo(`${asked.length}`)));
    expect(await Promise.all(asked)).toEqual(asked.map((_, n) => `${n}`));
    expect(client.status).toBe("ready");
  });
});

/** Several pipelines under way at once; returns how many replies were not the ones asked for. */
async function load(client: Redis): Promise<number> {
  let begun = 0;
  let strays = 0;
  const work = async () => {
    while (begun < PIPELINES) {
      const n = begun++;
      const pipeline = client.pipeline();
      for (let k = 0; k < KEYS; k++)
        pipeline.set(`${n}:${k}`, k).get(`${n}:${k}`).echo(`${n}/${k}`);
      const replies = (await pipeline.exec())?.map(([error, reply]) => error ?? reply) ?? [];
      for (let k = 0; k < KEYS; k++) {
        const wanted = ["OK", `${k}`, `${n}/${k}`];
        for (const [i, want] of wanted.entries()) if (replies[3 * k + i] !== want) strays += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return strays;
}
