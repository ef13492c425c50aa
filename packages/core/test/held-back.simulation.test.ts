// Single frames that somebody on the path captured, kept from arriving, and delivers much later: whoever said
// them has gone, or is somebody else by now.
import { expect, test } from "vitest";
import type { Frame } from "../src/endpoint/frame.ts";
import { Cluster } from "./cluster.ts";
import { Keyring } from "./keyring.ts";

const POLICY = { intervalMs: 300, suspectAfterMs: 1_000, deadAfterMs: 2_000, forgetAfterMs: 1e9 };
const sealing = new Keyring(1);

/** Keeps the first frame that fits from arriving, and says it later. */
class Trap {
  readonly #cluster: Cluster;
  #caught: { readonly from: string; readonly to: string; readonly bytes: Uint8Array } | undefined;

  constructor(cluster: Cluster, fits: (frame: Frame, from: string) => boolean, closes = true) {
    this.#cluster = cluster;
    cluster.recording = true;
    cluster.loses = (from, to, frame) => {
      if (!fits(frame, from)) return false;
      const { bytes } = cluster.process(from).sent.at(-1)!;
      const isFirst = this.#caught === undefined;
      this.#caught ??= { from, to, bytes };
      return isFirst || !closes;
    };
  }

  get isShut(): boolean {
    return this.#caught !== undefined;
  }

  deliver(): void {
    const { from, to, bytes } = this.#caught!;
    this.#cluster.network.carry(from, to, bytes, false);
    this.#cluster.run(50);
  }
}

const isTagged = (frame: Frame) => frame.type === "beat" && frame.tag.hi > 0;

test("the frame that would have proven a stranger introduces nobody, days later", () => {
  const asked: string[] = [];
  const accept = ({ id }: { id: string }) => asked.push(id) > 0;
  const cluster = new Cluster("datagram", { seed: 1, delayMs: [1, 1] });
  const a = cluster.start("a", { policy: POLICY, sealing, accept });
  const b = cluster.start("b", { policy: POLICY, sealing });
  // None of its proofs arrives.
  const trap = new Trap(cluster, (frame, from) => from === "b" && isTagged(frame), false);
  b.add("a");
  while (!trap.isShut) cluster.run(10);
  b.stop();
  cluster.run(3 * 86_400_000);
  trap.deliver();
  expect([asked, a.endpoint.size, a.dropped("stale")]).toEqual([[], 0, 1]);
  expect(a.outputs).toEqual([]);
});

test("in time it does", () => {
  const cluster = new Cluster("datagram", { seed: 1, delayMs: [1, 1] });
  const a = cluster.start("a", { policy: POLICY, sealing, accept: () => true });
  const b = cluster.start("b", { policy: POLICY, sealing });
  const trap = new Trap(cluster, (frame, from) => from === "b" && isTagged(frame));
  b.add("a");
  while (!trap.isShut) cluster.run(10);
  trap.deliver();
  expect(a.status("b")).toBe("alive");
});

test("an answer to a question of long ago brings nobody back", () => {
  const cluster = new Cluster("datagram", { seed: 1, delayMs: [1, 1] });
  const a = cluster.start("a", { policy: POLICY, sealing });
  const b = cluster.start("b", { policy: POLICY, sealing });
  cluster.network.cut("b", "a", true);
  a.add("b");
  while (a.status("b") !== "dead") cluster.run(10);
  const late = new Trap(cluster, ({ type }, from) => from === "b" && type === "echo", false);
  while (!late.isShut) cluster.run(10);
  b.stop();
  cluster.run(86_400_000);
  const { length } = a.outputs;
  cluster.network.heal("a", "b");
  late.deliver();
  expect([a.outputs.length, a.status("b"), a.dropped("stale")]).toEqual([length, "dead", 1]);
});

test("a process that came and went does not make the one that lives look restarted", () => {
  const cluster = new Cluster("datagram", { seed: 1, delayMs: [1, 1] });
  const a = cluster.start("a", { policy: POLICY, sealing, accept: () => true });
  const b = cluster.start("b", { policy: POLICY, sealing });
  b.add("a");
  cluster.run(1_000);
  const rival = cluster.start("rival", {
    id: "b",
    policy: POLICY,
    sealing,
    epochMs: 1_900_000_000_000,
  });
  const trap = new Trap(cluster, (frame, from) => from === "rival" && isTagged(frame), false);
  rival.add("a");
  while (!trap.isShut) cluster.run(10);
  rival.stop();
  cluster.run(10_000);
  // Just then its own frames do not arrive, and it could not defend itself.
  cluster.network.cut("a", "b");
  trap.deliver();
  cluster.run(1_100);
  cluster.network.heal("a", "b");
  cluster.run(2_000);
  expect(a.deaths()).toEqual([]);
  expect([a.status("b"), a.session("b"), a.dropped("stale")]).toEqual(["alive", 1, 1]);
});

test("who was turned away once, and let in since, is not turned away by the same word again", () => {
  const cluster = new Cluster("datagram", { seed: 1, delayMs: [1, 1] });
  const a = cluster.start("a", { policy: POLICY, sealing, accept: () => true });
  const incumbent = cluster.start("b", { policy: POLICY, sealing });
  incumbent.add("a");
  cluster.run(1_000);
  const next = cluster.start("next", {
    id: "b",
    policy: POLICY,
    sealing,
    epochMs: 1_900_000_000_000,
  });
  const isRefusal = (frame: Frame) => frame.type === "notice" && frame.kind === "duplicate-id";
  const trap = new Trap(cluster, isRefusal, false);
  next.add("a");
  while (!trap.isShut) cluster.run(10);
  incumbent.stop();
  cluster.runUntil(() => next.status("a") === "alive", 20_000);
  cluster.run(1_000);
  const before = next.changes.length;
  expect([next.status("a"), a.endpoint.path([...a.endpoint][0]!)]).toEqual(["alive", "next"]);
  trap.deliver();
  cluster.run(1_000);
  expect(next.changes.length).toBe(before);
});
