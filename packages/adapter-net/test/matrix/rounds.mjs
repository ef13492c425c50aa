// @ts-check
// `rounds.mjs FAULT ROUNDS AT_ONCE`: so many rounds of one fault, in a process of its own. Tells which
// stories the two sides told and how often, which handles and listeners there were before and after,
// and how much memory a round keeps.

import { getEventListeners } from "node:events";
import { instant } from "./instant.mjs";
import { bytesKept, slopeOf } from "./memory.mjs";
import { Round, Side, turn } from "./round.mjs";
import { timed } from "./timed.mjs";

const [fault = "", rounds = 1, atOnce = 1] = process.argv.slice(2);
const play = { ...instant, ...timed }[fault];
if (play === undefined) throw new Error(`no such fault: ${fault}`);

const side = await new Side(fault in timed ? "timed" : "instant").open();
/** @type {Record<string, number>} */
const stories = {};
/** @type {[rounds: number, bytes: number][]} */
const kept = [];
const SAMPLES = 30;
/** Of all rounds: until then code is compiled, tables grow, and caches fill. */
const WARM_UP = 0.25;

/** A round that does not end says where it stands, instead of letting the test run into its limit. */
const STUCK_MS = 45_000;
/** @type {Map<string, { one: Round, startedAt: number }>} */
const playing = new Map();
setInterval(() => {
  for (const { one, startedAt } of playing.values()) {
    if (performance.now() - startedAt > STUCK_MS) throw new Error(`${fault}: ${one.standing()}`);
  }
}, 5_000).unref();

// The first round of an id is unlike the others: the server does not know it yet.
const ids = Array.from({ length: Number(atOnce) }, (_, n) => `client-${n}`);
await Promise.all(ids.map((id) => round(id, instant["leave"])));
const before = await inUse();

const startedAt = performance.now();
let done = 0;
while (done < Number(rounds)) {
  const until = Math.min(Number(rounds), done + Math.max(ids.length, Number(rounds) / SAMPLES));
  await Promise.all(ids.map((id) => roundsOf(id, until)));
  kept.push([done, await bytes()]);
}
const tookMs = performance.now() - startedAt;
const after = await inUse();
const slope = slopeOf(kept.filter(([n]) => n >= WARM_UP * Number(rounds)));
const { dropped } = side.server.stats();
process.send?.({ type: "played", stories, before, after, slope, tookMs, dropped });
await side.server.close();
process.disconnect();

/** @param {string} id @param {number} until */
async function roundsOf(id, until) {
  while (done < until) {
    done += 1;
    const story = await round(id, play);
    stories[story] = (stories[story] ?? 0) + 1;
  }
}

/** @param {string} id @param {typeof play} fault */
async function round(id, fault) {
  const one = new Round(side, id);
  playing.set(id, { one, startedAt: performance.now() });
  await fault?.(one);
  const story = await one.over();
  playing.delete(id);
  return story;
}

/** Everything that must be as it was, by name. */
async function inUse() {
  while (side.server.stats().connections > 0) await turn();
  // What was closed is taken off the loop's list a turn later.
  for (let n = 0; n < 10; n++) await turn();
  /** @type {Record<string, number>} */
  const counts = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  counts["peers"] = side.server.peers.length;
  counts["listeners on the signal"] = getEventListeners(side.signal, "abort").length;
  for (const [name, emitter] of [
    ["server", side.server],
    ["process", process],
  ]) {
    for (const event of emitter.eventNames()) {
      counts[`listeners of ${name} for ${String(event)}`] = emitter.listenerCount(event);
    }
  }
  return counts;
}

async function bytes() {
  while (side.server.stats().connections > 0) await turn();
  return bytesKept();
}
