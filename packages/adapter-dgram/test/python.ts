// A second implementation, in Python, written from docs/wire.md alone: it reads and writes the test vectors,
// and lives with a real node; so does one of a later version, with fields nobody here knows.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { createNode } from "@systole/adapter-dgram";
import { describe, expect, test } from "vitest";
import { Story } from "../../adapter-net/test/waiting.ts";

const run = promisify(execFile);
const path = (relative: string) => new URL(`../../../${relative}`, import.meta.url).pathname;
const PEER = path("examples/python/peer.py");
const SECONDS = 10;
const POLICY = { intervalMs: 200, suspectAfterMs: 1_500, deadAfterMs: 4_000 };

export function describePython(): void {
  describe.concurrent("examples/python", () => {
    test("the second implementation agrees about every test vector", async () => {
      const vectors = path("packages/core/test/vectors/frames.json");
      const { stdout } = await run("python3", [PEER, "vectors", vectors]);
      expect(stdout).toMatch(/^\d+ frames accepted, \d+ rejected/);
    });

    test(`it is alive for ${SECONDS} s, and so is one of a later version`, async () => {
      const node = createNode({ id: "observer", policy: POLICY, accept: () => true });
      const story = new Story(node);
      try {
        await node.bind(0, "127.0.0.1");
        const port = String(node.address()?.port);
        const join = (id: string, ...later: string[]) =>
          run("python3", [PEER, "join", "127.0.0.1", port, id, String(SECONDS), ...later]);
        const ended = await Promise.all([join("today"), join("tomorrow", "0123456789abcdef")]);
        // It judges nobody, so the wish is the node's: a third of its S.
        for (const { stdout } of ended) expect(stdout).toBe("alive, beats every 500 ms\n");
        for (const id of ["today", "tomorrow"]) {
          await story.reached(id, "dead");
          expect(story.of(id)).toEqual(["alive#1", "dead#1 left"]);
        }
        // A hello said twice within the interval is answered once.
        const { "too-many": _again, ...others } = node.stats().dropped;
        expect(others).toEqual({});
      } finally {
        await node.close();
      }
    });
  });
}
