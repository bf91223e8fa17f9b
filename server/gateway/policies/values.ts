/**
 * Values that transforming policies put in: a text, or where to take it from. Data, not expressions. Owns the places a value
 * may come from, and the refusal when one that is required is not there.
 */
import type { Exchange } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import type { App, Registration } from '../../catalogue/apps.ts';
import { entitlementOf, type JsonSchema, type PolicySite } from '../policy.ts';

/** A text as it is, or a fact of the call. */
export type Value = string | SourcedValue;

export interface SourcedValue {
  /** `app.attribute.ods`, `request.header.X-Area`: see `valueSchema`. */
  readonly from: string;
  /** Without the fact the call is refused with 400. */
  readonly required?: boolean;
  /** What to take without the fact. */
  readonly default?: string;
}

/** Field names (RFC 9110 5.6.2). */
export const tokenPattern = "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$";

export const sourceSchema: JsonSchema = {
  type: 'string',
  maxLength: 200,
  pattern:
    '^(api|environment|app\\.(id|name|asid|organisation|client-id|attribute\\.[^\\s]{1,100})|user\\.(id|role|level)|request\\.(method|path|header\\.[!-9;-~]{1,100}|query\\.[^\\s]{1,100}))$',
  description:
    'Where the value comes from: `api`, `environment`, `app.id`, `app.name`, `app.asid`, `app.organisation`, `app.client-id`, `app.attribute.<name>`, `user.id`, `user.role`, `user.level`, `request.method`, `request.path`, `request.header.<name>`, `request.query.<name>`',
};

const sourcedSchema: JsonSchema = {
  type: 'object',
  required: ['from'],
  additionalProperties: false,
  properties: {
    from: sourceSchema,
    required: {
      type: 'boolean',
      description: 'Refuse the call with 400 when it is not there; else it is left out',
    },
    default: { type: 'string', maxLength: 2000, description: 'What to take when it is not there' },
  },
};

const valueSchema: JsonSchema = {
  anyOf: [
    { type: 'string', maxLength: 2000, description: 'A text, taken as it is' },
    sourcedSchema,
  ],
};

/**
 * The members of a policy that renames, removes, sets and adds, in this order.
 * @param noun what it changes: `field`
 * @param removed what becomes of those that are removed: `do not go on`
 * @param names the schema of a name
 */
export function editSchemas(
  noun: string,
  removed: string,
  names: JsonSchema,
): Readonly<Record<'rename' | 'remove' | 'set' | 'add', JsonSchema>> {
  const byName = { type: 'object', propertyNames: names, default: {} };
  const toValue = { ...byName, additionalProperties: valueSchema };
  return {
    rename: { ...byName, description: 'Old name to new name', additionalProperties: names },
    remove: {
      ...{ type: 'array', items: names, default: [] },
      description: `Names of ${noun}s that ${removed}`,
    },
    set: {
      ...toValue,
      description: `Name to value: takes the place of all ${noun}s of that name`,
    },
    add: { ...toValue, description: `Name to value: one more ${noun} of that name` },
  };
}

/** Fields by which a caller proves itself to the gateway: whoever is handed one could act as the caller elsewhere. */
export function provesCaller(name: string): boolean {
  return credentials.has(name.toLowerCase());
}

const credentials: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'apikey',
  'ocp-apim-subscription-key',
]);

/** Makes the reader of a value; it gives undefined for a fact that is not there. @throws Problem `invalid` if required, or for a credential */
export function reader(value: Value, site: PolicySite): (exchange: Exchange) => string | undefined {
  if (typeof value === 'string') return () => value;
  const source = sourceOf(value.from, site);
  return (exchange) => {
    const found = source(exchange) ?? value.default;
    if (found === undefined && value.required === true) throw missing(value.from);
    return found;
  };
}

/** The refusal of a call that lacks a required fact; it names the fact as the settings do. */
export function missing(from: string): Problem {
  const told = from.startsWith('request.header.')
    ? `The header ${from.slice(15)} is missing`
    : from.startsWith('request.query.')
      ? `The query parameter ${from.slice(14)} is missing`
      : `This API needs ${from}, which is not set for this call`;
  return new Problem('invalid', told, { code: 'MISSING_VALUE' });
}

type Source = (exchange: Exchange) => string | undefined;

function sourceOf(from: string, site: PolicySite): Source {
  if (from.startsWith('app.attribute.')) {
    const name = from.slice(14);
    return registered(site, ({ attributes }) =>
      Object.hasOwn(attributes, name) ? attributes[name] : undefined,
    );
  }
  if (from.startsWith('request.header.')) {
    const name = from.slice(15).toLowerCase();
    if (provesCaller(name))
      throw new Problem('invalid', `${from} proves who calls, and stays here`);
    return ({ headers }) => (Object.hasOwn(headers, name) ? headers[name] : undefined);
  }
  if (from.startsWith('request.query.')) {
    const name = from.slice(14);
    return ({ query }) => query.get(name) ?? undefined;
  }
  const source = Object.hasOwn(plainSources, from) ? plainSources[from] : undefined;
  if (!source) throw new Problem('invalid', `No value can come from ${from}`);
  return source(site);
}

const plainSources: Readonly<Record<string, (site: PolicySite) => Source>> = {
  api:
    ({ api }) =>
    () =>
      api.id,
  environment:
    ({ environment }) =>
    () =>
      environment,
  'app.id': () => (exchange) => appId(exchange),
  'app.name': (site) => (exchange) => appOf(exchange, site)?.name ?? exchange.caller?.appName,
  'app.organisation': (site) => (exchange) => appOf(exchange, site)?.owner,
  'app.client-id': (site) => registered(site, ({ clientId }) => clientId),
  'app.asid': (site) => {
    const stored = registered(site, ({ asid }) => asid);
    return (exchange) => exchange.caller?.asid ?? stored(exchange);
  },
  'user.id':
    () =>
    ({ caller }) =>
      caller?.userId,
  'user.role':
    () =>
    ({ caller }) =>
      caller?.role,
  'user.level':
    () =>
    ({ caller }) =>
      caller?.signIn?.level,
  'request.method':
    () =>
    ({ method }) =>
      method,
  'request.path':
    () =>
    ({ path }) =>
      path,
};

function appId(exchange: Exchange): string | undefined {
  return entitlementOf(exchange)?.appId ?? exchange.caller?.appId;
}

function appOf(exchange: Exchange, { services }: PolicySite): App | undefined {
  const id = appId(exchange);
  return id === undefined ? undefined : services.catalogue.app(id);
}

/** A fact of the app in this environment. */
function registered(
  site: PolicySite,
  pick: (registration: Registration) => string | undefined,
): Source {
  return (exchange) => {
    const registration = appOf(exchange, site)?.registrations[site.environment];
    return registration && pick(registration);
  };
}
