/** Long texts that arrive in pieces, line by line, within limits. Owns no meaning of a line. */
import { setImmediate } from 'node:timers/promises';
import { TextDecoder } from 'node:util';
import { Problem } from '../../core/problem.ts';

/** A line with its number, the first being 1. */
export interface Line {
  readonly number: number;
  readonly text: string;
}

/** No line is longer, in characters. */
export const longestLine = 100_000;
/** Lines before other work has its turn. */
const turn = 500;

/**
 * The lines of a text in UTF-8, without their ends (LF or CRLF).
 * @throws Problem `invalid` naming the line that is too long, or bytes that are no UTF-8
 */
export async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  let number = 0;
  for await (const piece of pieces) {
    const lines = (rest + decoded(decoder, piece, number)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longestLine) throw tooLong(number + 1);
    for (const line of lines) {
      number++;
      if (line.length > longestLine) throw tooLong(number);
      yield { number, text: line.endsWith('\r') ? line.slice(0, -1) : line };
      if (number % turn === 0) await setImmediate();
    }
  }
  const last = rest + decoded(decoder, undefined, number);
  if (last !== '') yield { number: number + 1, text: last.replace(/\r$/, '') };
}

/** A fault of a line, in words for whoever wrote it. */
export function lineFault(number: number, why: string, cause?: unknown): Problem {
  return new Problem('invalid', `Line ${number}: ${why}`, { cause });
}

function decoded(decoder: TextDecoder, piece: Uint8Array | undefined, number: number): string {
  try {
    return piece === undefined ? decoder.decode() : decoder.decode(piece, { stream: true });
  } catch (cause) {
    throw lineFault(number + 1, 'there are bytes here or soon after that are no UTF-8', cause);
  }
}

function tooLong(number: number): Problem {
  return lineFault(number, `the line is longer than ${longestLine} characters`);
}
