/**
 * Reads cross-organisation tokens for the Apis of this platform: which audience is theirs, which access a call needs, and
 * whose registered key a signature is of. Owns these three; the rules of the token are spine/sso's.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { bearerOf } from '../core/bearer.ts';
import type { Clock } from '../core/clock.ts';
import type { Exchange } from '../core/exchange.ts';
import { rightsOf } from '../fhir/pds/access-modes.ts';
import { checkCrossOrganisationToken } from '../spine/sso/check-token.ts';
import { isAccessToken, type KeyOf } from '../spine/sso/token-parts.ts';
import type { Addresses } from './addresses.ts';
import type { PublicJwk } from './catalogue/apps.ts';
import type { Catalogue } from './catalogue/catalogue.ts';
import { toEnvironment, type Environment } from './catalogue/environments.ts';
import type { ReadUserContext } from './gateway/accredited-systems.ts';
import { assertedCaller, otherToken, type AssertedContexts } from './gateway/asserted-context.ts';
import type { DirectoryRoutes } from './gateway/directory-routes.ts';

export interface CrossOrganisationOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly addresses: Addresses;
  readonly tlsAddresses: (environment: Environment) => Addresses | undefined;
  readonly catalogue: Pick<Catalogue, 'app'>;
  readonly routes: Pick<DirectoryRoutes, 'system' | 'viewOf'>;
}

/** Seconds for which the organisation of an ASID is kept. */
const kept = 60;

/** For the policy `cross-organisation-jwt`. */
export function createAssertedContexts(options: CrossOrganisationOptions): AssertedContexts {
  const { clock, addresses, tlsAddresses, catalogue, routes } = options;
  const audiences = (environment: Environment, base: string) => [
    ...addresses.all(environment, base),
    ...(tlsAddresses(environment)?.all(environment, base) ?? []),
  ];
  return {
    async read(text, exchange, { environment, base }, { appId, asid, odsCode, signed, scopes }) {
      if (isAccessToken(text)) throw otherToken();
      const access = accessOf(exchange);
      const keyOf = appId === undefined ? undefined : keysOf(catalogue, appId, environment);
      return checkCrossOrganisationToken(text, {
        ...{
          now: clock.now(),
          expectedAudience: [base].flat().flatMap((one) => audiences(environment, one)),
        },
        ...(asid === undefined ? {} : { asid }),
        ...(odsCode === undefined ? {} : { odsCode }),
        ...(access === undefined ? {} : { access }),
        ...(keyOf === undefined ? {} : { keyOf }),
        ...(scopes === undefined ? {} : { scopes }),
        unsigned: !signed,
      });
    },
    async organisationOf(asid, { workspace, environment }) {
      const name = toEnvironment(environment);
      const view = workspace !== '' || name === undefined ? workspace : routes.viewOf(name);
      const system = await routes.system(asid, { view, kept, fresh: false });
      return system?.organisation;
    },
  };
}

/**
 * For APIs that take certificate and ASID without a token: who the user is, when the call bears a cross-organisation token.
 * @param base of the API, by the environment's addresses
 */
export function createUserContext(
  contexts: AssertedContexts,
  base: (exchange: Exchange) => string | undefined,
): ReadUserContext {
  return async (exchange, { asid, odsCode, facts }) => {
    const bearer = bearerOf(exchange);
    const environment = toEnvironment(exchange.environment);
    const path = base(exchange);
    if ('fault' in bearer || !bearer.token.includes('.')) return undefined;
    if (environment === undefined || path === undefined) return undefined;
    const { appId, appName, scopes, attributes } = facts;
    const terms = { asid, odsCode, appId, signed: false };
    const asserted = await contexts.read(
      bearer.token,
      exchange,
      { environment, base: path },
      terms,
    );
    const caller = assertedCaller(
      { appId, appName, scopes, asid, grants: new Set<string>() },
      asserted,
    );
    return { ...caller, grants: rightsOf(attributes, caller.mode) };
  };
}

/** POST may be either where it runs an operation or a search (FHIR R4 3.2.0.9, 3.2.2). */
function accessOf({ method, path }: Exchange): 'read' | 'write' | undefined {
  if (method === 'GET' || method === 'HEAD') return 'read';
  return /(\/\$|\/_search$)/.test(path) ? undefined : 'write';
}

const made = new WeakMap<PublicJwk, KeyObject>();

/** Of the keys that the app has registered as a value. */
function keysOf(catalogue: Pick<Catalogue, 'app'>, appId: string, environment: Environment): KeyOf {
  return ({ kid }) => {
    const keys = catalogue.app(appId)?.registrations[environment]?.keys;
    const jwk = keys?.kind === 'value' ? keys.keys.find((one) => one.kid === kid) : undefined;
    if (!jwk) return undefined;
    let key = made.get(jwk);
    if (!key) made.set(jwk, (key = createPublicKey({ key: { ...jwk }, format: 'jwk' })));
    return key;
  };
}
