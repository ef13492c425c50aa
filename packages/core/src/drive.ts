// Owns the one real timer. Everything that has deadlines (a monitor, an endpoint) is driven by it;
// nobody else in Systole sets a timer.

import type { Host } from "./host.ts";

/** Anything with deadlines: a monitor, an endpoint, or your own. */
export interface Driven {
  /** Does what is due. With `slice`, at most one slice of it, so that the event loop stays fluid. */
  tick(options?: { slice?: boolean | undefined }): void;
  /** The instant of the next due thing by the host's clock; Infinity when there is none. */
  nextDeadline(): number;
  /**
   * Calls back when the next deadline moved earlier, or is gone, at the end of an outermost call. Whoever
   * subscribes promises to be back by each next deadline; the returned function withdraws that.
   */
  onEarlier(callback: () => void): () => void;
}

/** Options of `drive`. */
export interface DriveOptions {
  /** Whether the timer may keep the process alive. Default false. */
  ref?: boolean | undefined;
}

/** The longest delay timers take; a later deadline is reached in several steps. */
const MAX_DELAY_MS = 2 ** 31 - 1;
const NEVER = Number.POSITIVE_INFINITY;

/**
 * Drives `target` with one timer of `host`: armed for the next deadline, none when there is none.
 * When the timer fires, pending input gets one turn to be read before anything is judged, because
 * after a stall the beats of healthy peers lie unread in the kernel.
 *
 * @returns a Disposable that stops driving; `target` itself stays usable.
 * @example
 * ```ts
 * const driving = drive(monitor, systemHost());
 * // …
 * driving[Symbol.dispose]();
 * ```
 */
export function drive(target: Driven, host: Host, options: DriveOptions = {}): Disposable {
  const ref = options.ref ?? false;
  let timer: unknown;
  let armedFor = NEVER;
  let serving = false;
  let stopped = false;

  const disarm = () => {
    if (armedFor !== NEVER) host.clearTimer(timer);
    armedFor = NEVER;
  };
  const arm = () => {
    disarm();
    const deadline = target.nextDeadline();
    if (deadline === NEVER) return;
    // Rounded up: a timer that fires a fraction early would spin until the deadline is reached.
    const delayMs = Math.ceil(Math.max(0, deadline - host.now()));
    armedFor = deadline;
    timer = host.setTimer(fire, Math.min(delayMs, MAX_DELAY_MS), ref);
  };
  const fire = () => {
    armedFor = NEVER;
    serving = true;
    host.defer(serve);
  };
  const serve = () => {
    serving = false;
    if (stopped) return;
    try {
      target.tick({ slice: true });
    } finally {
      // Also when a sink threw: an error in one listener must not stop the heart.
      if (!stopped) arm();
    }
  };
  const unsubscribe = target.onEarlier(() => {
    const deadline = target.nextDeadline();
    if (!serving && (deadline < armedFor || deadline === NEVER)) arm();
  });
  arm();

  return {
    [Symbol.dispose]() {
      if (stopped) return;
      stopped = true;
      unsubscribe();
      disarm();
    },
  };
}
