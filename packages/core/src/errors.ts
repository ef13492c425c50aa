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
