/**
 * Everything that can go wrong, named once; each edge renders it in its own protocol.
 * Owns the kinds and their defaults. A published protocol keeps its own table of rows (fhir/pds/errors.ts)
 * and its row wins over these defaults.
 */
const kinds = {
  invalid: { status: 400, issue: 'invalid', level: 'info' },
  unauthenticated: { status: 401, issue: 'login', level: 'info' },
  forbidden: { status: 403, issue: 'forbidden', level: 'info' },
  'not-found': { status: 404, issue: 'not-found', level: 'info' },
  'method-not-allowed': { status: 405, issue: 'not-supported', level: 'info' },
  'not-acceptable': { status: 406, issue: 'not-supported', level: 'info' },
  'too-slow': { status: 408, issue: 'timeout', level: 'info' },
  conflict: { status: 409, issue: 'conflict', level: 'info' },
  gone: { status: 410, issue: 'deleted', level: 'info' },
  'precondition-failed': { status: 412, issue: 'conflict', level: 'info' },
  'too-large': { status: 413, issue: 'too-long', level: 'info' },
  unsupported: { status: 415, issue: 'not-supported', level: 'info' },
  unprocessable: { status: 422, issue: 'processing', level: 'info' },
  // No event: under a flood of refused calls each line would cost more than the refusal. The access line tells it.
  throttled: { status: 429, issue: 'throttled', level: 'info' },
  internal: { status: 500, issue: 'exception', level: 'error' },
  upstream: { status: 502, issue: 'transient', level: 'warn' },
  unavailable: { status: 503, issue: 'transient', level: 'warn' },
  timeout: { status: 504, issue: 'timeout', level: 'warn' },
} as const;

export type ProblemKind = keyof typeof kinds;

/** All kinds, in the order of their statuses; docs/problems.md is generated from them. */
export const problemKinds = Object.keys(kinds) as ProblemKind[]; // `kinds` is a constant: it has no other keys

/** One row of a published protocol's own error table: at least the HTTP status it is answered with. */
export interface ErrorRow {
  readonly status: number;
}

export interface ProblemOptions extends ErrorOptions {
  /** The protocol's own code, where it has one: RESOURCE_NOT_FOUND, invalid_client, EPL-151. */
  code?: string;
  /** The row of that protocol's error table, which the edge renders instead of the defaults. */
  row?: ErrorRow;
  /** Fields the answer must carry, such as retry-after. */
  headers?: Readonly<Record<string, string>>;
}

/** The one error type. `message` may be read by anyone and holds no patient data; detail goes in `cause`. */
export class Problem extends Error {
  readonly kind: ProblemKind;
  readonly code: string | undefined;
  readonly row: ErrorRow | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;

  constructor(kind: ProblemKind, message: string, options: ProblemOptions = {}) {
    super(message, options);
    this.name = 'Problem';
    this.kind = kind;
    this.code = options.code;
    this.row = options.row;
    this.headers = options.headers;
  }

  /** The HTTP status: the row's when there is one. */
  get status(): number {
    return this.row?.status ?? kinds[this.kind].status;
  }

  /** The FHIR issue type of this kind. */
  get issue(): (typeof kinds)[ProblemKind]['issue'] {
    return kinds[this.kind].issue;
  }

  /** How loudly to log it: `error` means that a person must act. */
  get level(): 'info' | 'warn' | 'error' {
    return kinds[this.kind].level;
  }

  /** Any thrown value as a Problem; what is none becomes `internal` with the original as cause. */
  static from(error: unknown): Problem {
    return error instanceof Problem
      ? error
      : new Problem('internal', 'Something went wrong', { cause: error });
  }
}
