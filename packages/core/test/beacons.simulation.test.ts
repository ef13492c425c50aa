// Beacons only send, and who listens to them only listens: judged like everybody else, restarts and
// recordings told apart, and not one byte the other way.
import { expect, test } from "vitest";
import { SystoleRangeError } from "../src/errors.ts";
import { Cluster, type Process } from "./cluster.ts";
import { Keyring } from "./keyring.ts";

const POLICY = { intervalMs: 300, suspectAfterMs: 1_000, deadAfterMs: 2_000 };

function pair(
  seed: number,
  options: { sealing?: Keyring } = {},
): readonly [Cluster, Process, Process] {
  const cluster = new Cluster("datagram", { seed, delayMs: [1, 20], duplicate: 0.2 });
  cluster.recording = true;
  const listener = cluster.start("listener", {
    policy: POLICY,
    acceptBeacon: ({ id }) => id === "lamp" && { policy: { ...POLICY, forgetAfterMs: 1e9 } },
    ...options,
  });
  return [cluster, listener, light(cluster, options)];
}

function light(cluster: Cluster, options: { sealing?: Keyring; epochMs?: number } = {}): Process {
  const lamp = cluster.start("lamp", { policy: POLICY, ...options });
  lamp.add("listener", { beacon: true });
  return lamp;
}

const words = ({ changes }: Process) =>
  changes.map(({ to, session, reason }) => `${to}#${session}${reason ? ` ${reason}` : ""}`);

test("a beacon lives, dies of silence, and comes back as the next session, with no word to it", () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const withKeys = seed % 2 === 0;
    const [cluster, listener, lamp] = pair(seed, withKeys ? { sealing: new Keyring(1) } : {});
    cluster.run(2_000);
    expect(words(listener)).toEqual(["alive#1"]);
    cluster.network.cut("lamp", "listener");
    cluster.run(4_000);
    cluster.network.heal("lamp", "listener");
    cluster.run(1_000);
    const comesBack = ["alive#1", "suspect#1", "dead#1 silence", "connecting#2", "alive#2"];
    expect(words(listener)).toEqual(comesBack);
    lamp.stop();
    light(cluster, { ...(withKeys && { sealing: new Keyring(1) }), epochMs: 1_800_000_000_000 });
    cluster.run(1_000);
    const restarts = ["dead#2 restarted", "connecting#3", "alive#3"];
    expect(words(listener).slice(comesBack.length)).toEqual(restarts);
    listener.endpoint.close();
    expect(listener.sent).toEqual([]);
    for (const { frame } of lamp.sent)
      expect(frame).toMatchObject({ type: "beat", tag: { hi: 0, lo: 0 }, asks: false });
  }
});

test("what a beacon once said keeps it neither alive nor brings it back, nor does an earlier life of it", () => {
  const sealing = new Keyring(1);
  const [cluster, listener, first] = pair(3, { sealing });
  cluster.run(2_000);
  first.stop();
  const second = light(cluster, { sealing, epochMs: 1_800_000_000_000 });
  cluster.run(2_000);
  second.stop();
  const recorded = [...first.sent, ...second.sent];
  for (const { bytes } of recorded) {
    cluster.network.carry("lamp", "listener", bytes, false);
    cluster.run(300);
  }
  expect(listener.status("lamp")).toBe("dead");
  const { length } = listener.changes;
  for (const { bytes } of recorded) cluster.network.carry("elsewhere", "listener", bytes, false);
  cluster.run(1_000);
  expect(listener.changes.length).toBe(length);
  expect(listener.dropped("behind")).toBeGreaterThan(0);
  expect(listener.dropped("clock-behind")).toBeGreaterThan(0);
});

test("nobody is a beacon who was not accepted as one, nor who can be asked", () => {
  const [cluster, listener] = pair(1);
  const other = cluster.start("other", { policy: POLICY });
  other.add("listener", { beacon: true });
  const peer = cluster.start("peer", { policy: POLICY });
  cluster.run(1_500);
  expect(listener.status("other")).toBeUndefined();
  expect(listener.dropped("not-accepted")).toBeGreaterThan(1);
  // A peer by hand, that somebody plays with a beacon of its id.
  listener.endpoint.add("peer", { path: "nowhere" });
  peer.add("listener", { beacon: true });
  cluster.run(3_000);
  expect(listener.status("peer")).toBe("dead");
  expect(listener.deaths("peer")).toMatchObject([{ reason: "unreachable" }]);
  // The other way round: nobody gets an answer as somebody who only sends.
  const lamp = cluster.process("lamp");
  const before = lamp.sent.filter(({ to }) => to !== "listener").length;
  cluster.start("asks", { id: "listener", policy: POLICY }).add("lamp");
  cluster.run(1_500);
  expect(lamp.sent.filter(({ to }) => to !== "listener").length).toBe(before);
  expect(lamp.dropped("untagged")).toBeGreaterThan(0);
});

test("a beacon slower than wished stretches its deadlines, and its policy may change", () => {
  const cluster = new Cluster("datagram", { seed: 1, delayMs: [1, 1] });
  const listener = cluster.start("listener", { policy: POLICY, acceptBeacon: () => true });
  cluster.start("lamp", {
    policy: { intervalMs: 2_000, suspectAfterMs: 6_000, deadAfterMs: 9_000 },
  });
  cluster.process("lamp").add("listener", { beacon: true });
  cluster.run(10_000);
  expect(words(listener)).toEqual(["alive#1"]);
  const [ref] = listener.endpoint;
  const { proof, suspectAfterMs = 0 } = listener.endpoint.policy(ref!) ?? {};
  expect(proof).toBe("any");
  expect(suspectAfterMs / 1_000).toBeCloseTo(6, 1);
  listener.endpoint.setPolicy(ref!, { ...POLICY, deadAfterMs: 1_500 });
  cluster.run(10_000);
  expect(listener.endpoint.policy(ref!)?.proof).toBe("any");
  expect(words(listener)).toEqual(["alive#1"]);
});

test("beacons are datagrams", () => {
  const cluster = new Cluster("stream", { seed: 1 });
  const process = cluster.start("a", { policy: POLICY });
  const wrong = () => process.endpoint.add("b", { beacon: true });
  expect(wrong).toThrow(SystoleRangeError);
  expect(wrong).toThrow("beacon must be for datagrams");
});
