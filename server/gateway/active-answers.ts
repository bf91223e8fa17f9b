/**
 * Answers of Apis that a browser would show as a page: the developer hub has the same host, and a page of somebody's back end
 * that ran as one of its own could act as whoever is signed in. Such answers are shown in a sandbox of the browser (CSP level
 * 3, 6.3.1), without scripts and apart from the host. Owns which answers these are.
 */
import type { Policy, Reply } from '../../core/exchange.ts';

/** Outermost of each Proxy: policies of its own may have made the answer a page. */
export const activeAnswersApart: Policy = (next) => async (exchange) => apart(await next(exchange));

function apart(reply: Reply): Reply {
  const { headers, body } = reply;
  if (body === undefined || !mayRun(headers)) return reply;
  const before = headers?.['content-security-policy'] ?? [];
  const policies = typeof before === 'string' ? [before] : before;
  // Browsers keep to all of several policies.
  return { ...reply, headers: { ...headers, 'content-security-policy': [...policies, 'sandbox'] } };
}

/** Whatever is not known to be inert: of an answer without a type, or an odd one, browsers guess. */
function mayRun(headers: Reply['headers'] = {}): boolean {
  let types = 0;
  for (const name in headers) {
    if (name.length !== 12 || name.toLowerCase() !== 'content-type') continue;
    const type = headers[name];
    if (typeof type !== 'string' || !inert.test(type)) return true;
    types++;
  }
  return types !== 1;
}

const inert =
  /^(?:application\/(?:(?:[\w.-]{1,80}\+)?json|octet-stream|pdf|zip|x-ndjson)|text\/(?:plain|csv|event-stream)|image\/(?:png|jpeg|gif|webp))[ \t]*(?:;[^,]*)?$/i;
