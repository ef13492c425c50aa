// An endpoint whose monitor is recorded: the log says the same again.
import { expect, test } from "vitest";
import type { MonitorOutput } from "../src/monitor/outputs.ts";
import { recordMonitor, replay } from "../src/replay/index.ts";
import { Cluster } from "./cluster.ts";

test("what an endpoint's monitor says can be recorded, and replayed", () => {
  const cluster = new Cluster("datagram", { seed: 3, loss: 0.1 });
  const log: string[] = [];
  const said: MonitorOutput[] = [];
  cluster.start("b", { accept: () => true });
  const a = cluster.start("a", {
    createMonitor: (options) => {
      const emit = (output: MonitorOutput) => {
        said.push(output);
        options.emit(output);
      };
      return recordMonitor({ ...options, emit }, (line) => log.push(line));
    },
  });
  a.add("b");
  cluster.run(5_000);
  cluster.network.cut("a", "b");
  cluster.run(20_000);
  cluster.network.heal("a", "b");
  cluster.run(20_000);
  expect(a.deaths("b")).toHaveLength(1);
  expect(a.status("b")).toBe("alive");
  const again = [...replay(log)].flatMap(({ outputs }) => outputs);
  expect(again).toEqual(said);
});
