// Real processes that are killed, frozen, thawed and restarted, watched over TCP and over UDP.
import type { AddressInfo } from "node:net";
import { createNode } from "@systole/adapter-dgram";
import { createServer } from "@systole/adapter-net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Child, Story } from "./waiting.ts";

/** Patient enough for children that wait for a core; nobody waits for this here. */
const POLICY = { intervalMs: 200, suspectAfterMs: 1_500, deadAfterMs: 3_000 };
const SCRIPT = new URL("children/peer.mjs", import.meta.url);

interface Observer {
  readonly story: Story;
  readonly port: number;
  /** Queues more for a peer than a kernel takes, where there are messages. */
  flood(id: string): void;
  close(): Promise<void>;
}

async function overTcp(): Promise<Observer> {
  const server = createServer({ id: "observer", policy: POLICY });
  await server.listen(0, "127.0.0.1");
  const { port } = server.address() as AddressInfo;
  const megabyte = new Uint8Array(1_000_000);
  return {
    story: new Story(server),
    port,
    flood: (id) => {
      for (let n = 0; n < 64; n++) server.peer(id)?.send(megabyte);
    },
    close: () => server.close(),
  };
}

async function overUdp(): Promise<Observer> {
  const node = createNode({ id: "observer", policy: POLICY, accept: () => true });
  await node.bind(0, "127.0.0.1");
  const port = node.address()?.port as number;
  return { story: new Story(node), port, flood: () => {}, close: () => node.close() };
}

/** One after the other over each. */
export function describeFaults(): void {
  describe.concurrent.each([
    ["tcp", overTcp],
    ["udp", overUdp],
  ] as const)("processes come and go over %s", (transport, observe) => {
    let observer: Observer;
    const children: Child[] = [];

    beforeEach(async () => {
      observer = await observe();
    });

    afterEach(async () => {
      await Promise.all(children.splice(0).map((child) => child.kill()));
      await observer.close();
    });

    async function start(id: string, session = 1): Promise<Child> {
      const child = new Child(SCRIPT, transport, id, observer.port);
      children.push(child);
      await observer.story.reached(id, "alive", session);
      return child;
    }

    test.sequential("a killed process is dead, and a new one under its id is the next session", async () => {
      const { story } = observer;
      await (await start("killed")).kill();
      const dead = await story.reached("killed", "dead");
      expect(dead.reason).toBe(transport === "tcp" ? "closed" : "silence");
      await start("killed", 2);
      expect(story.of("killed").slice(-2)).toEqual(["connecting#2", "alive#2"]);
    });

    test.sequential("a process that is replaced within its deadline is a new session, not the old one", async () => {
      const { story } = observer;
      await (await start("replaced")).kill();
      // At once: over UDP the observer still believes in the first one, and must ask it first.
      await start("replaced", 2);
      const [before] = story.of("replaced").filter((words) => words.startsWith("dead#1"));
      expect(before).toBe(transport === "tcp" ? "dead#1 closed" : "dead#1 restarted");
    });

    test.sequential("a process frozen for ever is suspect, then dead, while its kernel goes on answering", async () => {
      const { story } = observer;
      const child = await start("frozen");
      child.signal("SIGSTOP");
      await story.reached("frozen", "dead");
      expect(story.of("frozen")).toEqual(["alive#1", "suspect#1", "dead#1 silence"]);
    });

    test.sequential("a process thawed in time is alive again in the same session", async () => {
      const { story } = observer;
      const child = await start("thawed");
      child.signal("SIGSTOP");
      await story.reached("thawed", "suspect");
      child.signal("SIGCONT");
      await story.grown("thawed", 3);
      expect(story.of("thawed")).toEqual(["alive#1", "suspect#1", "alive#1"]);
    });

    test.sequential("a process thawed too late is dead, and comes back as a new session", async () => {
      const { story } = observer;
      const child = await start("late");
      child.signal("SIGSTOP");
      await story.reached("late", "dead");
      child.signal("SIGCONT");
      await story.reached("late", "alive", 2);
      expect(story.of("late")).toEqual([
        "alive#1",
        "suspect#1",
        "dead#1 silence",
        "connecting#2",
        "alive#2",
      ]);
      // It learns of its death, too: from the closed connection, or by being told.
      const { session, reason } = await child.says<{ session: number; reason: string }>("dead");
      expect([session, reason]).toEqual([1, transport === "tcp" ? "closed" : "restarted"]);
    });

    test.sequential("grpc/grpc-node#2953: closing does not wait for a frozen process longer than until it is dead", async () => {
      const { story } = observer;
      const child = await start("stuck");
      child.signal("SIGSTOP");
      observer.flood("stuck");
      await observer.close();
      const words = transport === "tcp" ? ["suspect#1", "dead#1 silence"] : ["dead#1 left"];
      expect(story.of("stuck")).toEqual(["alive#1", ...words]);
    });

    test.sequential("a process that leaves is dead at once, and ends by itself", async () => {
      const { story } = observer;
      const child = await start("leaving");
      child.tell({ type: "leave" });
      expect((await story.reached("leaving", "dead")).reason).toBe("left");
      expect(story.of("leaving")).toEqual(["alive#1", "dead#1 left"]);
      expect(await child.exited).toBe(0);
    });
  });
}
