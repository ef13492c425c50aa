// Makes a new input of old ones, in place, in a buffer that is used again and again: a mutation costs less
// than what it is for.
import type { Random } from "./random.ts";

/** What a target knows about its inputs. */
export interface Shape {
  /** Longer inputs are cut. */
  readonly maxBytes: number;
  /** What chance alone would not find: magic numbers, boundaries, words. */
  readonly dictionary: readonly Uint8Array[];
  /** Inputs are text, one thing a line: lines are moved as wholes. */
  readonly isLines?: boolean;
}

/** An input worth mutating, and how much runs for it. */
export interface Kept {
  readonly bytes: Uint8Array;
  readonly cost: number;
}

const BOUNDARIES = [0, 1, 2, 3, 7, 8, 9, 16, 31, 32, 63, 64, 100, 127, 128, 129, 192, 254, 255];
const NEW_LINE = 0x0a;

type Mutation = (mutator: Mutator) => void;

export class Mutator {
  readonly #bytes: Uint8Array;
  #length = 0;
  readonly #shape: Shape;
  readonly #random: Random;
  readonly #mutations: readonly Mutation[];
  /** What may be spliced in. */
  #others: readonly Kept[] = [];
  #cost = 0;
  #costOf = 0;

  constructor(shape: Shape, random: Random) {
    this.#shape = shape;
    this.#random = random;
    this.#bytes = new Uint8Array(shape.maxBytes);
    this.#mutations = shape.isLines
      ? [...ANYWHERE, ...LINES, ...LINES]
      : shape.dictionary.length > 0
        ? ANYWHERE
        : ANYWHERE.filter((each) => each !== overwriteWord && each !== insertWord);
  }

  /** A mutant of one of these; good until the next one. */
  mutant(corpus: readonly Kept[]): Uint8Array {
    const random = this.#random;
    this.#others = corpus;
    const parent = this.#parent().bytes;
    this.#bytes.set(parent);
    this.#length = parent.length;
    // Mostly one or two, now and then many.
    const count = 1 + random.below(1 << (1 + random.below(4)));
    for (let n = 0; n < count; n++) random.oneOf(this.#mutations)(this);
    return this.#bytes.subarray(0, this.#length);
  }

  /** Each has about the same time, not the same number of mutants. */
  #parent(): Kept {
    const corpus = this.#others;
    const random = this.#random;
    let cheapest: Kept | undefined;
    for (let tries = 0; tries < 20; tries++) {
      // What was found last is where the next thing is found.
      const isRecent = random.below(2) === 0;
      const from = isRecent ? Math.floor((corpus.length * 3) / 4) : 0;
      const parent = corpus[from + random.below(corpus.length - from)] as Kept;
      if (random.below(parent.cost + 1) <= this.#usualCost()) return parent;
      if (!cheapest || parent.cost < cheapest.cost) cheapest = parent;
    }
    return cheapest as Kept;
  }

  /** What the cheaper ones cost at most. */
  #usualCost(): number {
    const corpus = this.#others;
    if (corpus.length !== this.#costOf) {
      const costs = corpus.map(({ cost }) => cost).sort((a, b) => a - b);
      this.#cost = costs[Math.floor(costs.length / 6)] as number;
      this.#costOf = corpus.length;
    }
    return this.#cost;
  }

  // ── what mutations are made of ─────────────────────────────────────────────────────────────────

  get length(): number {
    return this.#length;
  }

  below(n: number): number {
    return this.#random.below(n);
  }

  /** Any place in the input; undefined where it is empty. */
  place(): number | undefined {
    return this.#length > 0 ? this.#random.below(this.#length) : undefined;
  }

  get(at: number): number {
    return this.#bytes[at] as number;
  }

