// @ts-check
// Test vectors of the wire format, for implementations in other languages. `pnpm docs:wire-vectors`
// writes them with the built core; a test generates them from the sources and compares.
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { root } from "./entries.mjs";

/** @typedef {typeof import("../packages/core/src/endpoint/index.ts")} Codec */
/** @typedef {import("../packages/core/src/endpoint/frame.ts").Frame} Frame */
/** @typedef {import("../packages/core/src/endpoint/frame.ts").BeatFrame} BeatFrame */
/** @typedef {import("../packages/core/src/endpoint/frame.ts").FrameFault} FrameFault */

/** Relative to the root of the repository. */
export const VECTORS_FILE = "packages/core/test/vectors/frames.json";

const TOP = 2 ** 48 - 1;
const NONE = new Uint8Array(0);
const sender = { tag: word("0123456789abcdef"), epoch: 1_767_225_600_000, session: 1 };

/** @type {BeatFrame} */
const beat = {
  type: "beat",
  ...sender,
  seq: 42,
  handed: word("fedcba9876543210"),
  echo: 41,
  heldMicros: 1_500,
  counted: true,
  asks: false,
  gapMs: 1_000,
  wishMs: 1_333,
  minMs: 20,
  deadMs: 8_800,
  sentMicros: 3_600_000_042,
  stalledMs: 250,
  extra: NONE,
};
const identity = { boot: word("00c0ffee00c0ffee"), id: "worker-7" };

/** @type {BeatFrame} */
const question = {
  ...beat,
  tag: word("0000000000000000"),
  seq: 1,
  echo: 0,
  heldMicros: 0,
  counted: false,
  asks: true,
  identity,
  extra: new Uint8Array(215 - 95),
};

/** @type {Extract<Frame, { type: "leave" }>} */
const leave = { type: "leave", ...sender, seq: 43, reason: "leaving", returnInMs: 0, extra: NONE };

/** @type {Extract<Frame, { type: "notice" }>} */
const notice = {
  type: "notice",
  ...sender,
  kind: "dead",
  aboutEpoch: 1_767_225_600_001,
  aboutSession: 3,
  aboutBoot: word("1111111122222222"),
  answers: 9,
  knownEpoch: 0,
  extra: NONE,
};

/** @type {readonly (readonly [name: string, frame: Frame])[]} */
const accepted = [
  ["BEAT between two that know each other", beat],
  ["BEAT that asks for an ECHO", { ...beat, asks: true }],
  [
    "BEAT of a sender that is not judging and has heard nothing",
    { ...beat, echo: 0, heldMicros: 0, counted: false, wishMs: 0, deadMs: 0 },
  ],
  ["BEAT of a sender that only answers", { ...beat, gapMs: 0 }],
  ["first BEAT: untagged, complete, asks, padded with zeros to 215 bytes", question],
  ["BEAT that introduces its sender, tagged", { ...beat, identity }],
  [
    "BEAT with an id of two-, three- and four-byte characters",
    { ...beat, identity: { ...identity, id: "gerät-七-🫀" } },
  ],
  [
    "BEAT with an id that starts with U+FEFF: it is part of the id",
    { ...beat, identity: { ...identity, id: "\ufeffx" } },
  ],
  [
    "BEAT with the longest id, 128 bytes",
    { ...beat, identity: { ...identity, id: "x".repeat(128) } },
  ],
  ["BEAT with fields of a later version behind its own", { ...beat, extra: bytes("0102030405") }],
  [
    "BEAT as long as a control frame may be, 1200 bytes",
    { ...beat, extra: new Uint8Array(1_122).fill(0xa5) },
  ],
  ["BEAT with every number at its largest", largest("beat")],
  ["BEAT with every number at its smallest", smallest("beat")],
  ["ECHO to a short question", { ...beat, type: "echo" }],
  ["ECHO to a complete question", { ...beat, type: "echo", identity }],
  [
    "ECHO that does not count the frame it answers",
    { ...beat, type: "echo", counted: false, identity },
  ],
  ["ECHO with every number at its largest", { ...largest("echo"), asks: false }],
  ["LEAVE", leave],
  ["LEAVE with an expected return in a minute", { ...leave, returnInMs: 60_000 }],
  ["LEAVE for good", { ...leave, reason: "removed" }],
  ["LEAVE with fields of a later version", { ...leave, extra: bytes("ff") }],
  ["NOTICE dead", notice],
  ["NOTICE known-as", { ...notice, kind: "known-as", knownEpoch: 1_767_225_600_009 }],
  ["NOTICE duplicate-id", { ...notice, kind: "duplicate-id", answers: 0 }],
  ["NOTICE replaced", { ...notice, kind: "replaced", answers: 0 }],
  ["NOTICE incompatible", { ...notice, kind: "incompatible", answers: 0 }],
  ["NOTICE with fields of a later version", { ...notice, extra: bytes("00") }],
  ["DATA", { type: "data", payload: bytes("48656c6c6f") }],
  ["DATA without a byte", { type: "data", payload: NONE }],
  [
    "DATA with every byte value",
    { type: "data", payload: Uint8Array.from({ length: 256 }, (_, n) => n) },
  ],
];

