/**
 * The polling front: ebXML messages are taken as everywhere, and their senders fetch the answers instead of having an
 * endpoint of their own. Owns the fetching, and what is told of answers that do not come; taking a message is
 * async-service.ts's.
 */
import { Readable } from 'node:stream';
import type { Exchange, Handler, Reply } from '../../core/exchange.ts';
import { fault, faultReply } from '../soap/fault.ts';
import { asyncService, type AsyncOptions } from './async-service.ts';
import { processingId } from './deliveries.ts';
import { answerKey } from './kept-message.ts';
import { idsOf } from './traced.ts';

/** Where answers are below the front's address. */
const pollPath = '/_poll/';

export interface PollingOptions extends Omit<AsyncOptions, 'pollFields'> {
  /** The path of the front. */
  readonly base: string;
  /** When an answer may be there, as this front's clients read it: seconds, or milliseconds. */
  readonly retryAfter: string;
}

/** A message is posted to the front itself; its answer is below `_poll`. */
export function pollingService(options: PollingOptions): Handler {
  const { base, retryAfter } = options;
  const pollFields = ({ addressed }: Exchange, pollId: string) => ({
    'content-location': addressed.path + base + pollPath + pollId,
    'retry-after': retryAfter,
  });
  const taking = { ...options, pollFields };
  const take = asyncService(taking);
  return (exchange) =>
    exchange.method === 'GET' && exchange.path.startsWith(pollPath)
      ? fetched(taking, exchange)
      : take(exchange);
}

/**
 * 202 while there is none; then the answer, as often as it is asked for; 504 when the message's time is over without one.
 * @throws Problem of fault 101 for no such id, 300 for another system, 200 for a message that could not be processed
 */
async function fetched(
  {
    messages,
    outbox,
    systemOf,
    pollFields,
  }: Required<Pick<AsyncOptions, 'pollFields'>> & AsyncOptions,
  exchange: Exchange,
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
  // The party is not enough: who fetches its answers has no endpoint, and so no name for it in the directory.
  exchange.facts.caller = await systemOf(exchange, request.value.senderAsid ?? '');
  const answer = await messages.collection.get(answerKey(request.id));
  trace?.add('looked-up', answer ? 'The answer is fetched' : 'There is no answer yet');
  if (!answer) {
    const work = await outbox.get(processingId(request.id));
    if (work?.state === 'dead') return withoutAnswer(work.reason ?? '');
    const headers = { 'content-type': 'text/xml', ...pollFields(exchange, pollId) };
    return { status: 202, headers, body: '' };
  }
  const { body, contentType, people = [] } = answer.value;
  exchange.facts.people.push(...people);
  return {
    status: 200,
    headers: { 'content-type': contentType, 'content-length': String(body.size) },
    body: Readable.from(messages.read(body), { objectMode: false }),
  };
}

/** What a sender is told whose message was given up. @throws Problem of fault 200, unless its time was over */
function withoutAnswer(reason: string): Reply {
  if (!reason.startsWith('expired')) throw fault('200', { location: 'eb:MessageData' });
  return { ...faultReply(fault('206', { location: 'eb:MessageData' })), status: 504 };
}
