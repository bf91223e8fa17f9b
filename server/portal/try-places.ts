/**
 * Where an operation can be tried: in each environment but production the Proxy that serves it, and its path below that
 * Proxy's base. Owns finding these; what is sent there is relay.ts's to judge.
 */
import { Problem } from '../../core/problem.ts';
import type { Api } from '../catalogue/apis.ts';
import { specificationCollection } from '../catalogue/apis.ts';
import { environments, toEnvironment, type Environment } from '../catalogue/environments.ts';
import {
  asDocument,
  listOf,
  objectOf,
  textOf,
  type OpenApiDocument,
} from '../catalogue/openapi/document.ts';
import {
  revisionCollection,
  revisionId,
  type Proxy,
  type ProxyDefinition,
} from '../catalogue/proxies.ts';
import type { Hub } from './hub-parts.ts';
import { operationOf, type Operation } from './operations.ts';

/** An operation as it can be called in one environment. */
export interface TryPlace {
  readonly environment: Environment;
  readonly proxy: Proxy;
  readonly definition: ProxyDefinition;
  /** The operation's path below the base: `/Patient/{id}`; may be empty. */
  readonly below: string;
}

/** What is tried. */
export interface Tried {
  readonly api: Api;
  readonly document: OpenApiDocument;
  readonly operation: Operation;
  /** At least one. */
  readonly places: readonly TryPlace[];
}

/** Where one learns and tries: in production people's records are. */
const tryEnvironments: readonly Environment[] = environments.filter((one) => one !== 'production');

const documents = new Map<string, OpenApiDocument>();
const mostDocuments = 20;

/** The published document of an Api; undefined when there is none. */
export async function documentOf(
  hub: Hub,
  { specification: id }: Api,
): Promise<OpenApiDocument | undefined> {
  if (id === undefined) return undefined;
  const known = documents.get(id);
  if (known) return known;
  const stored = await hub.store.open(specificationCollection).get(id);
  const document = stored && asDocument(JSON.parse(stored.value.text));
  if (!document) return undefined;
  documents.set(id, document);
  const [oldest] = documents.keys();
  if (documents.size > mostDocuments && oldest !== undefined) documents.delete(oldest);
  return document;
}

/** @throws Problem `not-found` for what is not there, or runs nowhere that may be tried */
export async function triedOf(hub: Hub, apiId: string, operationId: string): Promise<Tried> {
  const api = hub.catalogue.api(apiId);
  const document = api && (await documentOf(hub, api));
  const operation = document && operationOf(document, operationId);
  if (!document || !operation) throw new Problem('not-found', 'There is no such operation');
  const places = await placesOf(hub, api, document, operation.path);
  return { api, document, operation, places };
}

/** The places of an operation, by environment in the usual order. */
async function placesOf(
  hub: Hub,
  api: Api,
  document: OpenApiDocument,
  path: string,
): Promise<readonly TryPlace[]> {
  const running = [...hub.catalogue.proxies()].filter(
    (one) => one.api === api.id && (one.state === 'deployed' || one.state === 'deprecated'),
  );
  const wholes = serverPaths(document).map((base) => base + path);
  const found = await Promise.all(
    tryEnvironments.map(async (environment) => {
      const here = await Promise.all(
        running
          .filter((one) => one.environment === environment)
          .map(async (proxy) => ({ proxy, definition: await definitionOf(hub, proxy) })),
      );
      return placeIn(api, environment, here, wholes, path);
    }),
  );
  return found.filter((one) => one !== undefined);
}

interface Running {
  readonly proxy: Proxy;
  readonly definition: ProxyDefinition | undefined;
}

/** The Proxy whose base the address begins with, the longest first; else that of the Api's own name. */
function placeIn(
  api: Api,
  environment: Environment,
  here: readonly Running[],
  wholes: readonly string[],
  path: string,
): TryPlace | undefined {
  const known = here
    .flatMap(({ proxy, definition }) => (definition ? [{ proxy, definition }] : []))
    .sort((one, other) => other.definition.base.length - one.definition.base.length);
  for (const { proxy, definition } of known) {
    const { base } = definition;
    const whole = wholes.find((one) => one === base || one.startsWith(`${base}/`));
    if (whole !== undefined)
      return { environment, proxy, definition, below: whole.slice(base.length) };
  }
  const own =
    known.find(({ proxy }) => proxy.name === api.id) ?? (known.length === 1 ? known[0] : undefined);
  return own && { environment, ...own, below: path };
}

async function definitionOf(hub: Hub, { id, active }: Proxy): Promise<ProxyDefinition | undefined> {
  return (await hub.store.open(revisionCollection).get(revisionId(id, active)))?.value.definition;
}

/** The paths of the servers, without what names an environment in front. */
function serverPaths(document: OpenApiDocument): readonly string[] {
  const paths = listOf(document.servers)
    .slice(0, 20)
    .map((one) => pathOf(textOf(objectOf(one).url) ?? ''));
  return [...new Set([...paths, ''])];
}

function pathOf(url: string): string {
  const path = url.replace(/^[a-z][a-z0-9+.-]{0,20}:\/\/[^/]{0,300}/i, '').replace(/\/+$/, '');
  const [, word = '', rest = ''] = /^\/env\/([^/]{1,40})(.*)$/.exec(path) ?? [];
  return toEnvironment(word) ? rest : path;
}
