import { describeCrowd } from "./crowd.ts";

describeCrowd({ peers: 2_000, gone: 100, intervalMs: 400, backMs: 400, watchMs: 4_000 });
