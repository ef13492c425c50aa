// Every code block of docs/custom-transports.md and of the README of core, and those of the README that
// need no socket: run. The log in docs/replay.md: recorded, and replayed.

import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import type { MessageChannel } from "node:worker_threads";
import { type MonitorOutput, strict } from "@systole/core";
import { createEndpoint } from "@systole/core/endpoint";
import { recordMonitor, replay } from "@systole/core/replay";
import { systemHost } from "@systole/core/system";
import { afterEach, describe, expect, test, vi } from "vitest";
import { examplesOf, runExample, type Scope } from "./examples.ts";

const page = examplesOf("docs/custom-transports.md");
const readme = examplesOf("README.md");
const core = examplesOf("packages/core/README.md");
const ran = new Set<string>();

/** Runs a block of a document, once. */
async function run(
  from: ReadonlyMap<string, string>,
  name: string,
  scope: Scope,
  wanted: readonly string[] = [],
  imports: Record<string, object> = {},
): Promise<Scope> {
  const document = from === page ? "page" : from === core ? "core" : "readme";
  ran.add(`${document} ${name}`);
  return await runExample(from.get(name) ?? "", scope, wanted, imports);
}

const statuses = (outputs: readonly MonitorOutput[]) =>
  outputs.flatMap((output) => (output.type === "changed" ? output.to : []));

afterEach(() => {
  vi.useRealTimers();
});

/** A WebSocket as its server sees it, as far as the examples use it. */
class Socket extends EventEmitter {
  pings = 0;
  terminated = false;

  ping(): void {
    this.pings += 1;
  }

  terminate(): void {
    this.terminated = true;
    this.emit("close");
  }
}

/** The monitor examples, with real code around a fake clock: pings leave, pongs save, silence kills. */
async function monitorOfSockets(from: ReadonlyMap<string, string>, name: string): Promise<void> {
  vi.useFakeTimers();
  const wss = new EventEmitter();
  const sockets = new Map();
  await run(from, name, { wss, sockets, log: () => {} });
  const [answering, silent] = [new Socket(), new Socket()];
  for (const socket of [answering, silent]) {
    wss.emit("connection", socket);
    socket.emit("message", "hello");
  }
  for (let second = 0; second < 40; second++) {
    const before = answering.pings;
    vi.advanceTimersByTime(1_000);
    if (answering.pings > before) answering.emit("pong");
  }
  expect([answering.terminated, silent.terminated]).toEqual([false, true]);
  expect(answering.pings).toBeGreaterThan(5);
  answering.emit("close");
  vi.advanceTimersByTime(60_000);
  expect(vi.getTimerCount()).toBe(0);
}

