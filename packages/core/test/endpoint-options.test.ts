// The door of an endpoint: wrong options say what is wrong, what was given, and a way out.
import { describe, expect, test } from "vitest";
import { createEndpoint } from "../src/endpoint/endpoint.ts";
import { DEFAULTS, type EndpointOptions, strangersPerSecond } from "../src/endpoint/options.ts";
import { ManualHost } from "../src/testing/manual-host.ts";

const textless: object = Object.create(null);
const plain = { id: "me", host: new ManualHost(), send: () => true, emit() {} };

describe("wrong options", () => {
  const long = "x".repeat(129);
  const wrong: readonly (readonly [
    option: string,
    value: unknown,
    options: unknown,
    message: RegExp,
  ])[] = [
    ["options", undefined, undefined, /^An id must be a well-formed string of 1 to 128 bytes/],
    ["id", undefined, { ...plain, id: undefined }, /got undefined\)\.\nGive each process/],
    ["id without a text", textless, { ...plain, id: textless }, /got object\)/],
    ["id", "", { ...plain, id: "" }, /got ""\)/],
    ["id", long, { ...plain, id: long }, /got "x{129}"\)/],
    ["id", "\ud800", { ...plain, id: "\ud800" }, /well-formed/],
    ["send", 1, { ...plain, send: 1 }, /send must be a function \(got 1\)/],
    ["emit", undefined, { ...plain, emit: undefined }, /emit must be a function \(got undefined\)/],
    [
      "entropy",
      undefined,
      { ...plain, host: { now: () => 0 } },
      /host\.entropy must be a function.*\nGive one; systemHost\(\)/,
    ],
    [
      "epochMs",
      undefined,
      { ...plain, host: { now: () => 0, entropy: () => 0 } },
      /host\.epochMs must be a function/,
    ],
    [
      "transport",
      "tcp",
      { ...plain, transport: "tcp" },
      /transport must be one of stream, message, datagram \(got "tcp"\)\.\nLeave it out/,
    ],
    ["role", "beat", { ...plain, role: "beat" }, /role must be one of both, send, listen/],
    [
      "maxMessageBytes",
      Number.NaN,
      { ...plain, maxMessageBytes: Number.NaN },
      /maxMessageBytes must be an integer from 1 to 4294967287 \(got NaN\)/,
    ],
    ["maxMessageBytes", 0, { ...plain, maxMessageBytes: 0 }, /from 1 to/],
    [
      "limits.peers",
      1.5,
      { ...plain, limits: { peers: 1.5 } },
      /limits\.peers must be an integer from 1/,
    ],
    [
      "sealing",
      "stream",
      { ...plain, transport: "stream", sealing: { sealBytes: 1 } },
      /sealing must be for datagrams \(got "stream"\)\.\nUse TLS/,
    ],
    [
      "sealing.sealBytes",
      0,
      { ...plain, transport: "datagram", sealing: { sealBytes: 0 } },
      /sealing\.sealBytes must be an integer from 1 to 256/,
    ],
    [
      "host",
      undefined,
      { ...plain, host: undefined },
      /^host\.entropy must be a function \(got undefined\)/,
    ],
    [
      "transport, where connections are looked into",
      "datagram",
      { ...plain, transport: "datagram", authenticate: () => true },
      /^transport must be one with connections where there is authenticate \(got "datagram"\)\.\nUse accept, and keys/,
    ],
    ["limits.candidates", 2 ** 23, { ...plain, limits: { candidates: 2 ** 23 } }, /to 4194304/],
  ];

  test.each(wrong)("%s: %s", (_option, value, options, message) => {
    const error = thrown(() => createEndpoint(options as EndpointOptions));
    expect(error.message).toMatch(message);
    expect(error).toMatchObject({ code: "ERR_SYSTOLE_OPTION", value });
    expect(error instanceof RangeError || error instanceof TypeError).toBe(true);
  });

  const limits = [
    ["peers", 2 ** 22],
    ["tombstones", 2 ** 22],
    ["candidates", 2 ** 22],
    ["strangersPerSecond", 2 ** 22],
    ["movesPerMinute", 60_000],
    ["handshakeMs", 2 ** 31 - 1],
  ] as const;

  test.each(limits)("limits.%s, by its name: at most %i", (name, most) => {
    const given = (value: number) => createEndpoint({ ...plain, limits: { [name]: value } });
    expect(given(most).size).toBe(0);
    for (const value of [0, most + 1]) {
      const must = `limits.${name} must be an integer from 1 to ${most} (got ${value}).`;
      expect(thrown(() => given(value)).message.split("\n")[0]).toBe(must);
    }
  });

  test("policy", () => {
    const error = thrown(() => createEndpoint({ ...plain, policy: { deadAfterMs: 1 } }));
    expect(error).toMatchObject({ code: "ERR_SYSTOLE_POLICY" });
  });

  test("of add, leave, close and setPolicy", () => {
    const endpoint = createEndpoint(plain);
    const peer = endpoint.add("a");
    const codes = [
      () => endpoint.add(""),
      () => endpoint.add("b", { role: "none" as never }),
      () => endpoint.add("b", { policy: { jitter: 1 } }),
      () => endpoint.add("a"),
      () => endpoint.leave(peer, { returnInMs: Number.NaN }),
      () => endpoint.leave(peer, { returnInMs: -1 }),
      () => endpoint.close({ reason: "gone" as never }),
      () => endpoint.setPolicy(peer, { intervalMs: 0 }),
    ].map((call) => thrown(call).code);
    expect(codes).toEqual([
      "ERR_SYSTOLE_OPTION",
      "ERR_SYSTOLE_OPTION",
      "ERR_SYSTOLE_POLICY",
      "ERR_SYSTOLE_DUPLICATE_PEER",
      "ERR_SYSTOLE_OPTION",
      "ERR_SYSTOLE_OPTION",
      "ERR_SYSTOLE_OPTION",
      "ERR_SYSTOLE_POLICY",
    ]);
    // Nothing of it had an effect.
    expect([endpoint.size, endpoint.state(peer)?.status]).toEqual([1, "connecting"]);
  });
});

test("what a call was given wrongly is named, with what would do", () => {
  const endpoint = createEndpoint({ ...plain, transport: "stream", maxMessageBytes: 10 });
  const peer = endpoint.add("a");
  const texts = [
    () => endpoint.leave(peer, { reason: "gone" as never }),
    () => endpoint.leave(peer, { returnInMs: -1 }),
    () => endpoint.leaveSoon(peer, { withinMs: Number.NaN }),
    () => endpoint.message(peer, new Uint8Array(11)),
    () => endpoint.add("b", { beacon: true }),
  ].map((call) => thrown(call).message.split("\n"));
  expect(texts).toEqual([
    ['reason must be one of leaving, removed (got "gone").', expect.any(String)],
    ["returnInMs must be a finite number of ms from 0 on (got -1).", expect.any(String)],
    ["withinMs must be a finite number of ms from 0 on (got NaN).", expect.any(String)],
    [
      "A message must be at most 10 bytes long (got 11).",
      "Raise maxMessageBytes on both sides, or send it in parts.",
    ],
    ['beacon must be for datagrams (got "stream").', expect.any(String)],
  ]);
});

test("so many strangers a second as were given, else four for each candidate", () => {
  expect(strangersPerSecond({ limits: { strangersPerSecond: 7, candidates: 10 } })).toBe(7);
  expect(strangersPerSecond({ limits: { candidates: 10 } })).toBe(40);
  expect(strangersPerSecond({})).toBe(4 * DEFAULTS.candidates);
});

function thrown(call: () => unknown): Error & { code?: string; value?: unknown } {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}
