// What must happen to any watched client when its server is frozen, whoever wrote the two.
import { type Change, deadAtMostMs, definePolicy } from "@systole/adapter-net";
import { expect } from "vitest";
import type { Watched } from "../watched.ts";
import { Bare } from "./bare.ts";
import type { Running } from "./programs.ts";

export const POLICY = { intervalMs: 200, suspectAfterMs: 600, deadAfterMs: 1_400 };

/** A busy machine may run a callback so late; no bound of ours. */
const LATE_MS = 1_000;

/** SIGSTOP for good: the watch is dead in time, the kernel of the server goes on answering. */
export async function diesWithinItsPolicy(
  server: Running,
  { liveness, story }: Watched,
  id: string,
): Promise<{ readonly dead: Change }> {
  const bare = await Bare.to(server.port);
  const frozenAt = performance.now();
  server.freeze();
  const suspect = (await story.reached(id, "suspect")) as Change;
  const dead = (await story.reached(id, "dead")) as Change;
  const [suspectMs, deadMs] = [suspect.at - frozenAt, dead.at - frozenAt];
  const kernel = await bare.kernelView();
  console.log(
    `${id} frozen: suspect after ${suspectMs.toFixed(0)} ms, dead after ${deadMs.toFixed(0)} ms; keepalive of the system: ${bare.noticed.join(", ") || "nothing"} (${kernel})`,
  );
  expect(story.of(id)).toEqual(["alive#1", "suspect#1", "dead#1 silence"]);
  expect(deadMs).toBeLessThan(deadAtMostMs(definePolicy(POLICY)) + LATE_MS);
  expect(liveness.socket.destroyed).toBe(true);
  expect([bare.noticed, kernel]).toEqual([[], "ESTAB keepalive"]);
  bare.socket.destroy();
  return { dead };
}

/** SIGSTOP until it is suspect, then SIGCONT; `ask` is called while it is frozen, with beats under way. */
export async function livesAgain(
  server: Running,
  watched: Watched,
  id: string,
  ask: () => unknown,
): Promise<void> {
  const { liveness, story } = watched;
  const { localPort } = liveness.socket;
  server.freeze();
  for (let n = 0; n < 10; n++) ask();
  await story.reached(id, "suspect");
  ask();
  server.thaw();
  await story.grown(id, 3);
  await watched.beatsMore(5);
  expect(story.of(id)).toEqual(["alive#1", "suspect#1", "alive#1"]);
  expect([liveness.socket.destroyed, liveness.socket.localPort]).toEqual([false, localPort]);
  expect(liveness.beatFailures).toBe(0);
}
