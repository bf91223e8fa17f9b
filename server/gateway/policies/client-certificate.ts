/**
 * `client-certificate`: the call comes over a connection with a client certificate. Whether that is trusted, registered and of
 * this environment is judged before any policy, at the front; owns what a Proxy answers where there is none.
 */
import type { Exchange } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import type { PolicyKind } from '../policy.ts';
import { noCredential } from './credential.ts';

export const clientCertificate: PolicyKind = {
  phase: 'authenticate',
  summary:
    'Needs a client certificate, which only the listeners for mutual TLS ask for. Without one: 403 with ACCESS_DENIED_SSL. One that is not trusted, revoked, not registered or of another environment never gets here.',
  schema: { type: 'object', additionalProperties: false, properties: {} },
  create: () => (next) => (exchange) => {
    const refusal = certificateMissing(exchange);
    return refusal ? Promise.reject(refusal) : next(exchange);
  },
};

/** The refusal of a call without a certificate that counts; undefined where there is one. */
export function certificateMissing({ peer: { certificate } }: Exchange): Problem | undefined {
  if (certificate && certificate.fault === undefined) return undefined;
  const refusal = new Problem(
    'forbidden',
    'This API needs a client certificate, and the connection has none: call the listener for mutual TLS',
    { code: 'ACCESS_DENIED_SSL' },
  );
  return certificate ? refusal : noCredential(refusal);
}
