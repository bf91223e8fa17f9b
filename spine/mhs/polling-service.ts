/**
 * The polling front: ebXML messages are taken as everywhere, and their senders fetch the answers instead of having an
 * endpoint of their own. Owns the fetching; taking a message is async-service.ts's.
 */
import { Readable } from 'node:stream';
import type { Exchange, Handler, Reply } from '../../core/exchange.ts';
import { fault } from '../soap/fault.ts';
import { asyncService, pollFields, type AsyncOptions } from './async-service.ts';
import { answerKey } from './kept-message.ts';
import { idsOf } from './traced.ts';

/** Where answers are below the front's address. */
const pollPath = '/_poll/';

export interface PollingOptions extends Omit<AsyncOptions, 'pollAddress'> {
  /** The path of the front. */
  readonly base: string;
}

/** A message is posted to the front itself; its answer is below `_poll`. */
export function pollingService(options: PollingOptions): Handler {
  const address = ({ addressed }: Exchange, pollId: string) =>
    addressed.path + options.base + pollPath + pollId;
  const take = asyncService({ ...options, pollAddress: address });
  return (exchange) =>
    exchange.method === 'GET' && exchange.path.startsWith(pollPath)
      ? fetched(options, exchange, address)
      : take(exchange);
}

/** 202 while there is none; then the answer, as often as it is asked for. @throws Problem of fault 101 for no such id */
async function fetched(
  { messages, proveParty, viewOf }: PollingOptions,
  exchange: Exchange,
  address: (exchange: Exchange, pollId: string) => string,
): Promise<Reply> {
  exchange.facts.route = `GET ${pollPath}:id`;
  const pollId = exchange.path.slice(pollPath.length);
  const request = /^[0-9a-f-]{36}$/.test(pollId) ? await messages.polled(pollId) : undefined;
  const { environment, workspace } = exchange;
  const isOwn = request?.value.environment === environment && request.value.workspace === workspace;
  if (!request || !isOwn) throw fault('101', { location: 'HTTP address' });
  const { trace } = exchange.facts;
  trace?.named(pollId, ...idsOf(request.value));
  if (request.value.app) trace?.belongs?.(request.value.app.id);
  await proveParty(exchange, request.value.fromParty, viewOf(exchange));
  const answer = await messages.collection.get(answerKey(request.id));
  trace?.add('looked-up', answer ? 'The answer is fetched' : 'There is no answer yet');
  if (!answer)
    return {
      status: 202,
      headers: { 'content-type': 'text/xml', ...pollFields(address(exchange, pollId)) },
      body: '',
    };
  const { body, contentType, people = [] } = answer.value;
  exchange.facts.people.push(...people);
  return {
    status: 200,
    headers: { 'content-type': contentType, 'content-length': String(body.size) },
    body: Readable.from(messages.read(body), { objectMode: false }),
  };
}
