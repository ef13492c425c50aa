// A watcher: whoever has the key is the primary for it, and nobody else is heard.
import { createNode, explain } from "@systole/adapter-dgram";

const [id, key, policy, port] = process.argv.slice(2);
const node = createNode({
  id,
  policy: JSON.parse(policy),
  keys: { sign: "shared", accept: { shared: Buffer.from(key, "hex") } },
});
node.on("unauthenticated", () => process.send({ type: "unauthenticated" }));
node.on("change", (change) =>
  process.send({ type: change.to, words: explain(change), safeInMs: change.safeInMs }),
);
await node.bind(0, "127.0.0.1");
process.send({ type: "listening", port: node.address().port });
node.add("primary", { address: "127.0.0.1", port: Number(port) });
