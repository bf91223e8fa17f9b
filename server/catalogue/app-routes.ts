/** The routes of Apps, their registrations and credentials. */
import type { Exchange, Reply } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import type { Administration } from './administration.ts';
import * as bodies from './api-bodies.ts';
import {
  bodyOf,
  conditionOf,
  document,
  idOf,
  json,
  managementBase,
  noContent,
  pageOf,
  pageReply,
  placeOf,
  type Act,
} from './api-call.ts';
import { shownApp, shownRegistration } from './api-views.ts';
import { registrationOf } from './app-administration.ts';
import { overlaps, type Overlap } from './secret-administration.ts';
import type { Environment } from './environments.ts';

export function appActs(administration: Administration): Readonly<Record<string, Act>> {
  return {
    ...ownActs(administration),
    ...registrationActs(administration),
    ...credentialActs(administration),
  };
}

function ownActs({ apps }: Administration): Readonly<Record<string, Act>> {
  return {
    'GET /apps': async (actor, x) => {
      const owner = x.query.get('owner');
      const query = { ...pageOf(x), ...(owner === null ? {} : { owner }) };
      return pageReply(await apps.list(actor, query), (app) => shownApp(actor, app));
    },
    'POST /apps': async (actor, x) => {
      const stored = await apps.create(actor, await bodyOf(x, bodies.toNewApp));
      const location = `${managementBase}/apps/${stored.id}`;
      return document(201, stored, (app) => shownApp(actor, app), { location });
    },
    'GET /apps/:id': async (actor, x) =>
      document(200, await apps.read(actor, idOf(x)), (app) => shownApp(actor, app)),
    'PATCH /apps/:id': async (actor, x) => {
      const expected = conditionOf(x);
      const fields = await bodyOf(x, bodies.toAppChange);
      const stored = await apps.change(actor, idOf(x), fields, expected);
      return document(200, stored, (app) => shownApp(actor, app));
    },
    'DELETE /apps/:id': async (actor, x) => {
      await apps.end(actor, idOf(x), conditionOf(x));
      return noContent;
    },
  };
}

const registrationPath = '/apps/:id/registrations/:environment';

function registrationActs({ apps }: Administration): Readonly<Record<string, Act>> {
  return {
    [`GET ${registrationPath}`]: async (actor, x) => {
      const { app, environment } = placeOf(x);
      return registrationReply(200, await apps.read(actor, app), environment);
    },
    [`POST ${registrationPath}`]: async (actor, x) => {
      const { app, environment } = placeOf(x);
      return registrationReply(201, await apps.register(actor, app, environment), environment);
    },
    [`PATCH ${registrationPath}`]: async (actor, x) => {
      const at = placeOf(x);
      const expected = conditionOf(x);
      const fields = await bodyOf(x, bodies.toRegistrationChange);
      const stored = await apps.changeRegistration(actor, at, fields, expected);
      return registrationReply(200, stored, at.environment);
    },
    [`PUT ${registrationPath}/state`]: async (actor, x) => {
      const at = placeOf(x);
      const expected = conditionOf(x);
      const { state } = await bodyOf(x, bodies.toRegistrationState);
      const stored = await apps.decide(actor, at, state, expected);
      return registrationReply(200, stored, at.environment);
    },
  };
}

function registrationReply(
  status: number,
  stored: Awaited<ReturnType<Administration['apps']['read']>>,
  environment: Environment,
): Reply {
  return document(status, stored, (app) =>
    shownRegistration(environment, registrationOf(app, environment)),
  );
}

function credentialActs({ secrets, keys }: Administration): Readonly<Record<string, Act>> {
  return {
    [`POST ${registrationPath}/secrets`]: async (actor, x) => {
      const { id, secret, created } = await secrets.create(actor, placeOf(x));
      return json(201, { id, secret, created: new Date(created).toISOString() });
    },
    [`DELETE ${registrationPath}/secrets/:secret`]: async (actor, x) => {
      await secrets.end(actor, placeOf(x), x.params.secret ?? '', overlapOf(x));
      return noContent;
    },
    [`PUT ${registrationPath}/keys`]: async (actor, x) => {
      const at = placeOf(x);
      const expected = conditionOf(x);
      const given = await bodyOf(x, bodies.toKeys);
      if (given.keys === undefined) await keys.setUrl(actor, at, given.url, expected);
      else await keys.set(actor, at, given, expected);
      return noContent;
    },
    [`POST ${registrationPath}/keys`]: async (actor, x) =>
      json(201, await keys.generate(actor, placeOf(x), await bodyOf(x, bodies.toWantedKey))),
    [`POST ${registrationPath}/keys/check`]: async (actor, x) =>
      json(200, await keys.check(actor, placeOf(x))),
  };
}

function overlapOf({ query }: Exchange): Overlap {
  const overlap = query.get('overlap') ?? '0';
  if (Object.hasOwn(overlaps, overlap)) return overlap as Overlap; // one of its own keys
  throw new Problem('invalid', `overlap must be one of: ${Object.keys(overlaps).join(', ')}`);
}
