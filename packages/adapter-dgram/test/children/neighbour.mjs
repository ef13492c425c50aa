// `neighbour.mjs ID ADDRESS PEER PEER_ADDRESS PORT`: one of two nodes at the ends of a cable. Tells its own
// view of the other by IPC.
import { createNode, explain } from "@systole/adapter-dgram";

const [id, address, peer, peerAddress, port] = process.argv.slice(2);
const policy = { intervalMs: 100, suspectAfterMs: 1_000, deadAfterMs: 2_500 };
const node = createNode({ id, policy });
await node.bind(Number(port), address);
node.add(peer, { address: peerAddress, port: Number(port) });
node.on("change", (change) => process.send({ ...change, type: change.to, words: explain(change) }));
process.on("disconnect", () => process.exit());
process.send({ type: "ready" });
