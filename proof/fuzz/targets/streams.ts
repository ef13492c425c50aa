// Streams: however the bytes are cut, the same frames, the same faults and the same refusals come of them, and
// nobody holds more than came.
import { decodeFrame, decodeHeader } from "../../../packages/core/src/endpoint/decode.ts";
import { encodeFrame } from "../../../packages/core/src/endpoint/encode.ts";
import { createEndpoint, type Endpoint } from "../../../packages/core/src/endpoint/endpoint.ts";
import type { EndpointOptions } from "../../../packages/core/src/endpoint/options.ts";
import { Reassembly } from "../../../packages/core/src/endpoint/stream.ts";
import { ManualHost } from "../../../packages/core/src/testing/manual-host.ts";
import { must, type Target } from "../target.ts";
import { vectors, WIRE_WORDS } from "../vectors.ts";

const MAX_MESSAGE_BYTES = 250;
const HEADER_BYTES = 8;
const FREE_BYTES = 64;

export const streams: Target = {
  name: "streams",
  promise:
    "any chunking of any bytes gives the same frames, faults and refusals as the whole, and holds no more than came",
  sources: [
    "endpoint/stream.ts",
    "endpoint/decode.ts",
    "endpoint/inlet.ts",
    "endpoint/handshakes.ts",
  ],
  maxBytes: 1_600,
  dictionary: WIRE_WORDS,
  lifetime: 64,
  // A first byte with the number of sizes and the way to read it, the sizes, the stream.
  seeds: () => {
    const frames = vectors();
    const pairs = frames.map((frame, n) => [...frame, ...(frames[(7 * n) % frames.length] ?? [])]);
    return [
      ...frames.map((frame) => Uint8Array.of(2, 3, 40, ...frame)),
      ...pairs.map((bytes, n) => Uint8Array.of((n & 1) === 0 ? 1 : 9, 1 + n, ...bytes)),
    ];
  },
  begin() {
    const ends = new TwoEnds();
    return (input) => {
      const [head = 0] = input;
      const sizes = input.subarray(1, 1 + (head & 7));
      const stream = input.subarray(1 + (head & 7));
      if ((head & 8) === 0) checkReassembly(stream, sizes);
      else ends.check(stream, sizes);
    };
  },
};

// ── the reassembly ───────────────────────────────────────────────────────────────────────────────

function checkReassembly(bytes: Uint8Array, sizes: Uint8Array): void {
  const whole = readWhole(bytes);
  const read = readInChunks(bytes, sizes);
  const told = () => `whole ${JSON.stringify(whole)}, in chunks ${JSON.stringify(read)}`;
  must(read.fault === whole.fault && read.heldBytes === whole.heldBytes, told);
  must(read.frames === whole.frames && read.framesBytes === whole.framesBytes, told);
}

const NO_CUT = Uint8Array.of();

interface Read {
  readonly fault: string | undefined;
  readonly frames: number;
  readonly framesBytes: number;
  readonly heldBytes: number;
}

/** The dumb twin: it sees the whole stream at once. */
function readWhole(bytes: Uint8Array): Read {
  let [framesBytes, frames] = [0, 0];
  const fail = (fault: string): Read => ({ frames, framesBytes, fault, heldBytes: 0 });
  while (bytes.length - framesBytes >= HEADER_BYTES) {
    const header = decodeHeader(bytes.subarray(framesBytes));
    if (!header.ok) return fail(header.fault);
    const { isData, lengthBytes } = header;
    if (isData && lengthBytes > HEADER_BYTES + MAX_MESSAGE_BYTES) return fail("too-long");
    if (bytes.length - framesBytes < lengthBytes) break;
    const decoded = decodeFrame(bytes.subarray(framesBytes, framesBytes + lengthBytes));
    if (!decoded.ok) return fail(decoded.fault);
    framesBytes += lengthBytes;
    frames += 1;
  }
  return { frames, framesBytes, fault: undefined, heldBytes: bytes.length - framesBytes };
}

