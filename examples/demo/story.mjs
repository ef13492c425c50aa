// What happens to whom, when, and what the observer must see. Times in ms from the moment at which
// everybody was alive. Every fault is real: a signal, a leave, a process started anew.

/** The observer's policy: suspicion after 1 s of silence, death after 2.5 s. */
export const OBSERVER = { intervalMs: 500, suspectAfterMs: 1_000, deadAfterMs: 2_500 };

/** The children are patient: the observer itself will be frozen for 3 s. */
export const CHILDREN = { intervalMs: 500, suspectAfterMs: 5_000, deadAfterMs: 10_000 };

/** How long the observer blocks its own event loop, and when. */
export const BLOCK = { at: 15_000, forMs: 3_000 };

export const END_AT = 21_500;

const died = (reason, withinMs) => ({ to: "dead", reason, withinMs });
const suspect = { to: "suspect", withinMs: 1_900 };
const maybeSuspect = { ...suspect, optional: true };
const maybeConnecting = { to: "connecting", withinMs: 12_000, optional: true };
const back = (withinMs) => ({ to: "alive", withinMs });

/**
 * One child each: `does` is a list of [at, action], `sees` the changes that must follow the first
 * action, in this order and with nothing between them. `withinMs` counts from that action.
 */
export const STORY = [
  { id: "tcp-steady", transport: "tcp", fault: "none", does: [], sees: [] },
  { id: "udp-steady", transport: "udp", fault: "none", does: [], sees: [] },
  {
    id: "tcp-killed",
    transport: "tcp",
    fault: "SIGKILL",
    does: [[2_000, "kill"]],
    sees: [died("closed", 1_000)],
  },
  {
    id: "udp-killed",
    transport: "udp",
    fault: "SIGKILL",
    does: [[2_500, "kill"]],
    sees: [suspect, died("silence", 3_400)],
  },
  {
    id: "tcp-frozen",
    transport: "tcp",
    fault: "SIGSTOP for ever",
    does: [[3_000, "stop"]],
    sees: [suspect, died("silence", 3_400)],
  },
  {
    id: "udp-frozen",
    transport: "udp",
    fault: "SIGSTOP for ever",
    does: [[3_500, "stop"]],
    sees: [suspect, died("silence", 3_400)],
  },
  {
    id: "tcp-hiccup",
    transport: "tcp",
    fault: "SIGSTOP for 1.7 s",
    does: [
      [4_500, "stop"],
      [6_200, "continue"],
    ],
    sees: [suspect, back(2_500)],
  },
  {
    id: "udp-hiccup",
    transport: "udp",
    fault: "SIGSTOP for 1.7 s",
    does: [
      [5_000, "stop"],
      [6_700, "continue"],
    ],
    sees: [suspect, back(2_500)],
  },
  {
    id: "tcp-sleeper",
    transport: "tcp",
    fault: "SIGSTOP for 4.5 s",
    does: [
      [6_000, "stop"],
      [10_500, "continue"],
    ],
    sees: [suspect, died("silence", 3_400), maybeConnecting, back(8_500)],
  },
  {
    id: "udp-sleeper",
    transport: "udp",
    fault: "SIGSTOP for 4.5 s",
    does: [
      [6_500, "stop"],
      [11_000, "continue"],
    ],
    sees: [suspect, died("silence", 3_400), maybeConnecting, back(8_500)],
  },
  {
    id: "tcp-leaver",
    transport: "tcp",
    fault: "leaves",
    does: [[8_000, "leave"]],
    sees: [died("left", 1_000)],
  },
  {
    id: "udp-leaver",
    transport: "udp",
    fault: "leaves",
    does: [[8_500, "leave"]],
    sees: [died("left", 1_000)],
  },
  {
    id: "tcp-phoenix",
    transport: "tcp",
    fault: "SIGKILL, new process",
    does: [
      [9_000, "kill"],
      [9_800, "start"],
    ],
    sees: [died("closed", 1_000), maybeConnecting, back(5_000)],
  },
  {
    id: "udp-phoenix",
    transport: "udp",
    fault: "SIGKILL, new process",
    does: [
      [9_500, "kill"],
      [10_300, "start"],
    ],
    sees: [maybeSuspect, { to: "dead", withinMs: 4_000 }, maybeConnecting, back(5_000)],
  },
];
