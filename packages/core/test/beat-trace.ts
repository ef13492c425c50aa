// The detector `fixed`, played beat by beat: departures, losses, arrivals, suspicions. It knows nothing
// of the formulas it is compared with.
import { unit } from "../src/peer/rules.ts";

/** A reproducible source of numbers in [0, 1). */
export function uniform(seed: number): () => number {
  let drawn = 0;
  return () => unit(seed, drawn++);
}

export interface Played {
  readonly detectionMs: number;
  readonly mistakes: number;
  readonly falseAlarmEveryMs: number;
  readonly accuracy: number;
  readonly mistakeMs: number;
}

export function playFixed(
  beats: number,
  { gapMs, jitter, suspectAfterMs }: { gapMs: number; jitter: number; suspectAfterMs: number },
  loss: number,
  delayMs: (u: () => number) => number,
  u: () => number,
): Played {
  const sent: { at: number; arrives: number; seq: number }[] = [];
  let at = 0;
  for (let seq = 0; seq < beats; seq++) {
    at += gapMs * (1 - jitter * u());
    const lost = u() < loss;
    const arrives = at + delayMs(u);
    if (!lost) sent.push({ at, arrives, seq });
  }
  let [heardAt, highest, mistakes, mistakenMs] = [0, -1, 0, 0];
  for (const { arrives, seq } of [...sent].sort((a, b) => a.arrives - b.arrives)) {
    if (seq < highest) continue;
    const lateMs = arrives - heardAt - suspectAfterMs;
    if (lateMs > 0) {
      mistakes += 1;
      mistakenMs += lateMs;
    }
    [heardAt, highest] = [arrives, seq];
  }
  // Crashes at random instants: whatever left before still arrives.
  const crashes = 20_000;
  let [detectedMs, last] = [0, 0];
  for (let n = 0; n < crashes; n++) {
    const crashAt = (sent[0]?.at ?? 0) + ((at - (sent[0]?.at ?? 0)) * (n + u())) / crashes;
    while ((sent[last + 1]?.at ?? Number.POSITIVE_INFINITY) <= crashAt) last += 1;
    detectedMs += Math.max(0, sent[last]!.arrives + suspectAfterMs - crashAt);
  }
  return {
    detectionMs: detectedMs / crashes,
    mistakes,
    falseAlarmEveryMs: at / mistakes,
    accuracy: 1 - mistakenMs / at,
    mistakeMs: mistakenMs / mistakes,
  };
}

/** Lognormal delays with a mean and a variance (Box and Muller for the bell). */
export function lognormal(meanMs: number, varianceMs2: number): (u: () => number) => number {
  const spread = Math.sqrt(Math.log1p(varianceMs2 / meanMs ** 2));
  return (u) => {
    const z = Math.sqrt(-2 * Math.log(1 - u())) * Math.cos(2 * Math.PI * u());
    return meanMs * Math.exp(spread * z - spread ** 2 / 2);
  };
}

/** The delays Cantelli's inequality is sharp for: a share of them is late by as much as can be. */
export function twoDelays(meanMs: number, varianceMs2: number, late: number) {
  const deviationMs = Math.sqrt(varianceMs2);
  const lateMs = meanMs + deviationMs * Math.sqrt((1 - late) / late);
  const earlyMs = meanMs - deviationMs * Math.sqrt(late / (1 - late));
  return (u: () => number): number => (u() < late ? lateMs : earlyMs);
}
