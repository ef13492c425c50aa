// Two nodes in namespaces of their own with a cable between them, which is pulled: for both directions, or
// for one only. Both sides notice either way; who still hears the other says so.
import { describe, expect, test } from "vitest";
import { ADDRESS, canPullCables, Networks } from "../../adapter-net/test/cable/namespaces.ts";
import { Child } from "../../adapter-net/test/waiting.ts";

const SCRIPT = new URL("children/neighbour.mjs", import.meta.url);
const PORT = 7_001;

interface Said {
  readonly session: number;
  readonly reason?: string;
  readonly words: string;
  readonly evidence: { readonly oneWay: boolean };
}

/** Runs a test with a node at each end, both alive, and cleans up whatever it does. */
async function withNodes(
  body: (networks: Networks, server: Child, client: Child) => Promise<void>,
): Promise<void> {
  const networks = new Networks();
  const start = (own: "server" | "client", other: "server" | "client") =>
    new Child(networks.at(own, SCRIPT), own, ADDRESS[own], other, ADDRESS[other], PORT);
  const server = start("server", "client");
  const client = start("client", "server");
  try {
    await bothSay("alive", server, client);
    await body(networks, server, client);
  } finally {
    await Promise.all([server.kill(), client.kill()]);
    networks[Symbol.dispose]();
  }
}

const bothSay = (type: string, ...sides: Child[]) =>
  Promise.all(sides.map((side) => side.says(type)));

/** Whoever starts first may have found nobody there yet. */
async function death(side: Child): Promise<Said> {
  for (;;) {
    const said = await side.says<Said>("dead");
    if (said.reason !== "unreachable") return said;
  }
}

export function describeUdpCable(): void {
  const wherePossible = canPullCables() ? describe.concurrent : describe.skip;
  wherePossible("a cable between two nodes", () => {
    test("pulled for both directions, it is silence on both sides", () =>
      withNodes(async (networks, server, client) => {
        networks.pull();
        for (const side of [server, client]) {
          const dead = await death(side);
          expect(dead).toMatchObject({ reason: "silence", evidence: { oneWay: false } });
        }
        networks.plug();
        await bothSay("alive", server, client);
      }));

    test("pulled for one direction only, whoever still hears the other says so", () =>
      withNodes(async (networks, server, client) => {
        networks.mute();
        const deaf = await death(server);
        expect(deaf).toMatchObject({ reason: "silence", evidence: { oneWay: false } });
        const mute = await death(client);
        console.log(`deaf: ${deaf.words}\nmute: ${mute.words}`);
        expect(mute).toMatchObject({ reason: "silence", evidence: { oneWay: true } });
        expect(mute.words).toContain("one-way: we hear it, it does not hear us");
        networks.unmute();
        await bothSay("alive", server, client);
      }));
  });
}
