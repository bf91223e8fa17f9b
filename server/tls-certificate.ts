/**
 * A client certificate as the socket gave it, with the first reason not to trust it: OpenSSL's own, then those it does not
 * look at. Owns reading it; what a certificate may do is in certificate-gate.ts and accredited.ts.
 */
import { hash, X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { isWithin } from '../certs/authority-names.ts';
import { certificateFacts, type CertificateFacts } from '../certs/certificate-facts.ts';
import { signatureOf } from '../certs/key-rules.ts';
import type { ClientCertificate } from '../core/exchange.ts';

/** So many certificates are remembered as they were read. */
const mostRead = 10_000;

/**
 * What the other end of a connection proved itself with; undefined: with nothing. To be called when the handshake has ended.
 * A trusted certificate is read once, however often it connects: reading costs half as much as a handshake.
 */
export function createCertificateReader(): (socket: TLSSocket) => ClientCertificate | undefined {
  const known = new Map<string, ClientCertificate>();
  return (socket) => {
    // The types have it always. Whatever the socket says of itself: a resumed session without one is "authorised".
    const { raw } = socket.getPeerCertificate() as { raw?: Buffer };
    if (!raw) return undefined;
    if (!socket.authorized)
      // The types know the text form only; it is there whatever the certificate.
      return toClientCertificate(new X509Certificate(raw), String(socket.authorizationError), () =>
        issuerOf(socket),
      );
    const thumbprint = thumbprintOf(raw);
    const found = known.get(thumbprint);
    if (found) return found;
    const read = toClientCertificate(new X509Certificate(raw), undefined);
    const [oldest] = known.keys();
    if (known.size >= mostRead && oldest !== undefined) known.delete(oldest);
    known.set(thumbprint, read);
    return read;
  };
}

/**
 * @param fault why OpenSSL does not trust it, in its word.
 * @param issuer the DER of what it was signed with, where that was found
 */
export function toClientCertificate(
  x509: X509Certificate,
  fault: string | undefined,
  issuer: () => Buffer | undefined = () => undefined,
): ClientCertificate {
  const commonNames = namesIn(x509);
  const dnsNames = dnsNamesOf(x509);
  const found = exactly(fault, x509, issuer) ?? ownFault(x509, commonNames);
  return {
    thumbprint: thumbprintOf(x509.raw),
    commonNames,
    dnsNames,
    serial: x509.serialNumber.toLowerCase(),
    notAfter: Date.parse(x509.validTo),
    ...(found === undefined ? {} : { fault: found }),
  };
}

/** `x5t#S256` (RFC 8705 3.1): SHA-256 of the DER form, base64url. */
export function thumbprintOf(der: Buffer): string {
  return hash('sha256', der, 'base64url' as 'hex'); // node knows it; its types do not say so
}

const clientAuth = '1.3.6.1.5.5.7.3.2';
/** The first bit of keyUsage (RFC 5280 4.2.1.3). */
const digitalSignature = 0x80;

/** OpenSSL has reasons that node has no word for: which of them it was. */
function exactly(
  fault: string | undefined,
  x509: X509Certificate,
  issuerDer: () => Buffer | undefined,
): string | undefined {
  // Of several faults OpenSSL keeps the last, and there is no list of what nobody issued.
  if (fault === 'UNABLE_TO_GET_CRL' && x509.checkIssued(x509)) return 'DEPTH_ZERO_SELF_SIGNED_CERT';
  if (fault !== 'UNSPECIFIED') return fault;
  const facts = factsOf(x509.raw);
  if (!facts) return 'UNREADABLE';
  if (signatureOf(facts.signatureAlgorithm).hash === undefined) return 'WEAK_SIGNATURE';
  if (!isKeyAllowed(x509)) return 'KEY_NOT_ALLOWED';
  if (facts.extensions.some(({ id, critical }) => critical && !understood.has(id)))
    return 'UNHANDLED_CRITICAL_EXTENSION';
  const der = issuerDer();
  const issuer = der && factsOf(der);
  if (issuer?.authority === false) return 'INVALID_CA';
  const { domains } = issuer ?? {};
  if (domains && facts.dnsNames.some((name) => !isWithin(name, domains)))
    return 'PERMITTED_SUBTREE_VIOLATION';
  return 'CHAIN_NOT_ALLOWED';
}

function issuerOf(socket: TLSSocket): Buffer | undefined {
  // The types have it always; a chain that was not found has none.
  const { issuerCertificate } = socket.getPeerCertificate(true) as {
    issuerCertificate?: { raw: Buffer };
  };
  return issuerCertificate?.raw;
}

/** Extensions that OpenSSL understands and a client certificate may mark as critical. */
const understood: ReadonlySet<string> = new Set(
  [14, 15, 17, 18, 19, 30, 31, 32, 35, 36, 37, 54].map((last) => `2.5.29.${last}`),
);

/** What OpenSSL lets pass and this platform does not: the word of the first fault. */
function ownFault(x509: X509Certificate, commonNames: readonly string[]): string | undefined {
  const facts = factsOf(x509.raw);
  if (!facts) return 'UNREADABLE';
  if (facts.authority) return 'CA_CERTIFICATE';
  if (!isKeyAllowed(x509)) return 'KEY_NOT_ALLOWED';
  if (((facts.usageBits ?? 0) & digitalSignature) === 0) return 'NO_DIGITAL_SIGNATURE';
  if (!facts.extended?.includes(clientAuth)) return 'NO_CLIENT_AUTH';
  return nameFault(x509, commonNames);
}

function nameFault(x509: X509Certificate, [name, ...more]: readonly string[]): string | undefined {
  if (name === undefined) return 'NO_COMMON_NAME';
  if (more.length > 0) return 'TWO_COMMON_NAMES';
  if (!hostName.test(name)) return 'NAME_NOT_ALLOWED';
  const names = dnsNamesOf(x509);
  if (names.length === 0) return 'NO_DNS_NAME';
  return names.includes(name.toLowerCase()) ? undefined : 'NAMES_DIFFER';
}

/** Undefined for a certificate that OpenSSL reads and we do not. */
function factsOf(der: Buffer): CertificateFacts | undefined {
  try {
    return certificateFacts(der);
  } catch {
    return undefined;
  }
}

/** A host name whole: no wildcard, no scheme, no NUL. */
const hostName = /^[A-Za-z0-9](?:[A-Za-z0-9-]|\.(?=[A-Za-z0-9])){0,252}$/;

/** RSA of 2048 to 4096 bits with the usual exponent, P-256, P-384. A longer key makes each handshake dear. */
function isKeyAllowed({ publicKey }: X509Certificate): boolean {
  const { modulusLength = 0, publicExponent, namedCurve } = publicKey.asymmetricKeyDetails ?? {};
  if (publicKey.asymmetricKeyType === 'rsa')
    return modulusLength >= 2048 && modulusLength <= 4096 && publicExponent === 65537n;
  return (
    publicKey.asymmetricKeyType === 'ec' &&
    (namedCurve === 'prime256v1' || namedCurve === 'secp384r1')
  );
}

/** Never by splitting the subject's text, in which anything may stand. */
function namesIn(x509: X509Certificate): readonly string[] {
  // The type does not know that a name may be there twice.
  const { CN: found } = x509.toLegacyObject().subject as { CN?: string | string[] };
  return found === undefined ? [] : [found].flat();
}

/** Lower case. Node puts whatever could be mistaken in quotes; such a name is none of ours. */
function dnsNamesOf({ subjectAltName }: X509Certificate): readonly string[] {
  return (subjectAltName ?? '')
    .split(', ')
    .filter((one) => one.startsWith('DNS:') && !one.includes('"'))
    .map((one) => one.slice(4).toLowerCase());
}
