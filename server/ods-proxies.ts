/**
 * The two look-ups of organisations as the platform runs them: FHIR STU3 and ORD 2-0-0, public both, in the sandbox and in
 * integration. They show the organisations of the one Directory; SDS FHIR over the same is in sds-proxies.ts.
 */
import type { Clock } from '../core/clock.ts';
import { capabilityStatement } from '../fhir/capability.ts';
import { loadOpenApi } from '../fhir/openapi.ts';
import type { Directory } from '../spine/sds/directory.ts';
import { odsFhirApi } from '../spine/sds/ods-fhir-api.ts';
import { createOrganisations } from '../spine/sds/ods-organisations.ts';
import { ordApi } from '../spine/sds/ord-api.ts';
import type { Addresses } from './addresses.ts';
import type { BuiltInApi } from './catalogue/built-in.ts';
import type { Environment } from './catalogue/environments.ts';
import type { PolicyUse, ProxyDefinition } from './catalogue/proxies.ts';
import { shippedContact } from './catalogue/shipped-contact.ts';
import type { Service } from './gateway/backend.ts';
import { integrationWorkspace } from './pds-proxies.ts';

export const odsFhirBase = '/STU3';
const ordBase = '/ORD/2-0-0';

/** Open, and so counted by source address. */
const limits: readonly PolicyUse[] = [
  { policy: 'spike-arrest', config: { rate: 40, per: 'second', burst: 40, by: 'address' } },
];

/** What tells the look-ups apart. The name of the Api is that of its service and its refusals too. */
interface Lookup {
  readonly id: 'ods-fhir' | 'ods-ord';
  readonly title: string;
  readonly description: string;
  readonly base: string;
  readonly technology: 'fhir' | 'rest';
}

const lookups: readonly Lookup[] = [
  {
    id: 'ods-fhir',
    title: 'Organisation look-up (FHIR STU3)',
    description: 'Find organisations and sites of the register, as FHIR resources.',
    base: odsFhirBase,
    technology: 'fhir',
  },
  {
    id: 'ods-ord',
    title: 'Organisation look-up (ORD 2-0-0)',
    description: 'Find organisations and sites of the register, and follow what changes.',
    base: ordBase,
    technology: 'rest',
  },
];

/** The look-ups as they are shipped. @param specifications their OpenAPI documents as JSON text */
export function shippedOds(
  specifications: Readonly<Record<Lookup['id'], string>>,
): readonly BuiltInApi[] {
  return lookups.map(({ id, title, description, base, technology }) => ({
    api: {
      ...{ id, title, description, technology },
      owner: 'DEMO1',
      contact: shippedContact,
      sensitive: false,
      status: 'live',
    },
    specification: specifications[id],
    proxies: (['sandbox', 'uat'] as const).map((environment) => ({
      name: id,
      environment,
      definition: definitionOf(id, base, environment),
    })),
  }));
}

function definitionOf(
  id: Lookup['id'],
  base: string,
  environment: Extract<Environment, 'sandbox' | 'uat'>,
): ProxyDefinition {
  const view: PolicyUse =
    environment === 'sandbox'
      ? { policy: 'workspace' }
      : { policy: 'common-view', config: { name: integrationWorkspace } };
  return {
    base,
    backend: { kind: 'service', service: id },
    faults: id,
    policies: [
      { policy: 'request-ids', config: { check: false } },
      { policy: 'cors' },
      { policy: 'open' },
      view,
      ...limits,
    ],
  };
}

export interface OdsOptions {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly addresses: Addresses;
  readonly version: string;
  /** The OpenAPI document of the FHIR look-up, of which its CapabilityStatement is made. */
  readonly openApiFile: string;
}

/** Both services, over the same organisations in memory. */
export function odsServices(options: OdsOptions): Readonly<Record<Lookup['id'], Service>> {
  const { directory, clock, addresses, version, openApiFile } = options;
  const organisations = createOrganisations(directory);
  const document = loadOpenApi(openApiFile);
  const now = () => clock.now();
  return {
    'ods-fhir': ({ environment, base: path }) => {
      const base = () => addresses.of(environment, path);
      return {
        handler: odsFhirApi({
          ...{ organisations, base, now, newId: () => clock.newId() },
          capabilities: () => {
            const date = new Date(now()).toISOString();
            return { ...capabilityStatement(document, { base: base(), version, date }), ...stu3 };
          },
        }),
      };
    },
    'ods-ord': ({ environment, base: path }) => ({
      handler: ordApi({ organisations, now, base: () => addresses.of(environment, path) }),
    }),
  };
}

/** What a statement of STU3 says otherwise than one of R4. */
const stu3 = {
  fhirVersion: '3.0.1',
  acceptUnknown: 'no',
  format: ['application/fhir+json', 'application/fhir+xml'],
  patchFormat: undefined,
} as const;
