// Everything that can happen to a monitor, as data: what random histories are made of. They are played
// in monitor-histories.ts.
import fc from "fast-check";
import { definePolicy } from "../src/define-policy.ts";
import { adaptive } from "../src/detectors/adaptive.ts";
import type { Arrivals } from "../src/detectors/arrivals.ts";
import type { Detector, LearningDetector, Thresholds } from "../src/detectors/detector.ts";
import { fixed } from "../src/detectors/fixed.ts";
import { phi } from "../src/detectors/phi.ts";
import type { Policy } from "../src/policy.ts";
import { broken, patient, policies, reasons, roles } from "./arbitraries.ts";

/** Moves its deadline earlier as well as later while traffic comes in. */
function moody({ received }: Arrivals, { suspectAfterMs }: Thresholds): number {
  return received % 3 === 0 ? suspectAfterMs : suspectAfterMs * 0.6;
}

/** Goes by the round trip, and by what is lost; also below nothing, and beyond every cap. */
function nervous({ rttMs = 40, lost, behind, stale }: Arrivals): number {
  return 20 * rttMs - 150 * lost - 40 * behind + 60 * stale;
}

/** Learns a little of everything that a beat tells, in numbers that must not get mixed up. */
function learner(size: number, factor: number): LearningDetector {
  return {
    name: `learner ${size}`,
    size,
    learn(
      memory,
      from,
      { at, sentAtMs = at, gapMs, skipped, declaredMs, stalledMs, spoilt },
      policy,
    ) {
      for (let n = size - 1; n > 0; n--) memory[from + n] = (memory[from + n - 1] as number) + n;
      const lateMs = (at - sentAtMs) % 1_000;
      const troubleMs = 30 * skipped + declaredMs + stalledMs + (spoilt ? 200 : 0) + lateMs;
      memory[from] = factor * policy.suspectAfterMs + (troubleMs % 500) - (gapMs % 100);
    },
  };
}

/** Learn from every beat; two of them to tell memories of different sizes apart. */
const LEARNING: readonly Detector[] = [learner(1, 0.7), learner(5, 1.1), phi(), adaptive()];

/** Detectors whose deadlines move with every numbered frame, and one that says nothing useful. */
export const CHANGING: readonly Detector[] = [moody, nervous, patient, broken, ...LEARNING];

/** Peers go by numbers. `earlier` names a ref that this peer had before: a stale one, in the end. */
export interface Who {
  readonly peer: number;
  readonly earlier: number;
}

/** Nonces are dated when they come back: so long ago, in raw and in observed time. */
const sign = fc.record(
  {
    proof: fc.boolean(),
    nonceAgoMs: fc.integer({ min: -5, max: 9_000 }),
    nonceObservedAgoMs: fc.integer({ min: -5, max: 9_000 }),
    heldMs: fc.nat({ max: 99 }),
    rttMs: fc.nat({ max: 400 }),
    leftAgoMs: fc.integer({ min: -700, max: 900 }),
    gapMs: fc.integer({ min: 1, max: 3_000 }),
    declaredMs: fc.constantFrom(0, 0, 0, 300, 2_500),
  },
  { requiredKeys: [] },
);
export type DrawnSign = Drawn<typeof sign>;

/** One of the policies of the history, the monitor's own, or one that is refused. */
const whichPolicy = fc.oneof(
  { weight: 8, arbitrary: fc.nat({ max: 3 }) },
  { weight: 3, arbitrary: fc.constant("the monitor's" as const) },
  { weight: 1, arbitrary: fc.constant("wrong" as const) },
);
export type WhichPolicy = Drawn<typeof whichPolicy>;

/** Frames are numbered one after the other; some are lost, come twice, or late. */
const seqStep = fc.constantFrom(1, 1, 1, 1, 2, 4, 0, -1, -3);

type Drawn<Source> = Source extends fc.Arbitrary<infer Value> ? Value : never;
type DrawnFrom<Sources> = { [Key in keyof Sources]: Drawn<Sources[Key]> };

/** An operation with its weight and what has to be drawn for it. */
function operation<Op extends string, const More extends Record<string, fc.Arbitrary<unknown>>>(
  weight: number,
  op: Op,
  more: More,
) {
  const arbitrary = fc.record({ op: fc.constant(op), ...more }) as fc.Arbitrary<unknown>;
  return { weight, arbitrary: arbitrary as fc.Arbitrary<{ op: Op } & DrawnFrom<More>> };
}

function perhaps<Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

const tick = operation(12, "tick", { slice: fc.nat({ max: 2 }).map((n) => n > 0) });

