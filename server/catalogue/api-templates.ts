/**
 * From an OpenAPI document to what runs: the definitions of an API's Proxies and the Products that open it (R117), and a
 * first document for an API that has none. Pure: nothing is stored here. Owns the usual order of policies.
 */
import type { Api } from './apis.ts';
import { listOf, objectOf, textOf, type OpenApiDocument } from './openapi/document.ts';
import { extensionOf } from './openapi/extension.ts';
import type { Access, Extension } from './openapi/extension-schema.ts';
import type { Product } from './products.ts';
import type { BackendDefinition, PolicyUse, ProxyDefinition } from './proxies.ts';

export interface TemplateOptions {
  /** The id under which the document is kept: its SHA-256. */
  readonly specification: string;
  /** The back end outside of the sandbox, in place of the document's. */
  readonly target?: BackendDefinition;
  /** A sandbox on this machine, in place of the examples. */
  readonly sandboxUrl?: string;
  readonly base?: string;
}

export interface Definitions {
  /** Everybody may call; who sends a key is known by it. */
  readonly sandbox: ProxyDefinition;
  /** For development and every environment behind it. */
  readonly other: ProxyDefinition;
  /** One for each title of the ways in; none for an API that everybody may call. */
  readonly products: readonly Product[];
  readonly warnings: readonly string[];
}

/** @throws Problem `invalid` for an `x-gatehouse` that is not of its schema. */
export function toDefinitions(
  document: OpenApiDocument,
  api: Pick<Api, 'id' | 'title'>,
  options: TemplateOptions,
): Definitions {
  const { extension, warnings } = extensionOf(document);
  const access = extension.access ?? accessOfSchemes(document);
  const told = [...warnings, ...differing(document, access)];
  const target = targetOf(extension, options);
  if (!target) told.push('no back end is named: the examples of the document answer everywhere');
  const common = {
    base: baseOf(document, api.id, extension, options),
    specification: options.specification,
  };
  return {
    sandbox: {
      ...common,
      backend: sandboxOf(extension, options),
      policies: [...first(), ...inSandbox(access), ...last(extension)],
    },
    other: {
      ...common,
      backend: target ?? { kind: 'mock' },
      policies: [
        ...first(),
        ...waysIn(access),
        ...limits(extension),
        ...last(extension),
        ...facts(extension),
      ],
    },
    products: productsOf(api, access),
    warnings: told,
  };
}

function targetOf({ target }: Extension, options: TemplateOptions): BackendDefinition | undefined {
  return options.target ?? (target ? { kind: 'http', ...target } : undefined);
}

function sandboxOf({ sandbox }: Extension, { sandboxUrl }: TemplateOptions): BackendDefinition {
  const url = sandboxUrl ?? sandbox?.url;
  return url === undefined ? { kind: 'mock' } : { kind: 'http', url: url.replace(/\/+$/, '') };
}

function baseOf(
  document: OpenApiDocument,
  id: string,
  extension: Extension,
  options: TemplateOptions,
): string {
  return options.base ?? extension.base ?? baseOfServers(document) ?? `/${id}`;
}

/** The path of the first server that has one. */
function baseOfServers({ servers }: OpenApiDocument): string | undefined {
  for (const one of listOf(servers)) {
    const url = textOf(objectOf(one).url) ?? '';
    const path = url
      .slice(0, 500)
      .replace(/^https?:\/\/[^/]*/, '')
      .replace(/\/+$/, '');
    if (/^(\/[A-Za-z0-9._~-]{1,100}){1,5}$/.test(path) && !/\/\.\.?(\/|$)/.test(path)) return path;
  }
  return undefined;
}

/** Before anybody is asked who they are. */
function first(): readonly PolicyUse[] {
  return [
    { policy: 'request-ids' },
    { policy: 'cors' },
    { policy: 'size-limit' },
    { policy: 'match-operation' },
  ];
}

function last({ policies = [] }: Extension): readonly PolicyUse[] {
  return [{ policy: 'validate-request' }, ...policies];
}

/** Everybody, by open lane or by key (a key gives an app its own workspace). */
function inSandbox(access: readonly Access[]): readonly PolicyUse[] {
  const ways = access.some(({ mode }) => mode !== 'open')
    ? [{ policy: 'api-key' }, { policy: 'open' }]
    : [{ policy: 'open' }];
  return [oneOf(ways)];
}

/** Who may call; whoever is known must have subscribed. No way in at all is nobody. */
function waysIn(access: readonly Access[]): readonly PolicyUse[] {
  const isOpen = access.some(({ mode }) => mode === 'open');
  const byToken = access.filter(({ mode }) => mode !== 'open' && mode !== 'key');
  const ways: PolicyUse[] = [];
  if (byToken.length > 0) ways.push({ policy: 'token', config: tokenConfig(byToken) });
  // Nobody said who may call: then it takes a key, and somebody who hands one out.
  if (access.some(({ mode }) => mode === 'key') || access.length === 0)
    ways.push({ policy: 'api-key' });
  if (isOpen) ways.push({ policy: 'open' });
  return isOpen ? [oneOf(ways)] : [oneOf(ways), { policy: 'subscription' }];
}

