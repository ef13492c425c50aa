// One peer in a process of its own: `node child.mjs tcp|udp ID PORT`. It lives until it is killed,
// told to leave, or its observer is gone.

import { createNode } from "@systole/adapter-dgram";
import { connect } from "@systole/adapter-net";
import { CHILDREN as policy } from "./story.mjs";

const [transport, id, port] = process.argv.slice(2);
const leave = transport === "tcp" ? overTcp() : await overUdp();

process.on("message", async () => {
  await leave();
  process.exit();
});
process.on("disconnect", () => process.exit());

function overTcp() {
  const peer = connect({ host: "127.0.0.1", port: Number(port), id, policy, reconnect: true });
  return () => peer.close();
}

async function overUdp() {
  const node = createNode({ id, policy });
  await node.bind(0, "127.0.0.1");
  node.add("observer", { address: "127.0.0.1", port: Number(port) });
  return () => node.close();
}
