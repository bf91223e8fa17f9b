/**
 * A front with one Proxy that is routed by a Spine Directory of a few systems held in memory: what tests of directory
 * back ends stand on. Owns the small directory and the certificate-asking provider; no assertion.
 */
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import {
  assemble,
  type Call,
  type Caller,
  type Connection,
  type Policy,
} from '../core/exchange.ts';
import { systemClock } from '../core/clock.ts';
import { createDirectoryRouting, type DirectoryRouting } from '../server/directory-routing.ts';
import { createFront } from '../server/front.ts';
import type { Environment } from '../server/catalogue/environments.ts';
import type { BackendDefinition } from '../server/catalogue/proxies.ts';
import type { BackendServices } from '../server/gateway/backend.ts';
import { backendOf } from '../server/gateway/backends/backend-of.ts';
import { sspOutcomes } from '../server/gateway/backends/ssp-problems.ts';
import { edgeOf } from '../server/gateway/faults.ts';
import { MountTable } from '../server/mount-table.ts';
import type {
  AccreditedSystem,
  Directory,
  MessageHandler,
  Organisation,
} from '../spine/sds/directory.ts';
import { backEndSite } from './back-end-ground.ts';
import type { OpensslCa } from './openssl-ca.ts';

export const interaction = 'urn:nhs:names:services:gpconnect:fhir:rest:read:patient-1';
export const provider = '200000000359';
export const consumer = '200000000205';

/** A directory of lists, in each view the same unless a view has its own. */
export class SmallDirectory implements Pick<Directory, 'systems' | 'handlers' | 'changed'> {
  readonly views = new Map<string, SmallDirectory>();
  all: AccreditedSystem[] = [];
  endpoints: MessageHandler[] = [];
  organisations: string[] = [];
  /** How often a system was asked for. */
  asked = 0;
  readonly #listeners = new Set<() => void>();

  in(view: string): Directory {
    return (this.views.get(view) ?? this) as unknown as Directory; // routing asks it for these four things only
  }

  systems(query: Parameters<Directory['systems']>[0], limit = 1000) {
    this.asked++;
    const found = this.all.filter(
      (one) =>
        (query.asid === undefined || one.asid === query.asid) &&
        (query.odsCode === undefined || one.odsCode === query.odsCode) &&
        (query.partyKey === undefined || one.partyKey === query.partyKey) &&
        (query.interaction === undefined || one.interactions.includes(query.interaction)),
    );
    return Promise.resolve(found.slice(0, limit));
  }

  handlers(query: Parameters<Directory['handlers']>[0]) {
    return Promise.resolve(
      this.endpoints.filter(
        (one) =>
          (query.partyKey === undefined || one.partyKey === query.partyKey) &&
          (query.interaction === undefined || one.interaction === query.interaction),
      ),
    );
  }

  organisation(odsCode: string) {
    return Promise.resolve(
      this.organisations.includes(odsCode) ? ({ odsCode } as Organisation) : undefined, // nobody looks further
    );
  }