/** Each spoils one thing of a good frame. Offsets as in docs/wire.md. */
/** @type {readonly (readonly [name: string, frame: Frame, spoil: (bytes: Uint8Array) => Uint8Array])[]} */
const rejected = [
  ["nothing", leave, (b) => b.slice(0, 0)],
  ["7 bytes", leave, (b) => b.slice(0, 7)],
  ["BEAT of 77 bytes", beat, (b) => cut(b, 77)],
  ["ECHO of 77 bytes", { ...beat, type: "echo" }, (b) => cut(b, 77)],
  ["complete question of 204 bytes", { ...question, extra: new Uint8Array(204 - 85) }, (b) => b],
  ["LEAVE of 38 bytes", leave, (b) => cut(b, 38)],
  ["NOTICE of 60 bytes", notice, (b) => cut(b, 60)],
  ["wrong magic", beat, (b) => put(b, 0, "73")],
  ["version 0", beat, (b) => put(b, 1, "00")],
  ["version 2", beat, (b) => put(b, 1, "02")],
  ["type 0", beat, (b) => put(b, 2, "00")],
  ["type 6", beat, (b) => put(b, 2, "06")],
  ["BEAT with flag 8", beat, (b) => put(b, 3, "08")],
  ["BEAT with flag 128", beat, (b) => put(b, 3, "80")],
  ["ECHO that asks", { ...beat, type: "echo" }, (b) => put(b, 3, "02")],
  ["LEAVE with a flag", leave, (b) => put(b, 3, "01")],
  ["NOTICE with a flag", notice, (b) => put(b, 3, "04")],
  ["DATA with a flag", { type: "data", payload: bytes("00") }, (b) => put(b, 3, "01")],
  ["length 7", beat, (b) => put(b, 4, "00000007")],
  ["length one above what came", beat, (b) => put(b, 4, "0000004f")],
  ["length one below what came", beat, (b) => put(b, 4, "0000004d")],
  ["length of 4 GiB", beat, (b) => put(b, 4, "ffffffff")],
  ["control frame of 1201 bytes", { ...beat, extra: new Uint8Array(1_133) }, (b) => b],
  ["epoch at the top of its range", beat, (b) => put(b, 16, "ffffffffffff")],
  ["session 0", beat, (b) => put(b, 22, "000000000000")],
  ["session at the top of its range", beat, (b) => put(b, 22, "ffffffffffff")],
  ["number 0", beat, (b) => put(b, 28, "000000000000")],
  ["number at the top of its range", beat, (b) => put(b, 28, "ffffffffffff")],
  ["echo at the top of its range", beat, (b) => put(b, 42, "ffffffffffff")],
  ["LEAVE with number 0", leave, (b) => put(b, 28, "000000000000")],
  ["LEAVE for reason 0", leave, (b) => put(b, 34, "00")],
  ["LEAVE for reason 3", leave, (b) => put(b, 34, "03")],
  ["NOTICE of kind 0", notice, (b) => put(b, 28, "00")],
  ["NOTICE of kind 6", notice, (b) => put(b, 28, "06")],
  ["NOTICE with session 0", notice, (b) => put(b, 22, "000000000000")],
  ["NOTICE about an epoch at the top", notice, (b) => put(b, 29, "ffffffffffff")],
  ["NOTICE about a session at the top", notice, (b) => put(b, 35, "ffffffffffff")],
  ["NOTICE that answers the top", notice, (b) => put(b, 49, "ffffffffffff")],
  ["NOTICE of a known epoch at the top", notice, (b) => put(b, 55, "ffffffffffff")],
  ["complete BEAT without an identity", beat, (b) => put(b, 3, "05")],
  ["id of 0 bytes", { ...beat, identity }, (b) => put(b, 86, "00")],
  ["id of 129 bytes", { ...beat, identity, extra: new Uint8Array(200) }, (b) => put(b, 86, "81")],
  ["id that ends behind its frame", { ...beat, identity }, (b) => put(b, 86, "09")],
  ["id that is not UTF-8", { ...beat, identity }, (b) => put(b, 87, "ff")],
  ["id in overlong UTF-8", { ...beat, identity }, (b) => put(b, 87, "c0af")],
  ["id with half of a surrogate pair", { ...beat, identity }, (b) => put(b, 87, "eda080")],
];

