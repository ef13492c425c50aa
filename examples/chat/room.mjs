// The room: passes on what guests say, and tells everybody who is there, who has gone quiet, who is back
// and who is gone for which reason. All it knows of that, it hears from its server.

import { createServer } from "@systole/adapter-net";
import { decode, encode } from "./messages.mjs";

const POLICY = { intervalMs: 300, suspectAfterMs: 900, deadAfterMs: 2_500 };

/** Opens a room; `onTold` is called with everything that is told in it. */
export async function openRoom({ port = 0, host = "127.0.0.1", onTold = () => {} } = {}) {
  const server = createServer({ id: "room", policy: POLICY });
  const tell = (what) => {
    onTold(what);
    const bytes = encode(what);
    for (const peer of server.peers) {
      // A guest whose connection is full misses a line instead of making everybody wait.
      if (peer.status === "alive" || what.who === peer.id) peer.send(bytes);
    }
  };
  server.on("peer", (peer) => {
    const who = peer.id;
    tell({ who, is: "here" });
    peer.on("message", (bytes) => tell({ who, says: String(decode(bytes).says) }));
    peer.on("change", ({ from, to, reason, evidence }) => {
      const silenceMs = evidence.silenceMs;
      if (to === "suspect") tell({ who, is: "quiet", silenceMs });
      if (to === "alive" && from === "suspect") tell({ who, is: "back", silenceMs });
      if (to === "dead") tell({ who, is: "gone", reason, silenceMs });
    });
  });
  await server.listen(port, host);
  return { port: server.address().port, close: () => server.close() };
}
