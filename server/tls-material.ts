/**
 * What a server on TLS shows and trusts, as node wants it. Owns the versions, ciphers and times of all of them; where keys,
 * authorities and lists come from is handed in.
 */
import { createHash } from 'node:crypto';
import type { TlsOptions } from 'node:tls';

/** A server's own certificate with the chain up to its root, and its key; PEM. */
export interface ServerIdentity {
  readonly certificate: string;
  readonly key: string;
}

/** Whom a server believes; PEM. */
export interface Trust {
  /** Issuing authorities and roots. */
  readonly authorities: readonly string[];
  /** One list of each of them, roots included: without one nobody below it is let in. Empty: nobody is looked up. */
  readonly lists: readonly string[];
}

/** Authenticated ciphers with forward secrecy alone, the strongest first. Level 2 refuses weak keys and SHA-1. */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  '@SECLEVEL=2',
].join(':');

/** Seconds a session can be resumed. */
const sessionTimeout = 300;
/** Milliseconds. */
const handshakeTimeout = 10_000;

/**
 * Options of a server of this name, and of its renewal (`setSecureContext`).
 * @param name sessions of one name are resumed on servers of that name alone
 * @param strict whether whoever is not trusted is refused in the handshake
 */
export function tlsOptions(
  name: string,
  { certificate, key }: ServerIdentity,
  { authorities, lists }: Trust,
  strict: boolean,
): TlsOptions {
  return {
    cert: certificate,
    key,
    ca: [...authorities],
    ...(lists.length === 0 ? {} : { crl: [...lists] }),
    ciphers,
    honorCipherOrder: true,
    minVersion: 'TLSv1.2',
    requestCert: true,
    rejectUnauthorized: strict,
    sessionIdContext: createHash('sha256').update(name).digest('hex').slice(0, 32),
    sessionTimeout,
    handshakeTimeout,
  };
}
