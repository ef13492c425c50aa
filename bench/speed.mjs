// `pnpm bench:speed [--quick] [--write]`: the monitor and what people use instead, on the same work in
// one run, each case in a process of its own, rounds interleaved. Prints tables with targets, and
// writes bench/results/speed.json; with `--write` also docs/performance.md and the picture in it.

import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { parseArgs, promisify } from "node:util";
import { CONTENDERS } from "./speed/contenders.mjs";
import { median } from "./speed/measuring.mjs";
import { writePage } from "./speed/page.mjs";
import { speedSvg } from "./speed/picture.mjs";
import { judged, report } from "./speed/tables.mjs";

const { values } = parseArgs({
  options: { quick: { type: "boolean" }, write: { type: "boolean" } },
});
const quick = values.quick === true;
const SIZES = [1_000, 10_000, 100_000, 1_000_000];
const LARGEST = quick ? 100_000 : 1_000_000;
const ROUNDS = quick ? 1 : 3;
const AT_ONCE = 6;
const here = new URL(".", import.meta.url);
const run = promisify(execFile);

installPeers();
const startedAt = Date.now();
const machine = {
  node: process.version,
  cpu: cpus()[0]?.model ?? "unknown",
  cpus: cpus().length,
  loadBefore: loadavg()[0],
  quick,
  rounds: ROUNDS,
};
const contenders = Object.fromEntries(CONTENDERS.map(({ name, does }) => [name, does]));
const results = {
  machine,
  contenders,
  beats: await beats(),
  stalls: await stalls(),
  monitor: await monitor(),
};
machine.loadAfter = loadavg()[0];
machine.seconds = Math.round((Date.now() - startedAt) / 1_000);
const rows = judged(results);
const text = report(results, rows);
console.log(text);
mkdirSync(new URL("results/", here), { recursive: true });
writeFileSync(
  new URL("results/speed.json", here),
  `${JSON.stringify({ ...results, targets: rows }, null, 2)}\n`,
);
if (values.write) {
  writeFileSync(new URL("../docs/images/speed.svg", here), speedSvg(results.beats));
  writePage(new URL("../docs/performance.md", here), "bench:speed", text);
}

/** Every contender at every size, the whole of it again in each round. */
async function beats() {
  const found = new Map();
  for (let round = 0; round < ROUNDS; round++) {
    for (const peers of SIZES) {
      for (const contender of CONTENDERS) {
        const { name, most, why } = contender;
        const cell = found.get(`${name} ${peers}`) ?? { name, peers, rounds: [] };
        found.set(`${name} ${peers}`, cell);
        const skipped = skip(contender, peers);
        if (skipped !== undefined) cell.skipped = skipped;
        else if (peers > (most ?? peers)) cell.skipped = why;
        else {
          const child = measured("beats", { name, peers, passMs: quick ? 15 : 40 });
          cell.rounds.push(await child);
        }
      }
    }
    process.stderr.write(`round ${round + 1} of ${ROUNDS}: ${Math.round(process.uptime())} s\n`);
  }
  return [...found.values()].map((cell) => ({ ...cell, ...summary(cell.rounds) }));
}

function skip({ npm }, peers) {
  if (npm !== undefined && !isInstalled(npm)) return "not installed";
  // A quick run keeps to what starts quickly.
  if (quick && peers > LARGEST) return "--quick";
  if (quick && npm === "xstate" && peers > 10_000) return "--quick";
  return undefined;
}

function summary(rounds) {
  if (rounds.length === 0) return {};
  const figures = rounds.map(({ nsPerBeat }) => nsPerBeat);
  return {
    nsPerBeat: median(figures),
    least: Math.min(...figures),
    most: Math.max(...figures),
    bytesPerPeer: median(rounds.map(({ bytesPerPeer }) => bytesPerPeer)),
    lookMs: rounds[0].lookMs && median(rounds.map(({ lookMs }) => lookMs)),
  };
}

/** They mostly wait, so some at once; where the beats themselves came late, again. */
async function stalls() {
  const installed = CONTENDERS.filter(({ npm }) => npm === undefined || isInstalled(npm));
  const found = [];
  for (let at = 0; at < installed.length; at += AT_ONCE) {
    found.push(...(await Promise.all(installed.slice(at, at + AT_ONCE).map(stall))));
  }
  return found;
}

async function stall({ name }) {
  let found;
  for (let tries = 0; tries < 3 && !found?.isFair; tries++) {
    found = await measured("stall", { name });
  }
  return { name, ...found };
}

/** What only a monitor can be asked for: with `fixed`, and with a detector that looks at arrivals. */
async function monitor() {
  const found = [];
  for (const peers of quick ? [100_000] : SIZES) {
    const ms = quick ? 1_500 : 10_000;
    const ticks = { peers, role: "listen", ms };
    found.push({
      peers,
      judging: await measured("ticks", ticks),
      judgingArrivals: await measured("ticks", { ...ticks, detects: true }),
      beating: await measured("ticks", { ...ticks, role: "both" }),
      expiry: await measured("expiry", { peers }),
      expiryArrivals: await measured("expiry", { peers, detects: true }),
      garbage: await measured("garbage", { peers }),
      garbageNumbered: await measured("garbage", { peers, numbered: true }),
      garbageArrivals: await measured("garbage", { peers, numbered: true, detects: true }),
      changes: await measured("changes", { peers }),
    });
    process.stderr.write(`monitor of ${peers}: ${Math.round(process.uptime())} s\n`);
  }
  return found;
}

async function measured(name, options) {
  const child = new URL("speed/child.mjs", here).pathname;
  const heap = ["--max-old-space-size=4096"];
  if (name === "garbage") heap.push("--max-semi-space-size=1");
  const { stdout } = await run(
    process.execPath,
    ["--expose-gc", ...heap, child, name, JSON.stringify(options)],
    { maxBuffer: 2 ** 24 },
  );
  return JSON.parse(stdout);
}

function isInstalled(npm) {
  return existsSync(new URL(`node_modules/${npm}`, here));
}

/** They are no dependencies of the workspace: only who runs this bench needs them. */
function installPeers() {
  const missing = CONTENDERS.some(({ npm }) => npm !== undefined && !isInstalled(npm));
  if (!missing) return;
  try {
    const flags = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"];
    execFileSync("npm", ["install", ...flags], { cwd: here, stdio: "ignore" });
  } catch {
    console.log('What is compared is not installed: run "npm install" in bench/ with a network.\n');
  }
}