describe("docs/custom-transports.md", () => {
  const bindPort = async () => (await run(page, "port", {}, ["bindPort"]))["bindPort"] as Bind;
  /** What a block says it prints. */
  const shownIn = (name: string) =>
    [...(page.get(name) ?? "").matchAll(/^\/\/ (.*)$/gm)].map(([, line]) => line);
  /** Without the figures that no two clocks agree on. */
  const rough = (said: readonly (string | undefined)[]) =>
    said.map((line) => line?.replaceAll(/\d+ ms/g, "some ms"));
  type Bind = (port: MessagePort, endpoint: object) => { send(frame: Uint8Array): boolean };
  type MessagePort = InstanceType<typeof MessageChannel>["port1"];

  test("monitor", async () => {
    await monitorOfSockets(page, "monitor");
  });

  test("port is what the example of the repository uses", async () => {
    const file = new URL("../examples/message-port/port.mjs", import.meta.url);
    expect(page.get("port")).toBe(readFileSync(file, "utf8"));
    expect(await bindPort()).toBeTypeOf("function");
  });

  test("live", async () => {
    const turn = setImmediate;
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const lines: string[] = [];
    const console = { log: (line: string) => lines.push(line) };
    const shown = shownIn("live");
    await run(page, "live", { console }, [], { "./port.mjs": { bindPort: await bindPort() } });
    for (let round = 0; round < 1_000 && lines.length < shown.length; round++) {
      vi.advanceTimersByTime(5);
      await new Promise((resolve) => turn(resolve));
    }
    expect(rough(lines)).toEqual(rough(shown));
  });

  test("contract", async () => {
    const cases: [name: string, run: () => Promise<void>][] = [];
    const register = (name: string, run: () => Promise<void>) => cases.push([name, run]);
    await run(page, "contract", {}, [], {
      vitest: { test: register },
      "./port.mjs": { bindPort: await bindPort() },
    });
    expect(cases.length).toBeGreaterThan(8);
    for (const [name, run] of cases) {
      await expect(run(), name).resolves.toBeUndefined();
    }
  });

  test("contract, without the line that remembers whether the port is open", async () => {
    const broken = (page.get("port") ?? "").replace("return open;", "return true;");
    const { bindPort } = await runExample(broken, {}, ["bindPort"]);
    const found: string[] = [];
    const register = (_name: string, run: () => Promise<void>) =>
      runs.push(run().catch((error: Error) => void found.push(error.message)));
    const runs: Promise<void>[] = [];
    await runExample(page.get("contract") ?? "", {}, [], {
      vitest: { test: register },
      "./port.mjs": { bindPort },
    });
    await Promise.all(runs);
    expect(found).toEqual([expect.stringMatching(/^not-sent: /)]);
  });

  test("manual-host", async () => {
    const lines: string[] = [];
    await run(page, "manual-host", { console: { log: (line: string) => lines.push(line) } });
    expect(lines).toEqual(shownIn("manual-host"));
  });

  test("fake-timers", async () => {
    const lines: string[] = [];
    await run(page, "fake-timers", { console: { log: (line: string) => lines.push(line) } });
    expect(rough(lines)).toEqual(rough(shownIn("fake-timers")));
  });

  test("network", async () => {
    const seen: string[] = [];
    await run(page, "network", { console: { log: (line: string) => seen.push(line) } });
    const of = (id: string) =>
      seen.filter((line) => line.startsWith(`${id}:`)).map((l) => l.split(" ")[2]);
    const cutAndHealed = ["alive", "suspect", "dead", "connecting", "alive"];
    expect(of("b").slice(0, 5)).toEqual(cutAndHealed);
    expect(of("a").slice(0, 7)).toEqual([...cutAndHealed, "suspect", "alive"]);
    // The crash: for `a` a new session, and all over again for the one that was started anew.
    expect(of("a").slice(7)).toEqual(["dead", "connecting", "alive"]);
    expect(of("b").slice(5)).toEqual(["alive"]);
  });

  test("scenario", async () => {
    const tests: (() => void)[] = [];
    const vitest = { expect, test: (_name: string, body: () => void) => tests.push(body) };
    await run(page, "scenario", {}, [], { vitest });
    expect(tests).toHaveLength(1);
    expect(tests[0]).not.toThrow();
    const untrue = (page.get("scenario") ?? "").replace("> 10880 alive", "> 10881 alive");
    await runExample(untrue, {}, [], { vitest });
    expect(tests[1]).toThrow("to be");
  });

  test("property", async () => {
    class Pool {
      isUsable = false;
      on({ type, ...output }: { type: string; to?: string }) {
        if (type === "changed") this.isUsable = output.to === "alive";
      }
    }
    const properties: (() => void)[] = [];
    const vitest = {
      expect,
      test: (_name: string, property: () => void) => properties.push(property),
    };
    await run(page, "property", { createPool: () => new Pool() }, [], { vitest });
    expect(properties).toHaveLength(1);
    expect(properties[0]).not.toThrow();
    // Who forgets that suspects are not alive is found out.
    await runExample(
      page.get("property") ?? "",
      { createPool: () => Object.assign(new Pool(), { on() {} }) },
      [],
      { vitest },
    );
    expect(properties[1]).toThrow("Property failed");
  });
});

