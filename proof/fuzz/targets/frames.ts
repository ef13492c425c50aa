// Frames: arbitrary bytes against a reader written from docs/wire.md, and the hot path in against the
// general one.
import { decodeFrame, decodeHeader } from "../../../packages/core/src/endpoint/decode.ts";
import { encodeFrame } from "../../../packages/core/src/endpoint/encode.ts";
import { must, type Target } from "../target.ts";
import { vectors, WIRE_WORDS } from "../vectors.ts";
import { OrdinaryTwins } from "./ordinary-twins.ts";

const FAULTS = ["short", "magic", "version", "type", "flags", "length", "range", "id"];
const DATA = 5;
/** Fixed fields end here, by type. */
const ENDS = [0, 78, 78, 39, 61, 8];
const FLAGS = [0, 7, 5, 0, 0, 0];
/** Numbers of 48 bits by type, and the least that each may be. */
const U48S: readonly (readonly (readonly [at: number, least: number])[])[] = [
  [],
  ...[1, 2].map(
    () =>
      [
        [16, 0],
        [22, 1],
        [28, 1],
        [42, 0],
        [68, 0],
      ] as const,
  ),
  [
    [16, 0],
    [22, 1],
    [28, 1],
  ],
  [
    [16, 0],
    [22, 1],
    [29, 0],
    [35, 0],
    [49, 0],
    [55, 0],
  ],
  [],
];

export const frames: Target = {
  name: "frames",
  promise:
    "decoding never throws and accepts what docs/wire.md does; what it accepts encodes to the same bytes; hot path and general path agree",
  sources: [
    ...["decode", "encode", "layout", "frame", "text", "ordinary", "conversation", "proof"].map(
      (name) => `endpoint/${name}.ts`,
    ),
  ],
  maxBytes: 1_300,
  dictionary: WIRE_WORDS,
  lifetime: 512,
  seeds: () => [
    ...vectors().map((bytes) => Uint8Array.of(0, ...bytes)),
    ...OrdinaryTwins.seeds.map((steps) => Uint8Array.of(1, ...steps)),
  ],
  begin() {
    const twins = [1, 3].map((mode) => [mode, new OrdinaryTwins(mode === 3)] as const);
    return (input) => {
      const mode = (input[0] ?? 0) & 3;
      const rest = input.subarray(1);
      const pair = twins.find(([each]) => each === mode)?.[1];
      if (pair) pair.play(rest);
      else checkBytes(rest);
    };
  },
};

const BEFORE = 13;
const BEHIND = 20;
/** A piece of a larger buffer, as sockets give it. */
const pool = Buffer.alloc(BEFORE + 1_300 + BEHIND);

function checkBytes(bytes: Uint8Array): void {
  const decoded = decodeFrame(bytes);
  must(decoded.ok === isFrame(bytes), () => `decoded ${JSON.stringify(decoded)}`);
  pool.fill(0xa5);
  pool.set(bytes, BEFORE);
  const inPool = pool.subarray(BEFORE, BEFORE + bytes.length);
  // With a seal behind it, in a Buffer that is somebody else's.
  const again = decodeFrame(pool.subarray(BEFORE, BEFORE + bytes.length + BEHIND), bytes.length);
  const inBuffer = decodeFrame(inPool);
  must(again.ok === decoded.ok && inBuffer.ok === decoded.ok, () => "a Buffer, or a seal behind");
  if (!decoded.ok || !again.ok || !inBuffer.ok) {
    if (decoded.ok) return;
    must(FAULTS.includes(decoded.fault), () => `a fault ${decoded.fault}`);
    must("fault" in again && again.fault === decoded.fault, () => "another fault before a seal");
    const header = bytes.length >= 8 ? decodeHeader(bytes) : undefined;
    const isTold = header?.ok !== false || header.fault === decoded.fault;
    must(isTold, () => "a header with another fault than its frame");
    return;
  }
  const isData = decoded.frame.type === "data";
  if (!isData) pool.fill(0x5a);
  const dirty = (length: number) => new Uint8Array(length).fill(0xee);
  const encoded = [
    encodeFrame(decoded.frame),
    encodeFrame(again.frame),
    encodeFrame(inBuffer.frame),
    encodeFrame(decoded.frame, BEHIND, dirty).subarray(0, bytes.length),
  ];
  for (const each of encoded)
    must(
      Buffer.compare(each, bytes) === 0,
      () => `encoded to ${Buffer.from(each).toString("hex")}`,
    );
}

/** Whether docs/wire.md calls these bytes a frame: read from its tables, and from nothing else. */
function isFrame(bytes: Uint8Array): boolean {
  if (bytes.length < 8 || bytes[0] !== 0x53 || bytes[1] !== 1) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [type, flags] = [view.getUint8(2), view.getUint8(3)];
  const endsAt = ENDS[type];
  if (type === 0 || endsAt === undefined || view.getUint32(4) !== bytes.length) return false;
  if (type !== DATA && bytes.length > 1_200) return false;
  if ((flags & ~(FLAGS[type] as number)) !== 0 || bytes.length < endsAt) return false;
  const u48 = (at: number) => view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
  for (const [at, least] of U48S[type] as (typeof U48S)[number])
    if (u48(at) < least || u48(at) >= 2 ** 48 - 1) return false;
  if (type === 3 && ![1, 2].includes(view.getUint8(34))) return false;
  if (type === 4 && ![1, 2, 3, 4, 5].includes(view.getUint8(28))) return false;
  if (type > 2 || (flags & 1) === 0) return true;
  if ((flags & 2) !== 0 && bytes.length < 215) return false;
  const idBytes = bytes.length > 86 ? view.getUint8(86) : 0;
  if (idBytes < 1 || idBytes > 128 || 87 + idBytes > bytes.length) return false;
  const id = bytes.subarray(87, 87 + idBytes);
  // Well-formed is what survives the way there and back.
  return Buffer.compare(Buffer.from(Buffer.from(id).toString("utf8"), "utf8"), id) === 0;
}
