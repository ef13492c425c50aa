// Cases of the transport contract with the real thing: endpoints and monitors that live on a
// transport, in virtual time.

import { createEndpoint, type Endpoint } from "../endpoint/endpoint.ts";
import type { Transport } from "../endpoint/options.ts";
import { createMonitor, type Monitor } from "../monitor/monitor.ts";
import type { PeerRef } from "../monitor/refs.ts";
import { ManualHost } from "./manual-host.ts";
import {
  type Bench,
  broken,
  type ContractPair,
  type ContractPath,
  type ContractReceiver,
  isTaken,
  type Kind,
  sampleFrame,
} from "./transport-bench.ts";

const PACE = { intervalMs: 100, suspectAfterMs: 10_000, deadAfterMs: 20_000, maxGapMs: 60_000 };
/** Virtual time that passes while the transport settles once. */
const ROUND_MS = 25;

interface Life {
  readonly pair: ContractPair;
  readonly left: Endpoint<ContractPath>;
  readonly right: Endpoint<ContractPath>;
  readonly host: ManualHost;
}

async function live(bench: Bench, kind: Kind): Promise<Life> {
  const host = new ManualHost();
  let pair: ContractPair | undefined;
  const endpoint = (id: "left" | "right"): Endpoint<ContractPath> =>
    createEndpoint<ContractPath>({
      id,
      host,
      policy: PACE,
      transport: kind.transport as Transport,
      accept: () => true,
      send: (_peer, frame) => pair !== undefined && isTaken(pair[id], frame),
      emit() {},
    });
  const [left, right] = [endpoint("left"), endpoint("right")];
  pair = await bench.connect(receiverOf(left), receiverOf(right));
  left.add("right", { path: pair.left.path });
  const isAlive = (at: Endpoint<ContractPath>, id: string) => statusOf(at, id) === "alive";
  const alive = await bench.until(() => {
    pass(host, left, right);
    return isAlive(left, "right") && isAlive(right, "left");
  });
  if (!alive)
    broken("alive", `two endpoints did not come alive: ${JSON.stringify(dropsOf(left, right))}`);
  return { pair, left, right, host };
}

export async function endpointsLive(bench: Bench, kind: Kind): Promise<void> {
  const { left, right, host } = await live(bench, kind);
  left.leave(left.find("right") as PeerRef);
  const heard = await bench.until(() => {
    pass(host, left, right);
    return statusOf(right, "left") === "dead";
  });
  if (!heard) broken("alive", "one endpoint left, and the other one did not hear of it");
}

export async function closingEnds(bench: Bench, kind: Kind): Promise<void> {
  const { pair, right } = await live(bench, kind);
  await pair.left.close();
  const ended = await bench.until(() => statusOf(right, "left") === "dead");
  if (!ended) broken("ended", "a connection was closed, and the peer on it lived on");
}

export async function monitorsLive(bench: Bench): Promise<void> {
  const host = new ManualHost();
  let pair: ContractPair | undefined;
  const monitor = (id: "left" | "right"): readonly [Monitor, PeerRef] => {
    const made = createMonitor({
      host,
      policy: PACE,
      emit(output) {
        if (output.type === "beat" && pair !== undefined) isTaken(pair[id], sampleFrame(1, 68));
      },
    });
    return [made, made.add()];
  };
  const ends = [monitor("left"), monitor("right")] as const;
  const receivers = ends.map(
    ([made, peer]): ContractReceiver => ({
      receive() {},
      heard: () => {
        made.heard(peer);
      },
      ended: (_from, reason) => made.ended(peer, reason),
    }),
  );
  pair = await bench.connect(receivers[0], receivers[1]);
  const statuses = (): string => ends.map(([made, peer]) => made.state(peer)?.status).join();
  const alive = await bench.until(() => {
    pass(host, ...ends.map(([made]) => made));
    return statuses() === "alive,alive";
  });
  if (!alive) broken("alive", `two monitors did not come alive: ${statuses()}`);
  await pair.left.close();
  if (!(await bench.until(() => statuses().endsWith("dead")))) {
    broken("ended", "a connection was closed, and the peer on it lived on");
  }
}

function receiverOf(endpoint: Endpoint<ContractPath>): ContractReceiver {
  return {
    receive: (bytes, from) => endpoint.receive(bytes, from),
    ended: (from, reason) => endpoint.ended(from, reason),
    heard() {},
  };
}

function pass(host: ManualHost, ...targets: readonly { tick(): void }[]): void {
  host.advance(ROUND_MS);
  for (const target of targets) target.tick();
}

function statusOf(endpoint: Endpoint<ContractPath>, id: string): string | undefined {
  const ref = endpoint.find(id);
  return ref === undefined ? undefined : endpoint.state(ref)?.status;
}

function dropsOf(...endpoints: readonly Endpoint<ContractPath>[]): unknown {
  return endpoints.map((endpoint) => {
    const { framesSent, framesReceived, sendFailures, dropped } = endpoint.stats();
    return { framesSent, framesReceived, sendFailures, dropped };
  });
}
