/** The routes of Apis, their documents and their secrets. */
import type { Exchange, Reply } from '../../core/exchange.ts';
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
  noContent,
  pageOf,
  pageReply,
  type Act,
} from './api-call.ts';
import { shownApi, shownApiSecret } from './api-views.ts';
import type { ApiPlace } from './api-secret-administration.ts';
import type { SetUpDone } from './deployment-setup.ts';
import { asText, documentText, longBodyOf } from './platform-routes-body.ts';

/** Those of Apis. */
export function apiActs(administration: Administration): Readonly<Record<string, Act>> {
  const { apis } = administration;
  return {
    'GET /apis': async (actor, x) => {
      const owner = x.query.get('owner');
      const query = { ...pageOf(x), ...(owner === null ? {} : { owner }) };
      return pageReply(await apis.list(actor, query), shownApi);
    },
    'POST /apis': async (actor, x) => {
      const { openapi, ...fields } = await longBodyOf(x, bodies.toNewApi);
      if (openapi !== undefined) {
        const done = await administration.setUp(actor, fields, { openapi: asText(openapi) });
        return setUpReply(201, administration, done);
      }
      const stored = await apis.create(actor, fields);
      return document(201, stored, shownApi, { location: `${managementBase}/apis/${stored.id}` });
    },
    'GET /apis/:id': async (actor, x) => document(200, await apis.read(actor, idOf(x)), shownApi),
    'PATCH /apis/:id': async (actor, x) => {
      const expected = conditionOf(x);
      const fields = await bodyOf(x, bodies.toApiChange);
      return document(200, await apis.change(actor, idOf(x), fields, expected), shownApi);
    },
    'POST /apis/:id/setup': async (actor, x) => {
      const { openapi, ...more } = await longBodyOf(x, bodies.toSetUp);
      const { value: api } = await apis.read(actor, idOf(x));
      const options = { ...more, ...(openapi === undefined ? {} : { openapi: asText(openapi) }) };
      return setUpReply(200, administration, await administration.setUp(actor, api, options));
    },
    'GET /apis/:id/specification': async (actor, x) => {
      const { id, value } = await apis.specification(actor, idOf(x));
      return { ...json(200, {}, { etag: `"${id}"` }), body: value.text };
    },
    'PUT /apis/:id/specification': async (actor, x) => {
      const strict = x.query.get('publish') === 'true';
      const text = await documentText(x);
      const { api, ...judged } = await apis.publish(actor, idOf(x), text, strict);
      return document(200, api, (one) => ({ ...shownApi(one), ...judged }));
    },
  };
}

/** What was made and what was there, and where the Api can be called now. */
function setUpReply(
  status: number,
  { hooks }: Administration,
  { api, steps, proxies, warnings }: SetUpDone,
): Reply {
  const addresses = proxies.map(({ environment, base }) => [
    environment,
    hooks.publicAddress && `${hooks.publicAddress(environment)}${base}`,
  ]);
  const more = { steps, addresses: Object.fromEntries(addresses) as object, warnings };
  const location = `${managementBase}/apis/${api.id}`;
  return document(status, api, (one) => ({ ...shownApi(one), ...more }), { location });
}

const secretsPath = '/apis/:id/environments/:environment/secrets';

/** Those of the secrets of Apis. */
export function apiSecretActs({ apiSecrets }: Administration): Readonly<Record<string, Act>> {
  return {
    [`GET ${secretsPath}`]: async (actor, x) =>
      pageReply({ items: await apiSecrets.list(actor, apiPlaceOf(x)) }, shownApiSecret),
    [`PUT ${secretsPath}/:name`]: async (actor, x) => {
      const { value } = await bodyOf(x, bodies.toSecretValue);
      const name = x.params.name ?? '';
      return document(200, await apiSecrets.put(actor, apiPlaceOf(x), name, value), shownApiSecret);
    },
    [`DELETE ${secretsPath}/:name`]: async (actor, x) => {
      await apiSecrets.remove(actor, apiPlaceOf(x), x.params.name ?? '');
      return noContent;
    },
  };
}

/** The Api and environment in the path. @throws Problem `not-found` */
export function apiPlaceOf(x: Exchange): ApiPlace {
  return { api: idOf(x), environment: environmentOf(x.params.environment ?? '', 'not-found') };
}
