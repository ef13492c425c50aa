// What the exploration of small scopes found (proof/explore), as the shortest history that showed it.
import { expect, test } from "vitest";
import { ManualHost } from "../src/testing/manual-host.ts";
import { End } from "./wire.ts";

/** 2026-01-01, as both processes read it when they start. */
const SAME_CLOCK = 1_767_225_600_000;

test("a restarted process whose clock was not ahead is never told that it was given up", () => {
  const host = new ManualHost({ epochMs: SAME_CLOCK });
  const right = new End(host, { id: "right", transport: "datagram", accept: () => true });
  const first = new End(host, { id: "left", transport: "datagram" });
  first.endpoint.add("right", { path: "right" });
  run(host, first, right, 500, 0);
  expect(right.changes).toEqual(["left connecting>alive"]);
  first.driving[Symbol.dispose]();
  // Long enough to be suspected, and asked.
  host.advance(3_300);
  right.inFlight = right.inFlight.slice(-1);

  host.setEpochMs(SAME_CLOCK);
  const again = new End(host, { id: "left", transport: "datagram" });
  again.endpoint.add("right", { path: "right" });
  // While the one before is being asked, what the new one says is on its way for a while.
  run(host, again, right, 6_000, 700);
  expect(again.of("declared-dead")).toEqual([]);
  expect(right.changes.at(-1)).toBe("left connecting>alive");
  expect(again.changes.at(-1)).toBe("right connecting>alive");
});

/** Lets time pass. What `right` says arrives at once, what the other one says is so much later. */
function run(host: ManualHost, left: End, right: End, ms: number, lateMs: number): void {
  const late: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  const until = host.now() + ms;
  while (host.now() < until) {
    host.advance(10);
    for (const bytes of left.inFlight.splice(0)) late.push({ at: host.now() + lateMs, bytes });
    while (late[0] !== undefined && late[0].at <= host.now()) {
      right.endpoint.receive((late.shift() as (typeof late)[0]).bytes, "left");
    }
    for (const bytes of right.inFlight.splice(0)) left.endpoint.receive(bytes, "right");
  }
}
