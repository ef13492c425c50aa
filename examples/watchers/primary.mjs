// The primary: whoever has the key and one of these names may watch it. It serves only while a majority of
// them cannot have declared it dead, however long it slept since it looked last.
import { createNode } from "@systole/adapter-dgram";

const [id, key, policy, watchers] = process.argv.slice(2);
const names = watchers.split(",");
const node = createNode({
  id,
  policy: JSON.parse(policy),
  keys: { sign: "shared", accept: { shared: Buffer.from(key, "hex") } },
  accept: (candidate) => names.includes(candidate.id),
});
node.on("unauthenticated", () => process.send({ type: "unauthenticated" }));
await node.bind(0, "127.0.0.1");
process.send({ type: "listening", port: node.address().port });

/** When it served last, on the monotonic clock of this machine, which is the same for all processes. */
let lastAt;
setInterval(() => {
  const now = performance.now();
  const vouching = [...node.peers].filter((peer) => peer.trustedUntil() > now).length;
  const isTrusted = vouching * 2 > names.length;
  if (isTrusted) lastAt = Number(process.hrtime.bigint()) / 1e6;
  if (isTrusted || lastAt !== undefined) {
    process.send({ type: isTrusted ? "serves" : "stopped", lastAt });
  }
}, 50);
