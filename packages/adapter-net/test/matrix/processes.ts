// The fault matrix, continued: real processes on both sides of the wire, frozen, killed, started twice.
// Twenty rounds of each side by side, and every one must tell the same story.
import type { AddressInfo } from "node:net";
import { connect, createServer, type Peer, type SystoleServer } from "@systole/adapter-net";
import { afterEach, describe, expect, test } from "vitest";
import { beatsOf, Child, Story } from "../waiting.ts";

const SCRIPT = new URL("process.mjs", import.meta.url);
const ROUNDS = 20;
const POLICY = { intervalMs: 200, suspectAfterMs: 1_500, deadAfterMs: 3_500 };
/** Where nobody is to be silent, not even a process that must wait for its core. */
const PATIENT = { intervalMs: 200, suspectAfterMs: 15_000, deadAfterMs: 30_000 };
/** Judges sooner than it is judged: frozen for the other's S, it has missed its own D. */
const HASTY = { intervalMs: 200, suspectAfterMs: 450, deadAfterMs: 900 };

let server: SystoleServer | undefined;
let story: Story;
const peers: Peer[] = [];
const children: Child[] = [];

async function cleanUp(): Promise<void> {
  await Promise.all(children.splice(0).map((child) => child.kill()));
  await Promise.all(peers.splice(0).map((peer) => peer.close()));
  await server?.close();
}

/** Plays a fault in every round at once, and returns the one story that all of them told. */
async function everyRound(play: (id: string) => Promise<readonly string[]>): Promise<unknown> {
  const ids = Array.from({ length: ROUNDS }, (_, n) => `round-${n}`);
  const stories = await Promise.all(ids.map(play));
  const [first] = stories;
  expect(stories).toEqual(ids.map(() => first));
  return first;
}

async function serve(policy: object): Promise<void> {
  server = createServer({ id: "server", policy });
  // Every round listens.
  server.setMaxListeners(0);
  story = new Story(server);
  await server.listen(0, "127.0.0.1");
}

function startClient(id: string, policy: object, ...more: string[]): Child {
  const port = ((server as SystoleServer).address() as AddressInfo).port;
  const child = new Child(SCRIPT, "client", id, JSON.stringify(policy), port, ...more);
  children.push(child);
  return child;
}

/** A server in a process of its own, and a client of it in this one. */
async function startServer(id: string, policy: object): Promise<[Child, Peer, Story]> {
  const child = new Child(SCRIPT, "server", id, JSON.stringify(policy));
  children.push(child);
  const { port } = await child.says<{ port: number }>("listening");
  const peer = connect({ host: "127.0.0.1", port, id: "client", policy: POLICY });
  peers.push(peer);
  const said = new Story(peer);
  await Promise.all([peer.alive(), child.says("alive")]);
  return [child, peer, said];
}

/** What a child said of its last days; both sides are over after that. */
async function wordsOf(child: Child, to: string): Promise<string> {
  return (await child.says<{ words: string }>(to)).words;
}

/** One after the other, as each has twenty processes or more; beside whatever else there is. */
export function describeProcesses(): void {
  describe.concurrent(`${ROUNDS} rounds of what befalls a process, side by side`, () => {
    afterEach(cleanUp);

    test.sequential("freeze of a client for good: suspect, dead; when it thaws it finds its connection closed", async () => {
      await serve(POLICY);
      const told = await everyRound(async (id) => {
        const child = startClient(id, POLICY);
        await story.reached(id, "alive");
        child.signal("SIGSTOP");
        await story.reached(id, "dead");
        child.signal("SIGCONT");
        return [...story.of(id), `client: ${await wordsOf(child, "dead")}`];
      });
      expect(told).toEqual(["alive#1", "suspect#1", "dead#1 silence", "client: dead#1 closed"]);
    });

    test.sequential("freeze of a server for good: suspect, dead; when it thaws it finds the connection closed", async () => {
      const told = await everyRound(async (id) => {
        const [child, , said] = await startServer(id, POLICY);
        child.signal("SIGSTOP");
        await said.reached(id, "dead");
        child.signal("SIGCONT");
        return [...said.of(id), `server: ${await wordsOf(child, "dead")}`];
      });
      expect(told).toEqual(["alive#1", "suspect#1", "dead#1 silence", "server: dead#1 closed"]);
    });

    test.sequential("freeze of an observer beyond its own deadAfterMs: it blames nobody, and is forgiven", async () => {
      const told = await everyRound(async (id) => {
        const [child, peer, said] = await startServer(id, HASTY);
        child.signal("SIGSTOP");
        await said.reached(id, "suspect");
        child.signal("SIGCONT");
        await said.grown(id, 3);
        await beatsOf(id, 5);
        await peer.close();
        // Its next word after `alive` is this one: no doubt in between.
        return [
          ...said.of(id),
          `server: ${await wordsOf(child, "dead")}`,
          `${child.unheard} words more`,
        ];
      });
      expect(told).toEqual([
        "alive#1",
        "suspect#1",
        "alive#1",
        "dead#1 left",
        "server: dead#1 left",
        "0 words more",
      ]);
    });

    test.sequential("crash and restart with one id: closed, and the next session", async () => {
      await serve(PATIENT);
      const told = await everyRound(async (id) => {
        const child = startClient(id, PATIENT);
        await story.reached(id, "alive");
        await child.kill();
        const again = startClient(id, PATIENT);
        await story.reached(id, "alive", 2);
        return [...story.of(id), `client: ${await wordsOf(again, "alive")}`];
      });
      expect(told).toEqual([
        "alive#1",
        "dead#1 closed",
        "connecting#2",
        "alive#2",
        "client: alive#1",
      ]);
    });

    test.sequential("two live processes with one id: the newcomer is refused each time, and nobody is replaced", async () => {
      await serve(PATIENT);
      const told = await everyRound(async (id) => {
        const incumbent = startClient(id, PATIENT, "reconnect");
        await story.reached(id, "alive");
        const newcomer = startClient(id, PATIENT, "reconnect");
        const refusals = [];
        for (let n = 0; n < 3; n++) refusals.push(await wordsOf(newcomer, "dead"));
        await incumbent.says("alive");
        return [...story.of(id), ...refusals, `incumbent: ${incumbent.unheard} words more`];
      });
      expect(told).toEqual([
        "alive#1",
        "dead#1 duplicate-id",
        "dead#2 duplicate-id",
        "dead#3 duplicate-id",
        "incumbent: 0 words more",
      ]);
    });
  });
}
