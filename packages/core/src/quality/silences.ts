// How long nothing newer arrives. After a beat left, let h(t) be the probability that none of the
// beats after it arrived within t. The next one leaves after a random gap g, and from then on all is
// as before, so h(t) = mean over g of φ(t−g)·h(t−g), where φ(r) is the probability that one given
// beat did not arrive within r of its departure, and both are 1 for times before 0. With gaps uniform
// in [η(1−j), η] that is a moving average of what was computed before.

/** One sender's beats, and what becomes of each. */
export interface Beats {
  /** The largest gap η between two of them, in ms. */
  readonly gapMs: number;
  /** Gaps are uniform in [η(1−j), η]. */
  readonly jitter: number;
  readonly loss: number;
  /** Pr(a beat that is not lost takes longer than this). */
  readonly exceeds: (ms: number) => number;
  /** `exceeds` is 1 up to here. */
  readonly leastMs: number;
  /** Standard deviation of the delay: how fine the grid must be where there is no jitter. */
  readonly deviationMs: number;
}

/** The function h and what lies behind it. */
export interface Silences {
  /** h(t): nothing newer arrived within t of a departure. */
  readonly longer: (t: number) => number;
  /** ∫ h from t on: by how much longer than t, on average (ms). */
  readonly excessMs: (t: number) => number;
  /** ∫ of `excessMs` from t on (ms²). */
  readonly excessMs2: (t: number) => number;
}

/** The mean gap between two beats. */
export function meanGapMs(gapMs: number, jitter: number): number {
  return gapMs * (1 - jitter / 2);
}

// The grid: at most this many cells, and no further than where h no longer matters.
const MAX_CELLS = 2 ** 18;
const NEGLIGIBLE = 1e-9;
const VANISHED = 1e-300;

/** Computes h on a grid, as far as silences of about `untilMs` and what follows them need it. */
export function silencesOf(beats: Beats, untilMs: number): Silences {
  const { gapMs, leastMs, loss } = beats;
  const cells = cellsPerGap(beats, untilMs);
  const stepMs = gapMs / cells;
  const h = heights(beats, cells, Math.max(0, untilMs - leastMs) / stepMs);
  // What the grid leaves out falls by the loss with every beat.
  const last = h.at(-1) as number;
  const fadeMs = last === 0 ? 0 : meanGapMs(gapMs, beats.jitter) / (1 - loss);
  const excess = tails(h, stepMs, last * fadeMs);
  const excess2 = tails(excess, stepMs, last * fadeMs ** 2);
  // Before the grid h is 1; `at` counts cells.
  const before = (at: number) => Math.max(0, -at) * stepMs;
  const cell = (t: number) => (t - leastMs) / stepMs;
  return {
    longer: (t) => between(h, cell(t)),
    excessMs: (t) => between(excess, cell(t)) + before(cell(t)),
    excessMs2: (t) => {
      const aheadMs = before(cell(t));
      return between(excess2, cell(t)) + aheadMs * (excess[0] as number) + aheadMs ** 2 / 2;
    },
  };
}

/** Fine enough for the jitter or the delays, whichever smooths more, and for a bounded grid. */
function cellsPerGap(
  { gapMs, jitter, loss, leastMs, deviationMs }: Beats,
  untilMs: number,
): number {
  const wanted = Math.ceil(32 / Math.max(jitter, deviationMs / gapMs, 1e-6));
  const fading = loss === 0 ? 1 : Math.log(NEGLIGIBLE) / Math.log(loss);
  const gaps = (Math.max(0, untilMs - leastMs) + 4 * deviationMs) / gapMs + fading + 2;
  return Math.max(8, Math.min(Math.max(wanted, 128), 2_048, Math.floor(MAX_CELLS / gaps)));
}

/**
 * h at the edges of the cells, from `leastMs` on: without variance its kinks, at multiples of the gap,
 * are there, too, and what cannot happen stays 0.
 */
function heights(beats: Beats, cells: number, untilCell: number): number[] {
  const { jitter, loss, exceeds, leastMs, gapMs } = beats;
  const stepMs = gapMs / cells;
  // A gap below a cell would need what is computed only now.
  const shortest = Math.max(1, cells * (1 - jitter));
  const h: number[] = [1];
  const products: number[] = [];
  let late = 1;
  let until = 1;
  for (let n = 0; n < MAX_CELLS; n++) {
    const height = average(products, n + 1 - cells, n + 1 - shortest);
    // Once nothing is late any more, only loss is left.
    if (late > 0) late = meanInCell(exceeds, leastMs + n * stepMs, stepMs);
    h.push(height);
    products.push(((loss + (1 - loss) * late) * ((h[n] as number) + height)) / 2);
    if (n <= untilCell) until = height;
    else if (height <= NEGLIGIBLE * until) break;
    if (height < VANISHED) break;
  }
  return h;
}

/** The mean of a curve over a cell, from four points of it: it may drop within the cell. */
function meanInCell(curve: (ms: number) => number, fromMs: number, stepMs: number): number {
  const at = (part: number) => curve(fromMs + part * stepMs);
  return (at(0.125) + at(0.375) + at(0.625) + at(0.875)) / 4;
}

/**
 * The mean of `values` from position `from` to `to`; before 0 all are 1. A running sum would be
 * faster, and would drown 10⁻²⁰ in the rounding of 1.
 */
function average(values: readonly number[], from: number, to: number): number {
  if (to - from < 1e-9) return from < 0 ? 1 : (values[Math.floor(from)] as number);
  let sum = Math.min(to, 0) - Math.min(from, 0);
  for (let n = Math.floor(Math.max(from, 0)); n < to; n++) {
    sum += (values[n] as number) * (Math.min(to, n + 1) - Math.max(from, n));
  }
  return sum / (to - from);
}

/** The integrals of a curve from each edge of the grid on, where `rest` is what follows the grid. */
function tails(curve: readonly number[], stepMs: number, rest: number): number[] {
  const sums = new Array<number>(curve.length).fill(rest);
  for (let n = curve.length - 2; n >= 0; n--) {
    const height = ((curve[n] as number) + (curve[n + 1] as number)) / 2;
    sums[n] = (sums[n + 1] as number) + height * stepMs;
  }
  return sums;
}

/** Straight lines between the values; outside, the first and the last. */
function between(values: readonly number[], at: number): number {
  if (at <= 0) return values[0] as number;
  if (at >= values.length - 1) return values.at(-1) as number;
  const n = Math.floor(at);
  const [low, high] = [values[n] as number, values[n + 1] as number];
  return low + (high - low) * (at - n);
}
