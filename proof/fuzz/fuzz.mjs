// @ts-check
// `pnpm fuzz`: bundles the fuzzer with the sources, counters in them, and starts it. See main.ts.
import { pathToFileURL } from "node:url";
import { bundle } from "../../scripts/run.mjs";
import { instrumented } from "./instrument.mjs";

const FOLDERS = ["endpoint/", "replay/", "define-policy.ts", "bounds.ts", "errors.ts"];

process.setSourceMapsEnabled(true);
const wants = (/** @type {string} */ path) => FOLDERS.some((folder) => path.startsWith(folder));
const program = await bundle("proof/fuzz/main.ts", [instrumented(wants)]);
process.argv.splice(1, 1, program);
await import(pathToFileURL(program).href);
