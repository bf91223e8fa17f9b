/**
 * Client certificates that a proxy tells of which ended TLS in front of this server: believed only of a listed proxy that
 * proves itself with a secret, and then verified whole again. Anybody else's field is as if it were not there. Off by
 * default. What a listed proxy forwards never bears the certificate that the proxy itself connects with. Owns the two
 * fields and this verification.
 */
import { createHash, timingSafeEqual, X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { certificateFacts } from '../certs/certificate-facts.ts';
import { chainOf } from '../certs/chain.ts';
import { faultsIn } from '../certs/checks.ts';
import type { Trusted } from '../certs/trust.ts';
import type { ClientCertificate, Connection } from '../core/exchange.ts';
import type { Certified } from './front.ts';
import { isTrusted } from './forwarded.ts';
import { toClientCertificate } from './tls-certificate.ts';

export interface ProxiesOptions {
  /** Empty: no proxy is believed. */
  readonly secret: string;
  readonly trusted: ReadonlySet<string>;
  /** Every authority that is believed, of any environment: which one a certificate is for, its record says. */
  readonly authorities: () => readonly Trusted[];
  readonly now: () => number;
}

const secretField = 'x-gatehouse-proxy-secret';
const certificateField = 'x-client-cert';
const forwardingFields = ['x-forwarded-for', 'forwarded', certificateField] as const;
/** Characters of a field; node takes no more of all fields together than this. */
const longest = 16 * 1024;
/** Milliseconds after which a certificate is verified again, and how many are remembered. */
const kept = 60_000;
const mostKept = 1000;

export function createProxiedCertificates({
  secret,
  trusted,
  authorities,
  now,
}: ProxiesOptions): Certified['proxied'] {
  const expected = digestOf(secret);
  const verified = new Map<string, { readonly at: number; readonly found: Found }>();
  const certificateIn = (text: string): Found => {
    const known = verified.get(text);
    if (known && now() - known.at < kept) return known.found;
    const found = verify(text, authorities(), now());
    verified.delete(text);
    verified.set(text, { at: now(), found });
    const [oldest] = verified.keys();
    if (verified.size > mostKept && oldest !== undefined) verified.delete(oldest);
    return found;
  };
  return (request, connection): Connection => {
    if (!isTrusted(connection.address, trusted)) return connection;
    const own = forwards(request) ? withoutCertificate(connection) : connection;
    const text = fieldOf(request, certificateField);
    if (secret === '' || text === undefined) return own;
    const given = fieldOf(request, secretField);
    if (given === undefined || !timingSafeEqual(digestOf(given), expected)) return own;
    const certificate = certificateIn(text);
    return { ...own, secure: true, ...(certificate ? { certificate } : {}) };
  };
}

/** A call that a proxy makes of itself, such as its look at our health, has none of these. */
function forwards({ headers }: IncomingMessage): boolean {
  return forwardingFields.some((name) => headers[name] !== undefined);
}

function withoutCertificate({ address, secure }: Connection): Connection {
  return { address, secure };
}

type Found = ClientCertificate | undefined;

/** A URL-encoded PEM; undefined for what is none, which is as good as no certificate. */
function verify(text: string, authorities: readonly Trusted[], now: number): Found {
  if (text.length > longest) return undefined;
  try {
    const x509 = new X509Certificate(decodeURIComponent(text));
    return toClientCertificate(x509, faultOf(x509, authorities, now));
  } catch {
    return undefined;
  }
}

/** In OpenSSL's words, as of a certificate from a socket. */
function faultOf(
  x509: X509Certificate,
  authorities: readonly Trusted[],
  now: number,
): string | undefined {
  const facts = certificateFacts(x509.raw);
  if (facts.notBefore > now) return 'CERT_NOT_YET_VALID';
  if (facts.notAfter <= now) return 'CERT_HAS_EXPIRED';
  return faultsIn(chainOf(facts, [], authorities, now).checks).length > 0
    ? 'CERT_UNTRUSTED'
    : undefined;
}

/** A field that was sent once. */
function fieldOf({ rawHeaders, headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  if (typeof value !== 'string') return undefined;
  let times = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]?.toLowerCase() === name) times++;
  return times === 1 ? value : undefined;
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