function operationsOn(peers: number) {
  const number = fc.nat({ max: peers - 1 });
  const earlier = fc.oneof(
    { weight: 12, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(1, 2, 5) },
  );
  const who: fc.Arbitrary<Who> = fc.record({ peer: number, earlier });
  const many = { from: number, count: fc.integer({ min: 1, max: Math.min(peers, 40) }) };
  return fc.oneof(
    operation(12, "heard", { who, sign: perhaps(sign) }),
    operation(9, "heardBeat", { who, sign: perhaps(sign), seqStep }),
    operation(7, "sent", { who }),
    tick,
    operation(7, "add", {
      peer: number,
      role: roles,
      policy: whichPolicy,
      anonymous: fc.nat({ max: 5 }).map((n) => n === 1),
    }),
    operation(3, "ended", {
      who,
      reason: fc.constantFrom(...reasons),
      returnInMs: perhaps(fc.nat({ max: 60_000 })),
      bySelf: perhaps(fc.boolean()),
    }),
    operation(2, "dial", { who }),
    operation(2, "remove", { who }),
    operation(3, "setPolicy", { who, policy: whichPolicy }),
    operation(2, "pause", { who }),
    operation(4, "resume", { who }),
    operation(1, "pause all", {}),
    operation(5, "resume all", {}),
    operation(2, "stalled", { ms: fc.integer({ min: -5, max: 5_000 }) }),
    operation(2, "drive", { driver: fc.nat({ max: 1 }) }),
    operation(2, "look", { who }),
    operation(2, "suspicion", { who }),
    // Several peers, one call after the other in one instant: a backlog, a broadcast.
    operation(4, "heard by many", many),
    operation(3, "beats of many", many),
    operation(2, "sent to many", many),
    // A peer comes and goes until the slots that are free have seen many generations, or all of them.
    operation(1, "churn", {
      peer: number,
      times: fc.nat({ max: 60 }).map((n) => (n === 60 ? 520 : n % 6)),
    }),
  );
}
export type Operation = Drawn<ReturnType<typeof operationsOn>>;

type Waiting = readonly (readonly [weight: number, minMs: number, maxMs: number])[];

/** So many ms after now; or after the next deadline, because there, to the bit, is where things change. */
function waits(afterDeadline: number, ...afterNow: Waiting) {
  return fc.oneof(
    ...afterNow.map(([weight, min, max]) => ({
      weight,
      arbitrary: fc.record({ after: fc.constant("now" as const), ms: fc.integer({ min, max }) }),
    })),
    {
      weight: afterDeadline,
      arbitrary: fc.record({
        after: fc.constant("the next deadline" as const),
        ms: fc.constantFrom(0, 0, 0, 0.25, 3, 40, 700, 5_000),
      }),
    },
  );
}
export type Wait = Drawn<ReturnType<typeof waits>>;

const short = waits(
  20,
  [100, 0, 20],
  [60, 0, 300],
  [20, -50, 3_000],
  [6, 0, 9_000],
  [1, 0, 99_000],
);
/** Silence, long enough for verdicts and short enough to see them one by one. */
const silence = waits(20, [10, 0, 300], [20, 0, 3_000], [5, 0, 9_000], [1, 0, 99_000]);

/** A policy of any kind, with one of these detectors instead of its own. */
function policiesWith(detectors: readonly Detector[]): fc.Arbitrary<Policy> {
  return fc
    .tuple(
      policies,
      fc.constantFrom(...detectors),
      fc.constantFrom(undefined, undefined, undefined, ...detectors),
    )
    .map(([policy, detector, shadow]) => definePolicy({ ...policy, detector, shadow }));
}

export interface Size {
  /** How many peers there can be at a time. */
  readonly peers: number;
  readonly minSteps: number;
  readonly maxSteps: number;
  /** Start with all of them, rather than with any number. Default false. */
  readonly full?: boolean;
  /** The sink only listens. Default false. */
  readonly quiet?: boolean;
  /** Which detectors there are. Default: any, mostly `fixed`. */
  readonly detectors?: readonly Detector[];
}

/** A whole history: who there is at the start, what happens, and what the callbacks do meanwhile. */
export function historiesOf({
  peers,
  minSteps,
  maxSteps,
  full = false,
  quiet = false,
  detectors = [fixed, fixed, fixed, ...CHANGING],
}: Size) {
  const policy = policiesWith(detectors);
  const operations = operationsOn(peers);
  const newcomer = fc.record({ role: roles, policy: fc.nat({ max: 3 }) });
  const sample = fc.record({
    from: fc.nat({ max: peers - 1 }),
    count: fc.nat({ max: peers }),
    throws: fc.nat({ max: 3 }).map((n) => n === 1),
  });
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ wait: short, operation: operations }) },
    { weight: 2, arbitrary: fc.record({ wait: silence, operation: tick.arbitrary }) },
  );
  return fc.record({
    seed: fc.nat(),
    /** Clocks start anywhere, and not at a whole ms. */
    startAt: fc.constantFrom(0, 1_000.125, -7_777.3, 1.7e12 + 0.5),
    policies: fc.tuple(policy, policy, policy, policy),
    peers: fc.array(newcomer, { minLength: full ? peers : 0, maxLength: peers, size: "max" }),
    /** Whether the sink sends what it is asked to. */
    sends: fc.boolean(),
    /** What the sink does on its n-th output, round and round: call back in, throw, or both. */
    reactions: fc.array(perhaps(fc.record({ throws: fc.boolean(), call: perhaps(operations) })), {
      maxLength: quiet ? 0 : 20,
    }),
    /** What the sampling hook does, tick by tick: hear some, or throw. */
    samples: fc.array(perhaps(sample), { maxLength: 8 }),
    steps: fc.array(step, { minLength: minSteps, maxLength: maxSteps, size: "max" }),
  });
}
export type History = Drawn<ReturnType<typeof historiesOf>>;
