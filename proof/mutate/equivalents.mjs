// Mutants that no test can tell from the original, each with the reason. A mutant is known by its file and the
// text before and after, whatever the line. One that is killed, or is gone, fails the run: delete it there.
import { endpoint } from "./equivalents/endpoint.mjs";
import { frames } from "./equivalents/frames.mjs";
import { monitor } from "./equivalents/monitor.mjs";
import { peer } from "./equivalents/peer.mjs";
import { policy } from "./equivalents/policy.mjs";

/**
 * Of a file, those with the same reason: the text before, and what it may become.
 *
 * @type {readonly { file: string, because: string, mutants: readonly (readonly string[])[] }[]}
 */
const groups = [...policy, ...peer, ...frames, ...monitor, ...endpoint];

/** One by one. */
export const equivalents = groups.flatMap(({ file, because, mutants }) =>
  mutants.flatMap(([was, ...becomes]) =>
    becomes.map((each) => ({ file, was, becomes: each, because })),
  ),
);
