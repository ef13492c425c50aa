// Errors for programmer faults. They carry a stable `code`, the offending value and a way out.
// Network input never throws: it is counted and dropped.

/** The stable codes of the errors Systole throws. */
export type ErrorCode =
  | "ERR_SYSTOLE_POLICY"
  | "ERR_SYSTOLE_OPTION"
  | "ERR_SYSTOLE_CLOCK"
  | "ERR_SYSTOLE_DUPLICATE_PEER"
  | "ERR_SYSTOLE_CAPACITY"
  | "ERR_SYSTOLE_CLOSED"
  | "ERR_SYSTOLE_LOG"
  | "ERR_SYSTOLE_SCENARIO"
  | "ERR_SYSTOLE_DETECTOR"
  | "ERR_SYSTOLE_DIVERGED";

/** A value outside of its range. `code` is stable, the message is for people. */
export class SystoleRangeError extends RangeError {
  override readonly name: string;
  readonly code: ErrorCode;
  /** What was given instead. */
  readonly value: unknown;

  constructor(code: ErrorCode, message: string, value?: unknown) {
    super(message);
    this.name = `RangeError [${code}]`;
    this.code = code;
    this.value = value;
  }
}

/**
 * Refuses an option with what it must be, what it was, and the way out. For adapters, too.
 *
 * @throws RangeError or, with `SystoleTypeError`, TypeError `ERR_SYSTOLE_OPTION`
 * @example
 * ```ts
 * checkOption(port < 65_536, "port", port, "below 65536");
 * // RangeError [ERR_SYSTOLE_OPTION]: port must be below 65536 (got 70000).
 * ```
 */
export function checkOption(
  isFit: boolean,
  name: string,
  value: unknown,
  what: string,
  wayOut = "Leave it out for the default.",
  Wrong: typeof SystoleRangeError | typeof SystoleTypeError = SystoleRangeError,
): void {
  if (isFit) return;
  const got = typeof value === "string" ? JSON.stringify(value) : textOf(value);
  throw new Wrong("ERR_SYSTOLE_OPTION", `${name} must be ${what} (got ${got}).\n${wayOut}`, value);
}

/** A value for people; what is wrong may be so wrong that it has no text. */
export function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return typeof value;
  }
}

/** A value of the wrong type, or a name that does not exist. */
export class SystoleTypeError extends TypeError {
  override readonly name: string;
  readonly code: ErrorCode;
  /** What was given instead. */
  readonly value: unknown;

  constructor(code: ErrorCode, message: string, value?: unknown) {
    super(message);
    this.name = `TypeError [${code}]`;
    this.code = code;
    this.value = value;
  }
}
