/**
 * What a Proxy's definition must be, as far as the definition alone tells: its schema, the form of its base path and of
 * addresses, and that a sandbox reaches nothing but this machine. Owns these rules and the form of their faults; what
 * stands in the catalogue around it is deployment-check.ts's, policies and services are the gateway's.
 */
import { Problem } from '../../core/problem.ts';
import { Schemas } from '../../core/schema.ts';
import type { Environment } from './environments.ts';
import type { BackendDefinition, ProxyDefinition } from './proxies.ts';

/** One thing that is wrong with what was handed in. */
export interface DefinitionFault {
  /** Where: a JSON pointer into the definition (RFC 6901), or `file:line` of a text; empty for the whole. */
  readonly at: string;
  /** A sentence that says what to do; holds no secret. */
  readonly message: string;
}

/** A definition or document refused whole, with all that is wrong with it. */
export class FaultsFound extends Problem {
  readonly faults: readonly DefinitionFault[];

  /** @param what is refused, as the message begins: `The definition`. */
  constructor(what: string, faults: readonly DefinitionFault[]) {
    const told = faults
      .slice(0, 10)
      .map(({ at, message }) => (at === '' ? message : `${at}: ${message}`));
    const more = faults.length > told.length ? `; and ${faults.length - told.length} more` : '';
    super('unprocessable', `${what} is refused: ${told.join('; ')}${more}`, { code: 'FAULTS' });
    this.faults = faults;
  }
}

const word = { type: 'string', minLength: 1, maxLength: 200 };
const secret = { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,63}$', maxLength: 64 };
const address = { type: 'string', minLength: 1, maxLength: 2000 };

function one(properties: object, required: readonly string[] = []): object {
  return { type: 'object', properties, required, additionalProperties: false };
}

const security = {
  type: 'object',
  required: ['kind'],
  discriminator: { propertyName: 'kind' },
  oneOf: [
    one({ kind: { const: 'none' } }, ['kind']),
    one(
      {
        kind: { const: 'key' },
        header: { type: 'string', pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$", maxLength: 100 },
        secret,
      },
      ['kind', 'header', 'secret'],
    ),
    one({ kind: { const: 'mtls' }, secret, ca: secret }, ['kind', 'secret']),
    one(
      {
        kind: { const: 'oauth' },
        tokenUrl: address,
        clientId: word,
        kid: word,
        secret,
        algorithm: { enum: ['RS512', 'RS384', 'ES384'] },
        scope: { type: 'string', maxLength: 1000 },
      },
      ['kind', 'tokenUrl', 'clientId', 'kid', 'secret'],
    ),
  ],
};

/** How a server over HTTP is reached: settings of a back end, and of a service that calls one. */
export const httpBackendProperties = {
  url: address,
  security,
  timeout: { type: 'integer', minimum: 1, maximum: 600_000 },
  connections: { type: 'integer', minimum: 1, maximum: 1024 },
};

const told = {
  type: 'object',
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
  properties: {
    header: { type: 'string', pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$", maxLength: 100 },
    query: { type: 'string', minLength: 1, maxLength: 100 },
    segment: { type: 'integer', minimum: 1, maximum: 20 },
    fixed: word,
  },
};

const lookedUp = {
  timeout: { type: 'integer', minimum: 1, maximum: 300_000 },
  connections: { type: 'integer', minimum: 1, maximum: 1024 },
  targets: { type: 'integer', minimum: 1, maximum: 10_000 },
  kept: { type: 'integer', minimum: 0, maximum: 86_400 },
};

const organisation = { type: 'string', pattern: '^([A-Z0-9]{1,12}|[*])$', maxLength: 12 };

const backend = {
  type: 'object',
  required: ['kind'],
  discriminator: { propertyName: 'kind' },
  oneOf: [
    one(
      {
        kind: { const: 'http' },
        ...httpBackendProperties,
        owner: { type: 'string', pattern: '^[A-Z0-9]{3,12}$', maxLength: 12 },
        contact: word,
        healthcheck: { type: 'string', pattern: '^/', maxLength: 500 },
      },
      ['kind', 'url'],
    ),
    one({ kind: { const: 'service' }, service: word, config: { type: 'object' } }, [
      'kind',
      'service',
    ]),
    one({ kind: { const: 'mock' } }, ['kind']),
    one(
      {
        kind: { const: 'directory' },
        organisation: told,
        interaction: told,
        partyKey: told,
        sender: { type: 'string', pattern: '^[0-9]{12}$', maxLength: 12 },
        authorization: { enum: ['pass', 'withhold'] },
        ...lookedUp,
      },
      ['kind', 'organisation', 'interaction'],
    ),
    one(
      {
        kind: { const: 'spine-secure-proxy' },
        agreements: {
          type: 'array',
          maxItems: 10_000,
          items: one({ from: organisation, to: organisation }, ['from', 'to']),
        },
        ...lookedUp,
      },
      ['kind'],
    ),
  ],
};

/** JSON Schema of a `ProxyDefinition`. */
const definitionSchema: object = one(
  {
    base: { type: 'string', minLength: 2, maxLength: 200 },
    backend,
    policies: {
      type: 'array',
      maxItems: 100,
      items: one(
        {
          policy: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]*$', maxLength: 100 },
          config: { type: 'object' },
          when: { type: 'object' },
        },
        ['policy'],
      ),
    },
    faults: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]*$', maxLength: 100 },
    specification: { type: 'string', pattern: '^[0-9a-f]{64}$', maxLength: 64 },
  },
  ['base', 'backend', 'policies'],
);

