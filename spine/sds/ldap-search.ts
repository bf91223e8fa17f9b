/**
 * Carries a search out (RFC 4511 4.5): finds, selects, sends in pieces as the client takes them, keeps to the limits, and
 * enters it into the audit before anything leaves. Owns one operation; pages that wait are ldap-pages.ts's.
 */
import { setImmediate } from 'node:timers/promises';
import { Problem } from '../../core/problem.ts';
import { BerWriter } from './ber-write.ts';
import type { Directory, Entry } from './directory.ts';
import { containers } from './directory-tree.ts';
import { normalRdns } from './dn.ts';
import { matches } from './filter-match.ts';
import { resultOf, writeEntry } from './ldap-answer.ts';
import { LdapRefusal, outcomeOf, success, type Outcome } from './ldap-codes.ts';
import { pageControl, type PageAsk } from './ldap-controls.ts';
import { shapeOf } from './ldap-filter.ts';
import type { SearchRequest } from './ldap-message.ts';
import { Stopped, type Operation, type OperationContext } from './ldap-operation.ts';
import { createCursor, type Cursor, type Pages } from './ldap-pages.ts';
import { namingContext, subschema, subschemaDn } from './ldap-root.ts';
import { toSelection, type Selection } from './ldap-selection.ts';

export interface SearchParts extends OperationContext {
  readonly pages: Pages;
  /** The root DSE as this connection sees it. */
  readonly root: Entry;
  /** Enters what was done by this client. */
  readonly entered: (action: string, outcome: Outcome) => Promise<void>;
  /** @throws LdapRefusal when this client may not search */
  readonly rights: () => void;
}

/** So many bytes of entries are put together before they are sent. */
const pieceBytes = 32 * 1024;
/** Milliseconds after which others get a turn. */
const turn = 5;

/** The entries of the server itself, which anyone may read before binding (RFC 4513 5.2.1.2). */
export function isOfTheServer({ base, scope }: SearchRequest): boolean {
  if (scope !== 'base') return false;
  return base === '' || base.trim().toLowerCase() === subschemaDn.toLowerCase();
}

/** Answers a search, whatever its end, and tells that. @throws Stopped when nobody waits for the answer */
export async function runSearch(
  request: SearchRequest,
  ask: PageAsk | undefined,
  operation: Operation,
  parts: SearchParts,
): Promise<Outcome> {
  const { entered, timeLimit } = parts;
  operation.limit(
    request.timeLimit === 0 ? timeLimit : Math.min(timeLimit, request.timeLimit * 1000),
  );
  const action = actionOf(request);
  const open = isOfTheServer(request);
  const answer = createAnswer(
    operation,
    toSelection(request.attributes, request.typesOnly, open),
    () => (open ? Promise.resolve() : entered(action, success)),
  );
  let outcome = success;
  let cookie = '';
  try {
    parts.rights();
    cookie = await findInto(answer, request, ask, operation, parts);
  } catch (error) {
    if (error instanceof Stopped) throw error;
    outcome = await refused(error, request, parts.directory);
  }
  // Of an answer that is on its way already only another end than was expected is worth a second entry.
  if (!open && (!answer.begun || outcome.code !== 'success')) await entered(action, outcome);
  const controls = ask === undefined ? {} : { controls: [pageControl(cookie)] };
  await answer.end(resultOf(operation.id, 'search', outcome, controls));
  return outcome;
}

/** Finds and shows; gives the cookie of the next page, empty when there is none. */
async function findInto(
  answer: Answer,
  request: SearchRequest,
  ask: PageAsk | undefined,
  operation: Operation,
  { pages, sizeLimit, directory, root }: SearchParts,
): Promise<string> {
  const continued = ask !== undefined && ask.cookie !== '';
  const cursor = continued
    ? pages.take(ask.cookie, request)
    : createCursor(request, operation, (goOn) => finding(request, goOn, directory, root));
  cursor.operation = operation;
  if (continued && ask.size === 0) {
    cursor.close(); // this is how a client gives a search up
    return '';
  }
  const page = ask === undefined || ask.size === 0 ? undefined : Math.min(ask.size, sizeLimit);
  try {
    const more = await give(answer, cursor, page, sizeLimit);
    if (more) return pages.keep(cursor);
    cursor.close();
    return '';
  } catch (error) {
    cursor.close();
    throw error;
  }
}

