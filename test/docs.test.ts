// Every code block of the README of core, and those of the README that need no socket: run. The log in
// docs/replay.md: recorded, and replayed.

import { readFileSync } from "node:fs";
import { type MonitorOutput, strict } from "@systole/core";
import { createEndpoint } from "@systole/core/endpoint";
import { recordMonitor, replay } from "@systole/core/replay";
import { systemHost } from "@systole/core/system";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Document } from "./examples.ts";
import { monitorOfSockets } from "./monitored-sockets.ts";

const readme = new Document("README.md");
const core = new Document("packages/core/README.md");

const statuses = (outputs: readonly MonitorOutput[]) =>
  outputs.flatMap((output) => (output.type === "changed" ? output.to : []));

afterEach(() => {
  vi.useRealTimers();
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
    const { endpoint } = await readme.run(
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
    await readme.run("rules", { console: { log: (...line: unknown[]) => lines.push(line) } });
    expect(lines).toEqual([["suspect", ["changed", "beat"]]]);
    expect(readme.block("rules")).toContain("// suspect [ 'changed', 'beat' ]");
  });

  test("quality", async () => {
    const said: string[] = [];
    const log = (value: object) =>
      said.push(
        JSON.stringify(value, (_name, each) =>
          typeof each === "number" ? Number(each.toPrecision(6)) : each,
        ),
      );
    await readme.run("quality", { console: { log } });
    const block = readme.block("quality");
    const shown = [...block.matchAll(/\/\/ (\{.*\})$/gm)].map(([, text = ""]) =>
      JSON.stringify(JSON.parse(text.replaceAll("_", "").replaceAll(/(\w+):/g, '"$1":'))),
    );
    expect(shown).toEqual(said);
  });

  test("testing", async () => {
    const seen: MonitorOutput[] = [];
    await readme.run("testing", { seen });
    expect(statuses(seen)).toEqual(["alive", "suspect"]);
  });
});

describe("packages/core/README.md", () => {
  test("record, and replay what was recorded", async () => {
    vi.useFakeTimers();
    let log = "";
    const scope = { emit() {}, log: { write: (text: string) => (log += text) } };
    const { monitor } = await core.run("record", scope, ["monitor"]);
    const { add, heard } = monitor as ReturnType<typeof recordMonitor>;
    heard.call(monitor, add.call(monitor, "worker-7"));
    vi.advanceTimersByTime(2_600);
    const lines: string[] = [];
    const console = { log: (line: string) => lines.push(line) };
    await core.run("replay", { readFileSync: () => log, console });
    const block = core.block("replay");
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
  expect(readme.left).toEqual(["service", "watch", "devices"]);
  expect(core.left).toEqual([]);
});
