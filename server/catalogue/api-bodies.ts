/**
 * The bodies that the management API takes: their shapes only. What a value must be, the administration says, so that
 * whoever calls it within the process meets the same rules.
 */
import { checker } from '../../core/schema.ts';
import { appKinds, smartAuthentications, tlsClientAuths } from './app-rules.ts';
import type { AgreedFields, AppFields, RegistrationFields } from './app-rules.ts';
import type { WantedKey } from './key-administration.ts';
import type { AdministratorFields } from './people-administration.ts';
import { apiStatuses, technologies, type ApiFields, type NewApi } from './api-administration.ts';
import type { NewProduct } from './product-administration.ts';
import type { BackendDefinition } from './proxies.ts';
import type { WantedState } from './proxy-administration.ts';
import { roles } from './roles.ts';
import type { Decision } from './subscription-administration.ts';

const schemas = new WeakMap<object, object>();

/** The schema of one of the checks below, for the published document. */
export function schemaOf(check: object): object {
  return schemas.get(check) ?? {};
}

/** A check that remembers its schema. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller says what the schema describes
function taking<T>(schema: object): (value: unknown) => T {
  const check = checker<T>(schema);
  schemas.set(check, schema);
  return check;
}

const text = { type: 'string' };
const texts = { type: 'array', items: text, maxItems: 1000 };

function shape(properties: object, required: readonly string[] = [], others = {}): object {
  return { type: 'object', properties, required, additionalProperties: false, ...others };
}

const appProperties = {
  name: text,
  description: { ...text, default: '' },
  owner: text,
  kinds: { type: 'array', items: { enum: appKinds } },
  contact: text,
};

export const toNewApp = taking<AppFields>(
  shape(appProperties, ['name', 'owner', 'kinds', 'contact']),
);

export const toAppChange = taking<Partial<AppFields>>(
  shape({ ...appProperties, description: text }, [], { minProperties: 1 }),
);

export const toRegistrationChange = taking<Partial<RegistrationFields & AgreedFields>>(
  shape(
    {
      redirectUris: texts,
      origins: texts,
      launchUrl: text,
      smartAuthentication: { enum: smartAuthentications },
      providerClients: {
        type: 'array',
        items: shape({ provider: { enum: ['nhs-cis2', 'nhs-login'] }, clientId: text }, [
          'provider',
          'clientId',
        ]),
      },
      tlsClientAuth: { enum: tlsClientAuths },
      tlsClientAuthSanDns: text,
      tlsClientCertificateBoundAccessTokens: { type: 'boolean' },
      asid: text,
      partyKey: text,
      attributes: { type: 'object', additionalProperties: text },
      switches: shape({ shorterLifetimes: { type: 'boolean' } }, ['shorterLifetimes']),
    },
    [],
    { minProperties: 1 },
  ),
);

export const toRegistrationState = taking<{ readonly state: 'approved' | 'revoked' }>(
  shape({ state: { enum: ['approved', 'revoked'] } }, ['state']),
);

/** A key set by value or by its address, never both (RFC 7591 2). The keys themselves are judged by the key check. */
export const toKeys = taking<
  { readonly keys: readonly unknown[] } | { readonly url: string; readonly keys?: undefined }
>({
  type: 'object',
  properties: { keys: { type: 'array' }, url: text },
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
});

export const toWantedKey = taking<WantedKey>(
  shape({ bits: { enum: [2048, 4096], default: 4096 }, kid: { type: 'string', minLength: 1 } }),
);

function amount(maximum: number): object {
  return { type: 'integer', minimum: 1, maximum };
}

const rateLimits = shape({
  quota: shape(
    {
      limit: amount(1_000_000_000),
      interval: amount(1000),
      unit: { enum: ['second', 'minute', 'hour', 'day', 'week', 'month'] },
    },
    ['limit', 'interval', 'unit'],
  ),
  spikeArrest: shape(
    { rate: amount(1_000_000), per: { enum: ['second', 'minute'] }, burst: amount(1_000_000) },
    ['rate', 'per'],
  ),
  concurrency: amount(100_000),
});

const productProperties = {
  name: text,
  description: text,
  apis: texts,
  scopes: texts,
  approval: { enum: ['automatic', 'manual'] },
  operations: { type: 'object', additionalProperties: texts },
  limits: rateLimits,
  customer: shape({ environment: text, owner: text }, ['environment', 'owner']),
};

