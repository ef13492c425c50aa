// `peer.mjs tcp|udp ID PORT`: one peer of an observer on this machine. Tells its own view by IPC.
import { createNode } from "@systole/adapter-dgram";
import { connect } from "@systole/adapter-net";

const [transport, id, port] = process.argv.slice(2);
// Quick to come back; a long D of its own, so that only the observer judges.
const policy = { intervalMs: 200, suspectAfterMs: 5_000, deadAfterMs: 30_000, backoffMinMs: 100 };
const say = (message) => process.send(message);

const peer = transport === "tcp" ? overTcp() : await overUdp();
peer.on("alive", ({ session }) => say({ type: "alive", session }));
peer.on("dead", ({ session, reason }) => say({ type: "dead", session, reason }));
peer.on("declared-dead", () => say({ type: "declared-dead" }));
process.on("disconnect", () => process.exit());

function overTcp() {
  const options = { host: "127.0.0.1", port: Number(port), id, policy, reconnect: true };
  const peer = connect(options);
  process.on("message", () => peer.close().then(() => process.disconnect()));
  return peer;
}

async function overUdp() {
  const node = createNode({ id, policy });
  await node.bind(0, "127.0.0.1");
  process.on("message", () => node.close().then(() => process.disconnect()));
  return node.add("observer", { address: "127.0.0.1", port: Number(port) });
}
