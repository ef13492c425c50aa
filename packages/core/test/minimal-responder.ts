// The minimal responder of docs/wire.md, written from that page alone: it shares no code with ours.

const MAGIC_AND_VERSION = 0x5301;

export interface MinimalResponderOptions {
  readonly id: string;
  readonly epoch: number;
  /** Draws 32 random bits. */
  readonly random: () => number;
  /** On connections the place is proven, so a question counts as it is. */
  readonly trustsPlaces: boolean;
}

/** What is said at one place from one hello to the next. */
interface Conversation {
  /** The partner's (epoch, session, boot), as bytes. */
  readonly claim: string;
  readonly session: number;
  readonly tag: readonly [number, number];
  seq: number;
}

export class MinimalResponder {
  epoch: number;
  /** The kinds of NOTICEs that were believed. */
  readonly notices: number[] = [];
  left = false;
  readonly #id: Uint8Array;
  readonly #boot: readonly [number, number];
  readonly #random: () => number;
  readonly #trustsPlaces: boolean;
  #sessions = 0;
  #current: Conversation | undefined;
  #beginning: Conversation | undefined;

  constructor({ id, epoch, random, trustsPlaces }: MinimalResponderOptions) {
    this.epoch = epoch;
    this.#id = new TextEncoder().encode(id);
    this.#boot = [random(), random()];
    this.#random = random;
    this.#trustsPlaces = trustsPlaces;
  }

  /** Takes a datagram or message, and returns the answer, if there is one. */
  take(bytes: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (bytes.length < 39 || view.getUint16(0) !== MAGIC_AND_VERSION) return undefined;
    if (view.getUint32(4) !== bytes.length || bytes.length > 1_200) return undefined;
    const type = view.getUint8(2);
    const conversation = view.getBigUint64(8) === 0n ? this.#untagged(view) : this.#tagged(view);
    if (conversation === undefined) return undefined;
    if (type === 1) return this.#answer(view, conversation);
    if (type === 3) this.left = true;
    if (type === 4) this.#takeNotice(view, conversation);
    return undefined;
  }

  /** Whoever bears the tag of the beginning has proven its place. */
  #tagged(view: DataView): Conversation | undefined {
    const isOf = (conversation: Conversation | undefined) =>
      conversation?.tag[0] === view.getUint32(8) && conversation.tag[1] === view.getUint32(12);
    if (isOf(this.#beginning)) {
      this.#current = this.#beginning;
      this.#beginning = undefined;
    }
    return isOf(this.#current) ? this.#current : undefined;
  }

  #untagged(view: DataView): Conversation | undefined {
    const isCompleteBeat = view.getUint8(2) === 1 && (view.getUint8(3) & 1) !== 0;
    if (!isCompleteBeat || view.byteLength < 215) return undefined;
    const claim = [16, 22, 78, 80].map((at) => u48(view, at)).join();
    if (this.#current?.claim === claim) return this.#current;
    if (this.#beginning?.claim !== claim) {
      this.#sessions += 1;
      const tag = [this.#random(), this.#random()] as const;
      this.#beginning = { claim, session: this.#sessions, tag, seq: 0 };
    }
    if (this.#trustsPlaces) this.#current = this.#beginning;
    return this.#beginning;
  }

  #answer(question: DataView, conversation: Conversation): Uint8Array<ArrayBuffer> | undefined {
    const flags = question.getUint8(3);
    const seq = u48(question, 28);
    const takenIn = conversation === this.#current;
    if ((flags & 2) === 0) return undefined;
    conversation.seq += 1;
    const complete = (flags & 1) !== 0;
    const length = complete ? 87 + this.#id.length : 78;
    const bytes = new Uint8Array(length);
    const echo = new DataView(bytes.buffer);
    echo.setUint16(0, MAGIC_AND_VERSION);
    echo.setUint8(2, 2);
    echo.setUint8(3, (complete ? 1 : 0) | (takenIn ? 4 : 0));
    echo.setUint32(4, length);
    echo.setBigUint64(8, question.getBigUint64(34));
    putU48(echo, 16, this.epoch);
    putU48(echo, 22, conversation.session);
    putU48(echo, 28, conversation.seq);
    echo.setUint32(34, conversation.tag[0]);
    echo.setUint32(38, conversation.tag[1]);
    putU48(echo, 42, seq);
    echo.setUint32(60, 20);
    if (complete) {
      echo.setUint32(78, this.#boot[0]);
      echo.setUint32(82, this.#boot[1]);
      echo.setUint8(86, this.#id.length);
      bytes.set(this.#id, 87);
    }
    return bytes;
  }

  #takeNotice(notice: DataView, { session }: Conversation): void {
    const isAboutMe =
      u48(notice, 29) === this.epoch &&
      u48(notice, 35) === session &&
      notice.getUint32(41) === this.#boot[0] &&
      notice.getUint32(45) === this.#boot[1];
    if (!isAboutMe) return;
    const kind = notice.getUint8(28);
    this.notices.push(kind);
    if (kind === 2) this.epoch = u48(notice, 55) + 1;
    if (kind === 1) this.#current = undefined;
  }
}

function u48(view: DataView, at: number): number {
  return view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
}

function putU48(view: DataView, at: number, value: number): void {
  view.setUint16(at, Math.floor(value / 2 ** 32));
  view.setUint32(at + 2, value % 2 ** 32);
}
