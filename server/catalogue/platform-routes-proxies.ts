/** The routes of deployments, Proxies and revisions. */
import type { Exchange } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import type { Administration } from './administration.ts';
import * as bodies from './api-bodies.ts';
import {
  bodyOf,
  conditionOf,
  document,
  environmentOf,
  idOf,
  json,
  managementBase,
  pageOf,
  pageReply,
  type Act,
} from './api-call.ts';
import { shownProxy, shownRevision } from './api-views.ts';
import type { Deployed, Wanted } from './deployment.ts';
import { toEnvironment } from './environments.ts';
import { asText, longBodyOf } from './platform-routes-body.ts';
import { apiPlaceOf } from './platform-routes.ts';
import type { ProxyQuery } from './proxy-administration.ts';

/** Those of deployments. */
export function deploymentActs(administration: Administration): Readonly<Record<string, Act>> {
  const { proxies } = administration;
  return {
    'GET /apis/:id/proxies': async (actor, x) =>
      pageReply(await proxies.list(actor, { ...queryOf(x), api: idOf(x) }), shownProxy),
    'POST /apis/:id/environments/:environment/deployments': async (actor, x) => {
      const wanted = await wantedOf(x);
      if (x.query.get('check') === 'true')
        return json(200, await proxies.tryDeployment(actor, wanted));
      const { revision, warnings, proxy } = await proxies.deploy(actor, wanted);
      const location = `${managementBase}/proxies/${proxy.id}`;
      const more = { address: addressOf(administration, revision, wanted), warnings };
      return document(
        201,
        proxy,
        (one) => ({ ...shownProxy(one), revision: shownRevision(revision), ...more }),
        { location },
      );
    },
  };
}

/** Those of Proxies. */
export function proxyActs({ proxies }: Administration): Readonly<Record<string, Act>> {
  return {
    'GET /proxies': async (actor, x) =>
      pageReply(await proxies.list(actor, queryOf(x)), shownProxy),
    'GET /proxies/:id': async (actor, x) =>
      document(200, await proxies.read(actor, proxyIdOf(x)), shownProxy),
    'GET /proxies/:id/revisions': async (actor, x) =>
      pageReply(await proxies.revisions(actor, proxyIdOf(x), pageOf(x)), shownRevision),
    'GET /proxies/:id/revisions/:number': async (actor, x) =>
      document(200, await proxies.revision(actor, proxyIdOf(x), numberOf(x)), shownRevision),
    'POST /proxies/:id/rollback': async (actor, x) => {
      // In haste, so that a condition may be left out.
      const expected = x.headers['if-match'] === undefined ? undefined : conditionOf(x);
      const { to } = await bodyOf(x, bodies.toRollback);
      return document(200, await proxies.rollback(actor, proxyIdOf(x), to, expected), shownProxy);
    },
    'PUT /proxies/:id/state': async (actor, x) => {
      const expected = conditionOf(x);
      const { sunset, ...wanted } = await bodyOf(x, bodies.toProxyState);
      const state = { ...wanted, ...(sunset === undefined ? {} : { sunset: Date.parse(sunset) }) };
      return document(
        200,
        await proxies.setState(actor, proxyIdOf(x), state, expected),
        shownProxy,
      );
    },
  };
}

async function wantedOf(x: Exchange): Promise<Wanted> {
  const at = apiPlaceOf(x);
  const { definition, specification, name, release } = await longBodyOf(x, bodies.toDeployment);
  return {
    ...at,
    definition,
    ...(specification === undefined ? {} : { specification: asText(specification) }),
    ...(name === undefined ? {} : { name }),
    ...(release === undefined ? {} : { release }),
  };
}

/** Where it can be called now; absent when this process does not know its own address. */
function addressOf(
  { hooks }: Administration,
  { definition }: Deployed['revision'],
  { environment }: Wanted,
): string | undefined {
  const root = hooks.publicAddress?.(environment);
  return root === undefined ? undefined : `${root}${definition.base}`;
}

function queryOf(x: Exchange): ProxyQuery {
  const [api, environment] = [x.query.get('api'), x.query.get('environment')];
  return {
    ...pageOf(x),
    ...(api === null ? {} : { api: api.slice(0, 200).replaceAll('\0', '') }),
    ...(environment === null ? {} : { environment: environmentOf(environment, 'invalid') }),
  };
}

/** The id of a Proxy; its environment by any of its names. @throws Problem `not-found` */
function proxyIdOf(x: Exchange): string {
  const id = idOf(x);
  const dot = id.indexOf('.');
  const environment = toEnvironment(id.slice(0, Math.max(0, dot)));
  return environment ? `${environment}${id.slice(dot)}` : id;
}

function numberOf({ params }: Exchange): number {
  const text = params.number ?? '';
  if (/^[1-9]\d{0,7}$/.test(text)) return Number(text);
  throw new Problem('not-found', 'There is no such revision');
}
