/** What went wrong with a back end, as a Problem that names nothing of it. Owns the sorting of errors of the wire. */
import { Problem } from '../../../core/problem.ts';

/** Problems as they are; what the wire client throws, by its code. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const code = codeOf(error);
  if (code === 'connect-timeout')
    return new Problem('timeout', 'The back end did not answer in time', { cause: error });
  if (code === 'unfit')
    return new Problem('invalid', 'The request cannot be sent on as it is', { cause: error });
  if (code === 'unsound' || code === '')
    return new Problem('upstream', 'What the back end sent is not sound HTTP', { cause: error });
  if (code === 'TARGET_REFUSED')
    return new Problem('upstream', 'The back end may not be called where it is', { cause: error });
  return new Problem('upstream', 'The connection to the back end failed', { cause: error });
}

/** Whether a connection that was made ended without a word, as a kept one does whose other side has gone. */
export function isDeadConnection(error: unknown): boolean {
  return dead.has(codeOf(error));
}

/** Whether the failure is the back end's: a Problem for what the caller spoiled is not. */
export function isOfBackEnd({ kind }: Problem): boolean {
  return kind === 'upstream' || kind === 'timeout';
}

/** The code of an error; empty when it has none. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : '';
}

const dead: ReadonlySet<string> = new Set(['closed', 'ECONNRESET', 'EPIPE']);
