/**
 * POSTs JSON to an address that somebody with the right for it gave: through the same look at addresses as all that leaves
 * this platform. Owns no retry; whoever asks keeps what was not taken.
 */
import { Problem } from '../core/problem.ts';
import { checkedAddresses, checkUrl, resolveByDns, type Resolve } from './outgoing-address.ts';
import { send } from './outgoing-call.ts';
import { OutgoingFault } from './outgoing-fault.ts';

export interface Webhook {
  /** @throws Problem `invalid` for an address of the wrong form */
  check(url: string): void;
  /** Resolves when it was taken (2xx), within five seconds. @throws OutgoingFault */
  post(url: string, body: string): Promise<void>;
}

export interface WebhookOptions {
  /** Plain http, this machine and any port: for development, or where the receiver runs beside this server. */
  readonly allowLocal: boolean;
  /** The DNS when absent. */
  readonly resolve?: Resolve;
}

const deadline = 5_000;

export function createWebhook({ allowLocal, resolve = resolveByDns }: WebhookOptions): Webhook {
  const rules = { allowLocal, ports: [443, 8443] };
  return {
    check(url) {
      try {
        checkUrl(url, rules);
      } catch (error) {
        if (error instanceof OutgoingFault) throw new Problem('invalid', error.message);
        throw error;
      }
    },
    async post(text, body) {
      const url = checkUrl(text, rules);
      const signal = AbortSignal.timeout(deadline);
      const addresses = await checkedAddresses(url, rules, resolve);
      signal.throwIfAborted();
      const headers = { 'content-type': 'application/json' };
      const response = await send({ method: 'POST', url, headers, body, addresses, signal });
      const { statusCode = 0 } = response;
      response.destroy();
      if (statusCode < 200 || statusCode > 299)
        throw new OutgoingFault('status', `The host answered ${statusCode}; 2xx is needed`);
    },
  };
}
