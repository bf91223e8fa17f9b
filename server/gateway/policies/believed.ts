/**
 * The switch of policies that believe calls without a certificate in a sandbox. Owns its schema and where it may be on;
 * what believing means is each policy's.
 */
import type { Exchange } from '../../../core/exchange.ts';
import type { PolicyKind } from '../policy.ts';

/** Schema and check of a policy with that switch alone. @param who is believed: `a sender` */
export function believing(who: string): Pick<PolicyKind, 'schema' | 'check'> {
  return {
    schema: {
      type: 'object',
      additionalProperties: false,
      properties: {
        open: {
          type: 'boolean',
          default: false,
          description: 'Whether a call without a certificate is believed; in the sandbox only',
        },
      },
    },
    check: (config, { environment }) =>
      isOpen(config) && environment !== 'sandbox'
        ? [`open: ${who} is believed in the sandbox only`]
        : [],
  };
}

/** Whether a call is one of those that are believed. */
export function isBelieved(config: object, { peer }: Pick<Exchange, 'peer'>): boolean {
  return isOpen(config) && !peer.certificate;
}

function isOpen(config: object): boolean {
  return (config as { readonly open: boolean }).open; // the schema has filled it in
}
