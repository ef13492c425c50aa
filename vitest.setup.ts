// Every property test reads its size and its replay from the environment: FC_RUNS widens or narrows
// a run, FC_SEED with FC_PATH repeats exactly the case that fast-check printed when it failed.
import fc from "fast-check";

const { CI, FC_RUNS, FC_SEED, FC_PATH } = process.env;

function number(name: string, text: string): number {
  const value = Number(text);
  if (text === "" || !Number.isInteger(value))
    throw new Error(`${name} must be an integer: "${text}"`);
  return value;
}

if (FC_PATH !== undefined && FC_SEED === undefined) throw new Error("FC_PATH needs its FC_SEED");

fc.configureGlobal({
  numRuns: FC_RUNS === undefined ? (CI ? 300 : 100) : number("FC_RUNS", FC_RUNS),
  verbose: 1,
  ...(FC_SEED === undefined ? {} : { seed: number("FC_SEED", FC_SEED) }),
  ...(FC_PATH === undefined ? {} : { path: FC_PATH }),
});
