/**
 * Whether a certificate may call at all: the one function that stands first on every server that asks for certificates.
 * Trusted by the socket, not ended, registered here and active, and of the environment it calls. What systems it may
 * speak for is in accredited.ts; proxies that end TLS in front are in certificate-proxies.ts.
 */
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { CertificateRecord } from '../certs/certificate-record.ts';
import type { ClientCertificate, Connection } from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import type { Certified } from './front.ts';
import { edgeOf } from './gateway/faults.ts';
import type { Mount } from './mount-table.ts';
import { createCertificateReader } from './tls-certificate.ts';
import { sentenceOf } from './tls-reasons.ts';

/**
 * The record of a certificate by its thumbprint; in memory.
 * @throws Problem `unavailable` when nobody can say at the moment whether it was revoked
 */
export type FindRecord = (thumbprint: string) => Omit<CertificateRecord, 'pem'> | undefined;

export interface GateOptions {
  readonly record: FindRecord;
  readonly now: () => number;
  /** As `Certified.proxied`; absent where no proxy ends TLS. */
  readonly proxied?: Certified['proxied'] | undefined;
}

export function createCertificateGate({ record, now, proxied }: GateOptions): Certified {
  const certified: Certified = {
    connection: connectionReader(),
    proxied: proxied ?? ((_request: IncomingMessage, connection: Connection) => connection),
    refusal({ certificate, proxied: told }, environment) {
      try {
        const found = judgeCertificate(certificate, record, now());
        if (told && found === 'NO_CERTIFICATE') return denied(notTold);
        if (typeof found === 'string') return deniedBy(found);
        if (environment === undefined || found.environment === environment) return undefined;
        return denied(
          `The client certificate is for ${found.environment}, and this call is for ${environment}`,
        );
      } catch (error) {
        return Problem.from(error); // nobody knows: closed
      }
    },
    refuse: (refusal, mount) => edgeFor(mount)(() => Promise.reject(refusal)),
  };
  return certified;
}

/** The record of a certificate that is registered, active and trusted at this moment, or the word of its first fault. */
export function judgeCertificate(
  certificate: ClientCertificate | undefined,
  record: FindRecord,
  now: number,
): NonNullable<ReturnType<FindRecord>> | string {
  if (!certificate) return 'NO_CERTIFICATE';
  if (certificate.fault !== undefined) return certificate.fault;
  if (certificate.notAfter <= now) return 'CERT_HAS_EXPIRED'; // a connection may outlive it
  const found = record(certificate.thumbprint);
  if (!found) return 'NO_RECORD';
  if (found.state === 'active') return found;
  return found.state === 'revoked' ? 'CERT_REVOKED' : 'SUPERSEDED';
}

/** The refusal of a certificate with this fault. */
export function deniedBy(fault: string): Problem {
  return denied(
    fault === 'NO_CERTIFICATE'
      ? 'This address needs a client certificate, and none was sent (NO_CERTIFICATE)'
      : `The client certificate is refused: ${sentenceOf(fault)}`,
  );
}

const notTold =
  "This address needs the caller's client certificate, and the proxy in front has told of none that can be read (NO_CERTIFICATE); its own does not count for what it forwards";

function denied(message: string): Problem {
  return new Problem('forbidden', message, { code: 'ACCESS_DENIED_SSL' });
}

/** The listener and the front ask for the same socket: it is read once. */
function connectionReader(): (socket: TLSSocket) => Connection {
  const certificateOf = createCertificateReader();
  const known = new WeakMap<TLSSocket, Connection>();
  return (socket) => {
    let connection = known.get(socket);
    if (!connection) {
      const certificate = certificateOf(socket);
      const address = socket.remoteAddress ?? '';
      connection = { address, secure: true, ...(certificate ? { certificate } : {}) };
      known.set(socket, connection);
    }
    return connection;
  };
}

/** What stands in front of an API is refused as the API itself would. */
function edgeFor({ api, base }: Mount): ReturnType<typeof edgeOf> {
  const name = api === 'authorisation' || api === 'smart' ? 'oauth' : undefined;
  return edgeOf(name ?? (/\/FHIR\//i.test(`${base}/`) ? 'nhs-fhir' : 'problem'));
}
