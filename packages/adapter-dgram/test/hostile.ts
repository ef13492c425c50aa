// Acceptance: hostile datagrams from a second process at half of what a node takes, for as long as wanted.
// Nothing throws, no healthy peer changes, nothing grows, and every datagram is accounted for.
import { createSocket } from "node:dgram";
import { createNode } from "@systole/adapter-dgram";
import { afterEach, describe, expect, test } from "vitest";
import { Child, type Keep, killChildren, Story } from "../../adapter-net/test/waiting.ts";

const LOCAL = "127.0.0.1";
const PEERS = 8;
const CANDIDATES = 32;
const PROBE_DATAGRAMS = 20_000;
const SECRET = "a secret of more than 16 bytes";
const POLICY = { intervalMs: 200, suspectAfterMs: 4_000, deadAfterMs: 10_000 };
/** Dropped before they are frames; every other datagram counts as a frame first. */
const NO_FRAMES = ["short", "magic", "version", "type", "flags", "length", "range", "id"];
const NOT_AUTHENTIC = ["unsealed", "unknown-key", "bad-seal"];
const ATTACKER = new URL("children/attacker.mjs", import.meta.url);

interface Attacked {
  readonly sent: number;
  readonly forwarded: number;
}

export function describeHostile(datagrams: number, keep: Keep = () => {}): void {
  describe(`${datagrams} hostile datagrams at half of the capacity`, () => {
    afterEach(killChildren);

    test.each([
      ["without keys", undefined],
      ["with keys", SECRET],
    ])("%s", async (_name, secret) => {
      const keys = secret ? { sign: "k", accept: { k: Buffer.from(secret) } } : undefined;
      const socket = createSocket({ type: "udp4", recvBufferSize: 4_194_304 });
      await new Promise<void>((resolve) => socket.bind(0, LOCAL, resolve));
      const node = createNode({
        id: "observer",
        policy: POLICY,
        socket,
        keys,
        accept: ({ id }) => id.startsWith("healthy-"),
        limits: { candidates: CANDIDATES },
      });
      let arrived = 0;
      // What looks like no frame is left to whoever shares the socket.
      let foreign = 0;
      socket.on("message", (bytes, from) => {
        arrived += 1;
        if (!node.handle(bytes, from)) foreign += 1;
      });
      const story = new Story(node);
      try {
        const attacker = new Child(
          ATTACKER,
          socket.address().port,
          PEERS,
          ...(secret ? [secret] : []),
        );
        const healthy = Array.from({ length: PEERS }, (_, n) => `healthy-${n}`);
        for (const id of healthy) await story.reached(id, "alive");
        await attacker.says("ready");

        const before = performance.now();
        attacker.tell({ datagrams: PROBE_DATAGRAMS, perSecond: 1e9 });
        await attacker.says<Attacked>("attacked");
        const perSecond = (arrived / (performance.now() - before)) * 1_000;
        attacker.tell({ datagrams, perSecond: perSecond / 2 });
        const { sent, forwarded } = await attacker.says<Attacked>("attacked");
        // What was queued comes before what is said from now on.
        const { framesReceived } = node.stats();
        while (node.stats().framesReceived < framesReceived + 3 * PEERS)
          await new Promise((resolve) => setTimeout(resolve, 20));

        const { dropped, candidates, sessions, ...stats } = node.stats();
        const reasons = Object.entries(dropped);
        const sum = (names: readonly string[]) =>
          reasons.reduce((all, [name, count]) => all + (names.includes(name) ? count : 0), 0);
        const all = reasons.reduce((total, [, count]) => total + count, 0);
        console.log(
          `${_name}: ${sent} hostile at ${Math.round(perSecond / 2)}/s, ${forwarded} of healthy peers, ${arrived} arrived, ${foreign} left to others; dropped ${JSON.stringify(dropped)}`,
        );
        for (const id of healthy) expect(story.of(id)).toEqual(["alive#1"]);
        expect(node.peers.map(({ id }) => id).sort()).toEqual(healthy);
        expect(foreign + stats.framesReceived + sum([...NO_FRAMES, ...NOT_AUTHENTIC])).toBe(
          arrived,
        );
        // Some hellos that are said again are answered, as they must be; nothing else gets through.
        expect(foreign + all).toBeGreaterThan(0.95 * (arrived - forwarded));
        expect(foreign + all).toBeLessThanOrEqual(arrived);
        expect(candidates).toBeLessThanOrEqual(CANDIDATES);
        expect(sessions).toBeLessThanOrEqual(CANDIDATES + 2 * PEERS);
        const faults = secret ? ["bad-seal", "behind"] : ["short", "range", "wrong-tag", "behind"];
        for (const fault of faults) expect(Object.keys(dropped)).toContain(fault);
        keep({
          node: _name,
          "hostile datagrams": sent,
          "a second": Math.round(perSecond / 2),
          arrived,
          "dropped and counted": foreign + all,
          "changes of the 8 healthy peers": healthy.flatMap((id) => story.of(id).slice(1)).length,
          "candidates at the end": candidates,
        });
      } finally {
        await killChildren();
        await node.close();
        socket.close();
      }
    });
  });
}