  put(at: number, value: number): void {
    if (at < this.#length) this.#bytes[at] = value;
  }

  boundary(): number {
    return this.#random.oneOf(BOUNDARIES);
  }

  word(): Uint8Array {
    return this.#random.oneOf(this.#shape.dictionary);
  }

  other(): Uint8Array {
    return this.#random.oneOf(this.#others).bytes;
  }

  copy(from: number, until: number): Uint8Array {
    return this.#bytes.slice(from, until);
  }

  remove(at: number, count: number): void {
    const end = Math.min(this.#length, at + count);
    this.#bytes.copyWithin(at, end, this.#length);
    this.#length -= end - at;
  }

  insert(at: number, bytes: Uint8Array): void {
    const count = Math.min(bytes.length, this.#shape.maxBytes - this.#length);
    if (count <= 0) return;
    this.#bytes.copyWithin(at + count, at, this.#length);
    this.#bytes.set(bytes.subarray(0, count), at);
    this.#length += count;
  }

  overwrite(at: number, bytes: Uint8Array): void {
    const count = Math.min(bytes.length, this.#shape.maxBytes - at);
    this.#bytes.set(bytes.subarray(0, count), at);
    this.#length = Math.max(this.#length, at + count);
  }

  /** Where some line begins and ends, its break included. */
  line(): readonly [from: number, until: number] {
    const at = this.place() ?? 0;
    const from = at === 0 ? 0 : this.#bytes.lastIndexOf(NEW_LINE, at - 1) + 1;
    const end = this.#bytes.indexOf(NEW_LINE, at);
    return [from, end < 0 || end >= this.#length ? this.#length : end + 1];
  }
}

// ── bytes ────────────────────────────────────────────────────────────────────────────────────────

const turnBit: Mutation = (m) => {
  const at = m.place();
  if (at !== undefined) m.put(at, m.get(at) ^ (1 << m.below(8)));
};

const setByte: Mutation = (m) => {
  const at = m.place();
  if (at !== undefined) m.put(at, m.below(256));
};

const setBoundary: Mutation = (m) => {
  const at = m.place();
  if (at !== undefined) m.put(at, m.boundary());
};

/** One more or less, or a few, in a big-endian number of some width. */
const count: Mutation = (m) => {
  const start = m.place();
  if (start === undefined) return;
  const width = Math.min(m.length - start, [1, 2, 4, 6][m.below(4)] as number);
  let carry = (m.below(2) === 0 ? 1 : -1) * (1 + m.below(m.below(4) === 0 ? 16 : 1));
  for (let at = start + width - 1; at >= start && carry !== 0; at--) {
    const sum = m.get(at) + carry;
    m.put(at, sum & 255);
    carry = sum >> 8;
  }
};

/** A number of some width at one of its ends. */
const fill: Mutation = (m) => {
  const start = m.place();
  if (start === undefined) return;
  const width = [2, 4, 6, 8][m.below(4)] as number;
  const value = m.below(2) * 255;
  for (let n = 0; n < width; n++) m.put(start + n, value);
  if (m.below(2) === 0) m.put(start + width - 1, value ^ m.below(4));
};

const insertByte: Mutation = (m) => {
  m.insert(m.below(m.length + 1), Uint8Array.of(m.below(2) === 0 ? m.below(256) : m.boundary()));
};

const removePart: Mutation = (m) => {
  const at = m.place();
  if (at !== undefined) m.remove(at, 1 + m.below(1 << m.below(7)));
};

const repeatPart: Mutation = (m) => {
  const at = m.place();
  if (at === undefined) return;
  m.insert(m.below(m.length + 1), m.copy(at, Math.min(m.length, at + 1 + m.below(32))));
};

const movePart: Mutation = (m) => {
  const at = m.place();
  if (at === undefined) return;
  const part = m.copy(at, Math.min(m.length, at + 1 + m.below(32)));
  m.remove(at, part.length);
  m.insert(m.below(m.length + 1), part);
};

const overwriteWord: Mutation = (m) => m.overwrite(m.below(m.length + 1), m.word());
const insertWord: Mutation = (m) => m.insert(m.below(m.length + 1), m.word());

/** The beginning of this one and the end of another. */
const splice: Mutation = (m) => {
  const other = m.other();
  const at = m.below(m.length + 1);
  m.remove(at, m.length);
  m.insert(at, other.subarray(m.below(other.length + 1)));
};

/** Some of another one in the middle of this one. */
const graft: Mutation = (m) => {
  const other = m.other();
  const from = m.below(other.length + 1);
  m.insert(m.below(m.length + 1), other.subarray(from, from + 1 + m.below(64)));
};

const ANYWHERE: readonly Mutation[] = [
  ...[turnBit, turnBit, setByte, setByte, setBoundary, count, count, fill, insertByte],
  ...[removePart, removePart, repeatPart, movePart, overwriteWord, insertWord, splice, graft],
];

// ── lines ────────────────────────────────────────────────────────────────────────────────────────

const removeLine: Mutation = (m) => {
  const [from, until] = m.line();
  m.remove(from, until - from);
};

const repeatLine: Mutation = (m) => {
  const line = m.copy(...m.line());
  m.insert(m.line()[0], line);
};

const graftLine: Mutation = (m) => {
  const other = m.other();
  const at = other.length > 0 ? m.below(other.length) : 0;
  const from = at === 0 ? 0 : other.lastIndexOf(NEW_LINE, at - 1) + 1;
  const end = other.indexOf(NEW_LINE, at);
  m.insert(m.line()[0], other.subarray(from, end < 0 ? other.length : end + 1));
};

const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;

/** Another number where one stands. */
const setNumber: Mutation = (m) => {
  const start = m.place();
  if (start === undefined) return;
  for (let at = start; at < Math.min(m.length, start + 64); at++) {
    if (!isDigit(m.get(at))) continue;
    let end = at;
    while (end < m.length && isDigit(m.get(end))) end += 1;
    const before = Number.parseInt(new TextDecoder().decode(m.copy(at, end)), 10);
    const numbers = [0, 1, before + 1, Math.max(0, before - 1), 2 * before, m.below(4_096)];
    m.remove(at, end - at);
    m.insert(at, new TextEncoder().encode(String(numbers[m.below(numbers.length)])));
    return;
  }
};

const LINES: readonly Mutation[] = [removeLine, repeatLine, graftLine, setNumber, setNumber];
