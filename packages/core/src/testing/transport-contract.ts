// What every transport must keep so that an endpoint on it tells the truth, as cases for any test
// runner. Each failure names the rule that is broken.

import type { Transport } from "../endpoint/options.ts";
import {
  framesArrive,
  fromTheRightPeer,
  inOrder,
  messagesArrive,
  notKept,
  signsArrive,
} from "./transport-arrivals.ts";
import {
  Bench,
  carriesFrames,
  hasConnections,
  type Kind,
  type MakePair,
} from "./transport-bench.ts";
import { endedOnce, notSent, silentAfterClose } from "./transport-endings.ts";
import { closingEnds, endpointsLive, monitorsLive } from "./transport-lives.ts";

/** Options of `transportContract`. */
export interface TransportContractOptions {
  /**
   * As the endpoint on it says, or `signs` for one that carries no frames, only signs of life (a
   * ping/pong under a monitor). Default `message`.
   */
  readonly transport?: Transport | "signs" | undefined;
  /**
   * True where `send` returns before the bytes have been read from the frame, as with node:net and
   * node:dgram. That is sound, because endpoints never touch a frame again; a transport that says
   * nothing must not do it. Default false.
   */
  readonly keepsFrames?: boolean | undefined;
  /** How often `settle` is called before something counts as lost. Default 200. */
  readonly patience?: number | undefined;
}

/** One case: register it with your test runner under its name. */
export interface ContractCase {
  readonly name: string;
  /** Rejects with a `TransportContractError` that names the broken rule. */
  run(): Promise<void>;
}

/**
 * The conformance suite for transports. `makePair` is called for each case, in some twice.
 *
 * @example
 * ```ts
 * for (const { name, run } of transportContract(makePair, { transport: "message" })) test(name, run);
 * ```
 */
export function transportContract(
  makePair: MakePair,
  options: TransportContractOptions = {},
): readonly ContractCase[] {
  const { transport = "message", keepsFrames = false, patience = 200 } = options;
  const kind: Kind = { transport, keepsFrames };
  return CASES.filter(({ applies }) => applies(kind)).map(({ name, run }) => ({
    name,
    async run() {
      const bench = new Bench(makePair, patience);
      try {
        await run(bench, kind);
      } finally {
        await bench.dispose();
      }
    },
  }));
}

interface Case {
  readonly name: string;
  applies(kind: Kind): boolean;
  run(bench: Bench, kind: Kind): Promise<void>;
}

const keepsOrder = (kind: Kind): boolean => carriesFrames(kind) && hasConnections(kind);
const isStream = ({ transport }: Kind): boolean => transport === "stream";
const signs = ({ transport }: Kind): boolean => transport === "signs";
const lends = (kind: Kind): boolean => carriesFrames(kind) && !kind.keepsFrames;
const always = (): boolean => true;

const CASES: readonly Case[] = [
  {
    name: "a sign of life arrives at the other end",
    applies: signs,
    run: signsArrive,
  },
  {
    name: "frames of every size arrive whole and unchanged, both ways",
    applies: carriesFrames,
    run: framesArrive,
  },
  {
    name: "large messages arrive unchanged",
    applies: isStream,
    run: messagesArrive,
  },
  { name: "frames arrive in order, and once", applies: keepsOrder, run: inOrder },
  { name: "frames arrive from the right peer", applies: always, run: fromTheRightPeer },
  {
    name: "a frame is read before send returns",
    applies: lends,
    run: notKept,
  },
  { name: "a closed connection says that it sent nothing", applies: always, run: notSent },
  { name: "the end of a connection is told, once", applies: hasConnections, run: endedOnce },
  { name: "nothing arrives after the end", applies: always, run: silentAfterClose },
  {
    name: "two endpoints on it come alive, and hear each other leave",
    applies: carriesFrames,
    run: endpointsLive,
  },
  {
    name: "two monitors on it come alive",
    applies: signs,
    run: monitorsLive,
  },
  {
    name: "a closed connection ends its peer",
    applies: keepsOrder,
    run: closingEnds,
  },
];
