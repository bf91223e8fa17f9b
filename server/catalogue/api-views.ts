/**
 * What the management API shows of each thing. Built member by member, so that nothing new is shown by accident: no
 * secret, no hash of one, no key beyond its name and kind.
 */
import type { Api } from './apis.ts';
import type { ApiSecret } from './api-secrets.ts';
import type { App, RegisteredKeys, Registration } from './apps.ts';
import { maySeeContact } from './app-administration.ts';
import { toShownKey } from './key-administration.ts';
import type { Environment } from './environments.ts';
import type { Administrator } from './people.ts';
import type { Product, Subscription } from './products.ts';
import type { Proxy, Revision } from './proxies.ts';
import type { Actor } from './roles.ts';

export function shownApp(actor: Actor, app: App): object {
  const { id, name, description, owner, kinds, contact, created, registrations } = app;
  return {
    ...{ id, name, description, owner, kinds },
    ...(maySeeContact(actor, app) ? { contact } : {}),
    created: iso(created),
    registrations: Object.fromEntries(
      Object.entries(registrations).map(([environment, one]) => [
        environment,
        shownRegistration(environment as Environment, one), // the record's own keys
      ]),
    ),
  };
}

export function shownRegistration(environment: Environment, one: Registration): object {
  const { clientId, state, redirectUris, origins, smartAuthentication, providerClients } = one;
  const { launchUrl, asid, partyKey, attributes, switches } = one;
  return {
    ...{ environment, clientId, state },
    secrets: one.secrets.map(({ id, created, ends }) => ({
      id,
      created: iso(created),
      ...(ends === undefined ? {} : { ends: iso(ends) }),
    })),
    keys: shownKeys(one.keys),
    ...{ redirectUris, origins, launchUrl, smartAuthentication, providerClients },
    ...{ asid, partyKey, attributes, switches },
    tlsClientAuth: one.tlsClientAuth,
    tlsClientAuthSanDns: one.tlsClientAuthSanDns,
    tlsClientCertificateBoundAccessTokens: one.tlsClientCertificateBoundAccessTokens,
  };
}

function shownKeys(keys: RegisteredKeys | undefined): object | null {
  if (!keys) return null;
  return keys.kind === 'url' ? { url: keys.url } : { keys: keys.keys.map(toShownKey) };
}

export function shownProduct(product: Product): object {
  const { id, name, description, apis, scopes, approval, operations, limits, customer } = product;
  const warnings =
    apis.length === 0 ? ['It covers no API, so a subscription to it opens none'] : [];
  return {
    ...{ id, name, description, apis, scopes, approval, operations, limits, customer },
    ...(warnings.length > 0 ? { warnings } : {}),
  };
}

export function shownSubscription(one: Subscription): object {
  const { id, appId, productId, environment, state, requestedBy, decidedBy, reason } = one;
  return {
    ...{ id, app: appId, product: productId, environment, state, requestedBy },
    requested: iso(one.requested),
    decidedBy,
    ...(one.decided === undefined ? {} : { decided: iso(one.decided) }),
    ...{ reason, purpose: one.purpose, volume: one.volume },
    ...(one.ends === undefined ? {} : { ends: iso(one.ends) }),
  };
}

export function shownAdministrator(one: Administrator): object {
  const { id, name, role, organisation, keys, state, created } = one;
  return { id, name, role, organisation, keys: keys.map(toShownKey), state, created: iso(created) };
}

export function shownApi(api: Api): object {
  const { id, title, description, owner, contact, technology, sensitive, status } = api;
  return {
    ...{ id, title, description, owner, contact, technology, sensitive, status },
    ...{ specification: api.specification, created: iso(api.created) },
  };
}

export function shownProxy(proxy: Proxy): object {
  const { id, api, environment, name, active, previous, latest, state, deprecation } = proxy;
  return {
    ...{ id, api, environment, name, active, previous, latest, state },
    ...(deprecation === undefined ? {} : { deprecation: shownDeprecation(deprecation) }),
  };
}

function shownDeprecation(told: NonNullable<Proxy['deprecation']>): object {
  const { since, sunset, successor, link } = told;
  return {
    since: iso(since),
    ...(sunset === undefined ? {} : { sunset: iso(sunset) }),
    ...{ successor, link },
  };
}

/** Its definition holds names of secrets and no secret. */
export function shownRevision(revision: Revision): object {
  const { proxy, number, definition, created, by, release } = revision;
  return { proxy, number, definition, created: iso(created), by, release };
}

export function shownApiSecret({ name, created, by }: ApiSecret): object {
  return { name, created: iso(created), by };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
