// The simulated network keeps its own promises: order, losses in bursts, corruption, delays, sleep.
import fc from "fast-check";
import { expect, test } from "vitest";
import { EventQueue } from "../src/testing/event-queue.ts";
import { type LinkOptions, SimulatedNetwork } from "../src/testing/simulated-network.ts";

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

/** What arrives of so many datagrams, one each millisecond; each says its number three times. */
function arrivals(link: LinkOptions, datagrams: number) {
  const network = new SimulatedNetwork({ seed: 3, delayMs: [1, 1] });
  network.treat({ delayMs: [1, 1], ...link });
  const [a, b] = [network.node("a"), network.node("b")];
  const came: { at: number; bytes: number[] }[] = [];
  b.onBytes = (bytes) => came.push({ at: network.now, bytes: [...bytes] });
  for (let n = 0; n < datagrams; n++) {
    a.send("b", Uint8Array.of(n >> 8, n & 255, n >> 8, n & 255, n >> 8, n & 255));
    network.run(1);
  }
  network.run(10_000);
  return { came, numbers: came.map(({ bytes: [high = 0, low = 0] }) => 256 * high + low) };
}

test("losses come in bursts, as often and as long as they were asked to", () => {
  const datagrams = 20_000;
  const { numbers } = arrivals({ bursts: { enter: 0.01, leave: 0.1 } }, datagrams);
  const lost = datagrams - numbers.length;
  const bursts = numbers.filter((n, index) => index > 0 && n !== (numbers[index - 1] ?? 0) + 1);
  expect(lost / datagrams).toBeGreaterThan(0.06);
  expect(lost / datagrams).toBeLessThan(0.12);
  expect(lost / bursts.length).toBeGreaterThan(8);
  expect(lost / bursts.length).toBeLessThan(12.5);
});

test("a share of datagrams is corrupted, and no more than that", () => {
  const { came } = arrivals({ corrupt: 0.2 }, 2_000);
  const whole = came.filter(
    ({ bytes: [a, b, c, d, e, f] }) => a === c && c === e && b === d && d === f && f !== undefined,
  );
  expect(came).toHaveLength(2_000);
  expect(whole.length).toBeGreaterThan(1_500);
  expect(whole.length).toBeLessThan(1_700);
  expect(came.some(({ bytes }) => bytes.length < 6)).toBe(true);
});

test("a share of datagrams is late, and overtaken", () => {
  const { numbers } = arrivals({ spikes: { share: 0.1, ms: 50 } }, 1_000);
  const overtaken = numbers.filter((n, index) => n < Math.max(0, ...numbers.slice(0, index)));
  expect(numbers).toHaveLength(1_000);
  expect(overtaken.length).toBeGreaterThan(60);
  expect(overtaken.length).toBeLessThan(140);
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
