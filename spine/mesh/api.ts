/**
 * The MESH API: its addresses, and what passes in and out of each. Owns the wire; what becomes of messages is broker.ts's. Who
 * calls has been proved in front; the token is used up here, when nothing can turn the call away any more.
 */

import type { Exchange, Handler, Reply } from '../../core/exchange.ts';
import { routes, type Routes } from '../../core/routes.ts';
import type { Blobs } from '../../core/blobs.ts';
import { Problem } from '../../core/problem.ts';
import { isProved } from './access.ts';
import { answer, lookedUp, tracking, type Version } from './answers.ts';
import type { Broker } from './broker.ts';
import { download } from './download.ts';
import { fieldFaults, meshError, type FieldFault } from './errors.ts';
import { readInboxQuery, passes, usualLimit, type Cursors } from './inbox-query.ts';
import type { Mailboxes, MeshCaller } from './mailboxes.ts';
import type { MeshMessage } from './messages.ts';
import { richList } from './rich-lists.ts';
import { readChunkFields, readSendFields } from './send-fields.ts';
import { testAdministration } from './test-administration.ts';
import { readToken } from './token.ts';
import type { UsedTokens } from './used-tokens.ts';
import { versionAsked } from './versions.ts';

export interface MeshApiOptions {
  readonly broker: Broker;
  readonly blobs: Blobs;
  readonly mailboxes: Mailboxes;
  readonly usedTokens: UsedTokens;
  readonly cursors: Cursors;
  /** The path under which it is served, as `links` name it. */
  readonly base: string;
  readonly newId: () => string;
  readonly now: () => number;
  /** What callers may count on, as it is published. */
  readonly limits: object;
  /** Called when a mailbox has shown that it is alive. @param client as the call said, if it said one */
  readonly seen?: (caller: MeshCaller, client: string | undefined) => void;
  /** Told when a token comes again. */
  readonly refused?: (environment: string) => void;
}

type Act = (call: Call) => Promise<Reply>;

/** One call, after its token. */
interface Call {
  readonly exchange: Exchange;
  readonly version: Version;
  readonly caller: MeshCaller;
  /** The message in the address, in upper case. */
  readonly id: string;
  readonly options: MeshApiOptions;
}

/** Everything below the base. Paths are compared before the general ones that would fit too. */
export function meshApi(options: MeshApiOptions): Handler {
  const act = (work: Act, first?: () => Promise<void>) => acting(options, work, first);
  return routes({
    ...testAdministration({ messages: options.broker.messages, now: options.now }, '/admin'),
    'GET /endpointlookup/:ods/:workflow': (exchange) => lookUp(options, exchange),
    'GET /workflowsearch/:workflow': (exchange) => search(options, exchange),
    'GET /:mailbox': act(handshake),
    'POST /:mailbox': act(handshake),
    'POST /:mailbox/update': act(() => Promise.resolve({ status: 200, body: '' })),
    'GET /:mailbox/count': act(count),
    'GET /:mailbox/inbox': act(list),
    'GET /:mailbox/inbox/rich': act((call) => rich(call, 'received')),
    'GET /:mailbox/outbox/rich': act((call) => rich(call, 'sent')),
    'GET /:mailbox/inbox/:id': act((call) => fetched(call, 1)),
    'GET /:mailbox/inbox/:id/:n': act((call) => fetched(call, numberOf(call.exchange))),
    'PUT /:mailbox/inbox/:id/status/acknowledged': act(acknowledge),
    'POST /:mailbox/outbox': act(send, options.broker.room),
    'GET /:mailbox/outbox/tracking': act(track),
    'GET /:mailbox/outbox/tracking/:localId': act(trackLocal),
    'POST /:mailbox/outbox/:id/:n': act(sendChunk, options.broker.room),
  });
}

/** Older clients look mailboxes up below another address, always in version 1 unless they ask otherwise. */
export function meshLookUps(options: MeshApiOptions): Routes {
  return { 'GET /mesh/:ods/:workflow': (exchange) => lookUp(options, exchange) };
}

/** What needs no caller. */
export function meshOpen({ limits }: Pick<MeshApiOptions, 'limits'>) {
  return (exchange: Exchange): Promise<Reply> | undefined => {
    if (!['GET', 'HEAD'].includes(exchange.method)) return undefined;
    if (exchange.path === '/_ping') return Promise.resolve(ping(exchange));
    return exchange.path === '/_limits' ? Promise.resolve(answer(1, 200, limits)) : undefined;
  };
}

/**
 * The version, the mailbox, and the token used up: from here on only the message itself can be at fault.
 * @param first what may turn the call away for now: clients then send the same token again
 */
