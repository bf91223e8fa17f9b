/**
 * What a subscription key is worth on a call: whose it is, whether it and its subscription work here, and whether its Product
 * covers the operation. Only whoever has proved to possess a key is told anything about it. No cryptography for a key
 * that was used lately, and no look-up for a text that cannot be a key.
 */
import type { Caller, Exchange } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import type { App } from '../../catalogue/apps.ts';
import type { Covering } from '../../catalogue/catalogue.ts';
import { isKeyText } from '../../catalogue/key-pairs-text.ts';
import { keyUsesOf } from '../../catalogue/key-pairs-used.ts';
import type { SubscriptionKey } from '../../catalogue/subscription-keys.ts';
import type { PolicySite } from '../policy.ts';
import { coveringOf, letIn, reachOfProduct, twoApps } from './coverage.ts';
import { recentHashesOf } from './recent-hashes.ts';

/** Gives the exchange with its caller. @throws Problem 401 or 403 that says why not */
export type KeyJudge = (exchange: Exchange, key: string, asClient: boolean) => Exchange;

export function keyJudge(site: PolicySite): KeyJudge {
  const find = keyFinder(site);
  const caller = callers(site);
  return (exchange, text, asClient) => {
    if (asClient && !text.startsWith('ghk')) return judgeClient(site, caller, exchange, text);
    const key = find(exchange, text);
    checkKey(site, key);
    const covering = coveringBy(site, key);
    const app = site.services.catalogue.app(key.appId);
    if (!app) throw invalid(site);
    const found = known(exchange, app) ?? caller(app);
    // From here on it is known who calls, and the audit names them whatever the answer.
    exchange.facts.caller = found;
    checkApp(site, app);
    checkCovering(site, covering, exchange);
    letIn(exchange, covering);
    return exchange.with({ caller: found });
  };
}

/** Whom a policy before has found, who is more than a key tells. @throws Problem 403 when that is another app. */
function known({ caller }: Exchange, { id }: App): Caller | undefined {
  if (caller && caller.appId !== id) throw twoApps();
  return caller;
}

/** A refusal of a key (RFC 9110 15.5.2). `code` is for logs and figures. */
export function keyRefused(realm: string, code: string, message: string): Problem {
  return new Problem('unauthenticated', message, {
    code,
    headers: { 'www-authenticate': `ApiKey realm="${realm}"` },
  });
}

function forbidden(code: string, message: string): Problem {
  return new Problem('forbidden', message, { code });
}

/** The same words whatever is wrong: they tell a guesser nothing. */
function invalid({ api }: PolicySite): Problem {
  return keyRefused(api.id, 'KEY_INVALID', 'The subscription key is not valid: it is unknown here');
}

function keyFinder(site: PolicySite): (exchange: Exchange, text: string) => SubscriptionKey {
  const { catalogue, clock, hashKey } = site.services;
  const recent = recentHashesOf(site.services);
  const uses = keyUsesOf(catalogue);
  return (exchange, text) => {
    const known = recent.get(text);
    if (known === undefined && !isKeyText(text))
      throw keyRefused(
        site.api.id,
        'KEY_INVALID',
        'The subscription key is not valid: it is no key of this platform, or was mistyped',
      );
    const hash = known ?? hashKey(text);
    const key = catalogue.key(hash);
    if (!key) throw invalid(site);
    if (known === undefined) recent.put(text, hash);
    uses.note(hash, clock.now(), exchange.peer.address);
    return key;
  };
}

function checkKey(site: PolicySite, { environment, ends, slot }: SubscriptionKey): void {
  if (environment !== site.environment) throw elsewhere(site, environment, 'subscription key');
  if (ends !== undefined && ends <= site.services.clock.now())
    throw keyRefused(
      site.api.id,
      'KEY_REPLACED',
      `This subscription key was replaced and has ended: use the new ${slot} key`,
    );
}

function elsewhere({ api, environment }: PolicySite, other: string, what: string): Problem {
  return keyRefused(
    api.id,
    'KEY_ENVIRONMENT',
    `This ${what} belongs to the environment ${other} and does not work in ${environment}`,
  );
}

function coveringBy(site: PolicySite, key: SubscriptionKey): Covering {
  const { catalogue } = site.services;
  const subscription = catalogue.subscription(key.subscriptionId);
  const product = catalogue.product(key.productId);
  if (!subscription || !product) throw invalid(site);
  return { subscription, product };
}

function checkApp({ environment }: PolicySite, app: App): void {
  const state = app.registrations[environment]?.state;
  if (state === 'approved') return;
  throw forbidden(
    'KEY_APP',
    state === 'pending'
      ? `The app has not been approved in ${environment} yet`
      : `The app may no longer call in ${environment}: it has been revoked`,
  );
}

function checkCovering(
  site: PolicySite,
  { subscription: { state }, product }: Covering,
  exchange: Exchange,
): void {
  if (state !== 'active')
    throw forbidden('KEY_SUBSCRIPTION', `The subscription of this key is ${state}`);
  const reach = reachOfProduct(product, site.api.id, exchange);
  if (reach === 'operation') return;
  throw forbidden(
    'KEY_PRODUCT',
    `This key is of the product ${product.id}, which does not cover this ${reach === 'api' ? 'operation' : 'API'}`,
  );
}

/** The client id of an app in this environment in place of a key: what national APIs call the API key. */
function judgeClient(
  site: PolicySite,
  caller: (app: App) => Caller,
  exchange: Exchange,
  clientId: string,
): Exchange {
  const { catalogue } = site.services;
  const client = catalogue.client(clientId);
  if (!client) throw invalid(site);
  if (client.environment !== site.environment)
    throw elsewhere(site, client.environment, 'client id');
  const { app } = client;
  const found = known(exchange, app) ?? caller(app);
  exchange.facts.caller = found;
  checkApp(site, app);
  const coverings = catalogue.covering(app.id, site.environment, site.api.id);
  const covering = coveringOf(coverings, site.api.id, exchange);
  if (!covering)
    throw forbidden(
      'KEY_PRODUCT',
      `The app has no active subscription that covers this ${coverings.length > 0 ? 'operation' : 'API'}`,
    );
  letIn(exchange, covering);
  return exchange.with({ caller: found });
}

const provedByKey = 'urn:nhsd:apim:app:level0:';

/** An app makes the same caller each time, for as long as it and its scopes stay as they are. A key proves level 0, no more. */
function callers({ services, environment }: PolicySite): (app: App) => Caller {
  const known = new WeakMap<App, { given: ReadonlySet<string>; caller: Caller }>();
  return (app) => {
    const given = services.catalogue.scopes(app.id, environment);
    const made = known.get(app);
    if (made?.given === given) return made.caller;
    const asid = app.registrations[environment]?.asid;
    const caller: Caller = {
      ...{ appId: app.id, appName: app.name, mode: 'app' as const, grants: new Set<string>() },
      scopes: [...given].filter((scope) => scope.startsWith(provedByKey)),
      ...(asid === undefined ? {} : { asid }),
    };
    known.set(app, { given, caller });
    return caller;
  };
}
