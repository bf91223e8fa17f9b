/**
 * The three parts of a cross-organisation token and who signed it. Owns form, algorithm and signature; what the claims say
 * is claims-rules.ts's. Nothing here is of use for access tokens: this reader takes unsigned ones.
 */
import type { KeyObject } from 'node:crypto';
import { JsonFault, parseJson } from '../../core/json.ts';
import { longest } from './claims.ts';
import { algorithms, isAlgorithm, isSignatureOf, keyFits, type Algorithm } from './signing.ts';
import { foundOf, malformed, plainWord } from './token-refused.ts';

/** The registered key of the system that a header names; undefined where it has none such. */
export type KeyOf = (header: {
  readonly algorithm: Algorithm;
  readonly kid?: string;
}) => KeyObject | undefined | Promise<KeyObject | undefined>;

export interface TokenParts {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signed: boolean;
}

export interface PartsOptions {
  /** Absent: the system has registered no key, so that signed tokens are refused. */
  readonly keyOf?: KeyOf;
  /** Whether unsigned tokens are taken. */
  readonly unsigned: boolean;
}

/** @throws TokenRefused */
export async function readParts(text: string, options: PartsOptions): Promise<TokenParts> {
  if (text.length > longest)
    throw malformed('size', `at most ${longest} characters`, `${text.length}`);
  const parts = text.split('.', 5);
  if (parts.length !== 3)
    throw malformed('parts', 'three parts with dots between them', partsFound(parts.length));
  const [head = '', body = '', signature = ''] = parts;
  const header = objectIn(head, 'header');
  const signed = await checkSignature(header, `${head}.${body}`, signature, options);
  return { claims: objectIn(body, 'payload'), signed };
}

/** Whether a text calls itself an access token (RFC 9068 2.1): of another kind, however it goes on. */
export function isAccessToken(text: string): boolean {
  const head = text.slice(0, longest).split('.', 1)[0] ?? '';
  try {
    const { typ } = objectIn(head, 'header');
    return typeof typ === 'string' && /^(application\/)?at\+jwt$/i.test(typ);
  } catch {
    return false; // what is wrong with it, its own rules tell
  }
}

function partsFound(count: number): string {
  return count > 4 ? 'five or more' : `${count}`;
}

async function checkSignature(
  { alg, kid, typ, crit }: Readonly<Record<string, unknown>>,
  text: string,
  signature: string,
  { keyOf, unsigned }: PartsOptions,
): Promise<boolean> {
  if (typ !== undefined && (typeof typ !== 'string' || typ.toUpperCase() !== 'JWT'))
    throw malformed('typ', 'JWT', foundOf(typ, plainWord));
  if (crit !== undefined) throw malformed('crit', 'no extension that must be understood', 'some');
  if (alg === 'none') {
    if (!unsigned) throw malformed('alg', `one of ${algorithms.join(', ')}`, 'none');
    if (signature !== '')
      throw malformed('signature', 'none, as alg says', `${signature.length} characters`);
    return false;
  }
  if (!isAlgorithm(alg))
    throw malformed('alg', `none or one of ${algorithms.join(', ')}`, foundOf(alg, plainWord));
  if (!/^[A-Za-z0-9_-]{1,2048}$/.test(signature))
    throw malformed('signature', 'one in base64url', signature === '' ? 'none' : 'another form');
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > 200))
    throw malformed('kid', 'a text of at most 200 characters', foundOf(kid));
  const key = await keyOf?.({ algorithm: alg, ...(kid === undefined ? {} : { kid }) });
  if (!key || !keyFits(key, alg))
    throw malformed('signature', `a key for ${alg} that the system has registered`, 'none');
  if (!isSignatureOf(text, signature, key, alg))
    throw malformed('signature', 'that of the registered key', 'another');
  return true;
}

function objectIn(part: string, rule: string): Readonly<Record<string, unknown>> {
  // A trailing bit of base64url that means nothing would let one token be written in several ways.
  const bytes = Buffer.from(part, 'base64url');
  if (part === '' || bytes.toString('base64url') !== part)
    throw malformed(
      rule,
      'base64url without padding (RFC 7515 2)',
      part === '' ? 'nothing' : 'another form',
    );
  const value = jsonIn(bytes, rule);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed(rule, 'a JSON object', foundOf(value));
  return value as Record<string, unknown>; // an object that JSON.parse made
}

function jsonIn(bytes: Buffer, rule: string): unknown {
  try {
    return parseJson(bytes, { depth: 8, members: 500 });
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw malformed(rule, 'JSON at most 8 deep, no member twice', `a fault of ${error.kind}`);
  }
}
