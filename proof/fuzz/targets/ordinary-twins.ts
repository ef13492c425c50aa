// Two gateways with one history. One hears its peer as it is; to the other each ordinary beat has a byte in
// its ignorable area, means the same, and goes the general way. They must not differ in anything.
import type { Detector } from "../../../packages/core/src/detectors/detector.ts";
import { createEndpoint, type Endpoint } from "../../../packages/core/src/endpoint/endpoint.ts";
import type { EndpointOptions } from "../../../packages/core/src/endpoint/options.ts";
import type { PeerRef } from "../../../packages/core/src/monitor/refs.ts";
import { ManualHost } from "../../../packages/core/src/testing/manual-host.ts";
import { Reader } from "../reader.ts";
import { must } from "../target.ts";

const POLICY = { intervalMs: 100, suspectAfterMs: 400, deadAfterMs: 1_000 };
const ORDINARY_BYTES = 78;
/** Where the numbers of a BEAT are. */
const NUMBERS = [
  ...([16, 22, 28, 42, 68].map((at) => [at, 6]) as [number, number][]),
  ...([48, 52, 56, 60, 64, 74].map((at) => [at, 4]) as [number, number][]),
];
/** Of one input: the twins live on from one to the next. */
const MOST_STEPS = 3;
/** So often the twins are looked at all over. */
const LOOK_EVERY = 32;

/** Looks at arrivals, so that a beat may move its deadline earlier. */
const byLoss: Detector = ({ received }) => 350 - (received % 7) * 10;

interface Gateway {
  readonly endpoint: Endpoint<string>;
  /** Outputs and frames, in order, as text. */
  readonly said: string[];
}

export class OrdinaryTwins {
  /** Beats in time; changed numbers; a flood; silence. */
  static readonly seeds: readonly (readonly number[])[] = [
    [2, 0, 2, 0, 2, 0],
    [2, 1, 33, 1, 2, 2, 47, 1, 3, 4],
    [2, 1, 33, 5, 1, 33, 6, 1, 33, 7, 2, 0, 3, 200, 2, 0],
    [3, 250, 3, 250, 3, 250, 2, 2, 0],
  ];
  readonly #host = new ManualHost({ seed: 1 });
  readonly #fast: Gateway;
  readonly #slow: Gateway;
  readonly #peer: Endpoint<string>;
  /** What the peer said last. */
  #model: Uint8Array = new Uint8Array(0);
  #played = 0;
  #peerSaid: Uint8Array[] = [];
  #fastSaid: Uint8Array[] = [];

  constructor(varies: boolean) {
    const detector = varies ? byLoss : undefined;
    this.#fast = this.#gateway(detector, (frame) => this.#fastSaid.push(frame));
    this.#slow = this.#gateway(detector, () => {});
    this.#peer = createEndpoint<string>({
      id: "peer",
      host: this.#hostOf(2),
      ...{ transport: "datagram", policy: POLICY, seed: 2, emit: () => {} },
      send: (_peer, frame) => this.#peerSaid.push(frame),
    } as EndpointOptions<string>);
    this.#peer.add("gateway", { path: "gateway" });
    for (let n = 0; n < 6; n++) this.#beat();
  }

  play(program: Uint8Array): void {
    const reader = new Reader(program);
    for (let step = 0; step < MOST_STEPS && !reader.isAtEnd; step++) {
      const what = reader.byte() & 3;
      if (what === 2) this.#beat();
      else if (what === 3) this.#pass(reader.byte() * 3);
      else this.#forge(reader, 1 + 2 * what);
    }
    this.#played += 1;
    this.#compare(this.#played % LOOK_EVERY === 0);
  }

  #gateway(detector: Detector | undefined, send: (frame: Uint8Array) => unknown): Gateway {
    const said: string[] = [];
    const endpoint = createEndpoint<string>({
      id: "gateway",
      // The same chance for both.
      host: this.#hostOf(3),
      transport: "datagram",
      policy: { ...POLICY, detector },
      seed: 3,
      accept: () => true,
      send: (_peer, frame) => {
        said.push(Buffer.from(frame).toString("latin1"));
        return send(frame);
      },
      emit: (output) => said.push(JSON.stringify(output)),
    });
    return { endpoint, said };
  }

  /** One clock for all, and chance of its own. */
  #hostOf(seed: number): ManualHost {
    return Object.assign(new ManualHost({ seed }), { now: () => this.#host.now() });
  }

  /** The peer's next beat, on time, and what comes back. */
  #beat(): void {
    this.#pass(Math.max(0, Math.min(1_000, this.#peer.nextDeadline() - this.#host.now())));
    for (let round = 0; round < 6 && this.#peerSaid.length > 0; round++) {
      for (const frame of this.#peerSaid.splice(0)) {
        this.#model = frame;
        this.#deliver(frame);
      }
      for (const frame of this.#fastSaid.splice(0)) this.#peer.receive(frame, "gateway");
    }
  }

  #pass(ms: number): void {
    this.#host.freeze(ms);
    this.#peer.tick();
    for (const { endpoint } of [this.#fast, this.#slow]) endpoint.tick();
  }

  /** What the peer said last, with other bytes in some places. */
  #forge(reader: Reader, places: number): void {
    const forged = this.#model.slice();
    for (let n = 0; n < places; n++) {
      const [where, value] = [reader.byte(), reader.byte()];
      const at = where % ORDINARY_BYTES;
      if (where < 160) (forged[at] as number) ^= value;
      else {
        // A whole number at one of its ends.
        const [start, width] = NUMBERS[where % NUMBERS.length] as (typeof NUMBERS)[number];
        forged.fill((value & 1) === 0 ? 0 : 255, start, start + width);
        forged[start + width - 1] = (value & 1 ? 255 : 0) ^ ((value >> 1) & 1);
      }
    }
    this.#deliver(forged);
  }

  #deliver(frame: Uint8Array): void {
    this.#fast.endpoint.receive(frame, "peer");
    this.#slow.endpoint.receive(longer(frame), "peer");
  }

  #compare(isWhole: boolean): void {
    const look = isWhole ? seen : ({ said }: Gateway) => said.splice(0).join("\n");
    const [fast, slow] = [this.#fast, this.#slow].map(look);
    const told = () =>
      `the hot path says ${JSON.stringify([fast])}, the general one ${JSON.stringify([slow])}`;
    must(fast === slow, told);
  }
}

/** Everything that can be seen of a gateway since the last look. */
function seen({ endpoint, said }: Gateway): string {
  const { bytesReceived: _, ...stats } = endpoint.stats();
  const states = [...endpoint].map((ref: PeerRef) => [
    endpoint.state(ref),
    endpoint.trustedUntil(ref),
    endpoint.policy(ref)?.deadAfterMs,
    endpoint.suspicion(ref),
  ]);
  return JSON.stringify([said.splice(0), stats, states, endpoint.nextDeadline()]);
}

function longer(frame: Uint8Array): Uint8Array {
  const isOrdinary = frame.length === ORDINARY_BYTES && frame[7] === ORDINARY_BYTES;
  if (!isOrdinary || frame[4] || frame[5] || frame[6]) return frame;
  const longer = new Uint8Array(frame.length + 1);
  longer.set(frame);
  longer[7] = longer.length;
  return longer;
}