/**
 * Shows one entry after the other, to the end of the page; true when there are more behind it.
 * @throws LdapRefusal sizeLimitExceeded when there are more than this client or the server allows
 */
async function give(
  answer: Answer,
  cursor: Cursor,
  page: number | undefined,
  sizeLimit: number,
): Promise<boolean> {
  const wanted = cursor.request.sizeLimit === 0 ? Infinity : cursor.request.sizeLimit;
  let turnBegan = performance.now();
  for (let given = 0; ; given++) {
    cursor.operation.goOn();
    const entry = await cursor.peek();
    if (entry === undefined) return false;
    if (cursor.given >= wanted || (page === undefined && given >= sizeLimit))
      throw new LdapRefusal('sizeLimitExceeded', 'There are more entries than may be given');
    if (given === page) return true;
    await answer.show(entry);
    cursor.take();
    if (performance.now() - turnBegan < turn) continue;
    await setImmediate();
    turnBegan = performance.now();
  }
}

/** What is sent of one search. */
interface Answer {
  /** Whether a part of it has left. */
  readonly begun: boolean;
  show(entry: Entry): Promise<void>;
  end(result: Buffer): Promise<void>;
}

/** @param enter called once, before the first piece of an answer that needs several. */
function createAnswer(operation: Operation, select: Selection, enter: () => Promise<void>): Answer {
  let writer = new BerWriter(1024);
  let begun = false;
  const send = async () => {
    if (!begun) await enter();
    begun = true;
    const piece = writer.bytes();
    writer = new BerWriter(pieceBytes + 4096);
    await operation.send(piece);
  };
  return {
    get begun() {
      return begun;
    },
    async show(entry) {
      writeEntry(writer, operation.id, select(entry));
      if (writer.length >= pieceBytes) await send();
    },
    async end(result) {
      await operation.send(Buffer.concat([writer.bytes(), result]));
    },
  };
}

/** What a search reads: an entry of the server's own, or the directory. An empty base is the tree where it is not the root DSE. */
function finding(
  request: SearchRequest,
  goOn: () => void,
  directory: Directory,
  root: Entry,
): AsyncIterable<Entry> {
  const { base, scope, filter } = request;
  if (isOfTheServer(request)) return ofTheServer(base === '' ? root : subschema, request);
  if (base.trim() !== '') return directory.search({ base, scope, filter, goOn });
  const below = scope === 'one' ? 'base' : scope;
  return directory.search({ base: namingContext, scope: below, filter, goOn });
}

// eslint-disable-next-line @typescript-eslint/require-await -- the shape of all searches
async function* ofTheServer(entry: Entry, { filter }: SearchRequest): AsyncGenerator<Entry> {
  if (matches(filter, entry)) yield entry;
}

/** What a search ended with, and for a base that is not there, what is there above it. */
async function refused(
  error: unknown,
  { base }: SearchRequest,
  directory: Directory,
): Promise<Outcome> {
  if (error instanceof LdapRefusal) return error.outcome;
  const outcome = outcomeOf(Problem.from(error));
  if (outcome.code !== 'noSuchObject') return outcome;
  return { ...outcome, matchedDn: await nearest(base, directory) };
}

/** The nearest entry above a name; empty when there is none. */
export async function nearest(dn: string, directory: Directory): Promise<string> {
  const names = normalRdns(dn);
  for (let above = 1; above < names.length; above++) {
    const entry = await directory.entry(names.slice(above).join(','));
    if (entry) return entry.dn;
  }
  return '';
}

function actionOf({ scope, base, filter }: SearchRequest): string {
  return `search ${scope} ${placeOf(base)} ${shapeOf(filter)}`;
}

/** Where in the tree, without what a caller may have written below a container. */
export function placeOf(dn: string): string {
  try {
    const names = normalRdns(dn);
    if (names.length === 0) return '-';
    const place = names.slice(-2).join(',');
    if (!containers.has(place)) return names.at(-1) === namingContext ? `*,${namingContext}` : '?';
    return names.length > 2 ? `*,${place}` : place;
  } catch {
    return '?';
  }
}
