/**
 * Makes a key and the request for a certificate that goes with it (RFC 2986), on the requester's own machine: the key
 * never leaves it. Owns the bytes; the checks of a request are in requests.ts.
 */
import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { signed } from './certificate-bytes.ts';
import { integer, objectId, sequence, setOfOne, tagged } from './der.ts';
import { subjectAltName } from './extensions.ts';
import { writeName } from './names.ts';
import { toPem } from './pem.ts';

export type RequestKey = 'P-256' | 'P-384' | 'RSA-2048' | 'RSA-4096';

export interface MadeRequest {
  /** PKCS#8, PEM. */
  readonly privateKey: string;
  /** PKCS#10, PEM. */
  readonly csr: string;
}

/** A new key, and a request with CN and DNS name = the FQDN and nothing else. */
export async function makeRequest(fqdn: string, kind: RequestKey = 'P-256'): Promise<MadeRequest> {
  const key = await newKey(kind);
  const privateKey = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { privateKey, csr: await requestFor(fqdn, key) };
}

/** PEM. */
async function requestFor(fqdn: string, key: KeyObject): Promise<string> {
  const content = sequence(
    integer(0), // version 1
    writeName([['CN', fqdn]]),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    tagged(0xa0, extensionRequest(subjectAltName([fqdn]))),
  );
  return toPem('CERTIFICATE REQUEST', await signed([content], key));
}

/** The attribute that asks for extensions (PKCS#9, RFC 2985 5.4.2). */
function extensionRequest(...extensions: readonly Buffer[]): Buffer {
  return sequence(objectId('1.2.840.113549.1.9.14'), setOfOne(sequence(...extensions)));
}

const make = promisify(generateKeyPair);

async function newKey(kind: RequestKey): Promise<KeyObject> {
  const { privateKey } =
    kind === 'P-256' || kind === 'P-384'
      ? await make('ec', { namedCurve: kind })
      : await make('rsa', { modulusLength: kind === 'RSA-2048' ? 2048 : 4096 });
  return privateKey;
}
