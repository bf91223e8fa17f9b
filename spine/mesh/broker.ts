/**
 * What becomes of messages: accepted, completed by their last chunk, listed, fetched, acknowledged, tracked. Owns the order of
 * the checks and the one write of each step; the wire is api.ts's, expiry and reports are expiry.ts's.
 */
import type { Blobs } from '../../core/blobs.ts';
import { outboxEntry } from '../../core/outbox.ts';
import { Problem } from '../../core/problem.ts';
import type { Collection, OutboxEntry, Store } from '../../core/store.ts';
import { keepChunk } from './bodies.ts';
import { meshError } from './errors.ts';
import type { Mailboxes, MeshCaller, WorkflowRule } from './mailboxes.ts';
import {
  meshMessageCollection,
  messageKey,
  newMessageId,
  type MeshChunk,
  type MeshMessage,
} from './messages.ts';
import { claimed } from './repeats.ts';
import { isGpAddress, routingOf } from './gp-routing.ts';
import { openInboxList, type ListInbox } from './inbox-list.ts';
import { reportOf } from './reports.ts';
import type { ChunkRange, SendFields } from './send-fields.ts';
import { changed, completed, happened, putAt } from './steps.ts';

export interface BrokerOptions {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly mailboxes: Mailboxes;
  readonly now: () => number;
  readonly workflows: WorkflowRule;
  /** Bytes of one request, and of a whole message. */
  readonly limits: { readonly request: number; readonly message: number };
  /** Free bytes below which nothing is accepted. */
  readonly spare: number;
  /** What else is to be done once a message is accepted, with the same write: push, receipts. */
  readonly accepted?: (message: MeshMessage) => readonly OutboxEntry[];
  /** Told of each step that this process took, to be counted. */
  readonly told?: (environment: string, step: 'sent' | 'acknowledged') => void;
}

export interface Broker {
  /** Whether anything can be taken just now. @throws Problem 503 with Retry-After */
  readonly room: () => Promise<void>;
  /**
   * Takes a message or its first chunk; on disk when it resolves.
   * @param key the sender's own, by which a repeat is known for a day; 409 when it comes with something else. Or the id that
   * the message is to have, where the platform itself sends: what has it already is a repeat, whatever it says.
   */
  send(
    caller: MeshCaller,
    fields: SendFields,
    body: AsyncIterable<Buffer>,
    key?: string | { readonly id: string },
  ): Promise<{ readonly id: string; readonly replayed: boolean }>;
  /** Takes a later chunk, or one anew. */
  sendChunk(
    caller: MeshCaller,
    id: string,
    n: number,
    fields: Pick<SendFields, 'range' | 'encoding'>,
    body: AsyncIterable<Buffer>,
  ): Promise<void>;
  /** Oldest first. @param after the place of the last one seen */
  readonly list: ListInbox;
  /** A message of its inbox, whatever became of it: version 1 goes on from its id. */
  placed(caller: MeshCaller, id: string): Promise<MeshMessage | undefined>;
  /** How many wait in the inbox: exact up to some thousands. */
  count(caller: MeshCaller): Promise<number>;
  /** The message for its recipient. @throws Problem 403, 404, 410 */
  fetch(caller: MeshCaller, id: string): Promise<MeshMessage>;
  /** For its recipient or sender, in any state. @throws Problem 404 */
  about(caller: MeshCaller, id: string): Promise<MeshMessage>;
  acknowledge(caller: MeshCaller, id: string): Promise<void>;
  /** For its sender alone. @throws Problem 404 for everyone else */
  track(caller: MeshCaller, id: string): Promise<MeshMessage>;
  trackLocal(caller: MeshCaller, localId: string): Promise<readonly MeshMessage[]>;
  readonly messages: Collection<MeshMessage>;
}

