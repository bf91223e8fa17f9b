/**
 * X-Correlation-ID and X-Request-ID of SDS FHIR. Owns which id a call has and that each answer bears it; refusing a
 * malformed one is the API's, behind whoever asks who calls.
 */
import type { Exchange, Policy } from '../../core/exchange.ts';
import { badCorrelationId } from './fhir-errors.ts';

const uuid = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;
const visible = /^[\x21-\x7e]{1,128}$/;

const made = new WeakMap<Exchange['facts'], string>();

/** The correlation id of a call: the one that was sent if it is a UUID, else one that is made once, in upper case. */
export function correlationIdOf({ headers, facts }: Exchange, newId: () => string): string {
  const sent = headers['x-correlation-id'];
  if (sent !== undefined && uuid.test(sent)) return sent;
  let id = made.get(facts);
  if (id === undefined) made.set(facts, (id = newId().toUpperCase()));
  return id;
}

/** @throws Problem 400 for an X-Correlation-ID that was sent and is no UUID */
export function checkCorrelationId({ headers }: Exchange): void {
  const sent = headers['x-correlation-id'];
  if (sent !== undefined && sent !== '' && !uuid.test(sent)) throw badCorrelationId();
}

/** Puts both ids on every answer; X-Request-ID as it was sent, if it can be a field's value. */
export function sdsIds(newId: () => string): Policy {
  return (next) => async (exchange) => {
    const reply = await next(exchange);
    const { 'x-request-id': requestId = '' } = exchange.headers;
    return {
      ...reply,
      headers: {
        ...reply.headers,
        'x-correlation-id': correlationIdOf(exchange, newId),
        ...(visible.test(requestId) ? { 'x-request-id': requestId } : {}),
      },
    };
  };
}
