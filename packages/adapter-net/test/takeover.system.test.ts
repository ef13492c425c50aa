// One id, one life, between real processes: who waits, who is told, and who stays away.
import { type Change, connect } from "@systole/adapter-net";
import { afterEach, expect, test } from "vitest";
import { closeAll, connecting, keep, listening, QUICK } from "./sides.ts";
import { Child, killChildren, next, Story } from "./waiting.ts";

const SCRIPT = new URL("children/peer.mjs", import.meta.url);
/** So much later than M (400 ms) that a frozen incumbent is still believed in when it is replaced. */
const SLOW = { intervalMs: 200, suspectAfterMs: 3_000, deadAfterMs: 3_800 };

afterEach(async () => {
  await killChildren();
  await closeAll();
});

test("of two living processes with one id the second is refused, and told so, as often as it tries", async () => {
  const [server, port] = await listening();
  const first = connecting(port, { reconnect: true });
  await first.alive();
  const servers = new Story(server);
  const mine = new Story(first);
  const policy = { ...QUICK, backoffMinMs: 50, backoffMaxMs: 100 };
  const second = keep(
    connect({ host: "127.0.0.1", port, id: "worker-7", reconnect: true, policy }),
  );
  for (let attempt = 0; attempt < 3; attempt++) {
    const { retryInMs } = await next<Change>(
      second,
      "dead",
      ({ reason }) => reason === "duplicate-id",
    );
    expect(retryInMs).toBeGreaterThan(0);
  }
  // No replace war: nobody else has noticed anything.
  expect([servers.changes, mine.changes]).toEqual([[], []]);
  expect(server.stats().refused["duplicate-id"]).toBeGreaterThanOrEqual(3);
  // Its place is free once the first one has left.
  await first.close();
  await second.alive();
});

test("a frozen process is replaced, is told when it thaws, and stays away", async () => {
  const [server, port] = await listening({ policy: SLOW });
  const story = new Story(server);
  const old = new Child(SCRIPT, "tcp", "worker-7", port);
  await story.reached("worker-7", "alive", 1);
  old.signal("SIGSTOP");
  const fresh = new Child(SCRIPT, "tcp", "worker-7", port);
  await story.reached("worker-7", "alive", 2);
  expect(story.of("worker-7")).toEqual(["alive#1", "dead#1 replaced", "connecting#2", "alive#2"]);
  old.signal("SIGCONT");
  expect(await old.says("dead")).toMatchObject({ session: 1, reason: "replaced" });
  // Nothing keeps it alive any more: it has no further attempt before it.
  old.process.disconnect();
  expect(await old.exited).toBe(0);
  await fresh.kill();
});

test("whoever is not authentic takes nobody's place, not even that of a frozen process", async () => {
  let mayEnter = true;
  const [server, port] = await listening({ policy: SLOW, authenticate: () => mayEnter });
  const story = new Story(server);
  const child = new Child(SCRIPT, "tcp", "worker-7", port);
  await story.reached("worker-7", "alive", 1);
  child.signal("SIGSTOP");
  mayEnter = false;
  const impostor = connecting(port);
  await expect(impostor.alive()).rejects.toMatchObject({ reason: "closed" });
  child.signal("SIGCONT");
  // Nor that of one that is gone.
  await child.kill();
  await story.reached("worker-7", "dead", 1);
  const heir = connecting(port);
  await expect(heir.alive()).rejects.toMatchObject({ reason: "closed" });
  expect(story.of("worker-7")).toEqual(["alive#1", "dead#1 closed"]);
  expect(server.stats()).toMatchObject({ refused: { "not-authentic": 2 }, handshakes: 0 });
});