/**
 * The vectors as plain data, made by a codec.
 * @param {Pick<Codec, "encodeFrame" | "decodeFrame">} codec
 */
export function wireVectors({ encodeFrame, decodeFrame }) {
  return {
    about: "Systole wire format, version 1. See docs/wire.md. Words and bytes in hexadecimal.",
    accepted: accepted.map(([name, frame]) => ({
      name,
      hex: hex(encodeFrame(frame)),
      frame: asPlain(frame),
    })),
    rejected: rejected.map(([name, frame, spoil]) => {
      const spoilt = spoil(encodeFrame(frame));
      const decoded = decodeFrame(spoilt);
      if (decoded.ok) throw new Error(`${name}: accepted`);
      return { name, hex: hex(spoilt), fault: decoded.fault };
    }),
  };
}

/** The file as it is committed. */
export function asText(/** @type {ReturnType<typeof wireVectors>} */ vectors) {
  return `${JSON.stringify(vectors, undefined, 2)}\n`;
}

/**
 * A frame with words and bytes as hexadecimal strings.
 * @param {Frame} frame
 * @returns {Record<string, unknown>}
 */
function asPlain(frame) {
  return Object.fromEntries(
    Object.entries(frame).flatMap(([key, value]) => {
      if (key === "identity")
        return [
          ["boot", asHex(value.boot)],
          ["id", value.id],
        ];
      return [[key, asHex(value)]];
    }),
  );
}

/** @param {unknown} value */
function asHex(value) {
  if (value instanceof Uint8Array) return hex(value);
  if (typeof value !== "object" || value === null) return value;
  const { hi, lo } = /** @type {{ hi: number, lo: number }} */ (value);
  return [hi, lo].map((half) => half.toString(16).padStart(8, "0")).join("");
}

/** @param {"beat" | "echo"} type @returns {BeatFrame} */
function largest(type) {
  const word32 = 2 ** 32 - 1;
  const ones = word("ffffffffffffffff");
  return {
    ...{ type, tag: ones, epoch: TOP - 1, session: TOP - 1, seq: TOP - 1, handed: ones },
    ...{ echo: TOP - 1, heldMicros: word32, counted: true, asks: true },
    ...{ gapMs: word32, wishMs: word32, minMs: word32, deadMs: word32 },
    ...{ sentMicros: TOP - 1, stalledMs: word32 },
    identity: { boot: ones, id: "\u{10ffff}".repeat(32) },
    extra: NONE,
  };
}

/** @param {"beat" | "echo"} type @returns {BeatFrame} */
function smallest(type) {
  const zeros = word("0000000000000000");
  return {
    ...{ type, tag: zeros, epoch: 0, session: 1, seq: 1, handed: zeros },
    ...{ echo: 0, heldMicros: 0, counted: false, asks: false },
    ...{ gapMs: 0, wishMs: 0, minMs: 0, deadMs: 0 },
    ...{ sentMicros: 0, stalledMs: 0 },
    identity: { boot: zeros, id: "\0" },
    extra: NONE,
  };
}

/** Cuts a frame and lets its length field say so. */
function cut(/** @type {Uint8Array} */ whole, /** @type {number} */ length) {
  return put(whole.slice(0, length), 4, length.toString(16).padStart(8, "0"));
}

function put(
  /** @type {Uint8Array} */ whole,
  /** @type {number} */ at,
  /** @type {string} */ value,
) {
  const spoilt = whole.slice();
  spoilt.set(bytes(value), at);
  return spoilt;
}

/** @param {string} value */
function word(value) {
  return { hi: Number.parseInt(value.slice(0, 8), 16), lo: Number.parseInt(value.slice(8), 16) };
}

function bytes(/** @type {string} */ value) {
  return Uint8Array.from(Buffer.from(value, "hex"));
}

function hex(/** @type {Uint8Array} */ value) {
  return Buffer.from(value).toString("hex");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const codec = await import(pathToFileURL(`${root}/packages/core/dist/endpoint/index.js`).href);
  writeFileSync(`${root}/${VECTORS_FILE}`, asText(wireVectors(codec)));
}
