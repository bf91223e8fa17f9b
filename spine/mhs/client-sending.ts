/**
 * Sends requests of our own that wait in the outbox, and reads how they were taken. Owns what ends a delivery: an
 * acknowledgement, an answer, or a refusal that sending again would not change; all else is tried again by the contract.
 */
import type { Delivery } from '../../core/outbox.ts';
import type { Outcome } from '../../core/outbox-runner.ts';
import type { Trace } from '../../core/trace.ts';
import { kindOf, sameMessageId } from '../ebxml/envelope.ts';
import { colonId } from '../interactions.ts';
import { isRetriable } from '../soap/fault.ts';
import { answeredKey, refused } from './client-conversation.ts';
import { isCode } from './client-sync.ts';
import type { KeptMessage } from './kept-message.ts';
import { envelopeIn, type Posted, type SendingOptions } from './sending.ts';
import { endpointFacts, tellFailure, traceWork } from './traced.ts';

/** The sender of the topic of own requests. */
export function askSender(
  options: Pick<SendingOptions, 'messages' | 'lookUps' | 'post' | 'viewOf' | 'traces'>,
): (delivery: Delivery, signal: AbortSignal) => Promise<Outcome> {
  const { messages } = options;
  return async ({ body: key, about, attempts }, signal) => {
    const value = (await messages.collection.get(key))?.value;
    if (!value || value.messageId !== about.messageId)
      return { kind: 'dead', reason: 'the message is no longer kept' };
    if (await messages.collection.get(answeredKey(key, value.messageId))) return { kind: 'done' };
    const trace = traceWork(options.traces, `own request, attempt ${attempts}`, value);
    try {
      const outcome = await posted(options, value, signal, trace);
      const told = 'reason' in outcome ? { reason: outcome.reason } : {};
      const went = outcome.kind === 'done' || outcome.kind === 'sent';
      trace?.add(went ? 'acknowledged' : 'refused', `The attempt came to: ${outcome.kind}`, {
        facts: told,
      });
      return outcome;
    } catch (error) {
      tellFailure(trace, 'No answer came to the attempt', error);
      throw error;
    } finally {
      trace?.end();
    }
  };
}

async function posted(
  { messages, lookUps, post, viewOf }: Parameters<typeof askSender>[0],
  value: KeptMessage,
  signal: AbortSignal,
  trace: Trace | undefined,
): Promise<Outcome> {
  const { environment, shown, toParty: partyKey, contentType, soapAction, body } = value;
  const query = { partyKey, interaction: colonId(value) };
  const [handler] = await lookUps.handlers(query, viewOf(value));
  const url = handler?.endpoints[0];
  if (!handler || url === undefined)
    return { kind: 'again', reason: 'no endpoint in the directory' };
  trace?.add('looked-up', 'The directory was asked for the endpoint', {
    facts: endpointFacts(handler),
  });
  trace?.add('sent', 'The message was posted');
  const answer = await post({
    ...{ url, fqdn: handler.fqdn, environment, signal, size: body.size },
    headers: { 'content-type': contentType, soapaction: `"${soapAction}"` },
    body: messages.read(body),
    ...(shown ? { shown } : {}),
  });
  return meaning(answer, value);
}

async function meaning(answer: Posted, message: KeptMessage): Promise<Outcome> {
  const { status } = answer;
  const envelope = await envelopeIn(answer);
  const kind = envelope && kindOf(envelope);
  if (envelope?.fault) {
    const { errors } = envelope.fault;
    const code = errors.map(({ errorCode }) => errorCode).find(isCode) ?? '';
    const kind = isRetriable(envelope.fault) ? 'again' : 'dead';
    return { kind, reason: `${kind === 'dead' ? refused : ''}fault ${code}`.trim() };
  }
  const errors = envelope?.errors?.errors.filter(({ severity }) => severity !== 'Warning') ?? [];
  if (kind === 'error' && errors.length > 0) {
    const code = errors.map(({ errorCode }) => errorCode).find(isCode) ?? '';
    return { kind: 'dead', reason: `${refused}error ${code}`.trim() };
  }
  if (status >= 400 && status < 500 && status !== 408 && status !== 429)
    return { kind: 'dead', reason: `${refused}fault ${status}` };
  if (status < 200 || status > 299) return { kind: 'again', reason: `answered with ${status}` };
  if (!message.acknowledged) return { kind: 'done' };
  if (kind !== 'acknowledgment') return { kind: 'sent' };
  return sameMessageId(envelope?.acknowledgment?.refToMessageId, message.messageId)
    ? { kind: 'done' }
    : { kind: 'again', reason: 'acknowledged another message' };
}