  changed(fn: () => void) {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  /** As a change of any entry does. */
  change() {
    for (const fn of this.#listeners) fn();
  }

  addSystem(asid: string, odsCode: string, partyKey: string, interactions = [interaction]) {
    const product = { key: 'p', name: 'P', version: '1' };
    this.all.push({ asid, odsCode, partyKey, interactions, clients: [], product });
  }

  addEndpoint(partyKey: string, address: string, fqdn = '', about = interaction) {
    this.endpoints.push({
      ...{ id: `e${this.endpoints.length}`, odsCode: '', partyKey, interaction: about, fqdn },
      ...{ service: '', action: '', endpoints: [address], cpaId: 'S1001A1001', actors: [] },
      ...{ interactionType: 'FHIR', product: { key: 'p', name: 'P', version: '1' } },
    });
  }
}

/** One practice `Y90001` at `address`, and one consumer at `Y90999`. */
export function smallDirectory(address: string, fqdn = ''): SmallDirectory {
  const directory = new SmallDirectory();
  directory.organisations = ['Y90001', 'Y90002', 'Y90999'];
  directory.addSystem(provider, 'Y90001', 'Y90001-0000001');
  directory.addSystem(consumer, 'Y90999', 'Y90999-0000001');
  directory.addEndpoint('Y90001-0000001', address, fqdn);
  return directory;
}

export interface DirectoryGround {
  readonly port: number;
  readonly routing: DirectoryRouting;
  readonly logged: string[];
  close(): Promise<void>;
}

export interface DirectoryGroundOptions {
  readonly backend: BackendDefinition;
  readonly directory: SmallDirectory;
  readonly services?: Partial<BackendServices>;
  readonly environment?: Environment;
  readonly policies?: readonly Policy[];
  readonly caller?: Partial<Caller>;
  readonly workspace?: string;
  readonly now?: () => number;
  readonly peer?: Partial<Connection>;
}

export async function startDirectoryGround(
  options: DirectoryGroundOptions,
): Promise<DirectoryGround> {
  const { backend: definition, environment = 'sandbox', workspace = '' } = options;
  const clock = { ...systemClock, ...(options.now ? { now: options.now } : {}) };
  const routing = createDirectoryRouting(options.directory.in(''), clock);
  const logged: string[] = [];
  const plain = { kind: 'http', url: 'http://127.0.0.1' } as const;
  const site = backEndSite(plain, { clock, directory: routing, ...options.services }, logged);
  const { backend } = backendOf(definition, {
    ...{ ...site, environment },
    definition: { ...site.definition, backend: definition },
  });
  const edge =
    definition.kind === 'spine-secure-proxy' ? sspOutcomes(() => clock.newId()) : edgeOf('problem');
  const placed: Policy = (next) => (exchange) =>
    next(
      exchange
        .withCall(peered(exchange.call, options.peer))
        .with({ workspace, environment, ...callerOf(options.caller) }),
    );
  const handler = assemble([edge, placed, ...(options.policies ?? [])], backend.handler);
  const { log } = site.services;
  const front = createFront({
    tables: [new MountTable([{ environment: 'sandbox', base: '/api', api: 'hello', handler }])],
    environment: 'sandbox',
    toEnvironment: () => undefined,
    log: { ...log, access: () => undefined, flush: () => undefined },
    pages: (_request, response) => response.writeHead(404).end(),
  });
  front.server.listen(0, '127.0.0.1');
  await once(front.server, 'listening');
  return {
    port: (front.server.address() as AddressInfo).port, // it listens on a port
    ...{ routing, logged },
    async close() {
      await front.drain(0);
      await backend.close();
      routing.close();
    },
  };
}

/** The call as if it had come over another connection. */
function peered(call: Call, peer: Partial<Connection> | undefined): Call {
  if (!peer) return call;
  const whole = { ...call.peer, ...peer };
  return new Proxy(call, {
    get(one, name) {
      if (name === 'peer') return whole;
      const value: unknown = Reflect.get(one, name, one);
      return typeof value === 'function' ? (value.bind(one) as unknown) : value;
    },
  });
}

function callerOf(caller: Partial<Caller> | undefined): { caller?: Caller } {
  if (!caller) return {};
  return {
    caller: {
      ...{ appId: 'a', appName: 'A', mode: 'app', scopes: [], grants: new Set<string>() },
      ...caller,
    },
  };
}

export interface Provider {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly seen: IncomingMessage[];
  /** CNs of the client certificates that were shown, call by call. */
  readonly shown: unknown[];
  /** How many connections are open. */
  connections(): Promise<number>;
  close(): void;
}

type Answering = (request: IncomingMessage, response: ServerResponse) => void;

const fine: Answering = (_request, response) => {
  response.setHeader('content-type', 'application/fhir+json').end('{"resourceType":"Patient"}');
};

/** A provider over plain HTTP. */
export function startProvider(answering: Answering = fine): Promise<Provider> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    answering(request, response);
  });
  return listening(server, 'http', seen, []);
}

/** A provider that takes no call without a certificate of that authority. @param name what its own certificate bears */
export function startTlsProvider(ca: OpensslCa, name: string): Promise<Provider> {
  const seen: IncomingMessage[] = [];
  const shown: unknown[] = [];
  const { certificate, key } = ca.make({
    ...{ name, extensions: [`subjectAltName=DNS:${name}`, 'extendedKeyUsage=serverAuth'] },
  });
  const server = createTlsServer(
    {
      ...{ key, cert: certificate + ca.issuing, ca: [...ca.authorities] },
      ...{ requestCert: true, rejectUnauthorized: true },
    },
    (request, response) => {
      seen.push(request);
      // an https server's sockets are TLS sockets
      shown.push((request.socket as TLSSocket).getPeerCertificate().subject.CN);
      fine(request, response);
    },
  );
  return listening(server, 'https', seen, shown);
}

async function listening(
  server: Server,
  scheme: string,
  seen: IncomingMessage[],
  shown: unknown[],
): Promise<Provider> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on a port
  return {
    ...{ url: `${scheme}://127.0.0.1:${port}`, seen, shown },
    connections: () => promisify(server.getConnections.bind(server))(),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
