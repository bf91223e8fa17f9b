/** A call whose body is cut off where it becomes too long, whichever way it is read. Owns the counting. */
import { Transform, type Readable } from 'node:stream';
import type { Body, Exchange } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import { changed } from '../changed-call.ts';

/** The exchange with a body of at most so many bytes; reading on fails with the Problem. */
export function withCountedBody(
  exchange: Exchange,
  most: number,
  tooLong: () => Problem,
): Exchange {
  return changed(exchange, { reading: counted(exchange.body, most, tooLong) });
}

function counted(body: Body, most: number, tooLong: () => Problem): Body {
  return {
    stream: () => countedStream(body.stream(), most, tooLong),
    async bytes(limit) {
      if (limit <= most) return body.bytes(limit);
      try {
        return await body.bytes(most);
      } catch (error) {
        throw error instanceof Problem && error.kind === 'too-large' ? tooLong() : error;
      }
    },
  };
}

/** The source is left open when it is too long: the connection it comes from still has to bring the answer. */
function countedStream(source: Readable, most: number, tooLong: () => Problem): Readable {
  let length = 0;
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      length += chunk.length;
      if (length > most) done(tooLong());
      else done(null, chunk);
    },
  });
  source.once('error', (error) => counting.destroy(error));
  source.once('close', () => {
    if (!source.readableEnded) counting.destroy(new Problem('invalid', 'The body was cut short'));
  });
  // What comes after it was given up is read away, or its sender would never get to the answer.
  counting.once('close', () => source.unpipe(counting).resume());
  return source.pipe(counting);
}
