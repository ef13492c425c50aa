// The README's examples that need sockets, and the programs in examples/ that our documents name.

import { execFile } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as dgram from "@systole/adapter-dgram";
import * as net from "@systole/adapter-net";
import { expect, test } from "vitest";
import { examplesOf, runExample } from "./examples.ts";

const readme = examplesOf("README.md");
const imports = { "@systole/adapter-net": net, "@systole/adapter-dgram": dgram };

/** The block, with a free port in place of the one it shows. */
async function withFreePort(name: string, shown: string): Promise<{ code: string; port: number }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return { code: (readme.get(name) ?? "").replaceAll(shown, String(port)), port };
}

test("README.md: service", async () => {
  const { code } = await withFreePort("service", "7000");
  let units = 0;
  const story = new EventEmitter();
  const reassigned = once(story, "reassign");
  const { server, peer } = await runExample(
    code,
    {
      reply: (bytes: Uint8Array) => Buffer.from(`${Buffer.from(bytes)}, too`),
      log: { warn() {} },
      after: (_ms: number, then: () => void) => then(),
      reassign: (...what: unknown[]) => story.emit("reassign", ...what),
      doOneUnitOfWork: () => {
        units += 1;
      },
      performance: { now: () => (units < 3 ? performance.now() : Number.POSITIVE_INFINITY) },
    },
    ["server", "peer"],
    imports,
  );
  const worker = peer as ReturnType<typeof net.connect>;
  expect(units).toBe(3);
  worker.send(Buffer.from("me"));
  const [bytes] = await once(worker, "message");
  expect(String(Buffer.from(bytes))).toBe("me, too");
  await worker.close();
  expect(await reassigned).toEqual(["worker-7", "left"]);
  await (server as ReturnType<typeof net.createServer>).close();
});

test("README.md: watch", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [accepted] = await once(server, "connection");
  const story = new EventEmitter();
  const failed = once(story, "failover");
  const redis = { ping: () => socket.write("PING\r\n") };
  await runExample(
    readme.get("watch") ?? "",
    { socket, redis, failover: (evidence: object) => story.emit("failover", evidence) },
    [],
    imports,
  );
  expect(String((await once(accepted, "data"))[0])).toBe("PING\r\n");
  accepted.destroy();
  expect(await failed).toMatchObject([{ silenceMs: expect.any(Number) }]);
  server.close();
});

test("README.md: devices", async () => {
  const { code, port } = await withFreePort("devices", "7001");
  const lines: unknown[][] = [];
  const nodes: dgram.SystoleNode[] = [];
  const device = dgram.createNode({ id: "device-1" });
  await device.bind(0, "127.0.0.1");
  device.add("gateway", { address: "127.0.0.1", port });
  const console = {
    log(...line: unknown[]) {
      lines.push(line);
      if (lines.length === 1) void device.close();
      // The example goes on for ever; this is the way out of it.
      else throw new Error("enough");
    },
  };
  const createNode = (options: dgram.NodeOptions) => {
    const node = dgram.createNode(options);
    nodes.push(node);
    return node;
  };
  const own = { ...imports, "@systole/adapter-dgram": { ...dgram, createNode } };
  const endless = runExample(code, { console, devices: new Set(["device-1"]) }, [], own);
  await expect(endless).rejects.toThrow("enough");
  expect(lines).toEqual([
    ["device-1", "connecting", "→", "alive", undefined],
    ["device-1", "alive", "→", "dead", "left"],
  ]);
  for (const node of nodes) await node.close();
});

test("examples/message-port: a blocked worker is suspected, comes back, and is terminated", async () => {
  const main = new URL("../examples/message-port/main.mjs", import.meta.url);
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(main)]);
  expect(stdout.trim().split("\n")).toEqual([
    "worker is alive (session 1)",
    expect.stringMatching(/^worker silent for \d+ ms: /),
    expect.stringMatching(/^worker is back after \d+ ms of silence: /),
    expect.stringMatching(/^worker is gone: its connection was closed/),
  ]);
});

test("examples/replay: a log that a crash cut off is told up to there", async () => {
  const main = fileURLToPath(new URL("../examples/replay/replay.mjs", import.meta.url));
  const cwd = await mkdtemp(join(tmpdir(), "systole-replay-"));
  try {
    await promisify(execFile)(process.execPath, [main], { cwd });
    const log = await readFile(join(cwd, "incident.jsonl"), "utf8");
    await writeFile(join(cwd, "crash.jsonl"), log.slice(0, log.indexOf('"after"', 1e5) + 3));
    const { stdout } = await promisify(execFile)(process.execPath, [main, "crash.jsonl"], { cwd });
    expect(stdout).toMatch("worker-07 is dead after");
    expect(stdout).not.toMatch("worker-23 is dead");
    expect(stdout).toMatch("The log ends in the middle of a line");
  } finally {
    await rm(cwd, { recursive: true });
  }
});

test("examples/replay: a recorded incident is told as it was, and drawn as docs/replay.md shows it", async () => {
  const main = new URL("../examples/replay/replay.mjs", import.meta.url);
  const cwd = await mkdtemp(join(tmpdir(), "systole-replay-"));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(main)], { cwd });
    const lines = stdout.trim().split("\n");
    expect(lines).toContain("   0.03 s  40 peers: connecting → alive");
    const about = (what: RegExp) => lines.filter((line) => what.test(line)).length;
    expect(about(/ is dead after \d+ ms of silence: /)).toBe(2);
    expect(about(/ started anew: this session is over/)).toBe(1);
    expect(about(/ is back after \d+ ms of silence: /)).toBe(1);
    expect(about(/we stood still for 3.0 s: held against nobody; .* would have killed 39$/)).toBe(
      1,
    );
    expect(lines.at(-1)).toMatch(
      /^The replay said byte for byte what was said live: \d+ outputs\.$/,
    );
    const shown = new URL("../docs/images/replay.svg", import.meta.url);
    expect(await readFile(join(cwd, "incident.svg"), "utf8")).toBe(await readFile(shown, "utf8"));
  } finally {
    await rm(cwd, { recursive: true });
  }
});
