// How every case measures: medians, percentiles, a heap that was collected first, random orders.

export function median(figures) {
  return percentile(figures, 0.5);
}

export function percentile(figures, share) {
  const sorted = Float64Array.from(figures).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/** How long `body` takes, in ms. */
export function timeMs(body) {
  const from = process.hrtime.bigint();
  body();
  return Number(process.hrtime.bigint() - from) / 1e6;
}

/** What is in use after a collection: the heap, and memory outside it (columns are there). */
export function usedBytes() {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

export function shuffled(count) {
  const order = Int32Array.from({ length: count }, (_, index) => index);
  let seed = 1;
  for (let left = count - 1; left > 0; left--) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0;
    const pick = (seed >>> 0) % (left + 1);
    [order[left], order[pick]] = [order[pick], order[left]];
  }
  return order;
}