let compiled: ReturnType<Schemas['faults']> | undefined;

/** A value as a definition, or all its faults of form. Nothing is coerced or filled in. */
export function readDefinition(
  value: unknown,
): { readonly definition: ProxyDefinition } | { readonly faults: readonly DefinitionFault[] } {
  compiled ??= new Schemas([], { allErrors: true, discriminator: true }).faults(definitionSchema);
  const faults = compiled(value).map(({ path, message, params }) => ({
    at: pointer(path),
    message: `${message}${extra(params)}`,
  }));
  // The schema describes a ProxyDefinition; both stand side by side.
  return faults.length > 0 ? { faults } : { definition: value as ProxyDefinition };
}

/** Ajv says that there is an additional property, and which only beside it. */
function extra({ additionalProperty }: Readonly<Record<string, unknown>>): string {
  return typeof additionalProperty === 'string' ? `: ${additionalProperty.slice(0, 60)}` : '';
}

/** Member names from the root as a JSON pointer. */
function pointer(path: readonly string[]): string {
  return path.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Faults of the base path and of addresses of a definition in an environment. What the platform itself serves, the gateway knows. */
export function definitionFaults(
  { base, backend: end }: ProxyDefinition,
  environment: Environment,
): readonly DefinitionFault[] {
  const { kind } = end;
  return [
    ...baseFaults(base),
    ...(kind === 'http' ? urlFaults(end.url, '/backend/url', environment) : []),
    ...(kind === 'http' && end.security?.kind === 'oauth'
      ? urlFaults(end.security.tokenUrl, '/backend/security/tokenUrl', environment)
      : []),
  ];
}

function baseFaults(base: string): readonly DefinitionFault[] {
  const at = '/base';
  const segments = base.split('/').slice(1);
  if (segments[0] === 'env')
    return [{ at, message: '/env is in front of the names of environments; choose another base' }];
  if (segments.length > 0 && segments.every((part) => /^[A-Za-z0-9][A-Za-z0-9._~-]*$/.test(part)))
    return [];
  const message =
    'A base path is /segments of letters, digits and . _ ~ -, each beginning with a letter or digit, without a slash at the end';
  return [{ at, message }];
}

/** What the sandbox may reach: nothing outside this machine (R004, R056). */
function urlFaults(text: string, at: string, environment: Environment): readonly DefinitionFault[] {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    return [{ at, message: 'The address must begin with https:// or http://' }];
  if (url.username !== '' || url.password !== '')
    return [
      { at, message: 'The address must hold no user name or password: name a secret instead' },
    ];
  if (at === '/backend/url' && /[?#]|\/$/.test(text))
    return [{ at, message: 'The address must have no query, fragment or slash at its end' }];
  if (environment === 'sandbox' && !isLoopback(url.hostname))
    return [
      {
        at,
        message:
          'A sandbox ends in a mock, a service of this process or on this machine: it reaches nothing else',
      },
    ];
  return [];
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** The secrets that a back end names, each with where it stands. */
export function secretsNamed(end: BackendDefinition): readonly { at: string; name: string }[] {
  if (end.kind === 'http') return secretsOf(end.security, '/backend/security');
  // A service may keep its records behind another server, and call it as back ends are called.
  const records = end.kind === 'service' ? end.config?.records : undefined;
  if (typeof records !== 'object' || records === null || !('security' in records)) return [];
  return secretsOf(records.security, '/backend/config/records/security');
}

function secretsOf(security: unknown, at: string): readonly { at: string; name: string }[] {
  if (typeof security !== 'object' || security === null) return [];
  return ['secret', 'ca'].flatMap((member) => {
    const name: unknown = Object.hasOwn(security, member)
      ? (security as Readonly<Record<string, unknown>>)[member]
      : undefined;
    return typeof name === 'string' ? [{ at: `${at}/${member}`, name }] : [];
  });
}
