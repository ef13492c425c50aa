// `peers.mjs COUNT PORT PREFIX`: so many peers in one process, each with a connection of its own. They
// arrive in waves: a queue of connections that nobody has accepted yet has 511 places.
import { connect } from "@systole/adapter-net";

const [count, port, prefix] = process.argv.slice(2);
const WAVE = 50;
// A stall excuses only the side that was frozen, so their own D is far above it.
const policy = { intervalMs: 1_000, suspectAfterMs: 8_000, deadAfterMs: 20_000 };

const server = { host: "127.0.0.1", port: Number(port) };

process.on("disconnect", () => process.exit());
for (let from = 0; from < Number(count); from += WAVE) {
  const wave = Array.from({ length: Math.min(WAVE, Number(count) - from) }, (_, n) =>
    connect({ ...server, id: `${prefix}-${from + n}`, policy, reconnect: true }),
  );
  await Promise.all(wave.map((peer) => peer.alive()));
}
