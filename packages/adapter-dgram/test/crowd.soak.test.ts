import { soakRows } from "../../../proof/soaks.ts";
import { describeCrowd } from "./crowd.ts";

const keep = soakRows("soak-crowd-udp", "packages/adapter-dgram/test/crowd");

// Everybody shares two cores, and the node is not what is short of them: it beats less often than it is beaten to.
const size = { peers: 20_000, gone: 1_000, intervalMs: 1_000, backMs: 2_500, watchMs: 60_000 };
describeCrowd(size, keep);
