// The hot path against its dumb twin: a frame with a byte in its ignorable area means the same, but is not
// ordinary, so it goes the general way. Both gateways must not differ in anything.
import type { Detector } from "@systole/core";
import { createEndpoint, type Endpoint, type EndpointOutput } from "@systole/core/endpoint";
import { ManualHost } from "@systole/core/testing";
import fc from "fast-check";
import { expect, test } from "vitest";

const PEERS = 3;
const POLICY = { intervalMs: 100, suspectAfterMs: 400, deadAfterMs: 1_000 };
const ORDINARY_BYTES = 78;

type Step =
  | { readonly type: "pass"; readonly ms: number }
  | { readonly type: "freeze"; readonly ms: number }
  | {
      readonly type: "beat";
      readonly peer: number;
      readonly times: number;
      readonly late: boolean;
      readonly inOrder: boolean;
      readonly otherwise: Otherwise | undefined;
    };

/** What a frame says other than its sender meant, as only somebody with its tag could. */
interface Otherwise {
  /** Echoes a frame so many before the one that it would. */
  readonly echoes: number;
  readonly counts: boolean;
  readonly epoch: number;
  readonly handsOut: number;
  /** Longer than it meant, in ms. */
  readonly gapMs: number;
  readonly stalledMs: number;
  readonly isLast: boolean;
}

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ type: fc.constant("pass" as const), ms: fc.nat(250) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("freeze" as const), ms: fc.nat(700) }) },
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant("beat" as const),
        peer: fc.nat(PEERS - 1),
        times: fc.nat(2),
        late: fc.boolean(),
        inOrder: fc.boolean(),
        otherwise: fc.option(
          fc.record({
            echoes: fc.nat(2),
            counts: fc.boolean(),
            epoch: fc.constantFrom(0, 0, 0, 1),
            handsOut: fc.nat(1),
            gapMs: fc.constantFrom(0, 0, 1, 2),
            stalledMs: fc.nat(200),
            isLast: fc.constantFrom(false, false, false, true),
          }),
          { nil: undefined },
        ),
      }),
    },
  ),
  { maxLength: 60 },
);

interface Setting {
  readonly transport: "datagram" | "stream";
  readonly detector?: Detector;
}

interface Member {
  readonly host: ManualHost;
  readonly endpoint: Endpoint<string>;
  readonly said: Uint8Array[];
  readonly underWay: Uint8Array[];
}

/** A gateway and its peers; what they say to it goes through `mail`. */
class World {
  readonly outputs: EndpointOutput<string>[] = [];
  /** What the gateway said in the last step. */
  sent: Uint8Array[] = [];
  readonly gateway: Endpoint<string>;
  readonly #host = new ManualHost({ seed: 1 });
  readonly #peers: readonly Member[];
  readonly #mail: (bytes: Uint8Array) => Uint8Array;

