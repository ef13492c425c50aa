// Runs the built packages in whichever runtime executes this file: core in virtual time, the adapters
// on real sockets.
import * as endpoint from "../packages/core/dist/endpoint/index.js";
import * as core from "../packages/core/dist/index.js";
import * as replay from "../packages/core/dist/replay/index.js";
import * as system from "../packages/core/dist/system-host.js";
import * as testing from "../packages/core/dist/testing/index.js";
import { scenario } from "./scenario.mjs";
import { runSockets } from "./sockets.mjs";

const runtime = globalThis.Bun
  ? `Bun ${globalThis.Bun.version}`
  : globalThis.Deno
    ? `Deno ${globalThis.Deno.version.deno}`
    : `Node ${process.version}`;

for (const [name, module] of Object.entries({ core, system, endpoint, replay, testing })) {
  if (Object.keys(module).length === 0) throw new Error(`${runtime}: ${name} exports nothing`);
}
scenario(core, testing, endpoint);
const tooLong = setTimeout(() => {
  throw new Error(`${runtime}: the adapters did not find each other`);
}, 20_000);
await runSockets();
clearTimeout(tooLong);
console.log(`smoke: ok on ${runtime}`);
