/**
 * What operators see of mailboxes: how many messages wait and since when, and the messages themselves as ids, states and
 * times. Owns what is shown: never a body, an address that names a person, a subject or a file name.
 */
import type { Collection, Find, Stored } from '../../core/store.ts';
import { mailboxKey } from './mailboxes.ts';
import { day, dueOf, messageKey, newestFirst, type MeshMessage } from './messages.ts';

export interface Waiting {
  readonly count: number;
  /** Whether there are more than were counted. */
  readonly more: boolean;
  /** When the oldest was accepted; milliseconds since the epoch. */
  readonly oldest?: number;
}

const mostCounted = 1_000;

/** What waits in the inbox of a mailbox. */
export async function waitingIn(
  messages: Collection<MeshMessage>,
  environment: string,
  mailbox: string,
  most = mostCounted,
): Promise<Waiting> {
  const equals = [mailboxKey(environment, mailbox)];
  const { items, next } = await messages.find({ index: 'inbox', equals, limit: most });
  return waitingOf(items.length, next !== undefined, items[0]);
}

/** What waits in all inboxes of an environment; counted up to a bound. */
export async function waitingInAll(
  messages: Collection<MeshMessage>,
  environment: string,
  pages = 10,
): Promise<Waiting> {
  let [count, after]: [number, string | undefined] = [0, undefined];
  let first: Stored<MeshMessage> | undefined;
  for (let page = 0; page < pages; page++) {
    const found = await messages.find({
      ...{ index: 'waiting', equals: [environment], limit: mostCounted },
      ...(after === undefined ? {} : { after }),
    });
    first ??= found.items[0];
    count += found.items.length;
    after = found.next;
    if (after === undefined) break;
  }
  return waitingOf(count, after !== undefined, first);
}

/** A mailbox in which something waits. */
export interface WaitingMailbox {
  readonly mailbox: string;
  /** Of the messages that were looked at. */
  readonly count: number;
  readonly oldest: number;
}

/** Where messages have waited longest, of the oldest thousand of an environment. */
export async function longestWaiting(
  messages: Collection<MeshMessage>,
  environment: string,
): Promise<readonly WaitingMailbox[]> {
  const query = { index: 'waiting', equals: [environment], limit: mostCounted };
  const found = new Map<string, WaitingMailbox>();
  for (const { value } of (await messages.find(query)).items) {
    const { recipient: mailbox, accepted = value.created } = value;
    const { count = 0, oldest = accepted } = found.get(mailbox) ?? {};
    found.set(mailbox, { mailbox, count: count + 1, oldest });
  }
  return [...found.values()];
}

function waitingOf(count: number, more: boolean, first: Stored<MeshMessage> | undefined): Waiting {
  const oldest = first?.value.accepted;
  return { count, more, ...(oldest === undefined ? {} : { oldest }) };
}

/** What a mailbox received and sent lately, and what is still open of what it sent. */
export interface Traffic {
  /** In the last 24 hours. */
  readonly received: number;
  readonly sent: number;
  /** Sent, and neither acknowledged nor ended. */
  readonly inFlight: number;
  /** Sent in the last 30 days, and not delivered. */
  readonly undeliverable: number;
  /** Whether there is more than was looked at. */
  readonly more: boolean;
}

/** @param most messages that are looked at on either side, newest first */
export async function trafficOf(
  messages: Collection<MeshMessage>,
  environment: string,
  mailbox: string,
  now: number,
  most = mostCounted,
): Promise<Traffic> {
  const equals = [mailboxKey(environment, mailbox)];
  const to = newestFirst(now - day);
  const [received, sent] = await Promise.all([
    messages.find({ index: 'received', equals, to, limit: most }),
    messages.find({ index: 'sent', equals, limit: most }),
  ]);
  const count = (is: (message: MeshMessage) => boolean) =>
    sent.items.filter(({ value }) => is(value)).length;
  return {
    received: received.items.length,
    sent: count(({ created }) => created >= now - day),
    inFlight: count(({ state }) => state === 'uploading' || state === 'accepted'),
    undeliverable: count(hasFailed),
    more: received.next !== undefined || sent.next !== undefined,
  };
}

function hasFailed({ state }: MeshMessage): boolean {
  return state === 'undeliverable' || state === 'error';
}

export type Direction = 'received' | 'sent';

/** Which way a message went for a mailbox; undefined for one of others. What came to its sender itself was received. */
export function directionOf(
  { recipient, sender, accepted }: MeshMessage,
  mailbox: string,
): Direction | undefined {
  if (recipient === mailbox && accepted !== undefined) return 'received';
  return sender === mailbox ? 'sent' : undefined;
}

