// docs/custom-transports.md, run as it stands: every block, in virtual time or in this process.

import { readFileSync } from "node:fs";
import { Duplex } from "node:stream";
import { BroadcastChannel, type MessageChannel } from "node:worker_threads";
import {
  type ContractEnd,
  type ContractReceiver,
  type MakePair,
  transportContract,
} from "@systole/core/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Document, runExample } from "./examples.ts";
import { monitorOfSockets } from "./monitored-sockets.ts";

const page = new Document("docs/custom-transports.md");

afterEach(() => {
  vi.useRealTimers();
});

describe("docs/custom-transports.md", () => {
  const bindPort = async () => (await page.run("port", {}, ["bindPort"]))["bindPort"] as Bind;
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
    expect(page.block("port")).toBe(readFileSync(file, "utf8"));
    expect(await bindPort()).toBeTypeOf("function");
  });

  test("live", async () => {
    const turn = setImmediate;
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const lines: string[] = [];
    const console = { log: (line: string) => lines.push(line) };
    const shown = page.shown("live");
    await page.run("live", { console }, [], { "./port.mjs": { bindPort: await bindPort() } });
    for (let round = 0; round < 1_000 && lines.length < shown.length; round++) {
      vi.advanceTimersByTime(5);
      await new Promise((resolve) => turn(resolve));
    }
    expect(rough(lines)).toEqual(rough(shown));
  });

  test("contract", async () => {
    const cases: [name: string, run: () => Promise<void>][] = [];
    const register = (name: string, run: () => Promise<void>) => cases.push([name, run]);
    await page.run("contract", {}, [], {
      vitest: { test: register },
      "./port.mjs": { bindPort: await bindPort() },
    });
    expect(cases.length).toBeGreaterThan(8);
    for (const [name, run] of cases) {
      await expect(run(), name).resolves.toBeUndefined();
    }
  });

  test("contract, without the line that remembers whether the port is open", async () => {
    const broken = page.block("port").replace("return open;", "return true;");
    const { bindPort } = await runExample(broken, {}, ["bindPort"]);
    const found: string[] = [];
    const register = (_name: string, run: () => Promise<void>) =>
      runs.push(run().catch((error: Error) => void found.push(error.message)));
    const runs: Promise<void>[] = [];
    await runExample(page.block("contract"), {}, [], {
      vitest: { test: register },
      "./port.mjs": { bindPort },
    });
    await Promise.all(runs);
    expect(found).toEqual([expect.stringMatching(/^not-sent: /)]);
  });

  /** The rules that a transport of these pairs breaks. */
  async function broken(makePair: MakePair, transport: "stream" | "datagram"): Promise<string[]> {
    const found: string[] = [];
    for (const { run } of transportContract(makePair, { transport })) {
      await run().catch((error: Error) => found.push(error.message));
    }
    return found;
  }
  const turned = () => new Promise((resolve) => setImmediate(resolve));

  test("stream, on which the contract is kept", async () => {
    const { bindStream } = await page.run("stream", {}, ["bindStream"]);
    const glue = bindStream as (stream: Duplex, endpoint: ContractReceiver) => ContractEnd;
    const makePair: MakePair = (left, right) => {
      const [one, other] = piped();
      return { left: glue(one, left), right: glue(other, right), settle: turned };
    };
    expect(await broken(makePair, "stream")).toEqual([]);
  });

  test("bus, on which the contract is kept", async () => {
    const { bindBus } = await page.run("bus", {}, ["bindBus"]);
    type Station = { send(frame: Uint8Array, to: string): boolean; close(): void };
    const glue = bindBus as (bus: object, at: string, endpoint: ContractReceiver) => Station;
    let pairs = 0;
    const makePair: MakePair = (left, right) => {
      const [a, b] = [`a ${++pairs}`, `b ${pairs}`];
      const [one, other] = [
        glue(new BroadcastChannel("bus"), a, left),
        glue(new BroadcastChannel("bus"), b, right),
      ];
      return {
        left: { path: b, send: (frame) => one.send(frame, b), close: one.close },
        right: { path: a, send: (frame) => other.send(frame, a), close: other.close },
        settle: turned,
      };
    };
    expect(await broken(makePair, "datagram")).toEqual([]);
  });

  test("manual-host", async () => {
    const lines: string[] = [];
    await page.run("manual-host", { console: { log: (line: string) => lines.push(line) } });
    expect(lines).toEqual(page.shown("manual-host"));
  });

  test("fake-timers", async () => {
    const lines: string[] = [];
    await page.run("fake-timers", { console: { log: (line: string) => lines.push(line) } });
    expect(rough(lines)).toEqual(rough(page.shown("fake-timers")));
  });

  test("network", async () => {
    const seen: string[] = [];
    await page.run("network", { console: { log: (line: string) => seen.push(line) } });
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
    await page.run("scenario", {}, [], { vitest });
    expect(tests).toHaveLength(1);
    expect(tests[0]).not.toThrow();
    const untrue = page.block("scenario").replace("> 10880 alive", "> 10881 alive");
    await runExample(untrue, {}, [], { vitest });
    expect(tests[1]).toThrow("to be");
  });

  test("property", async () => {
    const properties: (() => void)[] = [];
    const vitest = {
      expect,
      test: (_name: string, property: () => void) => properties.push(property),
    };
    await page.run("property", {}, [], { vitest });
    expect(properties).toHaveLength(1);
    expect(properties[0]).not.toThrow();
    // Who takes a suspect for alive is found out.
    const wrong = page.block("property").replace('output.to === "alive"', 'output.to !== "dead"');
    await runExample(wrong, {}, [], { vitest });
    expect(properties[1]).toThrow("Property failed");
  });
});

test("no block was forgotten", () => {
  expect(page.left).toEqual([]);
});

/** Two ends of one stream in this process, which keeps no boundaries. */
function piped(): readonly [Duplex, Duplex] {
  const end = (other: () => Duplex): Duplex =>
    new Duplex({
      allowHalfOpen: false,
      read() {},
      write(bytes: Buffer, _encoding, done) {
        // Read at once, brought later and in pieces, as by a stream that leaves the process.
        const sent = Buffer.from(bytes);
        setImmediate(() => {
          for (let at = 0; at < sent.length; at += 1_000)
            other().push(sent.subarray(at, at + 1_000));
          done();
        });
      },
      destroy(error, done) {
        if (!other().readableEnded) other().push(null);
        done(error);
      },
    });
  const ends: [Duplex, Duplex] = [end(() => ends[1]), end(() => ends[0])];
  return ends;
}
