/** A listener on TLS over certificates of openssl, with records in a map: for what the socket and the gate decide. */
import { request, Agent, type RequestOptions } from 'node:https';
import { mkdtempSync, rmSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { CertificateRecord } from '../certs/certificate-record.ts';
import type { Connection, Handler } from '../core/exchange.ts';
import { createLog } from '../core/log.ts';
import { createCertificateGate, judgeCertificate } from '../server/certificate-gate.ts';
import { createFront, type Front } from '../server/front.ts';
import { openHandshakes, type Handshakes } from '../server/handshakes.ts';
import { MountTable } from '../server/mount-table.ts';
import { openEmbeddedStore } from '../server/store/embedded.ts';
import { thumbprintOf } from '../server/tls-certificate.ts';
import { createTlsListener, type TlsListener } from '../server/tls-listener.ts';
import type { ServerIdentity, Trust } from '../server/tls-material.ts';
import { OpensslCa, type Made } from './openssl-ca.ts';

export interface MutualTlsGround {
  readonly ca: OpensslCa;
  readonly records: Map<string, CertificateRecord>;
  readonly listener: TlsListener;
  readonly strict: TlsListener;
  readonly front: Front;
  readonly port: number;
  readonly strictPort: number;
  readonly handshakes: Handshakes;
  /** What the handler saw of the last call. */
  readonly seen: Connection[];
  readonly server: Made;
  readonly identity: ServerIdentity;
  readonly trust: Trust;
  clock: number;
  /** A client of this name, registered. */
  client(name: string, fields?: Partial<CertificateRecord>): Made;
  register(made: Made, fields?: Partial<CertificateRecord>): CertificateRecord;
  logged(): string;
  end(): Promise<void>;
}

export async function mutualTlsGround(handler?: Handler): Promise<MutualTlsGround> {
  const ca = new OpensslCa();
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'));
  const store = await openEmbeddedStore({ dir });
  const records = new Map<string, CertificateRecord>();
  const seen: Connection[] = [];
  const lines: string[] = [];
  const log = createLog(
    'info',
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(chunk.toString());
        done();
      },
    }),
  );
  const clock = { now: Date.now() };
  const now = () => clock.now;
  const record = (thumbprint: string) => records.get(thumbprint);
  const gate = createCertificateGate({ record, now });
  const standard: Handler = (exchange) => {
    seen.push(exchange.peer);
    return Promise.resolve({ status: 200, body: 'fine' });
  };
  const mounts = ['sandbox', 'uat', 'production'].map((environment) => ({
    ...{ environment, base: '/api/FHIR/R4', api: 'test', handler: handler ?? standard },
  }));
  const front = createFront({
    tables: [new MountTable(mounts)],
    environment: 'sandbox',
    toEnvironment: (name) => (['sandbox', 'uat', 'production'].includes(name) ? name : undefined),
    log,
    pages: (_request, response) => response.writeHead(200).end('a page'),
    certified: gate,
  });
  const handshakes = openHandshakes(store, log, now);
  const server = ca.server('localhost');
  const identity = { certificate: server.certificate + ca.issuing, key: server.key };
  const trust = { authorities: ca.authorities, lists: ca.lists() };
  const common = {
    ...{ front, port: 0, listenAddress: '127.0.0.1', identity, trust, handshakes, now },
    connection: gate.connection,
    fault: (certificate: Connection['certificate']) => {
      const found = judgeCertificate(certificate, record, now());
      return typeof found === 'string' ? found : undefined;
    },
  };
  const listener = createTlsListener({ ...common, name: 'TLS_PORT', strict: false });
  const strict = createTlsListener({ ...common, name: 'TLS_PORT_PRODUCTION', strict: true });
  const port = await listener.listen();
  const strictPort = await strict.listen();
  const register = (made: Made, fields: Partial<CertificateRecord> = {}) => {
    const one = { ...recordOf(made), ...fields };
    records.set(one.thumbprint, one);
    return one;
  };
  return {
    ...{ ca, records, listener, strict, front, port, strictPort, handshakes, seen, server },
    ...{ identity, trust },
    register,
    get clock() {
      return clock.now;
    },
    set clock(value) {
      clock.now = value;
    },
    client(name, fields) {
      const made = ca.client(name);
      register(made, fields);
      return made;
    },
    logged: () => lines.join(''),
    async end() {
      await front.drain(100);
      await handshakes.close();
      await store.close();
      ca.end();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function recordOf({ certificate }: Made): CertificateRecord {
  const x509 = new X509Certificate(certificate);
  return {
    thumbprint: thumbprintOf(x509.raw),
    ...{ spki: '', serial: x509.serialNumber.toLowerCase(), subject: x509.subject, issuer: '' },
    ...{
      dnsNames: [],
      notBefore: 0,
      issuedAt: 0,
      notAfter: Date.parse(x509.validTo),
      state: 'active',
    },
    ...{ fqdn: 'a.example', partyKey: 'A1-0000001', environment: 'sandbox', deployment: 'd' },
    ...{ profile: 'client', requestedBy: 'x', pem: certificate },
  };
}

export interface TlsAnswer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

/** One call; on its own connection unless an agent is given. Rejects as node does when there is no answer. */
export function callTls(
  port: number,
  path: string,
  made: Made | undefined,
  options: RequestOptions & { readonly body?: string } = {},
): Promise<TlsAnswer> {
  const { body, ...more } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        ...{ host: '127.0.0.1', servername: 'localhost', port, path, agent: false },
        ...(made ? credentialsOf(made) : {}),
        rejectUnauthorized: false,
        ...more,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Certificate with chain, and key. */
function credentialsOf(made: Made): { cert: string; key: string } {
  return { cert: made.certificate, key: made.key };
}

/** Keeps one connection for one client. */
export function keepAlive(made: Made): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1, ...credentialsOf(made) });
}