/** Those of a mailbox with this id, or sent by it under this local id; newest first, a hundred at most. */
export async function named(
  messages: Collection<MeshMessage>,
  environment: string,
  mailbox: string,
  ref: string,
): Promise<readonly ListedMessage[]> {
  const equals = [mailboxKey(environment, mailbox), ref];
  const [byId, { items }] = await Promise.all([
    messages.get(messageKey(environment, ref.toUpperCase())),
    messages.find({ index: 'local', equals, limit: 100 }),
  ]);
  const found = [...(byId ? [byId] : []), ...items.toReversed()].map(({ value }) => value);
  return [...new Map(found.map((message) => [message.id, message])).values()].flatMap((message) => {
    const direction = directionOf(message, mailbox);
    return direction ? [{ direction, message }] : [];
  });
}

/** A message of a mailbox, as it is listed. */
export interface ListedMessage {
  readonly direction: Direction;
  readonly message: MeshMessage;
}

export interface HistoryQuery {
  readonly limit: number;
  /** The `next` of the page before. */
  readonly after?: string;
  /** One direction alone. */
  readonly direction?: Direction;
}

/** What a mailbox received and sent, newest first. @throws Problem `invalid` for a page that was not given */
export async function historyOf(
  messages: Collection<MeshMessage>,
  environment: string,
  mailbox: string,
  { limit, after, direction }: HistoryQuery,
): Promise<{ readonly items: readonly ListedMessage[]; readonly next?: string }> {
  const from = after === undefined ? '' : Buffer.from(after, 'base64url').toString();
  const of = mailboxKey(environment, mailbox);
  const wanted = (['received', 'sent'] as const).filter((one) => (direction ?? one) === one);
  const sources = wanted.map((one) => newest(messages, one, of, from));
  const heads = await Promise.all(sources.map((one) => one.next()));
  const items: (ListedMessage & { readonly key: string })[] = [];
  while (items.length < limit) {
    const at = firstOf(heads.map((head) => (head.done ? undefined : head.value.key)));
    const [head, source] = [heads[at], sources[at]];
    if (!head || head.done || !source) return { items };
    items.push(head.value);
    heads[at] = await source.next();
  }
  const last = items.at(-1);
  if (!last || heads.every(({ done }) => done)) return { items };
  return { items, next: Buffer.from(last.key).toString('base64url') };
}

/** Of the keys that are there the least; -1: none. */
function firstOf(keys: readonly (string | undefined)[]): number {
  let at = -1;
  keys.forEach((key, i) => {
    if (key !== undefined && (at < 0 || key < (keys[at] ?? ''))) at = i;
  });
  return at;
}

/** @param from after this key; from the newest on where it is empty */
async function* newest(
  messages: Collection<MeshMessage>,
  direction: Direction,
  of: string,
  from: string,
): AsyncGenerator<ListedMessage & { readonly key: string }, undefined> {
  const query: Find = { index: direction, equals: [of], from: from.slice(0, 15), limit: 100 };
  let after: string | undefined;
  do {
    const found = await messages.find(after === undefined ? query : { ...query, after });
    for (const { value: message } of found.items) {
      const time = direction === 'sent' ? message.created : (message.accepted ?? message.created);
      const key = `${newestFirst(time)} ${message.id} ${direction}`;
      if (key > from) yield { direction, message, key };
    }
    after = found.next;
  } while (after !== undefined);
  return undefined;
}

/** A message as operators and its owners see it. */
export function shownMessage({ direction, message }: ListedMessage): object {
  const { id, kind, sender, recipient, workflow, state, localId, linked, total } = message;
  const { chunks, created, accepted, acknowledged, events } = message;
  const [last] = events;
  const failed = hasFailed(message);
  return {
    ...{ id, direction, kind, workflow, state },
    ...(sender === '' ? {} : { sender }),
    ...(recipient === '' ? {} : { recipient }),
    ...(localId === undefined ? {} : { localId }),
    ...(linked === undefined ? {} : { linked }),
    ...(failed && last ? { code: last.code, reason: last.text } : {}),
    ...{ chunks: total, bytes: chunks.reduce((sum, { size }) => sum + size, 0) },
    created: iso(created),
    ...(accepted === undefined ? {} : { accepted: iso(accepted) }),
    ...(acknowledged === undefined ? {} : { acknowledged: iso(acknowledged) }),
    ...(state === 'accepted' ? { expires: iso(dueOf(message)) } : {}),
    ...(state === 'acknowledged' || failed ? { keptUntil: iso(dueOf(message)) } : {}),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