export function openBroker(options: BrokerOptions): Broker {
  const { store, blobs, mailboxes, now } = options;
  const messages = store.open(meshMessageCollection);
  const stored = async ({ environment }: MeshCaller, id: string) => {
    const found = isMessageId(id) ? await messages.get(messageKey(environment, id)) : undefined;
    if (!found) throw meshError('missing');
    return found;
  };
  const told = options.told ?? (() => undefined);
  return {
    messages,
    room: () => roomFor(options),

    async send(caller, fields, body, key) {
      const { range } = fields;
      if (range.n !== 1) throw meshError('chunks');
      const recipient = await recipientOf(options, caller, fields);
      await roomFor(options);
      const chunk = await keepChunk(blobs, 1, body, options.limits.request);
      const claim =
        typeof key === 'string' ? await claimed(options, caller, key, fields, chunk) : key?.id;
      const { id, isNew } = await begun(options, messages, caller, fields, recipient, chunk, claim);
      if (!isNew && chunk.blob !== undefined) await blobs.remove([chunk.blob]);
      if (isNew && range.total === 1) told(caller.environment, 'sent');
      return { id, replayed: !isNew };
    },

    async sendChunk(caller, id, n, { range, encoding }, body) {
      const before = (await stored(caller, id)).value;
      checkChunk(before, caller, n, range, encoding);
      await roomFor(options);
      const { request } = options.limits;
      const chunk = await keepChunk(blobs, n, body, request, before.chunks);
      const key = messageKey(caller.environment, id);
      const { replaced, whole: isWhole } = await added(options, messages, key, chunk);
      if (replaced?.blob !== undefined) await blobs.remove([replaced.blob]);
      if (isWhole) told(caller.environment, 'sent');
    },

    list: openInboxList(store, messages),

    async placed({ environment, mailbox }, id) {
      const found = isMessageId(id) ? await messages.get(messageKey(environment, id)) : undefined;
      return found?.value.recipient === mailbox.id ? found.value : undefined;
    },

    async count({ environment, mailbox }) {
      const equals = [`${environment}|${mailbox.id}`];
      const { items } = await messages.find({ index: 'inbox', equals, limit: 1000 });
      return items.length;
    },

    async fetch(caller, id) {
      const { value } = await stored(caller, id);
      if (value.recipient !== caller.mailbox.id) throw meshError('notYours');
      if (value.state !== 'accepted') throw meshError('gone', { messageId: id });
      return value;
    },

    async about(caller, id) {
      const { value } = await stored(caller, id);
      const { id: mailbox } = caller.mailbox;
      if (value.sender !== mailbox && value.recipient !== mailbox) throw meshError('missing');
      if (value.sender !== mailbox && value.state !== 'accepted')
        throw meshError('gone', { messageId: id });
      return value;
    },

    async acknowledge(caller, id) {
      const { value } = await stored(caller, id);
      if (value.recipient !== caller.mailbox.id) throw meshError('notYours');
      const done = await changed(messages, messageKey(caller.environment, id), (message) =>
        message.state === 'accepted'
          ? { ...happened(message, 'acknowledged', now()), acknowledged: now() }
          : undefined,
      );
      if (done) told(caller.environment, 'acknowledged');
    },

    async track(caller, id) {
      const { value } = await stored(caller, id);
      if (value.sender !== caller.mailbox.id) throw meshError('missing');
      return value;
    },

    async trackLocal({ environment, mailbox }, localId) {
      if (localId.includes('\0')) return []; // no field can hold that
      const equals = [`${environment}|${mailbox.id}`, localId];
      const { items } = await messages.find({ index: 'local', equals, limit: 3 });
      return items.map(({ value }) => value);
    },
  };

  /** @throws Problem 417 */
  async function recipientOf(
    { workflows }: BrokerOptions,
    { environment, mailbox: sender }: MeshCaller,
    { to, workflow }: SendFields,
  ): Promise<Recipient> {
    if (isGpAddress(to, workflow)) return { kind: 'person', addressed: to };
    const found = await mailboxes.mailbox(environment, to);
    if (!found?.active) return { kind: 'unregistered', to };
    await mailboxes.judge({ environment, workflow, sender: sender.id, recipient: to }, workflows);
    return { kind: 'mailbox', id: found.id };
  }
}

type Recipient =
  | { readonly kind: 'mailbox'; readonly id: string }
  | { readonly kind: 'person'; readonly addressed: string }
  | { readonly kind: 'unregistered'; readonly to: string };

async function roomFor({ blobs, spare }: BrokerOptions): Promise<void> {
  const free = await blobs.free();
  if (free === undefined || free >= spare) return;
  throw new Problem('unavailable', 'There is no room for messages just now', {
    headers: { 'retry-after': '60' },
  });
}

