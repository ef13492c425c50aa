// `policyFor` kept, on SOAK_NETWORKS networks from SOAK_SEED on (default: from the clock), for 1,000
// promised mistakes and 2,000 crashes each. `caseOf(seed)` is the network that a failure names.
import { expect, test } from "vitest";
import { soakFigures } from "../../../proof/soaks.ts";
import { caseOf, play, poissonBound } from "./promises.ts";

const keep = soakFigures("soak-quality-promise", "packages/core/test/quality-promise");

const { SOAK_SEED, SOAK_NETWORKS } = process.env;
const firstSeed = Number(SOAK_SEED ?? Date.now() % 1e6);
const networks = Number(SOAK_NETWORKS ?? 200);

const EXPECTED = 1_000;
/** That any of them is above its bound by chance, all at the limit of their promise. */
const FAMILY_RISK = 0.01;

test(`no promise is broken: SOAK_SEED=${firstSeed}`, () => {
  const limit = poissonBound(EXPECTED, FAMILY_RISK / networks);
  const single = poissonBound(EXPECTED, 0.05);
  const counts: number[] = [];
  for (let seed = firstSeed; seed < firstSeed + networks; seed++) {
    const one = caseOf(seed);
    const { mistakes, crashes } = play(one, { expected: EXPECTED, crashes: 2_000 });
    counts.push(mistakes);
    expect(mistakes, `mistakes of caseOf(${seed}), ${one.law}`).toBeLessThanOrEqual(limit);
    const beyond = crashes.map(({ detectionMs, tailMs }) => detectionMs - tailMs);
    expect(Math.max(...beyond), `T_D of caseOf(${seed}), ${one.law}`).toBeLessThanOrEqual(
      one.target.detectWithinMs + 1e-6,
    );
  }
  const over = counts.filter((mistakes) => mistakes > single).length;
  const near = counts.filter((mistakes) => mistakes > EXPECTED / 2).length;
  const sum = counts.reduce((total, mistakes) => total + mistakes, 0);
  console.log(
    `${networks} networks, ${sum} mistakes where ${networks * EXPECTED} were promised at most`,
  );
  console.log(
    `${near} above half of their promise, ${over} above their own 95 % bound (${single})`,
  );
  expect(sum).toBeLessThan(networks * EXPECTED);
  // Not the one that repeats a failure.
  if (networks < 100) return;
  keep({
    "first seed": firstSeed,
    networks,
    "mistakes made": sum,
    "mistakes promised at most": networks * EXPECTED,
    "crashes, all found in time": networks * 2_000,
    "networks above half of their promise": near,
    "networks above the bound that chance allows": counts.filter((each) => each > limit).length,
  });
});