function acting(options: MeshApiOptions, work: Act, first?: () => Promise<void>): Handler {
  return async (exchange) => {
    const version = versionOf(exchange);
    const { environment, params, headers } = exchange;
    const id = (params.mailbox ?? '').toUpperCase();
    const mailbox = await options.mailboxes.mailbox(environment, id);
    if (!mailbox || !isProved(exchange, id)) throw meshError('token');
    await first?.();
    const token = readToken(headers.authorization, id);
    await options.usedTokens.use(token, environment).catch((error: unknown) => {
      if (error instanceof Problem && error.kind === 'forbidden') options.refused?.(environment);
      throw error;
    });
    options.seen?.({ environment, mailbox }, headers['mex-clientversion']);
    const message = (params.id ?? '').toUpperCase();
    return work({
      ...{ exchange, version, options, id: message },
      caller: { environment, mailbox },
    });
  };
}

/** @throws Problem 400 */
function versionOf({ headers }: Exchange): Version {
  const version = versionAsked(headers.accept);
  if (version) return version;
  throw meshError('accept');
}

function ping(exchange: Exchange): Reply {
  const { environment } = exchange;
  const outcome = { env: environment, build_label: 'gatehouse', status: 'running', outcome: 'yes' };
  return answer(versionOf(exchange), 200, outcome);
}

const needed = ['mex-clientversion', 'mex-osname', 'mex-osversion'] as const;

function handshake({ exchange: { headers }, version, caller }: Call): Promise<Reply> {
  const faults: FieldFault[] = needed
    .filter((name) => (headers[name] ?? '').trim() === '')
    .map((name) => ({ at: ['header', name], text: 'field required', type: 'value_error.missing' }));
  if (faults.length > 0) throw fieldFaults(faults);
  const { id } = caller.mailbox;
  return Promise.resolve(answer(version, 200, version === 1 ? { mailboxId: id } : undefined));
}

async function count({ version, caller, options }: Call): Promise<Reply> {
  const number = await options.broker.count(caller);
  const more = version === 1 ? { internalID: options.newId(), allResultsIncluded: true } : {};
  return answer(version, 200, { count: number, ...more });
}

function rich({ exchange, caller, options }: Call, index: 'received' | 'sent'): Promise<Reply> {
  const { broker, mailboxes, now, base } = options;
  const path = `${base}${exchange.path}`;
  return richList({ messages: broker.messages, mailboxes, now, path }, caller, index, exchange);
}

async function list(call: Call): Promise<Reply> {
  const { exchange, version, caller, options } = call;
  const { limit, after, filter } = readInboxQuery(exchange.query);
  const place = after === undefined ? undefined : await placeAfter(call, after);
  const query = { limit, ...(place === undefined ? {} : { after: place }) };
  const wait = waitIn(exchange);
  const { items, isLast } = await options.broker.list(caller, query, {
    wait,
    signal: exchange.signal,
  });
  const shown =
    filter === undefined ? items : items.filter(({ value }) => passes(filter, value.workflow));
  const messages = shown.map(({ id }) => id.slice(id.indexOf('|') + 1));
  if (version === 1) return answer(1, 200, { messages });
  const last = isLast ? undefined : items.at(-1)?.value.place;
  const more = last !== undefined ? { next: pageLink(call, limit, filter, last) } : {};
  // Clients put links behind the address that they were given: whatever named the environment is in that.
  const self = `${options.base}${exchange.path}${exchange.rawQuery === '' ? '' : `?${exchange.rawQuery}`}`;
  const waiting = await options.broker.count(caller);
  return answer(2, 200, { messages, links: { self, ...more }, approx_inbox_count: waiting });
}

/** Not of MESH itself: seconds for which a call on an empty inbox may wait for the first message. */
function waitIn({ query }: Exchange): number {
  const given = query.get('wait');
  if (given === null) return 0;
  const seconds = /^\d{1,2}$/.test(given) ? Number(given) : NaN;
  if (seconds <= 60) return seconds * 1000;
  const text = 'ensure this value is between 0 and 60';
  throw fieldFaults([{ at: ['query', 'wait'], text, type: 'value_error.number' }]);
}

function pageLink(
  { exchange, caller, options }: Call,
  limit: number,
  filter: string | undefined,
  place: string,
): string {
  const { environment, mailbox } = caller;
  const query = new URLSearchParams({
    continue_from: options.cursors.write(environment, mailbox.id, place),
    ...(limit === usualLimit ? {} : { max_results: String(limit) }),
    ...(filter === undefined ? {} : { workflow_filter: filter }),
  });
  return `${options.base}${exchange.path}?${query.toString()}`;
}

/** A cursor of ours; in version 1 the id of the message that was last on the page before. */
async function placeAfter({ caller, options, version }: Call, after: string): Promise<string> {
  const { environment, mailbox } = caller;
  if (version === 2 || after.includes('.'))
    return options.cursors.read(environment, mailbox.id, after);
  const message = await options.broker.placed(caller, after.toUpperCase());
  if (message?.place === undefined) throw meshError('cursor');
  return message.place;
}

