// "No verdict against a peer whose fresh frames came in time", the other way round: where nothing is lost, cut or
// frozen, every frame comes in time, so nobody dies, and no fixed deadline suspects anybody. (A detector that
// learns may doubt a pace that has just changed; it may not bury anybody.)
import type { EndpointOutput } from "@systole/core/endpoint";
import type { Path, Process } from "../../../packages/core/test/cluster.ts";
import type { World } from "../world.ts";
import type { Check } from "./check.ts";

export class Quiet implements Check {
  readonly #world: World;
  #isQuiet = false;

  constructor(world: World) {
    this.#world = world;
  }

  begin(): void {
    this.#isQuiet = true;
  }

  end(): void {
    this.#isQuiet = false;
  }

  onOutput(process: Process, output: EndpointOutput<Path>): void {
    if (!this.#isQuiet || output.type !== "changed") return;
    const { to, id, reason, evidence } = output;
    const isDoubt = to === "suspect" && evidence.detector === "fixed";
    if (to !== "dead" && !isDoubt) return;
    const text = `${process.name}: ${id} is ${to} ${reason ?? ""} after ${evidence.silenceMs} ms in a network without faults`;
    this.#world.report("no verdict against whose frames came in time", text);
  }
}