/** Puts the message under a new id; what it brings about lands with it. @throws Problem 417 with the id for nobody there */
async function begun(
  options: BrokerOptions,
  messages: Collection<MeshMessage>,
  { environment, mailbox }: MeshCaller,
  { workflow, said, range, encoding }: SendFields,
  recipient: Recipient,
  chunk: MeshChunk,
  claim: string | undefined,
): Promise<{ readonly id: string; readonly isNew: boolean }> {
  for (;;) {
    const at = options.now();
    const id = claim ?? newMessageId(at);
    const base: MeshMessage = {
      ...{ environment, id, kind: 'DATA', sender: mailbox.id, workflow, ...said },
      ...(encoding === undefined ? {} : { encoding }),
      ...{ recipient: recipient.kind === 'mailbox' ? recipient.id : '' },
      ...(recipient.kind === 'person' ? { addressed: recipient.addressed } : {}),
      ...{ total: range.total, chunks: [chunk], created: at, touched: at, events: [] },
      state: 'uploading',
    };
    const message = firstState(base, recipient, at);
    const key = messageKey(environment, id);
    try {
      await messages.put(key, message, {
        expected: 0,
        outbox: broughtAbout(options, message),
      });
    } catch (error) {
      if (!(error instanceof Problem && error.kind === 'conflict')) throw error;
      if (claim === undefined) continue; // the id was taken
      if (recipient.kind === 'unregistered') throw meshError('unregistered', { messageId: id });
      return { id, isNew: false };
    }
    if (recipient.kind === 'unregistered') throw meshError('unregistered', { messageId: id });
    return { id, isNew: true };
  }
}

function firstState(message: MeshMessage, recipient: Recipient, at: number): MeshMessage {
  if (recipient.kind === 'unregistered')
    return happened(message, 'error', at, {
      event: 'SEND',
      code: '12',
      text: 'Unregistered to address',
    });
  return whole(happened(message, 'uploading', at), at);
}

/** Accepted once all of it is there; where a person is addressed, once the mailbox is found. */
function whole(message: MeshMessage, at: number): MeshMessage {
  const { chunks, total, addressed } = message;
  return chunks.length === total && addressed === undefined ? completed(message, at) : message;
}

function broughtAbout({ accepted }: BrokerOptions, message: MeshMessage): readonly OutboxEntry[] {
  const { state, chunks, total } = message;
  if (state === 'error') return [outboxEntry(reportOf(message))];
  if (state === 'accepted') return accepted?.(message) ?? [];
  return chunks.length === total ? [outboxEntry(routingOf(message))] : [];
}

/** Whether chunks may come: what waits for its practice is whole already. */
function isOpen({ state, chunks, total }: MeshMessage): boolean {
  return state === 'uploading' && chunks.length < total;
}

/** @throws Problem 403, 404, 406, 417, 423 */
function checkChunk(
  message: MeshMessage,
  { mailbox }: MeshCaller,
  n: number,
  range: ChunkRange,
  encoding: 'gzip' | undefined,
): void {
  const messageId = message.id;
  if (message.sender !== mailbox.id) throw meshError('notYours');
  if (!isOpen(message)) throw meshError('complete', { messageId });
  if (range.n !== n || range.n > range.total) throw meshError('chunks', { messageId });
  if (range.total !== message.total)
    throw meshError(n > message.total ? 'beyond' : 'chunks', { messageId });
  if (encoding !== message.encoding) throw meshError('chunkEncoding', { messageId });
}

/** Puts a chunk in its place; with the last one missing the message is complete. Gives the chunk that it replaced, too. */
async function added(
  options: BrokerOptions,
  messages: Collection<MeshMessage>,
  key: string,
  chunk: MeshChunk,
): Promise<{ readonly replaced: MeshChunk | undefined; readonly whole: boolean }> {
  for (;;) {
    const stored = await messages.get(key);
    if (!stored) throw meshError('missing');
    const { value } = stored;
    if (!isOpen(value)) throw meshError('complete', { messageId: value.id });
    const others = value.chunks.filter(({ n }) => n !== chunk.n);
    const chunks = [...others, chunk].toSorted((a, b) => a.n - b.n);
    const size = chunks.reduce((sum, one) => sum + one.size, 0);
    if (size > options.limits.message) throw meshError('tooLarge', { messageId: value.id });
    const at = options.now();
    const more = { ...value, chunks, touched: at };
    const next = whole(more, at);
    const outbox = broughtAbout(options, next);
    if (await putAt(messages, stored, next, outbox))
      return {
        replaced: value.chunks.find(({ n }) => n === chunk.n),
        whole: chunks.length === value.total,
      };
  }
}

/** Ids are ours, and shown by others in either case. */
function isMessageId(id: string): boolean {
  return /^[A-Z0-9_]{1,60}$/.test(id);
}
