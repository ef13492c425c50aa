// `node peers.mjs COUNT PORT`: so many healthy UDP peers in one process, each with its own socket.

import { createNode } from "@systole/adapter-dgram";

const [count, port] = process.argv.slice(2).map(Number);
// Their own D is above the observer's freeze: a stall excuses only the side that was frozen.
const policy = { intervalMs: 500, suspectAfterMs: 5_000, deadAfterMs: 10_000 };
for (let n = 0; n < count; n++) {
  const node = createNode({ id: `peer-${n}`, policy });
  await node.bind(0, "127.0.0.1");
  node.add("observer", { address: "127.0.0.1", port });
}
process.on("disconnect", () => process.exit());
