// Acceptance: 200 healthy peers, and an observer that is frozen for 3 s in every way there is. It
// must doubt nobody. Beside it a naive watchdog shows what the same beats do to a timer a peer.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Child, type Keep, killChildren } from "./waiting.ts";

const PEERS = 200;
const PROCESSES = 2;
const FREEZE_MS = 3_000;

interface Settled {
  readonly suspicions: number;
  readonly deaths: number;
  readonly stalls: number;
  readonly naivelyKilled: number;
  readonly alive: number;
}

const script = (name: string) => new URL(`children/${name}.mjs`, import.meta.url);

/** Defines the tests; `repeats` is how often each freeze happens. */
export function describeStalls(
  transport: "tcp" | "udp",
  repeats: number,
  keep: Keep = () => {},
): void {
  describe(`an observer of ${PEERS} healthy peers over ${transport}, frozen for 3 s`, () => {
    let observer: Child;

    beforeAll(async () => {
      observer = new Child(script("observer"), transport);
      const { port } = await observer.says<{ port: number }>("listening");
      observer.tell({ type: "expect", peers: PEERS });
      for (let n = 0; n < PROCESSES; n++) {
        new Child(script("crowd"), transport, PEERS / PROCESSES, port, `crowd-${n}`);
      }
      await observer.says("all-alive");
      // Until the pace each side asked for is in force.
      observer.tell({ type: "watch" });
      await observer.says("settled");
    });

    afterAll(killChildren);

    test.each(["timer", "io", "stop"] as const)(
      "moleculerjs/moleculer#891, #765: blocked: %s",
      async (how) => {
        let [doubted, naively] = [0, 0];
        for (let n = 1; n <= repeats; n++) {
          if (how === "stop") await freeze(observer);
          else observer.tell({ type: "block", how, ms: FREEZE_MS });
          const { naivelyKilled, ...seen } = await observer.says<Settled & { type: string }>(
            "settled",
          );
          console.log(
            `${transport}, ${how}, round ${n}: ours killed ${seen.deaths}, suspected ${seen.suspicions}; setTimeout killed ${naivelyKilled} of ${PEERS}`,
          );
          expect(seen).toMatchObject({ suspicions: 0, deaths: 0, alive: PEERS });
          expect(seen.stalls).toBeGreaterThan(0);
          doubted += seen.suspicions + seen.deaths;
          naively += naivelyKilled;
        }
        keep({
          over: transport,
          frozen: how === "stop" ? "SIGSTOP" : `blocked in ${how === "io" ? "I/O" : "a timer"}`,
          rounds: repeats,
          "healthy peers": repeats * PEERS,
          "doubted by Systole": doubted,
          "killed by a setTimeout each": naively,
        });
      },
    );
  });
}

/** The one test that must wait for a time: nobody can tell from outside how long 3 s are. */
async function freeze(child: Child): Promise<void> {
  child.signal("SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, FREEZE_MS));
  // It reads this only once it runs again, and with it everything that came meanwhile.
  child.tell({ type: "watch" });
  child.signal("SIGCONT");
}