function readInChunks(bytes: Uint8Array, sizes: Uint8Array): Read {
  const stream = new Reassembly(MAX_MESSAGE_BYTES);
  const kept: Parameters<typeof encodeFrame>[0][] = [];
  let fault: string | undefined;
  const allocated = counted(() => {
    for (const chunk of chunksOf(bytes, sizes)) {
      fault = stream.push(chunk, (frame) => kept.push(frame));
      must(stream.heldBytes <= bytes.length, () => `holds ${stream.heldBytes} of ${bytes.length}`);
    }
  });
  const { heldBytes } = stream;
  // Doubling holds at most twice what came, and all its steps together twice that.
  const most = 6 * bytes.length + FREE_BYTES;
  must(allocated <= most, () => `${allocated} bytes were allocated for ${bytes.length}`);
  let framesBytes = 0;
  for (const frame of kept) {
    const encoded = encodeFrame(frame);
    const read = bytes.subarray(framesBytes, framesBytes + encoded.length);
    must(Buffer.compare(encoded, read) === 0, () => `frame ${kept.indexOf(frame)} is another one`);
    framesBytes += encoded.length;
  }
  return { frames: kept.length, framesBytes, fault, heldBytes };
}

const socket = new Uint8Array(2_048);

/** Sizes in turn; nothing at all is a chunk, too. Each is overwritten after its turn: the buffer is the socket's. */
function* chunksOf(bytes: Uint8Array, sizes: Uint8Array): Generator<Uint8Array> {
  socket.set(bytes);
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const size = sizes.length > 0 ? (sizes[n % sizes.length] as number) : bytes.length;
    if (size === 0) yield NO_CUT;
    const end = Math.min(bytes.length, at + Math.max(1, size));
    yield socket.subarray(at, end);
    socket.fill(0xee, at, end);
    at = end;
  }
}

/**
 * How many bytes a body allocates by `new Uint8Array`: what a hostile length makes somebody allocate is not
 * seen in any result.
 */
function counted(body: () => void): number {
  const { Uint8Array: real } = globalThis;
  let allocatedBytes = 0;
  globalThis.Uint8Array = new Proxy(real, {
    construct(target, args: [number]) {
      // A length, or what is copied.
      const [what] = args as readonly (number | Uint8Array)[];
      allocatedBytes += typeof what === "number" ? what : (what?.length ?? 0);
      return new target(...args);
    },
  });
  try {
    body();
  } finally {
    globalThis.Uint8Array = real;
  }
  return allocatedBytes;
}

// ── the endpoint around it ───────────────────────────────────────────────────────────────────────

interface End {
  readonly endpoint: Endpoint<object>;
  readonly said: string[];
}

/** Two servers with one history; one is given each stream as a whole, the other in chunks. */
class TwoEnds {
  readonly #whole = server();
  readonly #cut = server();

  check(bytes: Uint8Array, sizes: Uint8Array): void {
    receive(this.#whole, chunksOf(bytes, NO_CUT));
    receive(this.#cut, chunksOf(bytes, sizes));
    const [whole, cut] = [this.#whole, this.#cut].map(({ said }) => said.splice(0).join("\n"));
    must(whole === cut, () => `the whole says ${whole}\nthe chunks say ${cut}`);
    const { handshakes, sessions } = this.#cut.endpoint.stats();
    must(handshakes === 0 && sessions <= 8, () => `${handshakes} handshakes, ${sessions} sessions`);
  }
}

function server(): End {
  const said: string[] = [];
  const limits = { peers: 2, candidates: 2 };
  const endpoint = createEndpoint<object>({
    ...{ id: "server", host: new ManualHost({ seed: 1 }), transport: "stream", seed: 1, limits },
    maxMessageBytes: MAX_MESSAGE_BYTES,
    accept: () => true,
    send: (_peer: unknown, frame: Uint8Array) => said.push(Buffer.from(frame).toString("hex")),
    emit: (output: object) => said.push(JSON.stringify(output)),
  } as EndpointOptions<object>);
  return { endpoint, said };
}

/** As an adapter does it: nothing more is read of a connection that was refused. */
function receive({ endpoint, said }: End, chunks: Iterable<Uint8Array>): void {
  const connection = { remote: "somewhere" };
  endpoint.opened(connection);
  for (const chunk of chunks) {
    endpoint.receive(chunk, connection);
    if (said.some((each) => each.startsWith('{"type":"refused"'))) break;
  }
  endpoint.ended(connection, "closed");
  said.push(JSON.stringify({ ...endpoint.stats(), bytesReceived: 0 }));
}
