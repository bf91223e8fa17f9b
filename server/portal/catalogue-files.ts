/**
 * What programs fetch from the catalogue: the feed, OpenAPI documents in both spellings, examples of messages. Anybody may, from
 * pages of other sites too. Owns these answers; pages are elsewhere.
 */
import type { Exchange, Handler, Reply } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import type { Routes } from '../../core/routes.ts';
import { problemsAsJson } from '../catalogue/problem-json.ts';
import { baseOf, entryOf, versionOf } from './api-pages.ts';
import { toYaml } from './api-yaml.ts';
import type { CatalogueEntry } from './catalogue-entries.ts';
import type { Hub } from './hub-parts.ts';

/** By method and path. */
export function catalogueFiles(hub: Hub): Routes {
  const current = async ({ params }: Exchange) => {
    const { api } = await entryOf(hub, params.api);
    const id = api.specification;
    const document = id === undefined ? undefined : await hub.documentation.document(id);
    if (document) return document;
    throw new Problem('not-found', 'The API has no OpenAPI document');
  };
  const versioned = async ({ params }: Exchange) =>
    (await versionOf(hub, params.api, params.version)).document;
  const file = (content: (exchange: Exchange) => Promise<Content>): Handler =>
    problemsAsJson(() => hub.clock.newId())(async (exchange): Promise<Reply> => {
      const { type, body } = await content(exchange);
      return {
        status: 200,
        headers: { ...headers, 'content-type': `${type}; charset=utf-8` },
        body,
      };
    });
  return {
    'GET /catalogue/feed.json': file(async () => json(await feedOf(hub))),
    'GET /catalogue/:api/openapi.json': file(async (exchange) => json(await current(exchange))),
    'GET /catalogue/:api/openapi.yaml': file(async (exchange) => yaml(await current(exchange))),
    'GET /catalogue/:api/versions/:version/openapi.json': file(async (exchange) =>
      json(await versioned(exchange)),
    ),
    'GET /catalogue/:api/versions/:version/openapi.yaml': file(async (exchange) =>
      yaml(await versioned(exchange)),
    ),
    'GET /catalogue/:api/examples/:file': file(async ({ params }) => {
      const { messages } = await entryOf(hub, params.api);
      const all = messages
        ? [...messages.examples, ...messages.interactions.flatMap(({ examples }) => examples)]
        : [];
      const found = all.find((one) => one.file === params.file);
      if (found) return { type: found.type, body: found.text };
      throw new Problem('not-found', 'The API has no such example');
    }),
  };
}

interface Content {
  readonly type: string;
  readonly body: string;
}

function json(value: unknown): Content {
  return { type: 'application/json', body: JSON.stringify(value) };
}

function yaml(value: unknown): Content {
  return { type: 'application/yaml', body: toYaml(value) };
}

const headers = {
  'access-control-allow-origin': '*',
  'cache-control': 'public, no-cache',
  'content-security-policy': "default-src 'none'; sandbox",
  'x-content-type-options': 'nosniff',
};

/** The catalogue for programs. Members are added, never changed. */
async function feedOf(hub: Hub): Promise<object> {
  const entries = await hub.documentation.all();
  return { catalogue: hub.publicUrl(), apis: entries.map((entry) => shown(hub, entry)) };
}

function shown(hub: Hub, entry: CatalogueEntry): object {
  const { api, summary, version, access, environments, hosting, standards, places } = entry;
  const page = hub.publicUrl() + baseOf(entry);
  const { id, title, owner, contact, technology, status, sensitive } = api;
  return {
    ...{ id, title, summary, owner, contact, technology, status, sensitive, hosting },
    ...(version === undefined ? {} : { version }),
    ...{ access, environments, standards },
    places: places.map(({ environment, base, patterns, backEnd, network }) => ({
      ...{ environment, url: hub.reach(environment, base), access: patterns, answers: backEnd },
      network,
    })),
    page,
    ...(entry.documented === 'openapi'
      ? { openapi: { json: `${page}/openapi.json`, yaml: `${page}/openapi.yaml` } }
      : {}),
    interactions: (entry.messages?.interactions ?? []).map(({ name }) => name),
  };
}
