// What `pnpm simulate` found, each as the smallest history that shows it.
import { expect, test } from "vitest";
import { Cluster, type Process } from "./cluster.ts";

const POLICY = { intervalMs: 400, suspectAfterMs: 1_000, deadAfterMs: 2_000, jitter: 0 };
const SENDS = { ...POLICY, backoffMaxMs: 1_000 };

/** A device that only sends, and a gateway that takes it in. */
function device(cluster: Cluster): readonly [Process, () => Process] {
  const gateway = () => cluster.start("gateway", { policy: SENDS, accept: () => true });
  gateway();
  const sender = cluster.start("device", { policy: SENDS, role: "send" });
  sender.add("gateway");
  cluster.run(1_500);
  expect(cluster.process("gateway").status("device")).toBe("alive");
  return [sender, gateway];
}

test("a device that only sends is found again by a gateway that was started anew", () => {
  const cluster = new Cluster("datagram", { seed: 1 });
  const [sender, gateway] = device(cluster);
  gateway();
  // Its silence is noticed after D; then a newcomer must wait for M, and be proven.
  cluster.run(2_000 + 400 + 500 + 800);
  expect(cluster.process("gateway").status("device")).toBe("alive");
  expect(sender.deaths("gateway").map(({ reason }) => reason)).toEqual(["restarted"]);
  expect([sender.status("gateway"), sender.session("gateway")]).toEqual(["alive", 2]);
});

test("a device that only sends is found again by a gateway that has forgotten it", () => {
  const cluster = new Cluster("datagram", { seed: 2 });
  const [sender] = device(cluster);
  cluster.network.cut("device", "gateway");
  cluster.run(40_000);
  expect(cluster.process("gateway").endpoint.size).toBe(0);
  cluster.network.heal("device", "gateway");
  cluster.run(2_000);
  expect(cluster.process("gateway").status("device")).toBe("alive");
  expect(sender.status("gateway")).toBe("alive");
});

test("whoever only sends says who it is no more often than it is asked to, once it is heard", () => {
  const cluster = new Cluster("datagram", { seed: 3 });
  cluster.recording = true;
  const [sender] = device(cluster);
  sender.sent.length = 0;
  cluster.run(20_000);
  expect(sender.sent.filter(({ frame }) => "identity" in frame && frame.identity)).toEqual([]);
});

test("an answer to a question that nobody took in does not make the next beats stale", () => {
  const cluster = new Cluster("datagram", { seed: 4, delayMs: [1, 1] });
  cluster.start("b", { policy: POLICY, accept: () => true });
  const a = cluster.start("a", { policy: POLICY });
  a.add("b");
  cluster.run(2_000);
  // Nothing of b arrives until a asks, with its tag and without. Both are answered, and the answer to the
  // one without is about a frame that b did not take in. Then nothing of a arrives any more: what b says next
  // echoes the one before that.
  let asked = false;
  cluster.loses = (from, _to, frame) => {
    if (from === "b") return !asked;
    const asks = frame.type === "beat" && frame.asks;
    asked ||= asks;
    return asked && !asks;
  };
  cluster.runUntil(() => asked, 2_000);
  expect(asked).toBe(true);
  cluster.run(600);
  const ref = a.endpoint.find("b")!;
  expect(a.endpoint.state(ref)?.status).toBe("alive");
  expect(a.endpoint.state(ref)?.arrivals.stale).toBe(0);
});
