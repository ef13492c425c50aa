// What a rule of the simulation is: it is told of everything that happens, and reports what must not.
import type { EndpointOutput, Frame } from "@systole/core/endpoint";
import type { Path, Process } from "../../../packages/core/test/cluster.ts";
import type { Fault } from "../scenario.ts";

export interface Violation {
  readonly rule: string;
  readonly text: string;
  /** Network time, in ms. */
  readonly at: number;
  /** −1 before the first step, as many as there are steps after the last. */
  readonly step: number;
}

export interface Check {
  onStart?(process: Process): void;
  onFault?(fault: Fault): void;
  /** Before anybody else can have noticed. */
  onOutput?(process: Process, output: EndpointOutput<Path>): void;
  onFrame?(process: Process, way: "taken" | "sent", frame: Frame, other: string): void;
  afterStep?(): void;
}
