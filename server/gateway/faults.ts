/**
 * How refusals of the gateway look: a renderer for each technology of Apis, by name. Owns which name means which renderer and
 * the fields that all have in common; the forms are in faults/. A published API with rows of its own brings its own edge.
 */
import { systemClock } from '../../core/clock.ts';
import { problemsAs, type Policy } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import type { Technology } from '../catalogue/apis.ts';
import { fhirFault, nhsFhirFault } from './faults/fhir.ts';
import type { FaultForm } from './faults/form.ts';
import { oauthFault } from './faults/oauth.ts';
import { problemFault } from './faults/problem-details.ts';
import { soapFault } from './faults/soap.ts';
import { messageIdField, messageIdOf } from './message-id.ts';

/**
 * By name. The Technologies are among them: they are what an Api's refusals look like unless its Proxy says otherwise.
 * `fhir`: OperationOutcome; `nhs-fhir`: the same with the issue codes of national APIs; `rest` and `problem`: RFC 9457;
 * `soap`: a fault of 1.1 or 1.2, as the request is; `oauth`: RFC 6749 5.2.
 */
const forms: Readonly<Record<Technology | 'nhs-fhir' | 'problem', FaultForm>> = {
  fhir: fhirFault,
  'nhs-fhir': nhsFhirFault,
  rest: problemFault,
  problem: problemFault,
  soap: soapFault,
  oauth: oauthFault,
};

export type FaultName = keyof typeof forms;

/** What `faults` of a definition may be, besides edges of published APIs. */
export const faultNames = Object.keys(forms) as readonly FaultName[]; // a constant: it has no other keys

/**
 * The edge that renders whatever is thrown behind it.
 * @param name a Technology or another name of `faultNames`
 * @param newId a new UUID
 * @throws Problem `invalid` for a name that is none
 */
export function edgeOf(name: string, newId = () => systemClock.newId()): Policy {
  if (!isFaultName(name))
    throw new Problem('invalid', `faults must be one of: ${faultNames.join(', ')}`);
  const form = forms[name];
  return problemsAs((problem, exchange) => {
    const messageId = messageIdOf(exchange, newId);
    const { status, type, body } = form(problem, exchange, messageId);
    const headers = {
      'cache-control': 'no-store',
      // RFC 9110 11.6.1: a 401 says how to prove oneself
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      ...lowerCase(problem.headers),
      'content-type': type,
      'x-content-type-options': 'nosniff',
      [messageIdField]: messageId,
    };
    // The answer to HEAD has no content (RFC 9110 9.3.2).
    return exchange.method === 'HEAD' ? { status, headers } : { status, headers, body };
  });
}

function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(forms, name);
}

function lowerCase(headers: Problem['headers'] = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}
