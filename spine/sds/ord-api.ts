/**
 * The ORD interface of the organisation register as a table: search, whole records, code lists, and what has changed.
 * Owns pages, their header fields, and which form of answer is given; queries and records are in the files of those names.
 */
import type { Exchange, Handler, Policy, Reply } from '../../core/exchange.ts';
import { assemble } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { routes } from '../../core/routes.ts';
import { recordClasses, relationships, roleOf, roles, isListedRole } from './ods-code-lists.ts';
import type { OrganisationsOf } from './ods-organisations.ts';
import { badQuery, unknownOrganisation } from './ord-errors.ts';
import { toRecord, toRow } from './ord-organisation.ts';
import { day, ordQuery } from './ord-query.ts';

export interface OrdOptions {
  readonly organisations: OrganisationsOf;
  /** The absolute address of the interface, without a slash at its end. */
  readonly base: () => string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** So many days back `/sync` tells what has changed. */
const syncDays = 185;

/** Which call sees which view of the directory is decided before: `exchange.workspace`. */
export function ordApi(options: OrdOptions): Handler {
  const table = {
    'GET /organisations': (exchange: Exchange) => search(options, exchange),
    'GET /organisations/:code': (exchange: Exchange) => record(options, exchange),
    'GET /sync': (exchange: Exchange) => sync(options, exchange),
    'GET /roles': () => json({ Roles: roles.map(toCode) }),
    'GET /roles/:id': ({ params: { id = '' } }: Exchange) => role(id.toUpperCase()),
    'GET /rels': () => json({ Relationships: relationships.map(named) }),
    'GET /recordclasses': () => json({ RecordClasses: recordClasses.map(named) }),
  };
  return assemble([jsonOnly], routes(table));
}

async function search({ organisations, base }: OrdOptions, exchange: Exchange): Promise<Reply> {
  const { matches, limit, offset } = ordQuery(exchange.query);
  const { all } = await organisations(exchange.workspace);
  const found = all.filter(matches);
  const page = found.slice(offset - 1, offset - 1 + limit);
  const root = base();
  const rows = page.map((one) => toRow(one, linkTo(root, one.odsCode)));
  return json(
    { Organisations: rows },
    {
      'x-total-count': String(found.length),
      ...pageLinks(`${root}/organisations`, exchange.query, { total: found.length, limit, offset }),
    },
  );
}

async function record({ organisations }: OrdOptions, exchange: Exchange): Promise<Reply> {
  for (const name of exchange.query.keys())
    if (name !== '_format') throw badQuery(`There is no parameter ${name.slice(0, 100)}`);
  const all = await organisations(exchange.workspace);
  const found = all.byCode.get((exchange.params.code ?? '').toUpperCase());
  if (!found) throw unknownOrganisation();
  return json(toRecord(found, all));
}

async function sync({ organisations, base, now }: OrdOptions, exchange: Exchange): Promise<Reply> {
  const { query, workspace } = exchange;
  for (const name of query.keys())
    if (name !== 'LastChangeDate' && name !== '_format')
      throw badQuery(`There is no parameter ${name.slice(0, 100)}`);
  const sent = query.get('LastChangeDate');
  if (sent === null) throw badQuery('LastChangeDate is needed');
  const from = day('LastChangeDate', sent);
  const oldest = new Date(now() - syncDays * 86_400_000).toISOString().slice(0, 10);
  if (from < oldest) throw badQuery(`LastChangeDate may be ${syncDays} days ago at most`);
  const { all } = await organisations(workspace);
  const root = base();
  const links = all
    .filter(({ lastChange }) => lastChange >= from)
    .map(({ odsCode }) => ({ OrgLink: linkTo(root, odsCode) }));
  return json({ Organisations: links }, { 'x-total-count': String(links.length) });
}

function role(id: string): Promise<Reply> {
  if (!isListedRole(id)) throw new Problem('not-found', 'There is no role of this id');
  return json({ Roles: [toCode(roleOf(id))] });
}

function toCode({ id, name, primary }: (typeof roles)[number]): object {
  return { id, code: id.slice(2), displayName: name, primaryRole: String(primary) };
}

function named({ id, name }: { readonly id: string; readonly name: string }): object {
  return { id, displayName: name };
}

function linkTo(root: string, code: string): string {
  return `${root}/organisations/${encodeURIComponent(code)}`;
}

interface Paging {
  readonly total: number;
  readonly limit: number;
  readonly offset: number;
}

/** Where the pages beside this one are (RFC 8288). */
function pageLinks(
  address: string,
  query: URLSearchParams,
  { total, limit, offset }: Paging,
): Record<string, string> {
  const at = (first: number, relation: string) => {
    const other = new URLSearchParams(query);
    other.set('Offset', String(first));
    return `<${address}?${other.toString()}>; rel="${relation}"`;
  };
  const links = [
    ...(offset > 1 ? [at(Math.max(1, offset - limit), 'prev')] : []),
    ...(offset - 1 + limit < total ? [at(offset + limit, 'next')] : []),
  ];
  return links.length > 0 ? { link: links.join(', ') } : {};
}

const type = 'application/json';

/** JSON is the only form there is here: other wishes are refused, of `_format` first, which wins over Accept. */
const jsonOnly: Policy = (next) => (exchange) => {
  const format = exchange.query.get('_format')?.toLowerCase();
  const accept = exchange.headers.accept?.toLowerCase() ?? '';
  const sound =
    format === undefined
      ? accept === '' || acceptable.some((one) => accept.includes(one))
      : format === 'json' || format === type;
  if (!sound) throw new Problem('not-acceptable', 'Answers are in application/json only');
  return next(exchange);
};

const acceptable = [type, 'application/*', '*/*'];

function json(body: object, headers: Record<string, string> = {}): Promise<Reply> {
  return Promise.resolve({
    status: 200,
    headers: { 'content-type': type, ...headers },
    body: JSON.stringify(body),
  });
}
