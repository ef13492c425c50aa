// Thousands of real connections at a beat a second, judged by one process with one timer: nobody is
// lost, nobody is found dead who is not. How soon is printed, not judged: peers that are starved of
// their pace by a busy machine say so, and are given more time.
import { afterAll, describe, expect, test } from "vitest";
import { Child, type Keep, killChildren } from "../waiting.ts";

const OBSERVER = new URL("observer.mjs", import.meta.url);
const PEERS = new URL("peers.mjs", import.meta.url);
const PROCESSES = 4;
const STALL_MS = 3_000;
interface Counted {
  readonly alive: number;
  readonly suspicions: number;
  readonly stalls: number;
  readonly deaths: Readonly<Record<string, number>>;
  readonly afterMs: readonly number[];
  readonly timers: number;
  readonly rss: number;
  readonly tookMs: number;
  readonly cpuPercent: number;
  readonly beatsPerSecond: number;
}

export function describeCrowd(count: number, keep: Keep = () => {}): void {
  describe(`${count} real connections at a beat a second`, () => {
    afterAll(killChildren);

    test("one timer; none falsely dead in a stall of 3 s, all found when frozen or killed", async () => {
      const observer = new Child(OBSERVER, count);
      const { port } = await observer.says<{ port: number }>("listening");
      const startedAt = performance.now();
      const crowds = Array.from(
        { length: PROCESSES },
        (_, n) => new Child(PEERS, count / PROCESSES, port, `crowd-${n}`),
      );
      await observer.says("all-alive");
      print(`all alive after ${seconds(performance.now() - startedAt)}`);

      observer.tell({ type: "listen" });
      const calm = await observer.says<Counted>("heard-of-all");
      print(
        `${calm.beatsPerSecond.toFixed(0)} beats a second cost ${calm.cpuPercent.toFixed(0)} % of a core; ${calm.timers} timer; ${(calm.rss / 2 ** 20).toFixed(0)} MB`,
      );
      expect(calm.timers).toBe(1);

      observer.tell({ type: "block", ms: STALL_MS });
      const stalled = await observer.says<Counted>("heard-of-all");
      print(`stalled for 3 s: ${stalled.suspicions} suspected, ${stalled.alive} alive`);
      expect(stalled).toMatchObject({ suspicions: 0, deaths: {}, alive: count });
      expect(stalled.stalls).toBeGreaterThan(0);

      const [frozen, killed] = [crowds.slice(0, PROCESSES / 2), crowds.slice(PROCESSES / 2)];
      observer.tell({ type: "await", left: count / 2 });
      for (const crowd of frozen) crowd.signal("SIGSTOP");
      const silent = await observer.says<Counted>("left");
      print(`${count / 2} frozen: dead after ${spread(silent.afterMs)}`);
      expect(silent).toMatchObject({ suspicions: count / 2, deaths: { silence: count / 2 } });

      observer.tell({ type: "await", left: 0 });
      for (const crowd of killed) crowd.signal("SIGKILL");
      const gone = await observer.says<Counted>("left");
      print(`${count / 2} killed: dead after ${spread(gone.afterMs)}`);
      expect(gone).toMatchObject({ suspicions: 0, deaths: { closed: count / 2 }, alive: 0 });
      keep({
        connections: count,
        timers: calm.timers,
        "beats a second": Math.round(calm.beatsPerSecond),
        "share of a core": `${calm.cpuPercent.toFixed(0)} %`,
        "suspected in a stall of 3 s": stalled.suspicions,
        "frozen: dead after": spread(silent.afterMs),
        "killed: dead after": spread(gone.afterMs),
      });
    });
  });

  function print(figures: string): void {
    console.log(`${count} connections: ${figures}`);
  }
}

function spread(sorted: readonly number[]): string {
  const at = (share: number) =>
    seconds(sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN);
  return `${at(0)} (first), ${at(0.5)} (median), ${at(1)} (last)`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}
