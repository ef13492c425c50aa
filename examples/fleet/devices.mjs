// `devices.mjs PORT KEY ID…`: devices in a process of their own, each with a socket of its own; all they
// know of the gateway is the address of their NAT, and the key. It asks them for the pace it needs.

import { createNode } from "@systole/adapter-dgram";

const [port, secret, ...ids] = process.argv.slice(2);
let keys = { sign: "first", accept: { first: Buffer.from(secret, "hex") } };
const nodes = ids.map((id) => createNode({ id, keys }));
for (const node of nodes) {
  await node.bind(0, "127.0.0.1");
  node.add("gateway", { address: "127.0.0.1", port: Number(port) });
}

/** Keys change in steps: each of them is accepted everywhere before anybody signs with it. */
process.on("message", ({ sign, accept }) => {
  const secrets = Object.entries(accept).map(([name, hex]) => [name, Buffer.from(hex, "hex")]);
  keys = { sign, accept: Object.fromEntries(secrets) };
  for (const node of nodes) node.setKeys(keys);
  process.send("keys");
});
process.on("disconnect", () => process.exit());
