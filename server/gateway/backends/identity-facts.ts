/** Where the facts come from that a back end is told of a call (identity-headers.ts says how). */
import type { Exchange } from '../../../core/exchange.ts';
import type { BackendSite } from '../backend.ts';
import { messageIdOf } from '../message-id.ts';
import type { IdentityFacts, SpineFacts } from './identity-headers.ts';

/** Between which systems a call goes, once that has been looked up (directory.ts, ssp.ts). */
const spineFacts = new WeakMap<Exchange['facts'], SpineFacts>();

export function tellSpineFacts({ facts }: Exchange, spine: SpineFacts): void {
  spineFacts.set(facts, spine);
}

/** An organisation's code in the national directory; what a caller tells of its end user's is a claim in that form. */
const odsCode = /^[A-Za-z0-9]{1,12}$/;

export function identityFacts(
  exchange: Exchange,
  { services, environment }: BackendSite,
): IdentityFacts {
  const { headers, caller } = exchange;
  const endUser = headers['nhsd-end-user-organisation-ods'];
  const app = caller && services.appFacts(caller.appId, environment);
  return {
    caller,
    requestId: headers['x-request-id'] ?? services.clock.newId(),
    correlationId: headers['x-correlation-id'] ?? '',
    messageId: messageIdOf(exchange, () => services.clock.newId()),
    endUserOrganisation: endUser !== undefined && odsCode.test(endUser) ? endUser : undefined,
    organisation: app?.organisation,
    clientId: app?.clientId,
    partyKey: app?.partyKey,
    customAttributes: app?.attributes['pds.custom-attributes'],
    spine: spineFacts.get(exchange.facts),
  };
}
