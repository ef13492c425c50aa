// Cases of the transport contract: what is closed says so, once, and is silent.

import {
  type Bench,
  broken,
  type ContractPair,
  type ContractReceiver,
  hasConnections,
  isTaken,
  type Kind,
  sampleFrame,
} from "./transport-bench.ts";

export async function notSent(bench: Bench): Promise<void> {
  const pair = await bench.connect();
  await pair.left.close();
  await bench.quiet();
  bench.right.arrived.length = 0;
  if (isTaken(pair.left, sampleFrame(1, 68))) {
    broken("not-sent", "after its end was closed, send neither threw nor returned false");
  }
}

export async function endedOnce(bench: Bench): Promise<void> {
  const pair = await bench.connect();
  await bench.send(pair.left, sampleFrame(1, 68));
  await pair.left.close();
  if (!(await bench.until(() => bench.right.endings.length > 0))) {
    broken("ended", "the other end was closed, and ended was not called");
  }
  await bench.quiet();
  if (bench.right.endings.some((from) => from !== pair.right.path)) {
    broken("right-peer", "ended was called with another path than that of the connection");
  }
  const most = Math.max(bench.right.endings.length, bench.left.endings.length);
  if (most > 1) broken("ended-once", `one end of a connection was told ${most} times`);
}

export async function silentAfterClose(bench: Bench, kind: Kind): Promise<void> {
  const pair = await bench.connect();
  for (let n = 1; n <= 10; n++) isTaken(pair.left, sampleFrame(n, 68));
  for (let n = 1; n <= 10; n++) isTaken(pair.right, sampleFrame(n, 68));
  await pair.right.close();
  bench.right.arrived.length = 0;
  await bench.quiet();
  if (bench.right.arrived.length > 0) {
    broken("silent-after-close", "bytes came at an end that was closed before");
  }
  if (hasConnections(kind) && bench.left.late + bench.right.late > 0) {
    broken("silent-after-close", "bytes came on a connection after ended was called for it");
  }
}

/** As an endpoint does that reads in one frame that this connection has to go: from inside of `receive`. */
export async function silentAtOnce(bench: Bench): Promise<void> {
  let pair: ContractPair | undefined;
  let arrivals = 0;
  const closeAtOnce = () => {
    arrivals += 1;
    if (arrivals === 1) void pair?.right.close();
  };
  const closer: ContractReceiver = { receive: closeAtOnce, heard: closeAtOnce, ended() {} };
  pair = await bench.connect(bench.left, closer);
  for (let n = 1; n <= 10; n++) isTaken(pair.left, sampleFrame(n, 68));
  await bench.until(() => arrivals > 0);
  await bench.quiet();
  if (arrivals > 1) {
    broken("silent-after-close", "close was called from inside of receive, and more bytes came");
  }
}
