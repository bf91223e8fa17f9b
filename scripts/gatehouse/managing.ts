/**
 * What the commands that manage a running server share: their options, how they change what they have read, and how
 * they print. Owns nothing of what is managed.
 */
import { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import {
  openClient,
  textIn,
  type Answer,
  type ClientOptions,
  type ManagementClient,
} from './client.ts';
import { dataDirOption } from './data-dir.ts';

/** The options that each of them takes. */
export interface ManagingFlags {
  readonly dataDir: string;
  readonly credential?: string;
  readonly url?: string;
  readonly json?: boolean;
}

/** A command with those options. */
export function managing(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .addOption(dataDirOption())
    .option('--credential <file>', 'who you are (default: <data-dir>/administrator.json)')
    .option('--url <address>', 'where the server is (default: as the credential file says)')
    .option('--json', 'print JSON, for programs');
}

export function clientFor(flags: ManagingFlags): ManagementClient {
  return openClient(clientOptionsOf(flags));
}

export function clientOptionsOf({ dataDir, credential, url }: ManagingFlags): ClientOptions {
  return {
    dataDir,
    ...(credential === undefined ? {} : { credential }),
    ...(url === undefined ? {} : { url }),
  };
}

/** What is not there is told with the command that lists what there is. */
export async function orSee<T>(hint: string, act: Promise<T>): Promise<T> {
  try {
    return await act;
  } catch (error) {
    if (!(error instanceof Problem) || error.kind !== 'not-found') throw error;
    throw new Problem('not-found', `${error.message} (see: ${hint})`, { cause: error });
  }
}

/** All items of a list, page by page. @param path with its query, if any */
export async function listAll(client: ManagementClient, path: string): Promise<readonly Item[]> {
  const items: Item[] = [];
  let after = '';
  do {
    const query = `limit=200${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`;
    const { body } = await client.call('GET', `${path}${path.includes('?') ? '&' : '?'}${query}`);
    if (Array.isArray(body.items)) items.push(...(body.items as Item[])); // objects, as the API answers
    after = textIn(body, 'next');
  } while (after !== '');
  return items;
}

export type Item = Readonly<Record<string, unknown>>;

/** The items of a list that comes whole; empty for an answer of another form. */
export function itemsIn({ items }: Item): readonly Item[] {
  return Array.isArray(items) ? items.filter(isItem) : [];
}

/** Changes what is there now: read first, then sent with its ETag, so that nothing unseen is overwritten. */
export async function changeRead(
  client: ManagementClient,
  read: string,
  method: string,
  path: string,
  body: object,
): Promise<Answer> {
  const { etag } = await client.call('GET', read);
  return client.call(method, path, { body, ifMatch: etag });
}

/** Prints one thing: a line for each member, those of a member that is an object below it; or JSON. */
export function printItem(item: Item, { json }: Partial<ManagingFlags>): void {
  if (json) console.log(JSON.stringify(item, null, 2));
  else for (const line of linesOf(item, '')) console.log(line);
}

function linesOf(item: Item, indent: string): readonly string[] {
  const width = Math.max(...Object.keys(item).map(({ length }) => length));
  return Object.entries(item).flatMap(([name, value]) =>
    isItem(value) && Object.keys(value).length > 0
      ? [`${indent}${toText(name)}`, ...linesOf(value, `${indent}  `)]
      : [`${indent}${toText(name).padEnd(width)}  ${toText(value)}`.trimEnd()],
  );
}

/** Prints a list: a line for each item with the members named, or JSON. */
export function printList(
  items: readonly Item[],
  columns: readonly string[],
  { json }: Partial<ManagingFlags>,
): void {
  if (json) {
    console.log(JSON.stringify(items, null, 2));
    return;
  }
  printTable(
    columns,
    items.map((item) => columns.map((name) => item[name])),
  );
}

/** Prints rows under their columns; what others have typed does not steer the terminal. */
export function printTable(
  columns: readonly string[],
  values: readonly (readonly unknown[])[],
): void {
  const rows = [columns, ...values.map((row) => row.map(toText))];
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  for (const row of rows)
    console.log(
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  if (values.length === 0) console.log('(none)');
}

/** Tells on standard error what the server found odd, and took all the same. */
export function tellNotes(warnings: unknown): void {
  if (!Array.isArray(warnings)) return;
  for (const one of warnings) console.error(`Note: ${toText(one)}`);
}

/** A value on one line. What others have typed must not steer the terminal. */
export function toText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return plainText(value).replace(/\p{C}/gu, '\ufffd');
}

/** `a, b` for a list; `kid a, kty RSA` for an object; between objects of a list a semicolon. */
function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(plainText).join(value.some(isItem) ? '; ' : ', ');
  if (!isItem(value)) return JSON.stringify(value);
  return Object.entries(value)
    .map(([name, one]) => `${name} ${plainText(one)}`)
    .join(', ');
}

function isItem(value: unknown): value is Item {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** For options that may be given several times. */
export function gather(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

/** A query of what is given: `?api=orders`; empty where nothing is. */
export function queryOf(given: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${part(value)}`],
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** A part of a path. */
export const part = encodeURIComponent;

/** The path of an app's registration. */
export function placeOf(app: string, environment: string): string {
  return `/apps/${part(app)}/registrations/${part(environment)}`;
}
