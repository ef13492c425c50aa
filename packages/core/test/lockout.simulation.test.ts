// Limits, and who must not be locked out by what fills them: somebody off the path floods us with claims,
// from any address, under any id, with epochs from the far future.
import { expect, test } from "vitest";
import { encodeFrame } from "../src/endpoint/encode.ts";
import { type BeatFrame, isZero, NO_TAG, PADDED_BYTES, TOP } from "../src/endpoint/frame.ts";
import { Cluster, type Process } from "./cluster.ts";

const POLICY = { intervalMs: 300, suspectAfterMs: 1_000, deadAfterMs: 2_000, backoffMaxMs: 1_000 };

/** A first question, as anybody can write it. */
function hello(id: string, boot: number, epoch: number): Uint8Array {
  const frame: BeatFrame = {
    type: "beat",
    tag: NO_TAG,
    epoch,
    session: 1,
    seq: 1,
    handed: { hi: boot, lo: boot },
    echo: 0,
    heldMicros: 0,
    counted: false,
    asks: true,
    gapMs: 300,
    wishMs: 300,
    minMs: 20,
    deadMs: 2_000,
    sentMicros: 0,
    stalledMs: 0,
    identity: { boot: { hi: boot, lo: boot }, id },
    extra: new Uint8Array(0),
  };
  const { length } = encodeFrame(frame);
  return encodeFrame({ ...frame, extra: new Uint8Array(Math.max(0, PADDED_BYTES - length)) });
}

/** Floods `a` in the name of somebody at an address, for so long. */
function flood(
  cluster: Cluster,
  { from, id, forMs }: { from: string; id: string; forMs: number },
): void {
  for (let n = 0; n < forMs; n++) {
    const epoch = n % 2 === 0 ? 1_767_225_600_000 + n : TOP - 1 - n;
    cluster.network.carry(from, "a", hello(id, n + 1, epoch), false);
    cluster.run(1);
  }
}

test.each([
  ["added by hand", true],
  ["accepted", false],
])("a peer that heals gets through, whoever claims its id at its address: %s", (_how, byHand) => {
  const cluster = new Cluster("datagram", { seed: 5, delayMs: [1, 5] });
  const a = cluster.start("a", { policy: POLICY, accept: () => true });
  const b = cluster.start("b", { policy: POLICY });
  if (byHand) a.add("b");
  b.add("a");
  cluster.run(1_500);
  cluster.network.cut("a", "b");
  cluster.run(6_000);
  expect([a.status("b"), b.status("a")]).toEqual(["dead", "dead"]);
  cluster.network.heal("a", "b");
  // Its own questions must do: ours are lost.
  cluster.loses = (from, _to, frame) => from === "a" && frame.type === "beat" && isZero(frame.tag);
  flood(cluster, { from: "b", id: "b", forMs: 3_000 });
  expect([a.status("b"), b.status("a")]).toEqual(["alive", "alive"]);
  expect(a.endpoint.stats()).toMatchObject({ peers: 1, moves: 0 });
});

test("who was answered is not pushed out by others that claim its address", () => {
  const cluster = new Cluster("datagram", { seed: 1, delayMs: [20, 20] });
  const a = cluster.start("a", { policy: POLICY, accept: ({ id }) => id === "b" });
  const b = cluster.start("b", { policy: POLICY });
  b.add("a");
  while (a.endpoint.stats().candidates === 0) cluster.run(1);
  flood(cluster, { from: "b", id: "x", forMs: 100 });
  expect([a.status("b"), b.status("a")]).toEqual(["alive", "alive"]);
});

test("an id that somebody took at the highest epoch comes back to its owner", () => {
  const cluster = new Cluster("datagram", { seed: 1, delayMs: [1, 1] });
  const policy = { ...POLICY, forgetAfterMs: 1e9 };
  const a = cluster.start("a", { policy, accept: () => true });
  const thief = cluster.start("thief", { id: "b", policy, epochMs: TOP - 1 });
  thief.add("a");
  cluster.run(2_000);
  expect(a.status("b")).toBe("alive");
  thief.stop();
  cluster.run(6_000);
  expect(a.status("b")).toBe("dead");
  const owner = cluster.start("b", { policy });
  owner.add("a");
  cluster.run(4_000);
  expect([a.status("b"), owner.status("a")]).toEqual(["alive", "alive"]);
});

test("strangers get so many answers a second, from however many addresses, and peers all of theirs", () => {
  const cluster = new Cluster("datagram", { seed: 1, delayMs: [1, 1] });
  cluster.recording = true;
  const limits = { candidates: 20, strangersPerSecond: 40 };
  const a = cluster.start("a", { policy: POLICY, accept: () => true, limits });
  const b = cluster.start("b", { policy: POLICY });
  b.add("a");
  cluster.run(1_500);
  const before = a.sent.length;
  for (let n = 0; n < 3_000; n++) {
    cluster.network.carry(`x${n}`, "a", hello(`x${n}`, n + 1, 1_767_225_600_000), false);
    cluster.run(1);
  }
  const answers = a.sent.slice(before).filter(({ to }) => to !== "b");
  expect(answers.length).toBeLessThanOrEqual(40 + 3 * 40);
  expect(answers.length).toBeGreaterThan(100);
  const { candidates, sessions, dropped } = a.endpoint.stats();
  expect(candidates).toBeLessThanOrEqual(20);
  expect(sessions).toBeLessThanOrEqual(21);
  expect(dropped["too-many-strangers"]).toBe(3_000 - answers.length);
  expect([...a.deaths(), ...b.deaths()]).toEqual([]);
});

test("the dead who came by themselves are limited, and make room for who comes", () => {
  const cluster = new Cluster("datagram", { seed: 1, delayMs: [1, 1] });
  const limits = { peers: 6, tombstones: 4 };
  const a = cluster.start("a", { policy: POLICY, accept: () => true, limits });
  a.endpoint.add("by hand", { path: "nowhere" });
  const come = (name: string): Process => {
    const process = cluster.start(name, { policy: POLICY });
    process.add("a");
    return process;
  };
  const first = ["p1", "p2", "p3", "p4", "p5"].map(come);
  cluster.run(2_000);
  expect(a.endpoint.stats()).toMatchObject({ peers: 6, tombstones: 0 });
  // Full: nobody of them is dead.
  come("late");
  cluster.run(1_500);
  expect(a.status("late")).toBeUndefined();
  for (const each of first) each.stop();
  cluster.process("late").stop();
  cluster.run(6_000);
  expect(a.endpoint.stats()).toMatchObject({ peers: 5, tombstones: 4, forgottenEarly: 1 });
  for (const name of ["q1", "q2", "q3"]) come(name);
  cluster.run(3_000);
  expect(["q1", "q2", "q3"].map((id) => a.status(id))).toEqual(["alive", "alive", "alive"]);
  expect(a.endpoint.stats()).toMatchObject({ peers: 6, tombstones: 2, forgottenEarly: 3 });
  // Who was added by hand is never forgotten.
  expect(a.status("by hand")).toBe("dead");
  expect(a.outputs.filter(({ type }) => type === "forget")).toHaveLength(3);
  // And one of the dead that comes back is no dead one any more.
  const left = first.find(({ name }) => a.endpoint.find(name) !== undefined) as Process;
  come(left.name);
  cluster.run(3_000);
  expect(a.status(left.name)).toBe("alive");
  expect(a.endpoint.stats().tombstones).toBe(1);
});
