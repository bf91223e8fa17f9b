/**
 * Request bodies, as both faces of the demographic service read them: media type, bytes, JSON, and the digest by which a
 * repeat is known. Owns no shape of any body.
 */
import { createHash } from 'node:crypto';
import type { Exchange } from '../../core/exchange.ts';
import { JsonFault, parseJson } from '../../core/json.ts';
import type { Problem } from '../../core/problem.ts';

/** No body comes near this many bytes. */
export const bodyLimit = 1024 * 1024;
const jsonLimits = { depth: 64, members: 10_000 };

/** Whether Content-Type is one of `types`, parameters and case aside; an absent one is the empty text. */
export function isJson({ headers }: Exchange, types: readonly string[]): boolean {
  const type = (headers['content-type'] ?? '').split(';', 1)[0] ?? '';
  return types.includes(type.trim().toLowerCase());
}

/** The only place where a body is parsed. Throws `refusal()` when it is no sound JSON. */
export function readBody(bytes: Buffer, refusal: () => Problem): unknown {
  try {
    return parseJson(bytes, jsonLimits);
  } catch (error) {
    if (error instanceof JsonFault) throw refusal();
    throw error;
  }
}

/** SHA-256 over what makes a request a repeat of another. `versionId` is that of If-Match, or empty. */
export function digestOf(method: string, versionId: string, bytes: Buffer): string {
  return createHash('sha256').update(`${method} ${versionId}\n`).update(bytes).digest('base64url');
}
