// What is kept beside one peer to judge it by: silence that was added up instead of subtracted from instants. The
// rules are in ledger-rules.ts.

import type { PeerEvent, PeerOutput } from "../../packages/core/src/peer/events.ts";
import type { PeerState } from "../../packages/core/src/peer/state.ts";
import type { Policy } from "../../packages/core/src/policy.ts";

/** What is kept beside the machine. Durations in ms, capped where longer makes no difference. */
export interface Ledger {
  /** Silence by the clock that leaves out our stalls, and by the one that counts a part of each. */
  readonly silentMs: number;
  readonly silentCreditedMs: number;
  readonly doubtedMs: number;
  readonly doubtedCreditedMs: number;
  /** Real time since the last sign of life of this session; −1: there was none. */
  readonly heardAgoMs: number;
  /** Real time since something was sent in this session or its life began, whichever came later. */
  readonly quietMs: number;
  /** Nonces from so long ago on prove something. */
  readonly provesMs: number;
  /** The stretch of this suspicion. */
  readonly stretchMs: number;
  /** Real time since this session came alive, where a back-off is to be reset by that; −1: not yet. */
  readonly livedMs: number;
}

/** From which ages on it makes no difference how old something is. */
export interface Caps {
  readonly silentMs: number;
  readonly heardMs: number;
  /** An overdue beat. */
  readonly lateMs: number;
  readonly sentMs: number;
  /** The beginning of a doubt; 0 where nobody asks for it. */
  readonly provesMs: number;
}

export interface Step {
  readonly before: PeerState;
  readonly event: PeerEvent;
  readonly after: PeerState;
  readonly outputs: readonly PeerOutput[];
  readonly policy: Policy;
  /** The largest draw there is. */
  readonly mostDraw: number;
}

export function newLedger(): Ledger {
  return {
    ...{ silentMs: 0, silentCreditedMs: 0, doubtedMs: 0, doubtedCreditedMs: 0 },
    ...{ heardAgoMs: -1, quietMs: 0, provesMs: 0, stretchMs: 0, livedMs: -1 },
  };
}

/** Time passed: so long we ran, so long we were frozen. */
export function passed(
  ledger: Ledger,
  peer: PeerState,
  ranMs: number,
  stalledMs: number,
  graceMs: number,
  caps: Caps,
): Ledger {
  const raw = ranMs + stalledMs;
  const credited = ranMs + Math.min(stalledMs, graceMs);
  const counts = peer.pausedObservedAt === undefined ? 1 : 0;
  const most = (ms: number) => Math.min(ms, caps.silentMs);
  const isDoubted = peer.status === "suspect";
  const isLive = peer.status !== "dead";
  return {
    silentMs: isLive ? most(ledger.silentMs + counts * ranMs) : 0,
    silentCreditedMs: isLive ? most(ledger.silentCreditedMs + counts * credited) : 0,
    doubtedMs: isDoubted ? most(ledger.doubtedMs + counts * ranMs) : 0,
    doubtedCreditedMs: isDoubted ? most(ledger.doubtedCreditedMs + counts * credited) : 0,
    heardAgoMs:
      ledger.heardAgoMs < 0 || !isLive ? -1 : Math.min(ledger.heardAgoMs + raw, caps.heardMs),
    quietMs: isLive ? Math.min(ledger.quietMs + raw, caps.sentMs) : 0,
    provesMs: Math.min(ledger.provesMs + raw, caps.provesMs),
    stretchMs: ledger.stretchMs,
    livedMs: ledger.livedMs < 0 ? -1 : Math.min(ledger.livedMs + raw, caps.heardMs),
  };
}
