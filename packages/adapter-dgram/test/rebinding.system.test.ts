// A peer behind a NAT, on real sockets: its port and its address change under way.
import { createNode, type NodeOptions, type SystoleNode } from "@systole/adapter-dgram";
import { afterEach, expect, test } from "vitest";
import { beatsOf, next, Story } from "../../adapter-net/test/waiting.ts";
import { Nat } from "./nat.ts";

const POLICY = { intervalMs: 100, suspectAfterMs: 1_500, deadAfterMs: 3_000 };
const LOCAL = "127.0.0.1";
const open: { [Symbol.asyncDispose](): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

async function bound(id: string, options: Partial<NodeOptions> = {}): Promise<SystoleNode> {
  const node = createNode({ id, policy: POLICY, ...options });
  open.push(node);
  await node.bind(0, "0.0.0.0");
  return node;
}

const secret = new Uint8Array(32).fill(7);
const keys = { sign: "k", accept: { k: secret } };

test.each([
  ["without keys", {}],
  ["with keys", { keys }],
])(
  "port and address move under way: same peer, same session, no suspicion (%s)",
  async (_how, options) => {
    const gateway = await bound("gateway", { ...options, accept: () => true });
    const nat = await Nat.to({ address: LOCAL, port: gateway.address()?.port as number });
    open.push(nat);
    const device = await bound("device", options);
    const atGateway = new Story(gateway);
    const atDevice = new Story(device);
    await device.add("gateway", nat.inside).alive();
    await atGateway.reached("device", "alive");
    const peer = gateway.peer("device");
    const before = nat.outside;
    expect(peer?.address).toEqual(before);

    // The port, and then the address, too.
    for (const address of [LOCAL, "127.0.0.2"]) {
      const from = nat.outside;
      const moved = next<{ id: string; from: unknown; to: unknown }>(gateway, "moved");
      await nat.rebind(address);
      expect(await moved).toMatchObject({ id: "device", from, to: nat.outside });
      await beatsOf("gateway", 5);
      expect(peer?.address).toEqual(nat.outside);
    }
    expect(gateway.peer("device")).toBe(peer);
    expect(gateway.stats()).toMatchObject({ moves: 2, movesRefused: 0 });
    expect(atGateway.of("device")).toEqual(["alive#1"]);
    expect(atDevice.of("gateway")).toEqual(["alive#1"]);
  },
);

test("what the device once said, said again from elsewhere, moves nobody", async () => {
  const gateway = await bound("gateway", { keys, accept: () => true });
  const place = { address: LOCAL, port: gateway.address()?.port as number };
  const nat = await Nat.to(place);
  const other = await Nat.to(place);
  open.push(nat, other);
  const device = await bound("device", { keys });
  const story = new Story(gateway);
  await device.add("gateway", nat.inside).alive();
  await story.reached("device", "alive");
  await beatsOf("gateway", 5);
  const recorded = [...nat.carried];
  const { framesReceived } = gateway.stats();
  for (const datagram of recorded) other.say(datagram);
  await beatsOf("device", 10);
  await beatsOf("gateway", 10);
  expect(gateway.stats().framesReceived).toBeGreaterThanOrEqual(framesReceived + recorded.length);
  expect(gateway.peer("device")?.address).toEqual(nat.outside);
  expect(gateway.stats().moves).toBe(0);
  expect(story.of("device")).toEqual(["alive#1"]);
});
