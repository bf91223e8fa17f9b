/** How Proxies are probed: a ping over the socket as a caller would, the back end through its own probe. Owns both. */
import { get } from 'node:http';
import type { Gateway, RunningProxy } from './gateway/gateway.ts';
import type { Instance } from './observe/status-watch.ts';

/** What runs, as it can be probed; what is retired answers 410 by design and is left out. */
export function instancesOf(
  gateway: Pick<Gateway, 'proxies'>,
  own: () => string,
): readonly Instance[] {
  return gateway
    .proxies()
    .filter(({ proxy }) => proxy.state !== 'retired')
    .map((running) => instanceOf(running, own));
}

function instanceOf(running: RunningProxy, own: () => string): Instance {
  const { proxy, api, revision, definition, backend } = running;
  const { environment } = proxy;
  const probe = canBeAsked(running) ? backend?.probe : undefined;
  const circuit = backend?.condition?.().circuit;
  const path = `/env/${environment}${definition?.base ?? ''}/_ping`;
  return {
    ...{ proxy: proxy.id, api: api.id, environment, revision, target: targetOf(running) },
    ping: () => answersWell(own() + path),
    ...(probe ? { health: async () => (await probe()).status === 'pass' } : {}),
    ...(circuit ? { circuit } : {}),
  };
}

/** A remote back end that names no health check cannot be asked. */
function canBeAsked({ definition }: RunningProxy): boolean {
  return definition?.backend.kind !== 'http' || definition.backend.healthcheck !== undefined;
}

/** The back end in metrics: its host, or the service of this process. */
export function targetOf({ definition }: RunningProxy): string {
  const backend = definition?.backend;
  if (backend?.kind === 'http') return URL.parse(backend.url)?.host ?? 'http';
  return backend?.kind === 'service' ? backend.service : (backend?.kind ?? 'none');
}

/** That it is there: also where a rule about addresses keeps this machine out, or a limit is reached. */
const answers: ReadonlySet<number> = new Set([200, 401, 403, 429]);

/** Milliseconds. */
const patience = 5_000;

function answersWell(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: patience }, (response) => {
      response.resume();
      resolve(answers.has(response.statusCode ?? 0));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => {
      resolve(false);
    });
  });
}
