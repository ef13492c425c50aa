// More than a slow wire can carry soon: minutes of data in a queue, and a policy of a second.
import { describe, expect, test } from "vitest";
import { Child, type Keep } from "../waiting.ts";

const TRANSFER = new URL("transfer.mjs", import.meta.url);
const MESSAGE_BYTES = 1_000_000;
/** A message has 12 bytes of frame; one beat fits into the rest, two do not. */
const ONE_BEAT_BYTES = 12 + 116;

interface Transferred {
  readonly during: readonly string[];
  readonly changes: readonly string[];
  /** Messages that arrived as they were sent. */
  readonly intact: number;
  readonly beats: Readonly<Record<string, number>>;
  readonly most: { readonly queuedBytes: number; readonly keptBytes: number };
  readonly handedMs: number;
  readonly tookMs: number;
}

export function describeBulk(megabytes: number, keep: Keep = () => {}): void {
  describe.concurrent(`${megabytes} MB one way at 64 KB/s, judged by a policy of a second`, () => {
    test.for(["tcp", "unix"])(
      "socketio/socket.io#5450, socketio/engine.io-client#706, grpc/grpc#22963: over %s, no suspicion either way, one beat waits at most, memory is bounded",
      async (how) => {
        const child = new Child(TRANSFER, megabytes, how);
        const { during, changes, intact, beats, most, handedMs, tookMs } =
          await child.says<Transferred>("transferred");
        console.log(
          `bulk over ${how}: ${megabytes} MB in ${seconds(tookMs)}, taken by the kernel after ${seconds(handedMs)}; at most ${most.queuedBytes} bytes queued and ${most.keptBytes} bytes kept; beats ${JSON.stringify(beats)}; ${during.join(", ")}`,
        );
        expect(intact).toBe(megabytes);
        expect([...during].sort()).toEqual(["receiver alive", "sender alive"]);
        expect([...changes].sort()).toEqual([
          "receiver alive",
          "receiver dead left",
          "sender alive",
          "sender dead left",
        ]);
        expect(most.queuedBytes).toBeLessThanOrEqual(MESSAGE_BYTES + ONE_BEAT_BYTES);
        // One message on its way out, one on its way in, and their copies: however much is sent.
        expect(most.keptBytes).toBeLessThan(5 * MESSAGE_BYTES);
        keep({
          over: how,
          MB: megabytes,
          took: seconds(tookMs),
          "queued at most, bytes": most.queuedBytes,
          "kept at most, bytes": most.keptBytes,
          suspicions: during.filter((words) => words.includes("suspect")).length,
        });
      },
    );
  });
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
