// One buffer serves for all datagrams that the kernel takes at once; what waits in the socket's own queue is
// written over by nothing.
import { afterEach, expect, test } from "vitest";
import { ADDRESS, canPullCables, Networks } from "../../adapter-net/test/cable/namespaces.ts";
import { Child, killChildren } from "../../adapter-net/test/waiting.ts";

const SCRIPT = new URL("children/queue.mjs", import.meta.url);
const PORT = 7_002;
/** Nobody's, until the receiver takes it. */
const LATER = "10.77.0.9";
const ALL = Array.from({ length: 200 }, (_, n) => n);

interface Sent {
  readonly buffers: number;
  readonly errors: object;
}

afterEach(killChildren);

test.runIf(canPullCables())(
  "a datagram that is queued leaves as it was written",
  async () => {
    using networks = new Networks();
    const sender = new Child(networks.at("server", SCRIPT), "send", ADDRESS.server, LATER, PORT);
    const receiver = new Child(networks.at("client", SCRIPT), "receive", LATER, PORT);
    await Promise.all([sender.says("ready"), receiver.says("ready")]);

    // Where nobody answers for an address, the kernel keeps what is sent to it, and soon takes no more.
    sender.tell({});
    const queued = await sender.says<Sent>("sent");
    receiver.tell({});
    expect((await receiver.says<{ got: unknown[] }>("received")).got).toEqual(ALL);
    expect(queued.buffers).toBeGreaterThan(100);
    expect(queued.buffers).toBeLessThan(200);
    expect(queued.errors).toEqual({});

    // Now somebody answers, and everything is taken at once.
    sender.tell({});
    expect((await receiver.says<{ got: unknown[] }>("received")).got).toEqual(ALL);
    expect((await sender.says<Sent>("sent")).buffers).toBe(1);
  },
  60_000,
);