function oneOf(ways: readonly PolicyUse[]): PolicyUse {
  const [only] = ways;
  return ways.length === 1 && only ? only : { policy: 'any-of', config: { alternatives: ways } };
}

function tokenConfig(access: readonly Access[]): Readonly<Record<string, unknown>> {
  const modes = [...new Set(access.map(({ mode }) => mode))];
  const people = access.filter(({ mode }) => mode !== 'app');
  // A way in without a level takes any, and then so do all: levels are one list.
  const anyhow = people.some(({ levels = [] }) => levels.length === 0);
  const levels = [...new Set(people.flatMap(({ levels: some = [] }) => some))];
  return { modes, ...(anyhow || levels.length === 0 ? {} : { levels }) };
}

function limits({ limits: given }: Extension): readonly PolicyUse[] {
  const { quota, spikeArrest, concurrency } = given?.proxy ?? {};
  return [
    ...(spikeArrest ? [{ policy: 'spike-arrest', config: { ...spikeArrest, by: 'proxy' } }] : []),
    ...(quota ? [{ policy: 'quota', config: { ...quota, by: 'proxy' } }] : []),
    ...(concurrency === undefined
      ? []
      : [{ policy: 'concurrency', config: { max: concurrency, by: 'proxy' } }]),
    { policy: 'product-limits', ...(given?.app ? { config: { defaults: given.app } } : {}) },
  ];
}

function facts({ attributes = [] }: Extension): readonly PolicyUse[] {
  if (attributes.length === 0) return [];
  const set = Object.fromEntries(
    attributes.map(({ from, header, required }) => [
      header,
      { from, ...(required ? { required } : {}) },
    ]),
  );
  return [{ policy: 'headers', config: { set } }];
}

/** Without an extension the security schemes tell who may call: a key, or else a token of an app. */
function accessOfSchemes(document: OpenApiDocument): readonly Access[] {
  if (Array.isArray(document.security) && document.security.length === 0) return [{ mode: 'open' }];
  const schemes = Object.values(objectOf(objectOf(document.components).securitySchemes));
  const types = schemes.map((one) => textOf(objectOf(one).type));
  if (types.some((type) => type === 'http' || type === 'oauth2' || type === 'openIdConnect'))
    return types.includes('apiKey') ? [{ mode: 'app' }, { mode: 'key' }] : [{ mode: 'app' }];
  return [{ mode: 'key' }];
}

/** Every operation is opened alike. Where the document says otherwise, somebody has to look. */
function differing(document: OpenApiDocument, access: readonly Access[]): readonly string[] {
  const said = new Set<string>();
  for (const item of Object.values(document.paths))
    for (const one of Object.values(objectOf(item))) {
      const { security, responses } = objectOf(one);
      if (responses !== undefined && security !== undefined) said.add(JSON.stringify(security));
    }
  if (said.size < 2 || access.length < 2) return [];
  return [
    'operations differ in who may call them; each takes every way in: narrow that by policies with `when`, or by the operations of Products',
  ];
}

function productsOf(
  { id, title }: Pick<Api, 'id' | 'title'>,
  access: readonly Access[],
): readonly Product[] {
  const titles = [
    ...new Set(access.filter(({ mode }) => mode !== 'open').map((one) => one.title ?? title)),
  ];
  const names = new Set<string>();
  return titles.map((name, i) => {
    const own = access.filter((one) => one.mode !== 'open' && (one.title ?? title) === name);
    const slug = titles.length === 1 ? id : `${id}-${slugOf(name)}`.slice(0, 64).replace(/-$/, '');
    const unique = names.has(slug) || slug === `${id}-` ? `${id}-${i + 1}` : slug;
    names.add(unique);
    return {
      id: unique,
      name,
      description: `Opens ${title}.`,
      apis: [id],
      scopes: [...new Set(own.flatMap((one) => scopesOf(one, id)))],
      approval: 'manual',
    };
  });
}

function slugOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

/** National scopes of a way in, and those the document adds. */
function scopesOf({ mode, levels = [], scopes = [] }: Access, id: string): readonly string[] {
  return [
    ...nationalScopes(mode, levels).map((scope) => `urn:nhsd:apim:${scope}:${id}`),
    ...scopes,
  ];
}

function nationalScopes(mode: Access['mode'], levels: readonly string[]): readonly string[] {
  if (mode === 'key') return ['app:level0'];
  if (mode === 'app') return ['app:level3'];
  if (mode === 'worker')
    return (levels.length > 0 ? levels : ['aal3']).map((level) => `user-nhs-cis2:${level}`);
  return (levels.length > 0 ? levels : ['p9']).map(
    (level) => `user-nhs-login:${level.toUpperCase()}`,
  );
}
