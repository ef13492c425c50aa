// What `pnpm simulate` found, each as the smallest history that shows it.
import { expect, test } from "vitest";
import { isZero } from "../src/endpoint/frame.ts";
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

test("who was never reached may answer in its old conversation: one that only answers has no other", () => {
  const cluster = new Cluster("datagram", { seed: 5, delayMs: [1, 1] });
  cluster.network.cut("a", "b");
  const b = cluster.start("b", { policy: SENDS, role: "listen" });
  const a = cluster.start("a", { policy: SENDS });
  a.add("b");
  b.add("a");
  cluster.run(4_000);
  expect([a.status("b"), b.status("a")]).toEqual(["dead", "dead"]);
  // One answer gets through, so that a knows in which conversation b would speak; then nothing does.
  let isAnswered = false;
  cluster.loses = (_from, _to, { type }) => {
    const isLost = isAnswered;
    isAnswered ||= type === "echo";
    return isLost;
  };
  cluster.network.heal("a", "b");
  cluster.runUntil(() => a.status("b") === "connecting", 3_000);
  cluster.runUntil(() => a.status("b") === "dead", 5_000);
  expect(a.deaths("b").map(({ reason }) => reason)).toEqual(["unreachable", "unreachable"]);
  cluster.loses = () => false;
  cluster.run(1_000 + 10);
  expect([a.status("b"), b.status("a")]).toEqual(["alive", "alive"]);
});

test("whoever asked as a stranger keeps the tag of the answer when its conversation is begun anew", () => {
  const cluster = new Cluster("datagram", { seed: 8, delayMs: [1, 1] });
  cluster.recording = true;
  cluster.start("b", { policy: POLICY, accept: () => true });
  const a = cluster.start("a", { policy: POLICY });
  a.add("b");
  cluster.run(2_000);
  // b hears nothing and gives a up; of what b says then, a hears only the question of its next session.
  cluster.loses = (from, _to, frame) => from === "a" || !("identity" in frame && frame.identity);
  a.endpoint.pause();
  cluster.runUntil(() => cluster.process("b").status("a") === "dead", 4_000);
  const handed = (type: "beat" | "echo") =>
    a.sent.flatMap(({ frame }) => (frame.type === type ? [frame.handed] : [])).at(-1);
  a.sent.length = 0;
  cluster.runUntil(() => handed("echo") !== undefined, 2_000);
  const answered = handed("echo");
  // Now everything arrives but that answer, and a is told.
  cluster.loses = (_from, _to, { type }) => type === "echo";
  const isTold = () => a.outputs.some(({ type }) => type === "declared-dead");
  cluster.runUntil(isTold, 2_000);
  expect(isTold()).toBe(true);
  expect(answered).toBeDefined();
  expect(handed("beat")).toEqual(answered);
});

test("who is started anew while we are still connecting is heard from its first frame on", () => {
  const cluster = new Cluster("datagram", { seed: 9, delayMs: [1, 1] });
  const start = (clockMs: number) =>
    cluster.start("b", { policy: POLICY, accept: () => true, epochMs: clockMs });
  start(0);
  const a = cluster.start("a", { policy: { ...POLICY, deadAfterMs: 6_000 } });
  // b answers who it does not know, and what would prove a to it is lost.
  cluster.loses = (from, _to, frame) => from === "a" && "tag" in frame && !isZero(frame.tag);
  a.add("b");
  cluster.run(3_500);
  const { highestSeq } = a.endpoint.state(a.endpoint.find("b")!)!.arrivals;
  expect([a.status("b"), highestSeq > 5]).toEqual(["connecting", true]);
  start(1_000);
  cluster.loses = () => false;
  cluster.runUntil(() => a.status("b") === "alive", 1_000);
  // Its answer to a question, which is asked now and then, and the one to a question with its tag.
  expect(a.status("b")).toBe("alive");
  expect(a.endpoint.state(a.endpoint.find("b")!)!.arrivals.behind).toBe(0);
});
