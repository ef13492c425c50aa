// The suite for transports, tried on transports: right ones pass, and each broken one is told which
// rule it broke.
import { describe, expect, test } from "vitest";
import {
  type ContractEnd,
  type ContractReceiver,
  type MakePair,
  TransportContractError,
  type TransportContractOptions,
  type TransportRule,
  transportContract,
} from "../src/testing/index.ts";

type Kind = NonNullable<TransportContractOptions["transport"]>;

/** How a transport in memory may be broken. */
type Fault =
  | "loses long frames"
  | "loses every fifth frame"
  | "loses everything"
  | "cuts frames"
  | "forgets the tails of frames"
  | "joins frames"
  | "is not eight bits wide"
  | "hands over an ArrayBuffer"
  | "overtakes"
  | "sends twice"
  | "says false, and sends"
  | "refuses everything"
  | "knows one connection only"
  | "calls everybody by one name"
  | "makes a new path each time"
  | "keeps the frame"
  | "takes the frame away"
  | "answers with a promise"
  | "says true when it is closed"
  | "never tells the end"
  | "tells the end twice"
  | "tells the end of something else"
  | "goes on after the end"
  | "goes on at a closed end"
  | "is silent only when it has closed"
  | "throws frames without a tag away";

/** The last connection that was made: where a transport that knows only one sends everything. */
let newest: Memory | undefined;

/** Two ends in one process; what is under way waits in a queue until the pair settles. */
class Memory {
  readonly left: ContractEnd;
  readonly right: ContractEnd;
  readonly #kind: Kind;
  readonly #fault: Fault | undefined;
  #queue: { readonly deliver: () => void; readonly to: "left" | "right" }[] = [];
  #closed = new Set<"left" | "right">();
  #frames = 0;
  #held: Uint8Array | undefined;
  readonly #receivers: Record<"left" | "right", ContractReceiver>;

  constructor(
    kind: Kind,
    fault: Fault | undefined,
    left: ContractReceiver,
    right: ContractReceiver,
  ) {
    this.#kind = kind;
    this.#fault = fault;
    this.#receivers = { left, right };
    this.left = this.#end("left", "right");
    this.right = this.#end("right", "left");
    newest = this;
  }

