/**
 * Public keys as people have them: PEM, DER, JWK, a key set, a certificate. Owns telling what a text or file is, and in a
 * sentence what is wrong with it. Whether a key may be registered, the catalogue says.
 */
import { createPrivateKey, createPublicKey, type KeyObject, type webcrypto } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import { JsonFault, parseJson } from '../../core/json.ts';
import type { SentFile } from './form.ts';

/** What was found. */
export type KeysFound =
  /** Keys as members, those without a kid as they came. */
  | { readonly keys: readonly Readonly<Record<string, unknown>>[] }
  /** Nothing that can be registered, and why. */
  | { readonly fault: string }
  /** Somebody's private key, as a JWK where it could be read. */
  | { readonly privateKey: webcrypto.JsonWebKey | undefined };

const most = 64 * 1024;

/** Whether a text looks like, or holds, a private key in one of the usual forms. Rather once too often. */
export function holdsPrivateKey(text: string): boolean {
  return (
    /PRIVATE KEY|Private-Lines|AGE-SECRET-KEY/i.test(text) ||
    /["'](d|p|q|dp|dq|qi|oth|k)["']\s*:/.test(text)
  );
}

/** What is in a file, or in a text that was pasted. */
export function keysIn(sent: SentFile | string): KeysFound {
  const bytes = typeof sent === 'string' ? Buffer.from(sent) : sent.bytes;
  if (bytes.length > most)
    return { fault: 'That is more than 64 KB. A public key has a few hundred bytes' };
  const text = bytes.toString('utf8').trim();
  if (bytes.length === 0 || text === '') return { fault: 'The file is empty' };
  if (!isUtf8(bytes) || text.includes('\0')) return inDer(bytes);
  if (/^[[{]/.test(text)) return inJson(bytes);
  if (holdsPrivateKey(text)) return { privateKey: privateJwk(text) };
  if (text.includes('-----BEGIN')) return inPem(text);
  if (/^(ssh-|ecdsa-)/.test(text))
    return {
      fault:
        'This is a key for SSH. Turn it into PEM first: ssh-keygen -e -m PKCS8 -f <file> > key.pem',
    };
  if (/^[A-Za-z0-9+/=\s]+$/.test(text)) return inDer(Buffer.from(text, 'base64'));
  return { fault: 'This is no key: it is neither PEM (-----BEGIN PUBLIC KEY-----) nor JWK (JSON)' };
}

function inJson(bytes: Buffer): KeysFound {
  let value: unknown;
  try {
    value = parseJson(bytes, { depth: 8, members: 2000 });
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    return { fault: 'This is no JSON: a comma or a bracket may be missing' };
  }
  const set = membersOf(value);
  const list = Array.isArray(value) ? (value as unknown[]) : set.keys; // a list of anything
  const keys = (Array.isArray(list) ? (list as unknown[]) : [value]).map(membersOf);
  if (keys.length === 0) return { fault: 'The key set has no key in it' };
  const open = keys.find((key) => holdsPrivateKey(JSON.stringify(key)));
  if (open) return { privateKey: open };
  const bad = keys.find(({ kty }) => typeof kty !== 'string');
  if (bad) return { fault: 'This is JSON, but no key: a JWK has a member "kty"' };
  return { keys };
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Readonly<Record<string, unknown>>) : {}; // a JSON object
}

const block = /-----BEGIN ([A-Z0-9 ]{1,40})-----[A-Za-z0-9+/=\s]*-----END \1-----/g;

function inPem(text: string): KeysFound {
  const blocks = [...text.matchAll(block)];
  if (blocks.length === 0)
    return { fault: 'The PEM text is cut off: copy it whole, with its BEGIN and END lines' };
  if (blocks.some(([, what = '']) => what.includes('CERTIFICATE REQUEST')))
    return {
      fault:
        'This is a certificate request. Here the public key alone is wanted: openssl req -pubkey -noout -in <file>',
    };
  const keys: Readonly<Record<string, unknown>>[] = [];
  for (const [pem, what = ''] of blocks) {
    const jwk = /PUBLIC KEY|^CERTIFICATE$/.test(what) ? publicJwk(pem) : undefined;
    if (!jwk) return { fault: `The part "${what}" holds no public key that can be read` };
    keys.push(jwk);
  }
  return { keys };
}

function inDer(bytes: Buffer): KeysFound {
  for (const type of ['pkcs8', 'pkcs1', 'sec1'] as const) {
    const key = attempt(() => createPrivateKey({ key: bytes, format: 'der', type }));
    if (key) return { privateKey: key.export({ format: 'jwk' }) };
  }
  for (const type of ['spki', 'pkcs1'] as const) {
    const key = attempt(() => createPublicKey({ key: bytes, format: 'der', type }));
    const jwk = key && jwkOf(key);
    if (jwk) return { keys: [jwk] };
  }
  return {
    fault: 'This file is no key, or in a form that is not known here. Export it as PEM or JWK',
  };
}

function publicJwk(pem: string): Readonly<Record<string, unknown>> | undefined {
  const key = attempt(() => createPublicKey(pem));
  return key && jwkOf(key);
}

function jwkOf(key: KeyObject): Readonly<Record<string, unknown>> | undefined {
  return attempt(() => ({ ...key.export({ format: 'jwk' }) }));
}

/** Locked ones stay locked. */
function privateJwk(text: string): webcrypto.JsonWebKey | undefined {
  return attempt(() => createPrivateKey(text).export({ format: 'jwk' }));
}

/** What the library throws may quote the key. */
function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
