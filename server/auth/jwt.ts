/**
 * A compact JWS read strictly (RFC 7515 3.1, RFC 7519 7.2): what it says, before anything of it is believed.
 * Owns decoding only. Signatures are checked in signature.ts; what the claims must be, the rules of each use say.
 */
import { JsonFault, parseJson } from '../../core/json.ts';

export interface DecodedJwt {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What is signed: header and payload as sent. */
  readonly signed: string;
  readonly signature: string;
}

/** In characters; longer ones are not even looked at. */
export const longestJwt = 16 * 1024;

/** A JWT taken apart, or the reason why it is none, in words without anything of its content. */
export function decodeJwt(text: string): DecodedJwt | { readonly fault: string } {
  if (text.length > longestJwt) return { fault: `it is longer than ${longestJwt} characters` };
  const parts = text.split('.', 6);
  if (parts.length === 5) return { fault: 'it is encrypted (five parts); a signed JWT has three' };
  if (parts.length !== 3) return { fault: `it has ${parts.length} parts; a signed JWT has three` };
  const [head = '', payload = '', signature = ''] = parts;
  if (!base64url.test(head) || !base64url.test(payload) || !maybeBase64url.test(signature))
    return { fault: 'a part is not base64url' };
  const header = toObject(head, 'header');
  if ('fault' in header) return header;
  const claims = toObject(payload, 'payload');
  if ('fault' in claims) return claims;
  return { header: header.value, claims: claims.value, signed: `${head}.${payload}`, signature };
}

const base64url = /^[A-Za-z0-9_-]+$/;
const maybeBase64url = /^[A-Za-z0-9_-]*$/;
const limits = { depth: 16, members: 1000 };

function toObject(
  part: string,
  name: string,
): { readonly value: Record<string, unknown> } | { readonly fault: string } {
  try {
    const value = parseJson(Buffer.from(part, 'base64url'), limits);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return { value: value as Record<string, unknown> }; // an object that JSON.parse made
    return { fault: `its ${name} is no JSON object` };
  } catch (error) {
    if (error instanceof JsonFault)
      return { fault: `its ${name} is refused as JSON: ${error.kind}` };
    throw error;
  }
}

/** A claim or header member as text; undefined when it is absent or anything else. */
export function textOf(
  members: Readonly<Record<string, unknown>>,
  name: string,
): string | undefined {
  const value = Object.hasOwn(members, name) ? members[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}
