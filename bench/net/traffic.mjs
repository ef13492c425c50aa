// The traffic of all contenders: how long a beat is, and when it leaves.

/** As long as a BEAT of Systole. */
export const BEAT = Buffer.alloc(78, 1);

/** Systole's gaps are jittered by a quarter at most: this is their mean, in intervals. */
const MEAN_GAP = 0.875;

/** Both sides beat at this interval, and are patient: a busy machine makes nobody a suspect. */
export function policyFor(intervalMs) {
  return { intervalMs, wishMs: intervalMs, suspectAfterMs: 30_000, deadAfterMs: 60_000 };
}

/** Those who beat many peers have those of so many ms leave together: the beats of Systole do. */
export function stepFor(intervalMs) {
  return Math.min(16, intervalMs / 64);
}

/** Has each of them beat in turn, spread evenly over the gap, as Systole's are. */
export function startBeating(all, intervalMs, stepMs, beat) {
  const gapMs = intervalMs * MEAN_GAP;
  let next = 0;
  let owed = 0;
  let before = performance.now();
  setInterval(() => {
    const now = performance.now();
    owed += ((now - before) / gapMs) * all.length;
    before = now;
    for (; owed >= 1; owed--) {
      next = (next + 1) % all.length;
      beat(all[next]);
    }
  }, stepMs);
}
