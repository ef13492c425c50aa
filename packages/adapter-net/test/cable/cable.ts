// The one failure of which no end is told: the cable is pulled. Real links, between two namespaces.
import { deadAtMostMs, definePolicy, strict } from "@systole/adapter-net";
import { describe, expect, test } from "vitest";
import { Ends } from "./ends.ts";
import { canPullCables } from "./namespaces.ts";

const { deadAfterMs } = definePolicy(strict);
const DEAD_AT_MOST_MS = deadAtMostMs(definePolicy(strict));
/** A busy machine may run a callback so late; no bound of ours. */
const LATE_MS = 1_000;
const IDLE = "client keepalive, idle socket";
const BUSY = "client keepalive and setTimeout, busy socket";
const BOTH = ["server systole", "client systole"] as const;

export function describeCable(): void {
  const wherePossible = canPullCables() ? describe.concurrent : describe.skip;
  wherePossible("a cable is pulled, and nobody is told", () => {
    test("nodejs/node#48807: for good: both sides are dead within the policy; plugged in again, a new session", () =>
      Ends.with(async (ends) => {
        ends.pull();
        const deaths = await Promise.all(BOTH.map((who) => ends.sees(who, /^dead#1/)));
        // What everybody else uses: at last the kernel gives up the socket on which nothing is sent.
        const idle = await ends.sees(IDLE, /./);
        print(ends, idle.afterMs);
        for (const who of BOTH) {
          expect(ends.wordsOf(who).slice(0, 3)).toEqual(["alive#1", "suspect#1", "dead#1 silence"]);
        }
        for (const { afterMs } of deaths) {
          expect(afterMs).toBeLessThan(DEAD_AT_MOST_MS + LATE_MS);
          expect(afterMs).toBeLessThan(idle.afterMs);
        }
        expect([idle.words, ends.kernelView]).toEqual(["ETIMEDOUT", "ESTAB keepalive"]);
        expect(ends.wordsOf(BUSY)).toEqual([]);

        ends.plug();
        await ends.sees("server systole", /^alive#2/);
        await ends.sees("client systole", /^alive#[^1]/);
        expect(ends.wordsOf("server systole").slice(3)).toEqual(["connecting#2", "alive#2"]);
      }));

    test("for less than D − 2 s: alive again on the same connection", () =>
      Ends.with(async (ends) => {
        ends.pull();
        // TCP repeats what was lost after 0.2, 0.6, 1.4, 3.0 and 6.2 s: hence the 2 s.
        await new Promise((resolve) => setTimeout(resolve, deadAfterMs - 2_000 - 250));
        ends.plug();
        const back = Promise.all(BOTH.map((who) => ends.grown(who, 3)));
        // A side that was starved had announced a slower pace before, and is not even suspected then.
        const over = new Promise((resolve) => setTimeout(resolve, DEAD_AT_MOST_MS + LATE_MS));
        await Promise.race([back, over]);
        for (const who of BOTH) {
          expect([["alive#1"], ["alive#1", "suspect#1", "alive#1"]]).toContainEqual(
            ends.wordsOf(who),
          );
        }
      }));
  });
}

/** Side by side: who noticed what, and when. */
function print(ends: Ends, untilMs: number): void {
  const rows = [...BOTH, IDLE, BUSY].map((who) => {
    const noticed = ends.noticed
      .filter((each) => each.who === who && each.afterMs > 0 && each.afterMs <= untilMs)
      .slice(0, 2)
      .map(({ words, afterMs }) => `${words} after ${(afterMs / 1000).toFixed(1)} s`);
    const what = noticed.join(", ") || `nothing in ${(untilMs / 1000).toFixed(1)} s`;
    return `  ${who.padEnd(46)} ${what}`;
  });
  console.log(["the cable is pulled, and noticed by", ...rows].join("\n"));
}
