/**
 * SDS FHIR as the platform runs it: a service of this process over the Directory, the policies that are its own, and its
 * Proxies as data: the sandbox, where a key or token is welcome and not needed, and integration (UAT), where one of them is
 * compulsory. The organisation look-ups beside it are in ods-proxies.ts.
 */
import type { Clock } from '../core/clock.ts';
import { sdsFhirApi, type ForwardAddress } from '../spine/sds/fhir-api.ts';
import { createAnswerCache, type AnswerCache } from '../spine/sds/fhir-cache.ts';
import { sdsHealth, sdsProbe } from '../spine/sds/fhir-health.ts';
import { sdsIds } from '../spine/sds/fhir-ids.ts';
import type { Directory } from '../spine/sds/directory.ts';
import type { Addresses } from './addresses.ts';
import type { BuiltInApi } from './catalogue/built-in.ts';
import type { PolicyUse, ProxyDefinition } from './catalogue/proxies.ts';
import { shippedContact } from './catalogue/shipped-contact.ts';
import type { Service } from './gateway/backend.ts';
import { optionalToken } from './gateway/policies/access-token.ts';
import { keyedLane } from './gateway/policies/keyed-lane.ts';
import { standardCaller } from './gateway/policies/standard-caller.ts';
import type { PolicyKind } from './gateway/policy.ts';
import { integrationWorkspace } from './pds-proxies.ts';

/** The Api, its name in national scopes, and its realm. */
export const sdsApiId = 'spine-directory';
export const sdsBase = '/spine-directory/FHIR/R4';

/** What the national proxy lets through: 40 calls a second, evenly, and 2,400 a minute. */
const limits: readonly PolicyUse[] = [
  { policy: 'spike-arrest', config: { rate: 40, per: 'second', burst: 40 } },
  { policy: 'quota', config: { limit: 2400, interval: 1, unit: 'minute' } },
  { policy: 'product-limits' },
];

/** The Proxies of a new installation, by environment. */
const definitions: Readonly<Record<'sandbox' | 'uat', ProxyDefinition>> = {
  sandbox: {
    base: sdsBase,
    backend: { kind: 'service', service: 'sds' },
    faults: 'sds',
    policies: [
      { policy: 'sds-ids' },
      { policy: 'cors' },
      { policy: 'sds-open-lane' },
      { policy: 'workspace' },
      ...limits,
    ],
  },
  uat: {
    base: sdsBase,
    backend: { kind: 'service', service: 'sds' },
    faults: 'sds',
    policies: [
      { policy: 'sds-ids' },
      { policy: 'cors' },
      { policy: 'common-view', config: { name: integrationWorkspace } },
      {
        policy: 'any-of',
        config: {
          alternatives: [
            { policy: 'api-key', config: { headers: ['apikey'], clientId: true } },
            { policy: 'token', config: { realm: sdsApiId } },
          ],
        },
      },
      { policy: 'subscription', config: { refuse: 'national' } },
      ...limits,
    ],
  },
};

/** SDS FHIR as it is shipped. @param specification its OpenAPI document as JSON text */
export function shippedSds(specification: string): BuiltInApi {
  return {
    api: {
      id: sdsApiId,
      title: 'Spine Directory Service FHIR API',
      description: 'Find the accredited system and the endpoint of an organisation.',
      owner: 'DEMO1',
      contact: shippedContact,
      technology: 'fhir',
      sensitive: false,
      status: 'live',
    },
    specification,
    proxies: (['sandbox', 'uat'] as const).map((environment) => ({
      name: sdsApiId,
      environment,
      definition: definitions[environment],
    })),
  };
}

/** The policies that are this Api's own. */
export const sdsKinds: Readonly<Record<string, PolicyKind>> = {
  'sds-ids': {
    phase: 'identify',
    summary:
      'Puts X-Correlation-ID on every answer, as sent if it is a UUID, else made, and mirrors X-Request-ID, as SDS FHIR does.',
    schema: { type: 'object', additionalProperties: false, properties: {} },
    create: (_config, { services }) => sdsIds(() => services.clock.newId()),
  },
  'sds-open-lane': {
    phase: 'authenticate',
    summary:
      'The open lane of SDS FHIR in a sandbox: nobody is asked who calls. A token of ours that is sent is judged; a key of ours says which app calls.',
    schema: { type: 'object', additionalProperties: false, properties: {} },
    check: (_config, { environment }) =>
      environment === 'sandbox' ? [] : ['only a sandbox lets in whoever calls'],
    create: (_config, site) => {
      const byKey = keyedLane(site);
      const table = standardCaller(sdsApiId);
      const { judge } = site.services;
      return optionalToken(
        { realm: sdsApiId, judge, ...table },
        (next) => (exchange) => next(byKey(exchange)),
      );
    },
  },
};

export interface SdsOptions {
  readonly directory: Directory;
  readonly forwardAddress: ForwardAddress;
  readonly clock: Clock;
  readonly addresses: Addresses;
}

/** SDS FHIR over the Directory. Kept answers of all its Proxies are dropped when any entry changes. */
export function sdsService({ directory, forwardAddress, clock, addresses }: SdsOptions): Service {
  const caches = new Map<string, AnswerCache>();
  directory.changed(() => {
    for (const cache of caches.values()) cache.drop();
  });
  return ({ environment, base: path }) => {
    const place = `${environment} ${path}`;
    const cache = caches.get(place) ?? createAnswerCache({ now: () => clock.now() });
    caches.set(place, cache);
    return {
      handler: sdsFhirApi({
        ...{ directory, cache, forwardAddress },
        base: () => addresses.of(environment, path),
        newId: () => clock.newId(),
      }),
      open: sdsHealth(directory),
      probe: () => sdsProbe(directory, `${addresses.of(environment, path)}/healthcheck/deep`),
    };
  };
}
