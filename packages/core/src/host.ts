// What the core needs from the world, as an interface: a monotonic clock, one timer, one I/O turn.
// Nothing here touches the world; `system-host.ts` does, behind its own subpath.

import { SystoleTypeError } from "./errors.ts";

/** A monotonic clock. */
export interface Clock {
  /** Milliseconds from an arbitrary origin. Must not follow the wall clock. */
  now(): number;
}

/** Everything the core asks of the outside world. All of it is injected. */
export interface Host extends Clock {
  /**
   * Calls `callback` once, not before `delayMs` (an integer from 0 to 2³¹−1) has passed.
   * `ref` says whether the timer may keep the process alive; hosts without that idea ignore it.
   */
  setTimer(callback: () => void, delayMs: number, ref: boolean): unknown;
  clearTimer(timer: unknown): void;
  /**
   * Calls `callback` after pending input had one turn to be read (`setImmediate` in Node). Without
   * it, beats that lie unread in the kernel after a stall would count as silence.
   */
  defer(callback: () => void): void;
  /** 32 unpredictable bits as an integer from 0 to 2³²−1. Endpoints need it, monitors do not. */
  entropy?(): number;
  /** Wall-clock milliseconds since 1970. Endpoints read it once, to number this process. */
  epochMs?(): number;
  /** Whether `now()` goes on while the machine sleeps. Absent means no. */
  readonly countsSleep?: boolean;
}

/** The functions `hostFrom` builds a host of: those of a runtime, or of a fake-timer library. */
export interface HostFunctions {
  now(): number;
  setTimeout(callback: () => void, delayMs: number): unknown;
  /** `never`, because every runtime has its own type of handle. */
  clearTimeout(timer: never): void;
  setImmediate?: ((callback: () => void) => unknown) | undefined;
  entropy?: (() => number) | undefined;
  epochMs?: (() => number) | undefined;
  countsSleep?: boolean | undefined;
}

/**
 * A host from plain functions, for other runtimes and for fake timers. The functions are looked up
 * at each call, so a fake-timer library may replace them later.
 *
 * @throws TypeError `ERR_SYSTOLE_OPTION` when `now`, `setTimeout` or `clearTimeout` is missing.
 * @example
 * ```ts
 * vi.useFakeTimers();
 * const host = hostFrom({
 *   now: () => performance.now(),
 *   setTimeout: (callback, ms) => setTimeout(callback, ms),
 *   clearTimeout: (timer) => clearTimeout(timer),
 * });
 * ```
 */
export function hostFrom(functions: HostFunctions): Host {
  for (const name of ["now", "setTimeout", "clearTimeout"] as const) {
    if (typeof functions?.[name] !== "function") {
      throw new SystoleTypeError(
        "ERR_SYSTOLE_OPTION",
        `hostFrom needs the function ${name} (got ${typeof functions?.[name]}).`,
        functions?.[name],
      );
    }
  }
  const { entropy, epochMs } = functions;
  return {
    now: () => functions.now(),
    setTimer(callback, delayMs, ref) {
      const timer = functions.setTimeout(callback, delayMs) as { unref?(): void } | undefined;
      if (!ref) timer?.unref?.();
      return timer;
    },
    clearTimer: (timer) => functions.clearTimeout(timer as never),
    defer(callback) {
      if (functions.setImmediate) functions.setImmediate(callback);
      else functions.setTimeout(callback, 0);
    },
    ...(entropy && { entropy: () => entropy() }),
    ...(epochMs && { epochMs: () => epochMs() }),
    countsSleep: functions.countsSleep ?? false,
  };
}
