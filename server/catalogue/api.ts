/**
 * The management API below /management/v1: a thin table of routes over the administration. Owns nothing but the wire;
 * what may be done and what a value must be is the administration's (docs/guides/administration.md lists the routes).
 */
import { assemble, type Exchange, type Handler } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { routes, type Otherwise, type Routes } from '../../core/routes.ts';
import type { Administration } from './administration.ts';
import { json, type Act } from './api-call.ts';
import { appActs } from './app-routes.ts';
import { peopleActs } from './people-routes.ts';
import { insightActs } from './platform-routes-insight.ts';
import type { RouteFacts } from './platform-routes-facts.ts';
import { managementDocument } from './platform-routes-openapi.ts';
import { deploymentActs, proxyActs } from './platform-routes-proxies.ts';
import { apiActs, apiSecretActs } from './platform-routes.ts';
import { problemsAsJson } from './problem-json.ts';
import { productActs, subscriptionActs } from './product-routes.ts';
import { subscriptionKeyActs } from './subscription-key-routes.ts';
import { roles, roleTable, type Actor } from './roles.ts';

export interface ManagementOptions {
  readonly administration: Administration;
  /** Routes of other parts of the platform, and what the document says of them. */
  readonly acts?: Readonly<Record<string, Act>>;
  readonly facts?: Readonly<Record<string, RouteFacts>>;
  /** Finds out who calls. @throws Problem `unauthenticated` */
  readonly authenticate: (exchange: Exchange) => Promise<Actor>;
  /** A new UUID for each error answer. */
  readonly newId: () => string;
}

/** Its own OpenAPI document, for anybody: it says how to ask, and nothing of what is here. */
export const documentRoute = 'GET /openapi.json';

export function managementApi(options: ManagementOptions): Handler {
  const known: Routes = Object.fromEntries(
    Object.entries({ ...managementActs(options.administration), ...options.acts }).map(
      ([route, act]) => [
        route,
        async (exchange: Exchange) => act(await actorOf(options, exchange), exchange),
      ],
    ),
  );
  const document = json(200, managementDocument(options.facts));
  const table: Routes = { ...known, [documentRoute]: () => Promise.resolve(document) };
  return assemble([problemsAsJson(options.newId)], routes(table, onlyIfKnown(options)));
}

/** That a path is not there is told only to those who may ask: 401 comes before 404 and 405. */
function onlyIfKnown({ authenticate }: ManagementOptions): Otherwise {
  return {
    async notFound(exchange) {
      await authenticate(exchange);
      throw new Problem('not-found', 'Nothing at this path');
    },
    async notAllowed(exchange, allowed) {
      await authenticate(exchange);
      throw new Problem('method-not-allowed', `${exchange.method} is not allowed here`, {
        headers: { allow: allowed.join(', ') },
      });
    },
  };
}

/** The caller, with what the audit says of its call. */
async function actorOf({ authenticate }: ManagementOptions, exchange: Exchange): Promise<Actor> {
  const { id, role, organisation } = await authenticate(exchange);
  const { headers, peer } = exchange;
  return {
    ...{ id, role, organisation },
    call: {
      requestId: headers['x-request-id']?.slice(0, 100) ?? '',
      correlationId: headers['x-correlation-id']?.slice(0, 200) ?? '',
      address: peer.address,
    },
  };
}

/** Every route that wants to know who calls. */
export function managementActs(administration: Administration): Readonly<Record<string, Act>> {
  return {
    'GET /roles': () => Promise.resolve(json(200, { roles, actions: roleTable() })),
    ...appActs(administration),
    ...productActs(administration),
    ...subscriptionActs(administration),
    ...subscriptionKeyActs(administration.subscriptionKeys),
    ...peopleActs(administration),
    ...apiActs(administration),
    ...apiSecretActs(administration),
    ...deploymentActs(administration),
    ...proxyActs(administration),
    ...insightActs(administration),
  };
}
