// A driven monitor in virtual time, with freezes of our own process at will, and peers whose frames
// arrive whether we run or not.
import { type DriveOptions, drive } from "../src/drive.ts";
import { createMonitor, type Monitor } from "../src/monitor/monitor.ts";
import type { MonitorOptions } from "../src/monitor/options.ts";
import type { MonitorOutput, PeerChange, StalledOutput } from "../src/monitor/outputs.ts";
import type { PeerRef } from "../src/monitor/refs.ts";
import { ManualHost } from "../src/testing/manual-host.ts";

/** A piece of time: we run for a while, then we are frozen for a while. */
export interface Piece {
  readonly runMs: number;
  readonly freezeMs: number;
}

export class World {
  readonly host: ManualHost = new ManualHost();
  readonly outputs: MonitorOutput[] = [];
  readonly monitor: Monitor;
  readonly driving: Disposable;
  /** Frames on their way, in the order of their arrival. */
  readonly #arrivals: { readonly at: number; readonly peer: PeerRef }[] = [];

  constructor(options: Omit<MonitorOptions, "host" | "emit"> & DriveOptions = {}) {
    this.monitor = createMonitor({
      ...options,
      host: this.host,
      emit: (output) => {
        this.outputs.push(output);
        if (output.type === "beat") this.monitor.sent(output.peer);
      },
    });
    this.driving = drive(this.monitor, this.host);
  }

  get now(): number {
    return this.host.now();
  }

  /** Frames that arrive at these instants. They are read then, or when we thaw. */
  arrives(peer: PeerRef, ats: readonly number[]): void {
    this.#arrivals.push(...ats.map((at) => ({ at, peer })));
    this.#arrivals.sort((a, b) => a.at - b.at);
  }

  /** We run: frames are read as they arrive. */
  run(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      this.#read();
      const next = this.#arrivals[0];
      if (next === undefined || next.at > until) break;
      // The event loop reads what has arrived before it runs the timers of the same instant.
      this.host.advance(Math.max(0, next.at - this.now - 1 / 1024));
      this.host.freeze(next.at - this.now);
    }
    this.host.advance(until - this.now);
  }

  /** We are frozen; on thawing the timers come first, then input, then the tick. */
  freeze(ms: number): void {
    this.host.freeze(ms);
    this.host.defer(() => this.#read());
    this.host.advance(0);
  }

  play(pieces: readonly Piece[]): void {
    for (const { runMs, freezeMs } of pieces) {
      this.run(runMs);
      if (freezeMs > 0) this.freeze(freezeMs);
    }
  }

  #read(): void {
    while ((this.#arrivals[0]?.at ?? Number.POSITIVE_INFINITY) <= this.now) {
      const { peer } = this.#arrivals.shift() as { peer: PeerRef };
      this.monitor.heard(peer);
    }
  }

  changes(peer?: PeerRef): readonly PeerChange[] {
    const all = this.outputs.filter((output) => output.type === "changed");
    return peer === undefined ? all : all.filter((change) => change.peer === peer);
  }

  stalls(): readonly StalledOutput[] {
    return this.outputs.filter((output) => output.type === "stalled");
  }

  /** Time frozen, as far as it was noticed, between two instants. */
  lostMs(fromAt: number, toAt: number): number {
    const within = this.stalls().filter(({ at }) => at > fromAt && at <= toAt);
    return within.reduce((sum, { stallMs }) => sum + stallMs, 0);
  }
}
