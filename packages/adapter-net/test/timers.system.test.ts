// Nobody judged or beating: no timer. Else exactly one, however many peers. And whoever closes
// everything needs no exit.
import { afterEach, expect, test } from "vitest";
import { Child, killChildren } from "./waiting.ts";

const SCRIPT = new URL("children/timers.mjs", import.meta.url);

afterEach(killChildren);

test.each(["tcp", "udp", "watch"])(
  "plantain-00/ws-heartbeat#4: over %s, one timer for all, none for nobody, and an end by itself",
  async (how) => {
    const child = new Child(SCRIPT, how);
    expect(await child.says("counted")).toEqual({
      type: "counted",
      nobody: 0,
      one: 1,
      two: 1,
      closed: 0,
    });
    expect(await child.exited).toBe(0);
  },
);
