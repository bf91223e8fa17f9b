/**
 * What the routes of the management API share: reading a JSON body within limits, conditions (RFC 9110 13), pages, replies.
 * Owns nothing of what is administered.
 */
import type { Exchange, Reply } from '../../core/exchange.ts';
import { JsonFault, parseJson } from '../../core/json.ts';
import { Problem } from '../../core/problem.ts';
import { checker } from '../../core/schema.ts';
import type { Page, Stored } from '../../core/store.ts';
import type { PageQuery, Place } from './app-administration.ts';
import { environments, toEnvironment, type Environment } from './environments.ts';
import type { Actor } from './roles.ts';

/** Where it is mounted, as its own `Location` fields say. */
export const managementBase = '/management/v1';

/** A route that knows who calls. */
export type Act = (actor: Actor, exchange: Exchange) => Promise<Reply>;

const bodyLimit = 64 * 1024;
const limits = { depth: 8, members: 2000 };

/** The JSON body as its check gives it. @throws Problem `unsupported`, `too-large`, `invalid` */
export async function bodyOf<T>(exchange: Exchange, check: (value: unknown) => T): Promise<T> {
  const type = (exchange.headers['content-type'] ?? '').split(';', 1)[0] ?? '';
  if (type.trim().toLowerCase() !== 'application/json')
    throw new Problem('unsupported', 'The body must be sent as application/json');
  const bytes = await exchange.body.bytes(bodyLimit);
  try {
    return check(parseJson(bytes, limits));
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw new Problem('invalid', `The body is refused as JSON: ${error.kind}`);
  }
}

/**
 * The version that a change rests on.
 * @throws Problem of status 428 when none is named (RFC 6585 3), `invalid` for what is no ETag of ours.
 */
export function conditionOf({ headers }: Exchange): number | undefined {
  const match = headers['if-match'];
  if (match === undefined)
    throw new Problem(
      'precondition-failed',
      'A change needs If-Match with the ETag that was read, so that nobody overwrites what he has not seen',
      { row: { status: 428 }, code: 'precondition-required' },
    );
  if (match.trim() === '*') return undefined;
  const version = /^(?:W\/)?"(\d{1,15})"$/.exec(match.trim())?.[1];
  if (version === undefined)
    throw new Problem('invalid', 'If-Match must be one ETag as it was given, such as "3"');
  return Number(version);
}

/** The id in the path. @throws Problem `not-found` */
export function idOf({ params }: Exchange): string {
  return idText(params.id ?? '');
}

/** No id of ours is longer or holds a control character, and the store takes no NUL. @throws Problem `not-found` */
export function idText(id: string): string {
  if (id.length > 200 || !/^[\x21-\x7e]+$/.test(id))
    throw new Problem('not-found', 'There is nothing with such an id');
  return id;
}

/** The App and environment in the path, the environment by any of its names. @throws Problem `not-found` */
export function placeOf(exchange: Exchange): Place {
  const environment = environmentOf(exchange.params.environment ?? '', 'not-found');
  return { app: idOf(exchange), environment };
}

/** An environment by any of its names. @throws Problem of the kind that fits where the name stands. */
export function environmentOf(name: string, kind: 'not-found' | 'invalid'): Environment {
  const environment = toEnvironment(name);
  if (environment) return environment;
  throw new Problem(kind, `The environments are ${environments.join(', ')}`);
}

const checkPage = checker<{ limit?: number; after?: string }>({
  type: 'object',
  properties: {
    limit: { type: 'integer', minimum: 1, maximum: 200 },
    after: { type: 'string', minLength: 1, maxLength: 2000 },
  },
});

/** `limit` and `after` of the query. @throws Problem `invalid` */
export function pageOf({ query }: Exchange): PageQuery {
  const sent = ['limit', 'after'].flatMap((name) => {
    const value = query.get(name);
    return value === null ? [] : [[name, value]];
  });
  return checkPage(Object.fromEntries(sent));
}

/** Never kept by anyone on the way: answers here name credentials, and one of them may hold a new one. */
const headers = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

/** A JSON answer. */
export function json(
  status: number,
  value: object,
  more: Readonly<Record<string, string>> = {},
): Reply {
  return { status, headers: { ...headers, ...more }, body: JSON.stringify(value) };
}

/** A document with its ETag. */
export function document<T>(
  status: number,
  stored: Stored<T>,
  shown: (value: T) => object,
  more: Readonly<Record<string, string>> = {},
): Reply {
  return json(status, shown(stored.value), { etag: etagOf(stored), ...more });
}

/** `{items, next}`; each item bears its ETag as a member. */
export function pageReply<T>({ items, next }: Page<T>, shown: (value: T) => object): Reply {
  return json(200, {
    items: items.map((stored) => ({ ...shown(stored.value), etag: etagOf(stored) })),
    ...(next === undefined ? {} : { next }),
  });
}

/** Done, and nothing to say of it. */
export const noContent: Reply = { status: 204, headers: { 'cache-control': 'no-store' } };

function etagOf({ version }: { readonly version: number }): string {
  return `"${version}"`;
}
