// The monitor that our documents put on WebSockets, with real code around a fake clock.

import { EventEmitter } from "node:events";
import { expect, vi } from "vitest";
import type { Document } from "./examples.ts";

/** A WebSocket as its server sees it, as far as the examples use it. */
class Socket extends EventEmitter {
  pings = 0;
  terminated = false;

  ping(): void {
    this.pings += 1;
  }

  terminate(): void {
    this.terminated = true;
    this.emit("close");
  }
}

/** Runs the block: pings leave, pongs save, silence kills. Leaves fake timers in force. */
export async function monitorOfSockets(from: Document, name: string): Promise<void> {
  vi.useFakeTimers();
  const wss = new EventEmitter();
  const sockets = new Map();
  await from.run(name, { wss, sockets, log: () => {} });
  const [answering, silent] = [new Socket(), new Socket()];
  for (const socket of [answering, silent]) {
    wss.emit("connection", socket);
    socket.emit("message", "hello");
  }
  for (let second = 0; second < 40; second++) {
    const before = answering.pings;
    vi.advanceTimersByTime(1_000);
    if (answering.pings > before) answering.emit("pong");
  }
  expect([answering.terminated, silent.terminated]).toEqual([false, true]);
  expect(answering.pings).toBeGreaterThan(5);
  answering.emit("close");
  vi.advanceTimersByTime(60_000);
  expect(vi.getTimerCount()).toBe(0);
}
