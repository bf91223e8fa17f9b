/** What a write to the SMART base brings: the version it was made for, its body, and whose it is. */
import type { Exchange } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { bodyLimit, isJson } from '../pds/bodies.ts';

/**
 * The version in If-Match: `W/"3"`, tolerantly without its prefix or quotation marks.
 * @throws Problem 400 when there is none: updates here are aware of versions.
 */
export function ifMatch({ headers }: Exchange): string {
  const sent = headers['if-match'] ?? '';
  const version = /^(?:(?:W\/)?"([0-9]{1,10})"|([0-9]{1,10}))$/.exec(sent);
  const digits = version?.[1] ?? version?.[2];
  if (digits === undefined)
    throw new Problem('invalid', 'If-Match must bear the ETag of the version that was read');
  return digits;
}

/** The bytes of the body. @throws Problem 415 when Content-Type is none of `types`, 413 when it is too long. */
export async function bodyOf(exchange: Exchange, types: readonly string[]): Promise<Buffer> {
  if (!isJson(exchange, types))
    throw new Problem('unsupported', `The body must be ${types.join(' or ')}`);
  return exchange.body.bytes(bodyLimit);
}

/** The refusal of a body that is no sound JSON. */
export function malformed(): Problem {
  return new Problem('invalid', 'The body is not JSON that can be read');
}

/** Whose card a body is about, once the gate has let it pass; the empty text when that is not told. */
export function subscriberOf(body: unknown): string {
  const value = memberOf(memberOf(memberOf(body, 'subscriber'), 'identifier'), 'value');
  return typeof value === 'string' ? value : '';
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name]; // an object that has it
}
