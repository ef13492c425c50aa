import { describeCrowd } from "./crowd.ts";

// As many beats a second as two shared cores carry with room to spare: 20,000 a second, there and back,
// take three, two of them for the peers' own 20,000 sockets.
describeCrowd({ peers: 20_000, gone: 1_000, intervalMs: 4_000, watchMs: 60_000 });
describeCrowd({ peers: 5_000, gone: 250, intervalMs: 1_000, watchMs: 60_000 });
