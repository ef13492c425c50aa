// The network that everything else is simulated on does what its options say, and does it again by its seed.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EventQueue } from "../src/testing/event-queue.ts";
import { type NetworkOptions, SimulatedNetwork } from "../src/testing/simulated-network.ts";

/** Sends numbered datagrams from `a` to `b`, one a millisecond, and returns what arrived. */
function sent(count: number, options: NetworkOptions): readonly Uint8Array[] {
  const network = new SimulatedNetwork({ seed: 7, ...options });
  const [a, b] = [network.node("a"), network.node("b")];
  const arrived: Uint8Array[] = [];
  b.onBytes = (bytes) => arrived.push(bytes);
  for (let n = 0; n < count; n++) {
    const bytes = new Uint8Array(40).fill(0x55);
    new DataView(bytes.buffer).setUint32(0, n);
    a.send("b", bytes);
    network.run(1);
  }
  network.run(10_000);
  return arrived;
}

const numberOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);

describe("a link", () => {
  test("loses in bursts as Gilbert's model says: this share, so many in a row", () => {
    const arrived = sent(20_000, { bursts: { enter: 0.02, leave: 0.25 }, delayMs: [1, 1] });
    expect(1 - arrived.length / 20_000).toBeCloseTo(0.02 / (0.02 + 0.25), 2);
    const gaps = arrived.map((bytes, n) =>
      n === 0 ? 0 : numberOf(bytes) - numberOf(arrived[n - 1]!) - 1,
    );
    const bursts = gaps.filter((gap) => gap > 0);
    const inARow = bursts.reduce((sum, gap) => sum + gap, 0) / bursts.length;
    expect(inARow).toBeGreaterThan(3.6);
    expect(inARow).toBeLessThan(4.4);
  });

  test("corrupts: turns one to three bits over, or cuts the end off, and leaves the sender's bytes alone", () => {
    const arrived = sent(4_000, { corrupt: 0.1 });
    const cut = arrived.filter(({ length }) => length < 40);
    const turned = arrived.filter((bytes) => bytes.length === 40 && wrongBits(bytes) > 0);
    expect(arrived).toHaveLength(4_000);
    expect((cut.length + turned.length) / 4_000).toBeCloseTo(0.1, 1);
    expect(cut.length).toBeGreaterThan(50);
    expect(Math.max(...turned.map(wrongBits))).toBeLessThanOrEqual(3);
  });

  /** Of those behind the number, which have one value. */
  function wrongBits(bytes: Uint8Array): number {
    return bytes.subarray(4).reduce((sum, byte) => {
      let bits = 0;
      for (let wrong = byte ^ 0x55; wrong > 0; wrong &= wrong - 1) bits += 1;
      return sum + bits;
    }, 0);
  }

  test("loses, doubles, delays and overtakes by the shares it is given; without any it does none of it", () => {
    expect(sent(4_000, { loss: 0.2 }).length / 4_000).toBeCloseTo(0.8, 1);
    expect(sent(4_000, { duplicate: 0.2 }).length / 4_000).toBeCloseTo(1.2, 1);
    const isOrdered = (arrived: readonly Uint8Array[]) =>
      arrived.every((bytes, n) => numberOf(bytes) === n);
    expect(isOrdered(sent(400, { delayMs: [3, 3] }))).toBe(true);
    expect(isOrdered(sent(400, { delayMs: [1, 9] }))).toBe(false);
    expect(isOrdered(sent(400, { delayMs: [3, 3], spikes: { share: 0.1, ms: 50 } }))).toBe(false);
  });

  test("does the same again by its seed, and something else by another one", () => {
    const options = { loss: 0.1, duplicate: 0.1, corrupt: 0.1, bursts: { enter: 0.1, leave: 0.5 } };
    expect(sent(200, options)).toEqual(sent(200, options));
    expect(sent(200, options)).not.toEqual(sent(200, { ...options, seed: 8 }));
  });

  test("is treated otherwise from one moment on, and what is not said then is as by default", () => {
    const network = new SimulatedNetwork({ seed: 7, loss: 1, delayMs: [50, 50] });
    const [a, b] = [network.node("a"), network.node("b")];
    const ats: number[] = [];
    b.onBytes = () => ats.push(b.now());
    a.send("b", new Uint8Array(1));
    network.treat({ delayMs: [20, 20] });
    a.send("b", new Uint8Array(1));
    network.run(100);
    expect(ats).toEqual([20]);
    expect(network.counts).toEqual({ sent: 2, lost: 1, delivered: 1 });
  });

  test("that is cut loses datagrams, and holds back what is reliable, whole and in order", () => {
    const network = new SimulatedNetwork({ seed: 7, loss: 0.5, corrupt: 1 });
    const [a, b] = [network.node("a"), network.node("b")];
    const arrived: number[] = [];
    b.onBytes = ([n = -1]) => arrived.push(n);
    network.cut("a", "b", true);
    a.send("b", Uint8Array.of(99));
    for (let n = 0; n < 20; n++) a.send("b", Uint8Array.of(n), true);
    network.run(1_000);
    expect(arrived).toEqual([]);
    network.heal("a", "b");
    network.run(1_000);
    expect(arrived).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });
});

