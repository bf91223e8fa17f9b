/** The gateway's own id of a call: one for all that is told of it, to the caller, to the back end and to support. */
import type { Exchange } from '../../core/exchange.ts';

/** The field that every refusal of the gateway bears it in. */
export const messageIdField = 'x-gatehouse-message-id';

/** The id of this call: a UUID, made when it is first asked for. */
export function messageIdOf({ facts }: Exchange, newId: () => string): string {
  return (facts.messageId ??= newId());
}