  settle(): void {
    for (let count = this.#queue.length; count > 0; count--) this.#queue.shift()?.deliver();
  }

  #end(name: "left" | "right", other: "left" | "right"): ContractEnd {
    const path = this.#has("calls everybody by one name") ? "peer" : { name };
    return {
      path,
      send: (frame) => {
        if (this.#closed.size > 0) return this.#has("says true when it is closed");
        if (this.#has("refuses everything")) return false;
        const connection = this.#has("knows one connection only") ? (newest as Memory) : this;
        const isTaken = connection.#take(frame, other);
        return this.#has("answers with a promise") ? Promise.reject(new Error("later")) : isTaken;
      },
      close: () => {
        if (this.#closed.has(name)) return undefined;
        this.#closed.add(name);
        const stop = () => {
          this.#queue = this.#queue.filter(({ to }) => to !== name);
        };
        this.#tellEnd(other);
        if (this.#has("is silent only when it has closed")) return Promise.resolve().then(stop);
        if (!this.#has("goes on at a closed end")) stop();
        return undefined;
      },
    };
  }

  #take(frame: Uint8Array<ArrayBuffer>, to: "left" | "right"): boolean {
    this.#frames += 1;
    if (this.#has("loses long frames") && frame.length > 1_000) return true;
    if (this.#has("loses every fifth frame") && this.#frames % 5 === 0) return true;
    if (this.#has("loses everything")) return true;
    const untagged = frame.subarray(8, 16).every((byte) => byte === 0);
    if (this.#has("throws frames without a tag away") && untagged) return true;
    let bytes: Uint8Array = this.#has("keeps the frame") ? frame : frame.slice();
    if (this.#has("takes the frame away")) structuredClone(frame, { transfer: [frame.buffer] });
    if (this.#has("is not eight bits wide")) bytes = bytes.map((byte) => byte & 0x7f);
    if (this.#has("joins frames") && this.#frames % 2 === 1) {
      this.#held = bytes;
      return true;
    }
    if (this.#held !== undefined) bytes = Uint8Array.of(...this.#held, ...bytes);
    this.#held = undefined;
    if (this.#has("forgets the tails of frames")) bytes = bytes.slice(0, 300);
    const size = this.#kind === "stream" ? 1_000 : this.#has("cuts frames") ? 100 : bytes.length;
    for (let at = 0; at < bytes.length; at += size) this.#post(bytes, at, size, to);
    if (this.#has("sends twice")) this.#post(bytes, 0, bytes.length, to);
    return !(this.#has("says false, and sends") && this.#frames % 7 === 0);
  }

  #post(bytes: Uint8Array, at: number, size: number, to: "left" | "right"): void {
    const receiver = this.#receivers[to];
    const from = this.#has("makes a new path each time") ? {} : this[to].path;
    const deliver = () => {
      if (this.#kind === "signs") return receiver.heard(from);
      const piece = bytes.subarray(at, at + size);
      const buffer = piece.slice().buffer as unknown as Uint8Array;
      receiver.receive(this.#has("hands over an ArrayBuffer") ? buffer : piece, from);
    };
    if (this.#has("overtakes") && this.#frames % 3 === 0) this.#queue.unshift({ deliver, to });
    else this.#queue.push({ deliver, to });
  }

  #tellEnd(to: "left" | "right"): void {
    if (this.#kind === "datagram" || this.#has("never tells the end")) return;
    const path = this.#has("tells the end of something else") ? {} : this[to].path;
    const deliver = () => this.#receivers[to].ended(path, "closed");
    if (this.#has("goes on after the end")) this.#queue.unshift({ deliver, to });
    else this.#queue.push({ deliver, to });
    if (this.#has("tells the end twice")) this.#queue.push({ deliver, to });
  }

  #has(fault: Fault): boolean {
    return this.#fault === fault;
  }
}

const memory =
  (kind: Kind, fault?: Fault): MakePair =>
  (left, right) =>
    new Memory(kind, fault, left, right);

/** Runs the whole suite, and says which rules it found broken. Each case that fails names its rule. */
async function brokenRules(
  makePair: MakePair,
  options: TransportContractOptions,
): Promise<string[]> {
  const found = new Set<string>();
  for (const { name, rules, run } of transportContract(makePair, { ...options, patience: 50 })) {
    try {
      await run();
    } catch (error) {
      if (!(error instanceof TransportContractError)) throw new Error(name, { cause: error });
      expect(error.message).toMatch(new RegExp(`^${error.rule}: .{20}`));
      if (error.rule !== "delivers") expect(rules).toContain(error.rule);
      expect(name.slice(0, name.indexOf(":"))).toBe(rules.join(", "));
      found.add(error.rule);
    }
  }
  return [...found];
}

describe("a right transport", () => {
  test.each(["stream", "message", "datagram", "signs"] as const)(
    "passes: %s",
    async (transport) => {
      expect(await brokenRules(memory(transport), { transport })).toEqual([]);
    },
  );

  test("has cases with names of their own, for any test runner", () => {
    const cases = transportContract(memory("message"));
    expect(cases.map(({ name }) => name)).toEqual([
      "delivers, bytes, whole, unchanged, once: frames of every size arrive, both ways",
      "delivers, whole, ordered, once: frames in a row arrive in their order",
      "right-peer: frames arrive from the right peer",
      "not-kept: a frame is read before send returns",
      "at-once: send tells at once whether it sent",
      "not-sent: a closed connection says that it sent nothing",
      "ended, ended-once, right-peer: the end of a connection is told",
      "silent-after-close: nothing arrives after the end",
      "silent-after-close: nothing more arrives once close was called, from inside of receive, too",
      "alive: two endpoints on it come alive, and hear each other leave",
      "alive, ended: a closed connection ends its peer",
    ]);
  });

  test("may be made with a promise, and is cleaned up after each case", async () => {
    let open = 0;
    const makePair: MakePair = async (left, right) => {
      open += 1;
      const pair = new Memory("message", undefined, left, right);
      return {
        left: pair.left,
        right: pair.right,
        settle: () => pair.settle(),
        dispose: () => open--,
      };
    };
    expect(await brokenRules(makePair, {})).toEqual([]);
    expect(open).toBe(0);
  });

  test("may keep frames, where it says so", async () => {
    const keeping = memory("message", "keeps the frame");
    expect(await brokenRules(keeping, { keepsFrames: true })).toEqual([]);
  });

  test("may deliver before send returns, from one buffer that it uses again and again", async () => {
    const makePair: MakePair = (left, right) => {
      const ends: Record<"left" | "right", ContractEnd & { open: boolean }> = {
        left: end("left", right),
        right: end("right", left),
      };
      const buffer = new Uint8Array(2_000);
      function end(name: "left" | "right", receiver: ContractReceiver) {
        const other = name === "left" ? "right" : "left";
        return {
          path: { name },
          open: true,
          send(frame: Uint8Array) {
            if (!ends[name].open) return false;
            buffer.set(frame);
            receiver.receive(buffer.subarray(0, frame.length), ends[other].path);
            buffer.fill(0xff);
            return true;
          },
          close() {
            if (!ends[name].open) return;
            ends.left.open = ends.right.open = false;
            receiver.ended(ends[other].path, "closed");
          },
        };
      }
      return { ...ends, settle() {} };
    };
    expect(await brokenRules(makePair, {})).toEqual([]);
  });

  test("may throw instead of saying false, also when it is closed twice", async () => {
    const makePair: MakePair = (left, right) => {
      const pair = new Memory("message", undefined, left, right);
      let closed = false;
      return {
        ...{ left: pair.left, settle: () => pair.settle() },
        right: {
          ...pair.right,
          close: () => {
            if (closed) throw new Error("closed already");
            closed = true;
            pair.right.close();
          },
          send(frame) {
            if (pair.right.send(frame) === false) throw new Error("not open");
          },
        },
      };
    };
    expect(await brokenRules(makePair, {})).toEqual([]);
  });
});

test.each([
  [{ transport: "messages" }, 'transport must be one of stream, message, datagram, signs (got "me'],
  [{ patience: 0 }, "patience must be at least 1 (got 0)"],
])("%j is no option", (options, why) => {
  expect(() => transportContract(memory("message"), options as TransportContractOptions)).toThrow(
    why,
  );
});

describe("a transport that", () => {
  const broken: readonly (readonly [Kind, Fault, TransportRule])[] = [
    ["message", "loses long frames", "delivers"],
    ["message", "loses every fifth frame", "delivers"],
    ["message", "refuses everything", "delivers"],
    ["message", "cuts frames", "whole"],
    ["message", "forgets the tails of frames", "whole"],
    ["message", "joins frames", "whole"],
    ["datagram", "joins frames", "whole"],
    ["message", "is not eight bits wide", "unchanged"],
    ["stream", "is not eight bits wide", "unchanged"],
    ["datagram", "is not eight bits wide", "unchanged"],
    ["message", "hands over an ArrayBuffer", "bytes"],
    ["message", "overtakes", "ordered"],
    ["stream", "overtakes", "ordered"],
    ["message", "sends twice", "once"],
    ["message", "says false, and sends", "once"],
    ["message", "knows one connection only", "right-peer"],
    ["message", "calls everybody by one name", "right-peer"],
    ["message", "makes a new path each time", "right-peer"],
    ["datagram", "makes a new path each time", "right-peer"],
    ["message", "tells the end of something else", "right-peer"],
    ["message", "keeps the frame", "not-kept"],
    ["message", "takes the frame away", "not-kept"],
    ["message", "answers with a promise", "at-once"],
    ["message", "says true when it is closed", "not-sent"],
    ["message", "never tells the end", "ended"],
    ["message", "tells the end twice", "ended-once"],
    ["message", "goes on after the end", "silent-after-close"],
    ["message", "goes on at a closed end", "silent-after-close"],
    ["datagram", "goes on at a closed end", "silent-after-close"],
    ["message", "is silent only when it has closed", "silent-after-close"],
    ["stream", "is silent only when it has closed", "silent-after-close"],
    ["message", "throws frames without a tag away", "alive"],
    ["signs", "loses everything", "delivers"],
    ["signs", "knows one connection only", "right-peer"],
    ["signs", "never tells the end", "ended"],
    ["signs", "tells the end twice", "ended-once"],
    ["signs", "says true when it is closed", "not-sent"],
    ["signs", "answers with a promise", "at-once"],
    ["signs", "is silent only when it has closed", "silent-after-close"],
  ];

  test.each(broken)("%s: %s breaks the rule %s", async (transport, fault, rule) => {
    expect(await brokenRules(memory(transport, fault), { transport })).toContain(rule);
  });

  test("breaks a rule is there for every rule", () => {
    expect(new Set(broken.map(([, , rule]) => rule)).size).toBe(14);
  });
});