test("events come by instant, and those of one instant in their order", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 5 }), fc.boolean())), (plan) => {
      const queue = new EventQueue<{ at: number; order: number }>();
      const model: { at: number; order: number }[] = [];
      for (const [order, [at, takes]] of plan.entries()) {
        const event = { at, order };
        queue.push(event);
        model.push(event);
        model.sort((a, b) => a.at - b.at || a.order - b.order);
        if (takes) expect(queue.pop()).toBe(model.shift());
        expect(queue.first).toBe(model[0]);
      }
      while (model.length > 0) expect(queue.pop()).toBe(model.shift());
      expect(queue.pop()).toBeUndefined();
    }),
  );
});

describe("a process", () => {
  test("has a clock that drifts, and timers that go by it", () => {
    const network = new SimulatedNetwork();
    const node = network.node("a", { driftPpm: 1_000 });
    let firedAt = 0;
    node.setTimer(() => (firedAt = network.now), 1_001);
    network.run(2_000);
    expect(node.now()).toBeCloseTo(2_002, 6);
    expect(firedAt).toBeCloseTo(1_000, 6);
  });

  test("that is frozen runs nothing, and finds what fell due and what arrived when it thaws", () => {
    const network = new SimulatedNetwork({ delayMs: [1, 1] });
    const [a, b] = [network.node("a"), network.node("b")];
    const seen: string[] = [];
    b.onBytes = () => seen.push(`bytes at ${b.now()}`);
    b.setTimer(() => seen.push(`timer at ${b.now()}`), 100);
    b.freeze(500);
    a.send("b", new Uint8Array(1));
    network.run(499);
    expect(seen).toEqual([]);
    network.run(1);
    expect(seen).toEqual(["timer at 500", "bytes at 500"]);
  });

  test("that is started again is another one: nothing of the one before is left", () => {
    const network = new SimulatedNetwork({ delayMs: [5, 5] });
    const [a, before] = [network.node("a"), network.node("b")];
    const seen: string[] = [];
    before.onBytes = () => seen.push("bytes, before");
    before.setTimer(() => seen.push("timer, before"), 10);
    a.send("b", new Uint8Array(1));
    const after = network.node("b");
    after.onBytes = () => seen.push("bytes, after");
    a.send("b", new Uint8Array(1));
    network.run(100);
    expect(seen).toEqual(["bytes, after"]);
    expect([before.send("a", new Uint8Array(1)), before.timers]).toEqual([false, 0]);
    expect(after.entropy()).not.toBe(before.entropy());
  });

  test("behind a NAT has another address from one moment on, and its old one may go on working", () => {
    const network = new SimulatedNetwork({ delayMs: [1, 1] });
    const [a, b] = [network.node("a"), network.node("b")];
    const from: string[] = [];
    let reached = 0;
    a.onBytes = (_bytes, address) => from.push(address);
    b.onBytes = () => (reached += 1);
    const both = (to = "b") => {
      b.send("a", new Uint8Array(1));
      a.send(to, new Uint8Array(1));
      network.run(10);
      return reached;
    };
    expect(both()).toBe(1);
    network.rebind("b", "elsewhere", { oldWorks: true });
    expect(both()).toBe(2);
    network.rebind("b", "nowhere");
    network.rebind("nobody", "somewhere");
    expect([both(), both("elsewhere"), both("nowhere")]).toEqual([2, 2, 3]);
    expect(from).toEqual(["b", "elsewhere", "nowhere", "nowhere", "nowhere"]);
  });
});

test.each([true, false])(
  "a machine sleeps, and its clock with it unless it counts sleep: %s",
  (countsSleep) => {
    const network = new SimulatedNetwork();
    const node = network.node("a", { countsSleep });
    const fired: number[] = [];
    node.setTimer(() => fired.push(network.now), 200);
    network.run(100);
    node.sleep(1_000);
    expect(node.now()).toBe(100);
    network.run(500);
    expect(node.now()).toBe(countsSleep ? 600 : 100);
    network.run(1_000);
    expect(node.now()).toBe(countsSleep ? 1_600 : 600);
    expect(fired).toEqual([countsSleep ? 1_100 : 1_200]);
    expect(node.epochMs()).toBe(Date.UTC(2026, 0, 1) + 1_600);
  },
);

test("who is started anew is nowhere else any more, whatever its addresses were", () => {
  const network = new SimulatedNetwork({ delayMs: [1, 1] });
  const before = network.node("a");
  network.rebind("a", "elsewhere", { oldWorks: true });
  const after = network.node("a");
  const came: string[] = [];
  before.onBytes = () => came.push("before");
  after.onBytes = () => came.push("after");
  for (const to of ["a", "elsewhere"]) network.carry("b", to, new Uint8Array(1), false);
  network.run(10);
  expect(came).toEqual(["after"]);
});

test.each<readonly [NetworkOptions, string]>([
  [{ loss: 2 }, "loss must be a share from 0 to 1 (got 2)"],
  [{ corrupt: Number.NaN }, "corrupt must be a share"],
  [{ bursts: { enter: -1, leave: 1 } }, "bursts.enter must be a share"],
  [
    { bursts: { enter: 0.1, leave: 0 } },
    "bursts.leave must be above 0 (got 0).\nA link that never",
  ],
  [{ spikes: { share: 0.1, ms: -1 } }, "spikes.ms must be a finite number"],
  [{ delayMs: [5, 1] }, "delayMs must be two finite numbers from 0 on"],
])("%j is no network, at the start or later", (options, why) => {
  const wrong = expect.objectContaining({
    code: "ERR_SYSTOLE_OPTION",
    message: expect.stringContaining(why),
  });
  expect(() => new SimulatedNetwork(options)).toThrow(wrong);
  expect(() => new SimulatedNetwork().treat(options)).toThrow(wrong);
});
