// Runs the built core in whichever runtime executes this file.
import * as endpoint from "../packages/core/dist/endpoint/index.js";
import * as core from "../packages/core/dist/index.js";
import * as system from "../packages/core/dist/system-host.js";
import * as testing from "../packages/core/dist/testing/index.js";
import { scenario } from "./scenario.mjs";

const runtime = globalThis.Bun
  ? `Bun ${globalThis.Bun.version}`
  : globalThis.Deno
    ? `Deno ${globalThis.Deno.version.deno}`
    : `Node ${process.version}`;

for (const [name, module] of Object.entries({ core, system, endpoint, testing })) {
  if (Object.keys(module).length === 0) throw new Error(`${runtime}: ${name} exports nothing`);
}
scenario(core, testing);
console.log(`smoke: ok on ${runtime}`);