  constructor(mail: (bytes: Uint8Array) => Uint8Array, { transport, detector }: Setting) {
    this.#mail = mail;
    this.gateway = createEndpoint<string>({
      id: "gateway",
      host: this.#host,
      transport,
      policy: { ...POLICY, detector },
      accept: () => true,
      send: (_peer, frame, path) => {
        this.sent.push(frame);
        const { endpoint } = this.#peers[Number(path)] as Member;
        endpoint.receive(frame, "gateway");
      },
      emit: (output) => this.outputs.push(output),
    });
    this.#peers = Array.from({ length: PEERS }, (_, n) => {
      const host = new ManualHost({ seed: n + 2 });
      const said: Uint8Array[] = [];
      const endpoint = createEndpoint<string>({
        id: `peer-${n}`,
        host,
        transport,
        policy: POLICY,
        send: (_peer, frame) => said.push(frame),
        emit: () => {},
      });
      endpoint.add("gateway", { path: "gateway" });
      return { host, endpoint, said, underWay: [] };
    });
    for (let n = 0; n < 8; n++)
      for (let at = 0; at < PEERS; at++) this.step({ ...PLAIN, peer: at });
  }

  step(step: Step): void {
    this.sent = [];
    if (step.type !== "beat") {
      for (const { host } of [{ host: this.#host }, ...this.#peers]) host.freeze(step.ms);
      if (step.type === "pass") this.gateway.tick();
      return;
    }
    const { host, endpoint, said, underWay } = this.#peers[step.peer] as Member;
    host.freeze(Math.max(0, endpoint.nextDeadline() - host.now()));
    endpoint.tick();
    for (const bytes of said.splice(0))
      underWay.push(step.otherwise ? spoken(bytes, step.otherwise) : bytes);
    if (step.late) return;
    const frames = underWay.splice(0);
    for (const bytes of step.inOrder ? frames : frames.reverse())
      for (let n = 0; n < step.times; n++)
        this.gateway.receive(this.#mail(bytes), String(step.peer));
  }

  seen(): unknown {
    const { bytesReceived: _, ...stats } = this.gateway.stats();
    const states = [...this.gateway].map((ref) => [
      this.gateway.state(ref),
      this.gateway.trustedUntil(ref),
      this.gateway.policy(ref),
    ]);
    const { outputs, sent } = this;
    return { stats, states, outputs, sent, deadline: this.gateway.nextDeadline() };
  }
}

const PLAIN = {
  type: "beat",
  times: 1,
  late: false,
  inOrder: false,
  otherwise: undefined,
} as const;

const AS_MEANT: Otherwise = {
  echoes: 0,
  counts: true,
  epoch: 0,
  handsOut: 0,
  gapMs: 0,
  stalledMs: 0,
  isLast: false,
};
const pass = { type: "pass", ms: 101 } as const;
const says = (otherwise: Partial<Otherwise>): Step => ({
  ...PLAIN,
  peer: 0,
  inOrder: true,
  otherwise: { ...AS_MEANT, ...otherwise },
});

const late = (otherwise: Partial<Otherwise>): Step => ({ ...says(otherwise), late: true }) as Step;

/** What is said once and then as before: what is known of the other side must follow it there and back. */
const takenBack: readonly (readonly Step[])[] = [
  [says({ handsOut: 1 }), says({}), pass, says({}), pass],
  [says({ gapMs: 1 }), says({}), says({}), says({})],
  [says({ epoch: 1 }), says({}), says({ epoch: 1 })],
  [pass, says({ counts: false }), pass, says({}), pass, says({ counts: false })],
  [says({ stalledMs: 100 }), says({ stalledMs: 150 }), says({}), says({ stalledMs: 100 })],
  [says({ isLast: true }), says({})],
  // Suspects: the newest comes before what answered our probes.
  [{ type: "pass", ms: 450 }, pass, late({}), late({}), { ...PLAIN, peer: 0 }, pass],
  [
    ...[pass, late({ counts: false }), late({ counts: false, echoes: 1 }), late({ counts: false })],
    ...[pass, pass, says({ counts: false })],
  ],
];

/** The frame in other words, where it is an ordinary one. */
function spoken(frame: Uint8Array, otherwise: Otherwise): Uint8Array {
  const bytes = Uint8Array.from(frame);
  if (bytes.length !== ORDINARY_BYTES) return bytes;
  const { echoes, counts, epoch, handsOut, gapMs, stalledMs, isLast } = otherwise;
  const view = new DataView(bytes.buffer);
  view.setUint32(44, Math.max(1, view.getUint32(44) - echoes));
  view.setUint32(18, view.getUint32(18) + epoch);
  if (!counts) view.setUint8(3, 0);
  view.setUint8(34, view.getUint8(34) ^ handsOut);
  view.setUint32(52, view.getUint32(52) + gapMs);
  view.setUint32(74, view.getUint32(74) + stalledMs);
  // The highest number there is, which nobody may use.
  if (isLast) bytes.fill(255, 28, 34);
  return bytes;
}

function longer(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== ORDINARY_BYTES) return bytes;
  const longer = new Uint8Array(bytes.length + 1);
  longer.set(bytes);
  longer[7] = longer.length;
  return longer;
}

/** A detector that looks at arrivals: a beat may move its deadline earlier. */
const byLoss: Detector = ({ received }) => 350 - (received % 7) * 10;

test.each<[string, Setting]>([
  ["a fixed detector", { transport: "datagram" }],
  ["one that varies", { transport: "datagram", detector: byLoss }],
  ["a stream", { transport: "stream" }],
  ["a stream, and a detector that varies", { transport: "stream", detector: byLoss }],
])("an ordinary beat means what any other means: %s", (_name, setting) => {
  let ordinary = 0;
  const isSame = (list: readonly Step[]) => {
    const fast = new World((bytes) => {
      ordinary += Number(bytes.length === ORDINARY_BYTES);
      return bytes;
    }, setting);
    const twin = new World(longer, setting);
    expect(fast.seen()).toEqual(twin.seen());
    for (const step of list) {
      fast.step(step);
      twin.step(step);
      expect(fast.seen()).toEqual(twin.seen());
    }
  };
  for (const list of takenBack) isSame(list);
  fc.assert(fc.property(steps, isSame));
  // Else this compared the general path with itself.
  expect(ordinary).toBeGreaterThan(0);
});
