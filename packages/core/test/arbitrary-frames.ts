// The public arbitraries of frames, bound to our fast-check.
import fc from "fast-check";
import { arbitraries } from "../src/testing/arbitraries.ts";

export { withTrueLength } from "../src/testing/arbitrary-frames.ts";
export const { words64, ids, identities, beats, frames, nearlyFrames } = arbitraries(fc);
