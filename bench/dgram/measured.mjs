// A node that knows a crowd, and a bare socket beside it: what both contenders are measured with.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { createNode } from "@systole/adapter-dgram";
import { systemHost } from "@systole/core/system";

export const LOCAL = "127.0.0.1";
/** As much as the kernel gives: a whole round waits in there. */
export const RECEIVE_BUFFER_BYTES = 2 ** 22;
const POLICY = {
  intervalMs: 1_000,
  suspectAfterMs: 10_000_000,
  deadAfterMs: 30_000_000,
  minGapMs: 1,
};

/** A node on its own socket, with so many living peers behind so many sockets of a worker. */
export async function nodeWithCrowd({
  peers,
  sockets,
  clock,
  keys,
  intervalMs = POLICY.intervalMs,
}) {
  const accept = () => ({ policy: { ...POLICY, intervalMs } });
  // They introduce themselves all at once.
  const limits = { strangersPerSecond: 100_000 };
  const node = createNode({ id: "node", policy: POLICY, accept, clock, keys, limits });
  await node.bind(0, LOCAL);
  const { port } = node.address();
  const signals = new Int32Array(new SharedArrayBuffer(8));
  const workerData = { peers, sockets, nodePort: port, signals, keys };
  const worker = new Worker(new URL("crowd.mjs", import.meta.url), { workerData });
  let alive = 0;
  const ports = new Set();
  node.on("alive", () => {
    alive += 1;
  });
  worker.on("message", (port) => ports.add(port));
  worker.postMessage({ type: "introduce" });
  while (Atomics.load(signals, 0) === 0) {
    await turn();
    clock?.advance(1);
  }
  if (alive !== peers) throw new Error(`${alive} of ${peers} peers are alive`);
  Atomics.store(signals, 0, 0);
  return { node, port, worker, signals, ports: [...ports] };
}

/** Has the crowd send, while this thread sleeps. */
export function fill({ worker, signals }, port, beats) {
  worker.postMessage({ type: "fill", port, beats });
  Atomics.wait(signals, 0, 0);
  Atomics.store(signals, 0, 0);
}

/** Has the crowd read and answer what was sent to it, and sleep; this thread sleeps until it does. */
export function hearOf({ worker, signals }) {
  worker.postMessage({ type: "answer" });
  Atomics.store(signals, 1, 1);
  Atomics.notify(signals, 1);
  Atomics.wait(signals, 0, 0);
  Atomics.store(signals, 0, 0);
}

/** The crowd goes: a worker that is ended from outside while it reads a datagram takes the process with it. */
export async function disband({ worker, signals }) {
  const isOver = once(worker, "exit");
  worker.postMessage({ type: "end" });
  Atomics.store(signals, 1, 1);
  Atomics.notify(signals, 1);
  await isOver;
}

/** A host whose time moves when told to, from one timer to the next, at no cost of its own. */
export class Clock {
  #now = 0;
  #timerAt = Number.POSITIVE_INFINITY;
  #fire;
  #deferred;
  #system = systemHost();

  now() {
    return this.#now;
  }

  epochMs() {
    return this.#system.epochMs();
  }

  entropy() {
    return this.#system.entropy();
  }

  setTimer(callback, delayMs) {
    this.#timerAt = this.#now + delayMs;
    this.#fire = callback;
  }

  clearTimer() {
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  defer(callback) {
    this.#deferred = callback;
  }

  advance(ms) {
    const until = this.#now + ms;
    while (this.#timerAt <= until) {
      this.#now = Math.max(this.#now, this.#timerAt);
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#fire();
      this.#deferred();
    }
    this.#now = until;
  }
}

export async function bareSocket() {
  const socket = createSocket({ type: "udp4" });
  socket.bind(0, LOCAL);
  await once(socket, "listening");
  return socket;
}

export function turn() {
  return new Promise((resolve) => setImmediate(resolve));
}
