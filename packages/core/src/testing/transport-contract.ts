// What every transport must keep so that an endpoint on it tells the truth, as cases for any test
// runner. Each failure names the rule that is broken.

import type { Transport } from "../endpoint/options.ts";
import { checkOption, SystoleTypeError } from "../errors.ts";
import {
  answersAtOnce,
  eachByItself,
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
  type TransportRule,
} from "./transport-bench.ts";
import { endedOnce, notSent, silentAfterClose, silentAtOnce } from "./transport-endings.ts";
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
  /** Its rules, and what they are about: "not-kept: a frame is read before send returns". */
  readonly name: string;
  /** The rules that only this case, or few others, can find broken; where nothing arrives any case says so. */
  readonly rules: readonly TransportRule[];
  /** Rejects with a `TransportContractError` that names the broken rule. */
  run(): Promise<void>;
}

/**
 * The conformance suite for transports. `makePair` is called for each case, in some twice.
 *
 * @throws TypeError or RangeError `ERR_SYSTOLE_OPTION`
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
  const kinds = Object.keys(KINDS);
  const what = `one of ${kinds.join(", ")}`;
  checkOption(kinds.includes(transport), "transport", transport, what, WAY_OUT, SystoleTypeError);
  checkOption(patience >= 1 && Number.isInteger(patience), "patience", patience, "at least 1");
  const kind: Kind = { transport, keepsFrames };
  return CASES.filter(({ applies }) => applies(kind)).map(({ rules, what, run }) => ({
    name: `${rules.join(", ")}: ${what}`,
    rules,
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

const KINDS: Readonly<Record<Kind["transport"], true>> = {
  stream: true,
  message: true,
  datagram: true,
  signs: true,
};
const WAY_OUT = "See docs/custom-transports.md for which is yours.";

interface Case {
  readonly rules: readonly TransportRule[];
  readonly what: string;
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
    rules: ["delivers"],
    what: "a sign of life arrives at the other end",
    applies: signs,
    run: signsArrive,
  },
  {
    rules: ["delivers", "bytes", "whole", "unchanged", "once"],
    what: "frames of every size arrive, both ways",
    applies: carriesFrames,
    run: framesArrive,
  },
  {
    rules: ["delivers", "bytes", "whole", "unchanged"],
    what: "large messages arrive",
    applies: isStream,
    run: messagesArrive,
  },
  {
    rules: ["delivers", "whole", "ordered", "once"],
    what: "frames in a row arrive in their order",
    applies: keepsOrder,
    run: inOrder,
  },
  {
    rules: ["whole", "unchanged"],
    what: "datagrams in a row arrive each by itself",
    applies: ({ transport }) => transport === "datagram",
    run: eachByItself,
  },
  {
    rules: ["right-peer"],
    what: "frames arrive from the right peer",
    applies: always,
    run: fromTheRightPeer,
  },
  {
    rules: ["not-kept"],
    what: "a frame is read before send returns",
    applies: lends,
    run: notKept,
  },
  {
    rules: ["at-once"],
    what: "send tells at once whether it sent",
    applies: always,
    run: answersAtOnce,
  },
  {
    rules: ["not-sent"],
    what: "a closed connection says that it sent nothing",
    applies: always,
    run: notSent,
  },
  {
    rules: ["ended", "ended-once", "right-peer"],
    what: "the end of a connection is told",
    applies: hasConnections,
    run: endedOnce,
  },
  {
    rules: ["silent-after-close"],
    what: "nothing arrives after the end",
    applies: always,
    run: silentAfterClose,
  },
  {
    rules: ["silent-after-close"],
    what: "nothing more arrives once close was called, from inside of receive, too",
    applies: always,
    run: silentAtOnce,
  },
  {
    rules: ["alive"],
    what: "two endpoints on it come alive, and hear each other leave",
    applies: carriesFrames,
    run: endpointsLive,
  },
  {
    rules: ["alive", "ended"],
    what: "two monitors on it come alive",
    applies: signs,
    run: monitorsLive,
  },
  {
    rules: ["alive", "ended"],
    what: "a closed connection ends its peer",
    applies: keepsOrder,
    run: closingEnds,
  },
];