export const toNewProduct = taking<NewProduct>(
  shape(
    {
      ...productProperties,
      id: text,
      description: { ...text, default: '' },
      apis: { ...texts, default: [] },
      scopes: { ...texts, default: [] },
    },
    ['id', 'name'],
  ),
);

export const toProductChange = taking<Partial<Omit<NewProduct, 'id'>>>(
  shape(productProperties, [], { minProperties: 1 }),
);

/** The environment as any of its names, which the API puts into ours. */
export const toWish = taking<{
  readonly app: string;
  readonly product: string;
  readonly environment: string;
  readonly purpose?: string;
  readonly volume?: number;
}>(
  shape(
    {
      ...{ app: text, product: text, environment: text, purpose: text },
      volume: { type: 'integer', minimum: 0, maximum: 1_000_000_000 },
    },
    ['app', 'product', 'environment'],
  ),
);

/** `ends` is a time as ISO 8601 has it. */
export const toDecision = taking<{
  readonly state: Decision;
  readonly reason?: string;
  readonly ends?: string;
}>(
  shape(
    {
      state: { enum: ['active', 'rejected', 'suspended', 'cancelled'] },
      ...{ reason: text, ends: { type: 'string', format: 'date-time' } },
    },
    ['state'],
  ),
);

const administratorProperties = {
  name: text,
  role: { enum: roles },
  organisation: text,
  keys: { type: 'array' },
};

export const toNewAdministrator = taking<Omit<AdministratorFields, 'state'>>(
  shape(administratorProperties, ['name', 'role', 'organisation', 'keys']),
);

export const toAdministratorChange = taking<Partial<AdministratorFields>>(
  shape({ ...administratorProperties, state: { enum: ['active', 'revoked'] } }, [], {
    minProperties: 1,
  }),
);

/** An OpenAPI document: the object itself, or its text in JSON or YAML. */
const openapi = { type: ['object', 'string'] };

const apiProperties = {
  title: text,
  description: text,
  owner: text,
  contact: text,
  technology: { enum: technologies },
  sensitive: { type: 'boolean' },
  status: { enum: apiStatuses },
};

export const toNewApi = taking<NewApi & { readonly openapi?: object | string }>(
  shape(
    {
      ...apiProperties,
      id: text,
      description: { ...text, default: '' },
      technology: { enum: technologies, default: 'rest' },
      sensitive: { type: 'boolean', default: true },
      status: { enum: apiStatuses, default: 'alpha' },
      openapi,
    },
    ['id', 'title', 'owner', 'contact'],
  ),
);

export const toApiChange = taking<Partial<ApiFields>>(
  shape(apiProperties, [], { minProperties: 1 }),
);

/** `target` is judged with the definition that it becomes part of. */
export const toSetUp = taking<{
  readonly openapi?: object | string;
  readonly target?: BackendDefinition;
  readonly sandboxUrl?: string;
  readonly base?: string;
}>(shape({ openapi, target: { type: 'object' }, sandboxUrl: text, base: text }));

/** A `ProxyDefinition` is judged where it is deployed, so that all its faults are told with their places. */
export const toDeployment = taking<{
  readonly definition: object;
  readonly name?: string;
  readonly specification?: object | string;
  readonly release?: string;
}>(
  shape({ definition: { type: 'object' }, name: text, specification: openapi, release: text }, [
    'definition',
  ]),
);

export const toRollback = taking<{ readonly to?: number }>(
  shape({ to: { type: 'integer', minimum: 1, maximum: 99_999_999 } }),
);

/** `sunset` as a date or date and time of RFC 3339. */
export const toProxyState = taking<Omit<WantedState, 'sunset'> & { readonly sunset?: string }>(
  shape(
    {
      state: { enum: ['deployed', 'deprecated', 'withdrawn', 'retired'] },
      sunset: {
        anyOf: [
          { type: 'string', format: 'date' },
          { type: 'string', format: 'date-time' },
        ],
      },
      successor: text,
      link: text,
    },
    ['state'],
  ),
);

export const toSecretValue = taking<{ readonly value: string }>(
  shape({ value: { type: 'string', minLength: 1, maxLength: 65_536 } }, ['value']),
);
