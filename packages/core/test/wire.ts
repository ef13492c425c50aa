// Two endpoints and a wire between them, in the hand of the test: what was sent waits until it is
// delivered. For single behaviours; whole networks are simulated elsewhere.
import { type Driven, drive } from "../src/drive.ts";
import { decodeFrame } from "../src/endpoint/decode.ts";
import { createEndpoint, type Endpoint } from "../src/endpoint/endpoint.ts";
import type { BeatFrame, Frame } from "../src/endpoint/frame.ts";
import type { EndpointOptions } from "../src/endpoint/options.ts";
import type { EndpointOutput } from "../src/endpoint/outputs.ts";
import type { PeerRef } from "../src/monitor/refs.ts";
import { ManualHost } from "../src/testing/manual-host.ts";

/** S 3 s, D 6 s, without jitter, so that tests can count. */
export const policy = { intervalMs: 1_000, suspectAfterMs: 3_000, deadAfterMs: 6_000, jitter: 0 };

type Options = Partial<EndpointOptions<string>>;

/** One end: its endpoint, what it told, and what it sent that has not arrived yet. */
export class End {
  readonly endpoint: Endpoint<string>;
  readonly outputs: EndpointOutput<string>[] = [];
  /** Everything it ever sent. */
  readonly sent: Uint8Array<ArrayBuffer>[] = [];
  inFlight: Uint8Array<ArrayBuffer>[] = [];
  /** What `send` answers. */
  takes = true;
  readonly driving: Disposable;

  constructor(host: ManualHost, options: Options & { readonly id: string }) {
    this.endpoint = createEndpoint<string>({
      host,
      policy,
      seed: 7,
      emit: (output) => this.outputs.push(output),
      send: (_peer, frame) => {
        if (!this.takes) return false;
        this.sent.push(frame);
        this.inFlight.push(frame);
        return true;
      },
      ...options,
    });
    this.driving = drive(this.endpoint as Driven, host);
  }

  /** Status changes as `id from>to reason`. */
  get changes(): readonly string[] {
    return this.outputs.flatMap((output) =>
      output.type === "changed"
        ? [`${output.id} ${output.from}>${output.to}${output.reason ? ` ${output.reason}` : ""}`]
        : [],
    );
  }

  of<Type extends EndpointOutput<string>["type"]>(
    type: Type,
  ): Extract<EndpointOutput<string>, { type: Type }>[] {
    return this.outputs.filter((output) => output.type === type) as never;
  }

  get frames(): readonly Frame[] {
    return this.sent.map((bytes) => {
      const decoded = decodeFrame(bytes);
      if (!decoded.ok) throw new Error(`sent no frame: ${decoded.fault}`);
      return decoded.frame;
    });
  }

  get beats(): readonly BeatFrame[] {
    return this.frames.filter((frame): frame is BeatFrame => frame.type === "beat");
  }
}

export class Wire {
  readonly host: ManualHost = new ManualHost();
  readonly left: End;
  readonly right: End;
  /** Frames of this end get lost. */
  readonly cut: Set<End> = new Set();

  constructor(left: Options = {}, right: Options = {}) {
    this.left = new End(this.host, { id: "left", ...left });
    this.right = new End(this.host, { id: "right", accept: () => true, ...right });
  }

  /** The left end knows the right one; the right one takes whoever comes. */
  connect(): { readonly right: PeerRef; left(): PeerRef } {
    const right = this.left.endpoint.add("right", { path: "wire" });
    this.run(500);
    return { right, left: () => this.right.endpoint.find("left") as PeerRef };
  }

  /** Delivers until nothing is under way. */
  deliver(): void {
    while (this.left.inFlight.length + this.right.inFlight.length > 0) {
      this.#carry(this.left, this.right);
      this.#carry(this.right, this.left);
    }
  }

  /** Lets time pass, and delivers what is sent every 10 ms. */
  run(ms: number): void {
    for (let passed = 0; passed < ms; passed += 10) {
      this.host.advance(Math.min(10, ms - passed));
      this.deliver();
    }
  }

  #carry(from: End, to: End): void {
    const frames = from.inFlight;
    from.inFlight = [];
    if (this.cut.has(from)) return;
    for (const frame of frames) to.endpoint.receive(frame, "wire");
  }
}
