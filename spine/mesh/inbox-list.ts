/**
 * The pages of an inbox, oldest first, and calls that wait for its first message. Owns how long and how many may wait; what a
 * page looks like on the wire is api.ts's.
 */
import type { Collection, Store, Stored } from '../../core/store.ts';
import { mailboxKey, type MeshCaller } from './mailboxes.ts';
import { meshMessageCollection, type MeshMessage } from './messages.ts';

/** Their documents are read only where somebody looks into them. */
interface Listed {
  readonly items: readonly Stored<MeshMessage>[];
  readonly isLast: boolean;
}

/** How long an empty list may wait for its first message: milliseconds, or until the caller has gone. */
interface Waiting {
  readonly wait: number;
  readonly signal: AbortSignal;
}

interface ListQuery {
  readonly limit: number;
  /** The place after which to go on. */
  readonly after?: string;
}

export type ListInbox = (
  caller: MeshCaller,
  query: ListQuery,
  waiting?: Waiting,
) => Promise<Listed>;

/** Calls of one mailbox that may wait at a time. */
const mostWaiters = 8;

export function openInboxList(store: Store, messages: Collection<MeshMessage>): ListInbox {
  const waiters = new Map<string, number>();
  return async (caller, query, { wait, signal } = { wait: 0, signal: never }) => {
    const until = performance.now() + wait;
    const place = mailboxKey(caller.environment, caller.mailbox.id);
    const others = waiters.get(place) ?? 0;
    // Whoever asks with many calls is answered at once: each call that waits is woken by every message.
    const waiter = wait > 0 && others < mostWaiters ? watch(store) : undefined;
    if (waiter) waiters.set(place, others + 1);
    try {
      for (;;) {
        const found = await page(messages, caller, query);
        const left = until - performance.now();
        if (!waiter || found.items.length > 0 || left <= 0 || signal.aborted) return found;
        await waiter.changed(left, signal);
      }
    } finally {
      waiter?.stop();
      const left = (waiters.get(place) ?? 0) - (waiter ? 1 : 0);
      if (left > 0) waiters.set(place, left);
      else waiters.delete(place);
    }
  };
}

async function page(
  messages: Collection<MeshMessage>,
  { environment, mailbox }: MeshCaller,
  { limit, after }: ListQuery,
): Promise<Listed> {
  const equals = [`${environment}|${mailbox.id}`];
  const from = after === undefined ? {} : { from: `${after}\u0001` };
  const items: Stored<MeshMessage>[] = [];
  let next: string | undefined;
  do {
    const size = { limit: Math.min(1000, limit - items.length) };
    const more = next === undefined ? {} : { after: next };
    const found = await messages.find({ index: 'inbox', equals, ...from, ...size, ...more });
    items.push(...found.items);
    next = found.next;
  } while (next !== undefined && items.length < limit);
  return { items, isLast: next === undefined };
}

const never = new AbortController().signal;

/** Wakes when a message changed, at most ten times a second. */
function watch(store: Store) {
  let wake: () => void = () => undefined;
  let seen = false;
  const stop = store.changes.listen((changes) => {
    if (!changes.some(({ collection }) => collection === meshMessageCollection.name)) return;
    seen = true;
    wake();
  });
  return {
    stop,
    async changed(left: number, signal: AbortSignal) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(100, left)));
      if (!seen)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, Math.max(0, left - 100));
          wake = () => {
            clearTimeout(timer);
            signal.removeEventListener('abort', wake);
            resolve();
          };
          signal.addEventListener('abort', wake, { once: true });
        });
      seen = false;
    },
  };
}
