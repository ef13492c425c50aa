// One endpoint, and somebody in the hand of the test who speaks to it frame by frame: with any life, number and
// tag, from any place. Unless told otherwise it says what an honest peer would say next.

import { decodeFrame } from "../src/endpoint/decode.ts";
import { encodeFrame } from "../src/endpoint/encode.ts";
import {
  type BeatFrame,
  type Frame,
  type Identity,
  isZero,
  NO_EXTRA,
  NO_TAG,
  type NoticeFrame,
  PADDED_BYTES,
  sameWord,
  type Word64,
} from "../src/endpoint/frame.ts";
import type { EndpointOptions } from "../src/endpoint/options.ts";
import type { PeerRef } from "../src/monitor/refs.ts";
import type { Status } from "../src/peer/state.ts";
import { ManualHost } from "../src/testing/manual-host.ts";
import { End } from "./wire.ts";

export interface Sent {
  readonly to: string | undefined;
  readonly frame: Frame;
}

/** The endpoint, and everything it sent. */
export class Stage {
  /** Not at 0: that would hide what is late or early by the clock itself. */
  readonly host: ManualHost = new ManualHost({ startAt: 100_000 });
  readonly sent: Sent[] = [];
  readonly end: End;
  /** Whether the transport takes what it is given. */
  takes = true;
  #speakers = 0;

  constructor(options: Partial<EndpointOptions<string>> = {}) {
    this.end = new End(this.host, {
      id: "us",
      transport: "datagram",
      accept: () => true,
      send: (_peer, bytes, to) => {
        const decoded = decodeFrame(bytes);
        if (!decoded.ok) throw new Error(`sent no frame: ${decoded.fault}`);
        if (this.takes) this.sent.push({ to, frame: decoded.frame });
        return this.takes;
      },
      ...options,
    });
  }

  /** Another life, with a boot id and a tag of its own. */
  speaker(id: string, place: string | PeerRef, epoch = 1_000): Speaker {
    this.#speakers += 1;
    return new Speaker(this, id, place, epoch, this.#speakers);
  }

  get dropped(): Readonly<Record<string, number>> {
    return this.end.endpoint.stats().dropped;
  }

  ref(id: string): PeerRef {
    return this.end.endpoint.find(id) as PeerRef;
  }

  status(id: string): Status | undefined {
    return this.end.endpoint.state(this.ref(id))?.status;
  }

  /** What is sent while something happens. */
  during(something: () => void): readonly Sent[] {
    const before = this.sent.length;
    something();
    return this.sent.slice(before);
  }
}

/** What is different from what an honest peer would say; `identity: false` leaves out who speaks. */
export type Said = Partial<Omit<BeatFrame, "identity">> & { readonly identity?: Identity | false };

export class Speaker {
  readonly boot: Word64;
  /** What it hands out. */
  readonly handed: Word64;
  epoch: number;
  session = 1;
  seq = 0;
  readonly #stage: Stage;
  readonly #id: string;
  readonly #place: string | PeerRef;

  constructor(stage: Stage, id: string, place: string | PeerRef, epoch: number, number: number) {
    this.#stage = stage;
    this.#id = id;
    this.#place = place;
    this.epoch = epoch;
    this.boot = { hi: 0xb007, lo: number };
    this.handed = { hi: 0x7a6, lo: number };
  }

  /** The newest frame that reached it with a tag: its own, or none and sent to where it is. */
  get heard(): BeatFrame | undefined {
    const isForIt = ({ to, frame }: Sent) =>
      (frame.type === "beat" || frame.type === "echo") &&
      (isZero(frame.tag) ? to === this.#place : sameWord(frame.tag, this.handed));
    return this.#stage.sent.findLast(isForIt)?.frame as BeatFrame | undefined;
  }

  /** A BEAT that asks, complete, in answer to the newest frame it heard; returns what that brought about. */
  say(what: Said = {}, from: string | PeerRef = this.#place): readonly Sent[] {
    const { heard } = this;
    this.seq = what.seq ?? this.seq + 1;
    const { identity = { boot: this.boot, id: this.#id }, ...rest } = what;
    const frame: BeatFrame = {
      type: "beat",
      tag: heard?.handed ?? NO_TAG,
      epoch: this.epoch,
      session: this.session,
      seq: this.seq,
      handed: this.handed,
      echo: heard?.seq ?? 0,
      heldMicros: 0,
      counted: heard !== undefined,
      asks: rest.type !== "echo",
      gapMs: 1_000,
      wishMs: 1_000,
      minMs: 20,
      deadMs: 6_000,
      sentMicros: 0,
      stalledMs: 0,
      extra: NO_EXTRA,
      ...rest,
      ...(identity && { identity }),
    };
    const missing = identity ? Math.max(0, PADDED_BYTES - encodeFrame(frame).length) : 0;
    return this.frame({ ...frame, extra: new Uint8Array(missing) }, from);
  }

  /** The same without a tag: whoever has forgotten us understands it, too. */
  hail(what: Said = {}, from: string | PeerRef = this.#place): readonly Sent[] {
    return this.say({ tag: NO_TAG, ...what }, from);
  }

  /** Any frame. */
  frame(frame: Frame, from: string | PeerRef = this.#place): readonly Sent[] {
    return this.#stage.during(() => this.#stage.end.endpoint.receive(encodeFrame(frame), from));
  }

  leave(seq: number): readonly Sent[] {
    const { epoch, session, heard } = this;
    const tag = heard?.handed ?? NO_TAG;
    const what = { reason: "leaving", returnInMs: 0, extra: NO_EXTRA } as const;
    return this.frame({ type: "leave", tag, epoch, session, seq, ...what });
  }

  /** Tells the endpoint how we see it, by default in answer to its newest frame. */
  notice(what: Pick<NoticeFrame, "kind"> & Partial<NoticeFrame>): readonly Sent[] {
    const { epoch, session } = this;
    const heard = this.heard as BeatFrame;
    const [aboutBoot] = this.#stage.sent.flatMap(({ frame }) =>
      "identity" in frame && frame.identity ? [frame.identity.boot] : [],
    );
    return this.frame({
      type: "notice",
      tag: heard.handed,
      epoch,
      session,
      aboutEpoch: heard.epoch,
      aboutSession: heard.session,
      aboutBoot: aboutBoot as Word64,
      answers: heard.seq,
      knownEpoch: 0,
      extra: NO_EXTRA,
      ...what,
    });
  }

  /** Says hello, and proves where it is. */
  come(): this {
    this.hail();
    this.say();
    return this;
  }

  /** Goes on living for so long. */
  live(ms: number): void {
    for (let passed = 0; passed < ms; passed += 500) {
      this.#stage.host.advance(Math.min(500, ms - passed));
      this.say({ asks: false });
    }
  }
}

/** An endpoint that is alive with `them`, what it told of that aside, and the speaker that is them. */
export function living(options: Partial<EndpointOptions<string>> = {}): {
  readonly stage: Stage;
  readonly them: Speaker;
} {
  const stage = new Stage(options);
  const them = stage.speaker("them", "there").come();
  if (stage.status("them") !== "alive") throw new Error(`they are ${stage.status("them")}`);
  stage.end.outputs.length = 0;
  return { stage, them };
}

/** What frames are, as `to kind`. */
export function told(sent: readonly Sent[]): readonly string[] {
  return sent.map(({ to, frame }) => {
    const kind = frame.type === "notice" ? `notice ${frame.kind}` : frame.type;
    return `${to} ${kind === "beat" && "asks" in frame && frame.asks ? "question" : kind}`;
  });
}
