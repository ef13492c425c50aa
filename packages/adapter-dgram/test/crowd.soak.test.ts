import { soakRows } from "../../../proof/soaks.ts";
import { describeCrowd } from "./crowd.ts";

const keep = soakRows("soak-crowd-udp", "packages/adapter-dgram/test/crowd");

describeCrowd({ peers: 20_000, gone: 1_000, intervalMs: 1_000, watchMs: 60_000 }, keep);
