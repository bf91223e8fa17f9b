/**
 * The keyed lane of a sandbox: the same address as the open lane, but a key says which app calls. It then has its own view
 * of the data, its own limits and its own usage; as whom it acts it still says itself. A key that is none of ours is
 * passed over, for clients send their real ones to a sandbox.
 */
import type { Exchange } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import type { PolicySite } from '../policy.ts';
import { keyJudge } from './api-key-judge.ts';

const names = ['ocp-apim-subscription-key', 'apikey'] as const;

/** The call with the app whose key it bears as its caller, or as it came. @throws Problem 401 or 403 for a key of ours that does not work here */
export function keyedLane(site: PolicySite): (exchange: Exchange) => Exchange {
  const judge = keyJudge(site);
  return (exchange) => {
    for (const name of names) {
      const key = exchange.headers[name];
      if (key === undefined) continue;
      try {
        return judge(exchange, key, name === 'apikey');
      } catch (error) {
        if (!(error instanceof Problem && error.code === 'KEY_INVALID')) throw error;
      }
    }
    return exchange;
  };
}
