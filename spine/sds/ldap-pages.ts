/**
 * Searches whose answer is fetched page by page (RFC 2696). Owns those of one connection that wait for their next page: a
 * cookie means nothing on another one, and few may wait at a time.
 */
import { randomBytes } from 'node:crypto';
import type { Entry } from './directory.ts';
import { LdapRefusal } from './ldap-codes.ts';
import type { SearchRequest } from './ldap-message.ts';
import type { Operation } from './ldap-operation.ts';

/** The entries that a search finds, one after the other, for as many operations as fetch them. */
export interface Cursor {
  readonly request: SearchRequest;
  /** The operation that is being answered: it says whether the search may go on. */
  operation: Operation;
  /** How many were given so far, over all pages. */
  given: number;
  /** The next entry, which stays the next. */
  peek(): Promise<Entry | undefined>;
  /** Passes over it. */
  take(): void;
  close(): void;
}

export interface Pages {
  /** Keeps a search for its next page; gives the cookie. */
  keep(cursor: Cursor): string;
  /** The search of a cookie, once. @throws LdapRefusal for one that is not known, or of another search */
  take(cookie: string, request: SearchRequest): Cursor;
  close(): void;
}

/** So many searches of one connection may wait; the oldest is given up. */
const mostKept = 4;

/** @param find begins the search; it asks `goOn` of the operation that is being answered at the time. */
export function createCursor(
  request: SearchRequest,
  operation: Operation,
  find: (goOn: () => void) => AsyncIterable<Entry>,
): Cursor {
  let ahead: Entry | undefined;
  let ended = false;
  const cursor: Cursor = {
    request,
    operation,
    given: 0,
    async peek() {
      if (ahead === undefined && !ended) {
        const next = await found.next();
        if (next.done === true) ended = true;
        else ahead = next.value;
      }
      return ahead;
    },
    take() {
      ahead = undefined;
      cursor.given++;
    },
    close() {
      ended = true;
      ahead = undefined;
      // It may be waiting for its next entry, and ends then.
      found.return?.(undefined).catch(() => undefined);
    },
  };
  const found = find(() => {
    cursor.operation.goOn();
  })[Symbol.asyncIterator]();
  return cursor;
}

export function createPages(): Pages {
  const kept = new Map<string, Cursor>();
  return {
    keep(cursor) {
      for (const [oldest, given] of kept) {
        if (kept.size < mostKept) break;
        kept.delete(oldest);
        given.close();
      }
      const cookie = randomBytes(12).toString('base64url');
      kept.set(cookie, cursor);
      return cookie;
    },
    take(cookie, request) {
      const cursor = kept.get(cookie);
      if (cursor === undefined || !isSame(cursor.request, request))
        throw new LdapRefusal(
          'unwillingToPerform',
          'This cookie is of no search that waits on this connection',
        );
      kept.delete(cookie);
      return cursor;
    },
    close() {
      for (const cursor of kept.values()) cursor.close();
      kept.clear();
    },
  };
}

/** The search may not change between its pages (RFC 2696 3). */
function isSame(one: SearchRequest, other: SearchRequest): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
