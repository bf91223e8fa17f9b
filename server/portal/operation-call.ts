/**
 * An operation as it is called in one environment: where, with what proof of the caller, and with which values of its examples.
 * Pure. Owns the choice of these; code for it is the snippets'.
 */
import { environments, type Environment } from '../catalogue/environments.ts';
import {
  isObject,
  listOf,
  objectOf,
  textOf,
  type OpenApiDocument,
} from '../catalogue/openapi/document.ts';
import type { AccessPattern } from './catalogue-access.ts';
import type { Place } from './catalogue-entries.ts';
import { exampleText, type Content, type Operation, type Parameter } from './operations.ts';
import type { CallPlan, PlannedAccess } from './snippet-parts.ts';

/** Where an environment is reached. */
export interface Reach {
  /** The address of a path in an environment. */
  (environment: Environment, path: string): string;
  /** The same with a client certificate; undefined where that is not served. */
  certified(environment: Environment, path: string): string | undefined;
}

/** Where an operation is served. */
export interface Serving {
  readonly place: Place;
  /** From the address of the environment on, with the parameters still in braces. */
  readonly path: string;
}

/** The places that serve an operation, at most one for each environment, in their usual order. */
export function servingOf(
  places: readonly Place[],
  document: OpenApiDocument,
  path: string,
): readonly Serving[] {
  const full = basePathOf(document) + path;
  const found = new Map<Environment, Serving>();
  for (const place of places) {
    const { environment, base, proxy } = place;
    const isOwn = full === base || full.startsWith(`${base}/`);
    const known = found.get(environment);
    const serving = { place, path: isOwn ? full : base + path };
    // The longest base wins, as in the gateway; where none fits, the Proxy that bears the name of its Api.
    const better =
      !known ||
      (isOwn && (known.path !== full || base.length > known.place.base.length)) ||
      (!isOwn && known.path !== full && proxy.name === proxy.api);
    if (better) found.set(environment, serving);
  }
  return environments.flatMap((environment) => found.get(environment) ?? []);
}

/** The path of the first server that a document names. */
function basePathOf({ servers }: OpenApiDocument): string {
  const url = textOf(objectOf(listOf(servers)[0]).url) ?? '';
  return url
    .slice(0, 500)
    .replace(/^https?:\/\/[^/]*/, '')
    .replace(/\/+$/, '');
}

/** In which ways an operation may be called at a place, the usual one first. */
export function patternsAt(place: Place, operation: Operation): readonly AccessPattern[] {
  const { backEnd, patterns } = place;
  return operation.open && backEnd === 'here' && !patterns.includes('open')
    ? ['open', ...patterns]
    : patterns;
}

/** A call with the values of the examples. */
export function planCall(
  operation: Operation,
  { place, path }: Serving,
  pattern: AccessPattern,
  reach: Reach,
): CallPlan {
  const { environment } = place;
  const address =
    (pattern === 'certificate' ? reach.certified(environment, '') : undefined) ??
    reach(environment, '');
  const [content] = operation.body?.contents ?? [];
  const body = content && bodyText(content);
  return {
    method: operation.method,
    url: address + filledPath(operation, path) + queryOf(operation),
    headers: headersOf(operation, content),
    ...(body === undefined ? {} : { body }),
    access: plannedAccess(pattern, place, reach),
  };
}

function plannedAccess(pattern: AccessPattern, place: Place, reach: Reach): PlannedAccess {
  const tokenUrl = reach(place.environment, '/oauth2/token');
  switch (pattern) {
    case 'key':
      return { kind: 'key', header: place.keyHeader ?? 'apikey' };
    case 'app':
      return { kind: 'app', tokenUrl };
    case 'worker':
    case 'patient':
      return {
        kind: 'user',
        tokenUrl,
        authorizeUrl: reach(place.environment, '/oauth2/authorize'),
        provider: pattern === 'worker' ? 'nhs-cis2' : 'nhs-login',
      };
    case 'certificate':
      return { kind: 'certificate' };
    default:
      return { kind: 'none' };
  }
}

function filledPath({ parameters }: Operation, path: string): string {
  return path.replace(/\{([^{}]{1,200})\}/g, (whole, name: string) => {
    const found = parameters.find((one) => one.in === 'path' && one.name === name);
    const [value = name] = found ? valuesOf(found) : [];
    return value === '' ? whole : encodeURIComponent(value);
  });
}

/** What must be there; and where nothing must, what has an example: a search needs something to look for. */
function queryOf({ parameters }: Operation): string {
  const all = parameters.filter((one) => one.in === 'query' && !one.deprecated);
  const required = all.filter((one) => one.required);
  const sent = required.length > 0 ? required : all;
  const pairs = sent.flatMap((one) =>
    valuesOf(one).map((value) => `${encodeURIComponent(one.name)}=${encodeURIComponent(value)}`),
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** Those that the snippet makes itself, or that a client makes. */
const made = new Set([
  'authorization',
  'apikey',
  'ocp-apim-subscription-key',
  'accept',
  'content-type',
]);

function headersOf(
  { parameters, responses }: Operation,
  content: Content | undefined,
): CallPlan['headers'] {
  const sent = parameters
    .filter((one) => one.in === 'header' && one.required && !made.has(one.name.toLowerCase()))
    .flatMap((one) =>
      valuesOf(one)
        .slice(0, 1)
        .map((value) => [one.name, value] as const),
    );
  const accept = responses.find(({ status }) => status.startsWith('2'))?.contents[0]?.type;
  return [
    ...(accept === undefined ? [] : [['Accept', accept] as const]),
    ...(content ? [['Content-Type', content.type] as const] : []),
    ...sent,
  ].filter(([name, value]) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && isPlain(value));
}

/** Without what would end a line. */
function isPlain(value: string): boolean {
  // eslint-disable-next-line no-control-regex -- those characters are what is looked for
  return !/[\u0000-\u001f\u007f]/.test(value);
}

function valuesOf({ examples }: Parameter): readonly string[] {
  const [first] = examples;
  if (!first || first.value === null) return [];
  const values = Array.isArray(first.value) ? listOf(first.value) : [first.value];
  return values.filter((one) => typeof one !== 'object').map(String);
}

function bodyText(content: Content): string | undefined {
  const [example] = content.examples;
  if (!example) return undefined;
  if (content.type.startsWith('application/x-www-form-urlencoded') && isObject(example.value))
    return Object.entries(example.value)
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
      .join('&');
  return typeof example.value === 'string' ? example.value : exampleCompact(example.value);
}

const longestBody = 20_000;

/** On one line where it is long, for code; in lines where people read it. */
function exampleCompact(value: unknown): string {
  const text = exampleText({ value });
  return text.length > longestBody ? JSON.stringify(value) : text;
}
