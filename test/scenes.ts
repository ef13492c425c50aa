// The programs in examples/ that play a scene with real processes: each ends by itself, and says by its
// exit code whether everything was as it must be.

import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

/** Its lines. Rejects where it does not end with exit code 0. */
async function played(name: string): Promise<string[]> {
  const main = new URL(`../examples/${name}/${name}.mjs`, import.meta.url);
  const { stdout } = await promisify(execFile)(process.execPath, [main.pathname]);
  return stdout.trim().split("\n");
}

const isInstalled = (command: string) =>
  spawnSync(command, ["--version"], { stdio: "ignore" }).error === undefined;

export function describeScenes(): void {
  describe.concurrent("each of the examples", () => {
    test("examples/demo, the first command of the README: everybody is seen as they are", async () => {
      await played("demo");
    });

    test("examples/chat: who froze, crashed, froze for good and left is told as it was", async () => {
      const lines = await played("chat");
      const told = lines.filter((line) => /^ {8}· /.test(line)).map((line) => line.slice(10));
      for (const sight of [
        /^carl has gone quiet for \d\.\d s$/,
        /^carl is back, after \d\.\d s of silence$/,
        /^ann lost the connection$/,
        /^dora is gone: not a sign of life for \d\.\d s$/,
        /^carl left$/,
      ]) {
        expect(told).toContainEqual(expect.stringMatching(sight));
      }
    });

    test("examples/pool: workers die and freeze, and no job is done twice", async () => {
      const lines = await played("pool");
      expect(lines).toContainEqual(
        expect.stringMatching(/ worker-2 woke up \d+ ms too late for job \d+, and left it alone$/),
      );
      expect(lines).toContain("40 jobs, each done exactly once.");
    });

    test("examples/mutual-tls: only whoever has the certificate of its id gets in, and is missed when it freezes", async () => {
      const lines = await played("mutual-tls");
      const turnedAway = lines.filter((line) => / somebody .+ is turned away: /.test(line));
      expect(turnedAway).toHaveLength(4);
      for (const sight of [
        / "device-1" comes by TLSv1\.3, with the certificate of device-2$/,
        /gateway: device-1 is dead after \d+ ms of silence: /,
      ]) {
        expect(lines).toContainEqual(expect.stringMatching(sight));
      }
    });

    test("examples/lan: whoever is found by multicast is watched by unicast, from all sides", async () => {
      const lines = await played("lan");
      const told = lines
        .map((line) => line.slice(10))
        .filter((line) => line.startsWith("everybody"));
      expect(told).toEqual([
        "everybody sees everybody",
        "everybody sees elm, and elm everybody",
        "everybody else knows that birch is dead",
        "everybody else suspects cedar, at the least",
        "everybody sees cedar again",
        "everybody else knows that dogwood left",
      ]);
    });

    test("examples/fleet: neither a new NAT mapping, nor new keys, nor an intruder costs a device its life", async () => {
      const lines = await played("fleet");
      for (const sight of [
        / 12 devices moved, each proven by a round trip; /,
        / every beat bears the new key; /,
        / it has no effect, and shows as "unknown-key"; /,
        / meter-12 is dead after \d+ ms of silence: /,
        /11 of 11 devices live in their first session, 1 is dead\. As it must be\.$/,
      ]) {
        expect(lines).toContainEqual(expect.stringMatching(sight));
      }
    });

    test("examples/watchers: only whoever has the key is heard, and no two serve at a time", async () => {
      const lines = await played("watchers");
      for (const sight of [
        / all four noticed, and nobody believed it; verdicts: 0$/,
        / back, it blames nobody; verdicts: 0; the primary served all the time$/,
        / of 3 agree, and the primary must know by now: the replica takes over$/,
        / too few vouch for it, and serves no more$/,
        /^ {2}Nobody served for \d+\.\d\d s, and at no time two did\. As it must be\.$/,
      ]) {
        expect(lines).toContainEqual(expect.stringMatching(sight));
      }
    });

    test("examples/beacon: who listens hears sensors come, die and return, and says nothing", async () => {
      const lines = await played("beacon");
      for (const by of ["tower  ", "harbour"]) {
        for (const sight of ["is alive (session 1)", "is dead after", "is alive (session 2)"]) {
          expect(lines).toContainEqual(expect.stringContaining(`${by} south ${sight}`));
        }
      }
      expect(lines.at(-1)).toMatch(/Who listens has sent 0 and 0 datagrams\. As it must be\.$/);
    });

    test("examples/ping-pong: a server that only knows PING and PONG is suspected, comes back, and is dead", async () => {
      const lines = await played("ping-pong");
      expect(lines).toEqual([
        "their server is alive (session 1)",
        "→ SIGSTOP",
        expect.stringMatching(/^their server silent for \d+ ms: /),
        expect.stringMatching(/^their server is back after \d+ ms of silence: /),
        "→ SIGSTOP",
        expect.stringMatching(/^their server silent for \d+ ms: /),
        expect.stringMatching(/^their server is dead after \d+ ms of silence: /),
        "As it must be.",
      ]);
    });

    test.skipIf(!isInstalled(process.env["CHROMIUM"] ?? "chromium"))(
      "examples/websocket: a browser passes the transport contract, is missed while it is busy, and crashes",
      async () => {
        const lines = await played("websocket");
        for (const sight of [
          /^browser: (\d+) of \1 cases of the contract hold$/,
          /^browser: server is alive \(session 1\)$/,
          /^server: {2}browser silent for \d+ ms: /,
          /^server: {2}browser is back after \d+ ms of silence: /,
          /^server: {2}browser is gone: its connection was closed/,
          /^As it must be\.$/,
        ]) {
          expect(lines).toContainEqual(expect.stringMatching(sight));
        }
      },
    );

    test.skipIf(!isInstalled("redis-server"))(
      "examples/redis-watch: a frozen Redis is failed over, where keepalive sees nothing",
      async () => {
        const lines = await played("redis-watch");
        for (const sight of [
          /redis silent for \d+ ms: /,
          /redis is dead after \d+ ms of silence: /,
          /the replica is the primary now; greeting: "written before the freeze"$/,
          /with keepAlive 1 s, has noticed nothing: it still waits$/,
        ]) {
          expect(lines).toContainEqual(expect.stringMatching(sight));
        }
      },
    );
  });
}
