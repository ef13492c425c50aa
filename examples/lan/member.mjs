// `member.mjs PARTY ID INTERFACE-ADDRESS`: one machine of a LAN. Finds the others by multicast, and then talks to
// each of them alone.

import { createNode } from "@systole/adapter-dgram";
import { discover } from "./discovery.mjs";

const [party, id, interfaceAddress] = process.argv.slice(2);
const policy = { intervalMs: 200, suspectAfterMs: 800, deadAfterMs: 2_000 };

// Whoever heard us calls before we have heard it.
const node = createNode({ id, policy, accept: () => true });
node.on("change", ({ id: of, to, reason, evidence }) => {
  process.send({ id, of, to, reason, silenceMs: evidence.silenceMs });
});
await node.bind(0, interfaceAddress);
process.on("disconnect", () => process.exit());
process.on("message", async () => {
  await node.close();
  process.exit();
});

await discover({
  party,
  id,
  port: node.address().port,
  interfaceAddress,
  onFound({ id: other, address, port }) {
    const isKnown = other === id || node.peer(other) !== undefined;
    if (!isKnown) node.add(other, { address, port });
  },
});
