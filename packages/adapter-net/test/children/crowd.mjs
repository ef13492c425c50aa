// `crowd.mjs tcp|udp COUNT PORT PREFIX`: so many healthy peers in one process, each with a socket of
// its own. A stall excuses only the side that was frozen, so their own D is far above it.
import { createNode } from "@systole/adapter-dgram";
import { connect } from "@systole/adapter-net";

const [transport, count, port, prefix] = process.argv.slice(2);
const policy = { intervalMs: 500, suspectAfterMs: 6_000, deadAfterMs: 10_000 };
const target = { port: Number(port) };

for (let n = 0; n < Number(count); n++) {
  const id = `${prefix}-${n}`;
  if (transport === "tcp") connect({ host: "127.0.0.1", ...target, id, policy, reconnect: true });
  else {
    const node = createNode({ id, policy });
    await node.bind(0, "127.0.0.1");
    node.add("observer", { address: "127.0.0.1", ...target });
  }
}
process.on("disconnect", () => process.exit());