describe("README.md", () => {
  test("websocket", async () => {
    await monitorOfSockets(readme, "websocket");
  });

  test("transport", async () => {
    vi.useFakeTimers();
    const sent: Uint8Array[] = [];
    const rendered: MonitorOutput[] = [];
    const ws = {
      readyState: 1,
      binaryType: "blob",
      send: (frame: Uint8Array) => sent.push(frame),
      onmessage: (_event: { data: ArrayBuffer }) => {},
      onclose: () => {},
    };
    const { endpoint } = await run(
      readme,
      "transport",
      { ws, render: (output: MonitorOutput) => rendered.push(output) },
      ["endpoint"],
    );
    const server = createEndpoint<object>({
      id: "server",
      host: systemHost(),
      accept: ({ id }) => id === "browser-42",
      send: (_peer, frame) => ws.onmessage({ data: frame.buffer }),
      emit() {},
    });
    const deliver = () => {
      for (const frame of sent.splice(0)) server.receive(frame, ws);
    };
    vi.advanceTimersByTime(1_000);
    deliver();
    expect(ws.binaryType).toBe("arraybuffer");
    expect(statuses(rendered)).toEqual(["alive"]);
    ws.readyState = 3;
    sent.length = 0;
    vi.advanceTimersByTime(10_000);
    expect(sent).toEqual([]);
    ws.onclose();
    expect(rendered.at(-1)).toMatchObject({ to: "dead", reason: "closed" });
    (endpoint as { close(): void }).close();
  });

  test("rules", async () => {
    const lines: unknown[][] = [];
    await run(readme, "rules", { console: { log: (...line: unknown[]) => lines.push(line) } });
    expect(lines).toEqual([["suspect", ["changed", "beat"]]]);
    expect(readme.get("rules")).toContain("// suspect [ 'changed', 'beat' ]");
  });

  test("quality", async () => {
    const said: string[] = [];
    const log = (value: object) =>
      said.push(
        JSON.stringify(value, (_name, each) =>
          typeof each === "number" ? Number(each.toPrecision(6)) : each,
        ),
      );
    await run(readme, "quality", { console: { log } });
    const block = readme.get("quality") ?? "";
    const shown = [...block.matchAll(/\/\/ (\{.*\})$/gm)].map(([, text = ""]) =>
      JSON.stringify(JSON.parse(text.replaceAll("_", "").replaceAll(/(\w+):/g, '"$1":'))),
    );
    expect(shown).toEqual(said);
  });

  test("testing", async () => {
    const seen: MonitorOutput[] = [];
    await run(readme, "testing", { seen });
    expect(statuses(seen)).toEqual(["alive", "suspect"]);
  });
});

describe("packages/core/README.md", () => {
  test("record, and replay what was recorded", async () => {
    vi.useFakeTimers();
    let log = "";
    const scope = { emit() {}, log: { write: (text: string) => (log += text) } };
    const { monitor } = await run(core, "record", scope, ["monitor"]);
    const { add, heard } = monitor as ReturnType<typeof recordMonitor>;
    heard.call(monitor, add.call(monitor, "worker-7"));
    vi.advanceTimersByTime(2_600);
    const lines: string[] = [];
    const console = { log: (line: string) => lines.push(line) };
    await run(core, "replay", { readFileSync: () => log, console });
    const block = core.get("replay") ?? "";
    const shown = [...block.matchAll(/^\/\/ (.*)$/gm)].map(([, line]) => line);
    expect(lines).toEqual(shown);
  });
});

describe("docs/replay.md", () => {
  const text = readFileSync(new URL("../docs/replay.md", import.meta.url), "utf8");
  const shown = (/```json\n([\s\S]*?)```/.exec(text)?.[1] ?? "").trim().split("\n");

  test("shows a log as it is recorded, and it replays", () => {
    let now = 0;
    const said: MonitorOutput[] = [];
    const lines: string[] = [];
    const emit = (output: MonitorOutput) => {
      said.push(output);
      if (output.type === "beat") monitor.sent(output.peer);
      if (output.type === "changed" && output.to === "dead") throw new Error("no pager");
    };
    const host = { now: () => now };
    const monitor = recordMonitor({ host, policy: strict, seed: 4, emit }, (line) =>
      lines.push(line),
    );
    const withdraw = monitor.onEarlier(() => {});
    const peer = monitor.add("worker-7");
    now = 12.5;
    monitor.heard(peer);
    now = 612.5;
    monitor.tick({ slice: true });
    now = 700;
    monitor.heardBeat(peer, 1, { rttMs: 0.25 });
    now = 711;
    monitor.setPolicy(peer, { deadAfterMs: 9_000 });
    now = 720;
    expect(() => monitor.ended(peer, "left", { returnInMs: 500 })).toThrow("no pager");
    withdraw();
    expect(shown).toEqual(lines);
    expect([...replay(shown)].flatMap(({ outputs }) => outputs)).toEqual(said);
  });
});

test("no block was forgotten: what is not run here needs sockets, and is run with them", () => {
  const named = (document: string, examples: ReadonlyMap<string, string>) =>
    [...examples.keys()].map((name) => `${document} ${name}`);
  const withSockets = ["readme service", "readme watch", "readme devices"];
  expect([...ran, ...withSockets].sort()).toEqual(
    [...named("page", page), ...named("readme", readme), ...named("core", core)].sort(),
  );
});