async function fetched(call: Call, n: number): Promise<Reply> {
  const { exchange, version, caller, id, options } = call;
  const { broker, blobs } = options;
  if (exchange.method === 'HEAD') {
    const message = await broker.about(caller, id);
    return download(blobs, message, n, { version, headers: exchange.headers, withBody: false });
  }
  const message: MeshMessage = await broker.fetch(caller, id);
  return download(blobs, message, n, { version, headers: exchange.headers, withBody: true });
}

/** @throws Problem 400 for what is no number of a chunk */
function numberOf({ params: { n = '' } }: Exchange): number {
  const number = /^\d{1,9}$/.test(n) ? Number(n) : 0;
  if (number >= 1) return number;
  throw fieldFaults([
    {
      at: ['path', 'chunk_number'],
      text: 'ensure this value is greater than 0',
      type: 'value_error.number.not_gt',
    },
  ]);
}

async function acknowledge({ version, caller, id, options }: Call): Promise<Reply> {
  await options.broker.acknowledge(caller, id);
  return answer(version, 200, version === 1 ? { messageId: id } : undefined);
}

async function send({ exchange, version, caller, options }: Call): Promise<Reply> {
  const fields = readSendFields(exchange.headers, caller.mailbox.id);
  const key = idempotencyKey(exchange);
  const { id, replayed } = await options.broker.send(caller, fields, bytesOf(exchange), key);
  const sent = answer(version, 202, version === 1 ? { messageID: id } : { message_id: id });
  return replayed
    ? { ...sent, headers: { ...sent.headers, 'idempotency-replayed': 'true' } }
    : sent;
}

/** Not of MESH itself: lets a sender repeat what it had no answer to. @throws Problem 400 for one that is too long */
function idempotencyKey({ headers }: Exchange): string | undefined {
  const key = headers['idempotency-key']?.trim();
  if (key === undefined || key === '') return undefined;
  if (key.length <= 255) return key;
  throw fieldFaults([
    {
      at: ['header', 'idempotency-key'],
      text: 'ensure this value has at most 255 characters',
      type: 'value_error.any_str.max_length',
    },
  ]);
}

async function sendChunk({ exchange, version, caller, id, options }: Call): Promise<Reply> {
  const given = exchange.params.n ?? '';
  const n = /^\d{1,9}$/.test(given) ? Number(given) : 0;
  if (n < 1) throw meshError('chunks', { messageId: id });
  const fields = readChunkFields(exchange.headers);
  await options.broker.sendChunk(caller, id, n, fields, bytesOf(exchange));
  return answer(version, 202, version === 1 ? { messageID: id, blockID: n } : { message_id: id });
}

function bytesOf({ body }: Exchange): AsyncIterable<Buffer> {
  return body.stream() as AsyncIterable<Buffer>; // without an encoding it gives Buffers
}

/** By `messageID`, or by the one value without that name which a client of some years sends. */
async function track(call: Call): Promise<Reply> {
  const { exchange, version, caller, options } = call;
  const id = exchange.query.get('messageID') ?? exchange.query.get('');
  if (id === null || id === '')
    throw fieldFaults([
      { at: ['query', 'messageID'], text: 'field required', type: 'value_error.missing' },
    ]);
  const message = await options.broker.track(caller, id.toUpperCase());
  return tracked(call, version, message);
}

async function trackLocal(call: Call): Promise<Reply> {
  const { exchange, caller, options } = call;
  const [message, another] = await options.broker.trackLocal(caller, exchange.params.localId ?? '');
  if (!message) throw meshError('missing');
  if (another) return answer(1, 300, { errorDescription: 'The local id is not unique' });
  return tracked(call, 1, message);
}

async function tracked(call: Call, version: Version, message: MeshMessage): Promise<Reply> {
  const { environment, mailbox } = call.caller;
  const recipient = await call.options.mailboxes.mailbox(environment, message.recipient);
  return answer(version, 200, tracking(version, message, recipient, mailbox));
}

async function lookUp({ mailboxes, newId }: MeshApiOptions, exchange: Exchange): Promise<Reply> {
  const version = versionOf(exchange);
  const { ods = '', workflow = '' } = exchange.params;
  const found = await mailboxes.receivers(exchange.environment, ods.toUpperCase(), workflow);
  return answer(version, 200, lookedUp(version, newId(), found));
}

/** In the shape of version 2, whichever is asked for. */
async function search({ mailboxes, newId }: MeshApiOptions, exchange: Exchange): Promise<Reply> {
  const version = versionOf(exchange);
  const found = await mailboxes.takers(exchange.environment, exchange.params.workflow ?? '');
  return answer(version, 200, lookedUp(2, newId(), found));
}
