// `node bench/dgram/core.mjs` (after `pnpm build`): what of a datagram is the core's own, without a socket: a
// beat that is received, and one that falls due and is written. For a few peers, whose state stays in the
// caches, and for many, whose state does not: the difference is what memory costs. And what a seal is.

import { createHmac, createSecretKey } from "node:crypto";
import { createEndpoint } from "@systole/core/endpoint";
import { Seals } from "../../packages/adapter-dgram/dist/seal.js";
import { median } from "../speed/measuring.mjs";
import { Clock } from "./measured.mjs";

/** So many beats are measured, and so many before that: what is compiled on the way must not be compared. */
const BEATS = 60_000;
const WARM_BEATS = 30_000;
const INTERVAL_MS = 1_000;
const SHARED = { suspectAfterMs: 1e7, deadAfterMs: 3e7, minGapMs: 1 };

function figure(peers, measure) {
  const world = new World(peers);
  const found = [];
  for (let beats = -WARM_BEATS; beats < BEATS; beats += peers) {
    const ns = measure(world);
    if (beats >= 0) found.push(ns);
  }
  return best(found);
}

/** The best fifth of the rounds, by their median: the others shared their core with somebody. */
function best(found) {
  found.sort((a, b) => a - b);
  return median(found.slice(0, found.length / 5)).toFixed(0);
}

function measureReceiving(world) {
  const { node, places } = world;
  const list = world.said();
  return nsEach(list.length, () => {
    for (const { bytes, n } of list) node.receive(bytes, places[n]);
  });
}

function measureSending(world) {
  const { node, clock, outbox } = world;
  outbox.length = 0;
  const until = clock.now() + INTERVAL_MS;
  const startedAt = process.hrtime.bigint();
  while (node.nextDeadline() <= until) {
    clock.advance(Math.max(0, node.nextDeadline() - clock.now()));
    node.tick({ slice: true });
  }
  const ns = Number(process.hrtime.bigint() - startedAt) / outbox.length;
  world.hear();
  for (const { bytes, n } of world.said()) node.receive(bytes, world.places[n]);
  return ns;
}

function nsEach(count, body) {
  const startedAt = process.hrtime.bigint();
  body();
  return Number(process.hrtime.bigint() - startedAt) / count;
}

/** A node and a crowd that know each other, each with a clock of its own. */
class World {
  clock = new Clock();
  outbox = [];
  #inbox = [];
  #crowd;

  constructor(peers) {
    this.places = Array.from({ length: peers }, (_, n) => `127.0.0.1|${n}`);
    const indexes = new Map(this.places.map((place, n) => [place, n]));
    this.node = createEndpoint({
      id: "node",
      host: this.clock,
      transport: "datagram",
      policy: { ...SHARED, intervalMs: INTERVAL_MS },
      limits: { strangersPerSecond: 1e6 },
      accept: () => true,
      allocate: Buffer.allocUnsafe,
      observeBeats: () => false,
      emit() {},
      send: (_peer, bytes, place) => this.outbox.push({ bytes, n: indexes.get(place) }) > 0,
    });
    this.#crowd = this.places.map((_, n) => this.#member(n));
    for (let round = 0; round < 12; round++) {
      for (const { bytes, n } of this.said()) this.node.receive(bytes, this.places[n]);
      this.clock.advance(1);
      this.node.tick();
      this.hear();
    }
    const alive = [...this.node].filter((ref) => this.node.state(ref).status === "alive").length;
    if (alive !== peers) throw new Error(`${alive} of ${peers} peers are alive`);
  }

  #member(n) {
    const clock = new Clock();
    const endpoint = createEndpoint({
      id: `peer-${n}`,
      host: clock,
      transport: "datagram",
      policy: { ...SHARED, intervalMs: INTERVAL_MS, wishMs: 1e6 },
      emit() {},
      send: (_peer, bytes) => this.#inbox.push({ bytes: Buffer.from(bytes), n }) > 0,
    });
    return { clock, endpoint, node: endpoint.add("node", { path: "node" }) };
  }

  /** The next beat of each of them, in no order. */
  said() {
    this.#inbox = [];
    for (const { clock, endpoint } of this.#crowd) {
      clock.advance(Math.max(0, endpoint.nextDeadline() - clock.now()));
      endpoint.tick();
    }
    return this.#inbox.sort(() => Math.random() - 0.5);
  }

  /** They hear what the node sent. */
  hear() {
    for (const { bytes, n } of this.outbox.splice(0)) {
      const { endpoint, node } = this.#crowd[n];
      endpoint.receive(new Uint8Array(bytes), node);
    }
  }
}

/** What a seal costs, and what `createHmac` would take for its code alone. */
function sealFigures() {
  const secret = Buffer.alloc(32, 7);
  const { seal } = new Seals({ sign: "k", accept: { k: secret } });
  const [key, datagram] = [createSecretKey(secret), Buffer.alloc(98)];
  const covered = datagram.subarray(0, 82);
  const contenders = [
    () => seal(datagram),
    () => createHmac("sha256", key).update(covered).digest("binary"),
  ];
  const found = contenders.map(() => []);
  for (let round = 0; round < BEATS / 500; round++) {
    for (const [n, body] of contenders.entries()) {
      found[n].push(
        nsEach(500, () => {
          for (let times = 0; times < 500; times++) body();
        }),
      );
    }
  }
  return found.map((each) => best(each));
}

for (const peers of [20, 500]) {
  const received = figure(peers, measureReceiving);
  const sent = figure(peers, measureSending);
  console.log(`${peers} peers: ${received} ns a beat received, ${sent} ns a beat sent`);
}
const [sealed, code] = sealFigures();
console.log(`${sealed} ns a seal; createHmac takes ${code} ns for the code alone`);
process.exit();
