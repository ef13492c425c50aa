// What the tests import from vitest, for a run in place: tests are collected once, and called as often as there
// are mutants. The expectations are vitest's own.
import { AsyncLocalStorage } from "node:async_hooks";
import { format } from "node:util";
import { JestAsymmetricMatchers, JestChaiExpect, JestExtend } from "@vitest/expect";
import * as chai from "chai";

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);

export const { expect } = chai;
