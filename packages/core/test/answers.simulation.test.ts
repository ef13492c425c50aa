// What one frame may cause: answers never cause answers, are never larger than what asked, and
// nobody unproven is sent more than it sent.
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeFrame } from "../src/endpoint/decode.ts";
import type { NoticeKind } from "../src/endpoint/frame.ts";
import { Cluster, type Process, type Received, type Sent } from "./cluster.ts";
import { duo, steps } from "./faults.ts";
import { wirePolicies } from "./wire-arbitraries.ts";

/** A newcomer that had to wait is answered late, by what the incumbent does. */
const isLate = ({ frame }: Sent) => frame.type === "notice" && LATE.includes(frame.kind);
const LATE: readonly NoticeKind[] = ["duplicate-id", "replaced"];

const isAnswer = (type: string) => type === "echo" || type === "notice" || type === "leave";

function check({ bytes, caused: all }: Received): void {
  const decoded = decodeFrame(bytes);
  const caused = all.filter((sent) => !isLate(sent));
  const answers = caused.filter(({ frame }) => isAnswer(frame.type));
  if (!decoded.ok || decoded.frame.type !== "beat") return expect(answers).toEqual([]);
  expect(answers.length).toBeLessThanOrEqual(1);
  for (const answer of answers) expect(answer.bytes.length).toBeLessThanOrEqual(bytes.length);
  // An ECHO is what a question asked for; a NOTICE may tell whoever speaks in a dead conversation.
  if (!decoded.frame.asks) expect(answers.map(({ frame }) => frame.type)).not.toContain("echo");
  // At most one BEAT is due besides: a proof, a NOTICE.
  expect(caused.length - answers.length).toBeLessThanOrEqual(1);
}

function checkAll(processes: readonly Process[]): number {
  for (const { received } of processes) for (const each of received) check(each);
  return processes.reduce((sum, { received }) => sum + received.length, 0);
}

const types = [
  "nothing",
  "heal",
  "heal",
  "cut",
  "freeze",
  "policy",
  "restart",
  "half-open",
] as const;
const histories = fc.record({
  transport: fc.constantFrom("datagram" as const, "message" as const),
  network: fc.record({
    seed: fc.nat(),
    delayMs: fc.constantFrom([1, 5] as const, [0, 0] as const, [5, 60] as const),
    loss: fc.constantFrom(0, 0.2),
    duplicate: fc.constantFrom(0, 0.3),
  }),
  policies: fc.tuple(wirePolicies, wirePolicies),
  byHand: fc.boolean(),
  // The id of one side may be much longer than that of the other.
  id: fc.constantFrom("b", "b".repeat(128)),
  steps: steps(types, { maxLength: 5 }),
});

test("CVE-2019-9512: an answer never triggers an answer nor outgrows its cause", () => {
  let frames = 0;
  fc.assert(
    fc.property(histories, ({ transport, network, policies, byHand, id, steps: list }) => {
      const cluster = new Cluster(transport, network);
      cluster.recording = true;
      const two = duo(cluster, { policies, byHand, id });
      const seen = new Set<Process>(two.pair);
      cluster.run(800);
      for (const { waitMs, fault } of list) {
        two.apply(fault);
        for (const process of two.pair) seen.add(process);
        cluster.run(waitMs);
      }
      cluster.run(1_500);
      frames += checkAll([...seen]);
    }),
  );
  expect(frames).toBeGreaterThan(0);
});
