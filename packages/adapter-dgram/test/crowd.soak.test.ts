import { soakRows } from "../../../proof/soaks.ts";
import { describeCrowd } from "./crowd.ts";

const keep = soakRows("soak-crowd-udp", "packages/adapter-dgram/test/crowd");

// A beat there and one back took 60 µs of the node and 120 µs of its peers, which have a socket each:
// 20,000 of them a second are 3.6 cores. So 20,000 peers beat every 4 s, and with S, D and the stall as
// much longer nothing else changes; a quarter of them beat every second.
describeCrowd({ peers: 20_000, gone: 1_000, intervalMs: 4_000, watchMs: 60_000 }, keep);
describeCrowd({ peers: 5_000, gone: 1_000, intervalMs: 1_000, watchMs: 60_000 }, keep);
