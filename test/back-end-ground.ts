/** A front with one Proxy whose back end is reached over HTTP: what tests of back ends stand on. Owns no assertion. */
import { once } from 'node:events';
import { systemClock } from '../core/clock.ts';
import { problemsAs, type Exchange, type Facts } from '../core/exchange.ts';
import type { Log } from '../core/log.ts';
import type { HttpBackend } from '../server/catalogue/proxies.ts';
import type { Backend, BackendServices, BackendSite } from '../server/gateway/backend.ts';
import { httpBackend } from '../server/gateway/backends/http.ts';
import { createFront, type Timeouts } from '../server/front.ts';
import { MountTable } from '../server/mount-table.ts';

export interface BackEndGround {
  readonly backend: Backend;
  readonly port: number;
  /** `http://127.0.0.1:<port>/api` */
  readonly url: string;
  /** What was found out about each call that has ended. */
  readonly facts: Facts[];
  /** Messages that were logged, with their fields. */
  readonly logged: string[];
  close(): Promise<void>;
}

/** The site of a back end in the sandbox that has no secrets, unless said otherwise. */
export function backEndSite(
  definition: HttpBackend,
  services: Partial<BackendServices> = {},
  logged: string[] = [],
): BackendSite {
  const log: Log = {
    log: (level, message, fields) => logged.push(`${level} ${message} ${JSON.stringify(fields)}`),
    child: () => log,
  };
  return {
    api: {
      id: 'hello',
      title: 'Hello',
      description: '',
      owner: 'Y90001',
      contact: 'a@b.example',
      technology: 'rest',
      sensitive: false,
      status: 'beta',
      created: 0,
    },
    environment: 'sandbox',
    proxy: 'sandbox.hello',
    definition: { base: '/api', backend: definition, policies: [] },
    specification: undefined,
    services: {
      clock: systemClock,
      log,
      secret: () => undefined,
      services: {},
      serviceApis: {},
      isTrustedProxy: () => false,
      appFacts: () => undefined,
      targets: { allowLocal: false, networks: [] },
      ...services,
    },
  };
}

export async function startBackEndGround(
  definition: HttpBackend,
  services: Partial<BackendServices> = {},
  timeouts: Partial<Timeouts> = {},
): Promise<BackEndGround> {
  const logged: string[] = [];
  const site = backEndSite(definition, services, logged);
  const backend = httpBackend(definition, site);
  const facts: Facts[] = [];
  const edge = problemsAs((problem) => ({
    status: problem.status,
    headers: { 'content-type': 'application/problem+json', ...problem.headers },
    body: JSON.stringify({ kind: problem.kind, title: problem.message }),
  }));
  const handler = edge((exchange: Exchange) => {
    exchange.onEnd(() => facts.push(exchange.facts));
    return backend.handler(exchange);
  });
  const front = createFront({
    tables: [new MountTable([{ environment: 'sandbox', base: '/api', api: 'hello', handler }])],
    environment: 'sandbox',
    toEnvironment: (name) => (name === 'sandbox' ? name : undefined),
    log: { ...site.services.log, access: () => undefined, flush: () => undefined },
    pages: (_request, response) => response.writeHead(404).end(),
    timeouts,
  });
  const { server } = front;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    backend,
    port,
    url: `http://127.0.0.1:${port}/api`,
    facts,
    logged,
    async close() {
      await front.drain(0);
      await backend.close();
    },
  };
}
