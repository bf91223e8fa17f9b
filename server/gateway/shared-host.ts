/**
 * What no answer of a Proxy may do to the host that it shares with the developer hub and with all other Apis: run as a page
 * of the hub, set the platform's own cookies, speak for the whole host. A page is shown in a sandbox of the browser (CSP
 * level 3, 6.3.1), without scripts and apart from the host. Owns which answers and fields these are.
 */
import type { Policy, Reply } from '../../core/exchange.ts';

type Fields = NonNullable<Reply['headers']>;

/** Outermost of each Proxy: policies of its own may have made the answer what it is. */
export const sharedHost: Policy = (next) => async (exchange) => {
  const reply = await next(exchange);
  const { headers = {}, body } = reply;
  const runs = body !== undefined && mayRun(headers);
  const speaks = Object.keys(headers).some((name) => isOurs(name, headers[name]));
  if (!runs && !speaks) return reply;
  const kept = speaks ? withoutOurs(headers) : headers;
  return { ...reply, headers: runs ? withSandbox(kept) : kept };
};

/** Whatever is not known to be inert: of an answer without a type, or an odd one, browsers guess. */
function mayRun(headers: Fields): boolean {
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

function withSandbox(headers: Fields): Fields {
  const before = headers['content-security-policy'] ?? [];
  // Browsers keep to all of several policies.
  const policies = [...(typeof before === 'string' ? [before] : before), 'sandbox'];
  return { ...headers, 'content-security-policy': policies };
}

/** What browsers take to be said of the whole host. */
const ofHost: ReadonlySet<string> = new Set([
  'alt-svc',
  'clear-site-data',
  'nel',
  'public-key-pins',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
  'strict-transport-security',
]);
/** Of these names; most fields need not be looked at further. */
const lengths = new Set([...ofHost, 'set-cookie'].map(({ length }) => length));

function isOurs(name: string, value: Fields[string] = []): boolean {
  if (!lengths.has(name.length)) return false;
  const plain = name.toLowerCase();
  if (plain !== 'set-cookie') return ofHost.has(plain);
  return (typeof value === 'string' ? [value] : value).some(isOwnCookie);
}

function isOwnCookie(cookie: string): boolean {
  return /^\s{0,100}(?:__Host-)?gatehouse-/i.test(cookie);
}

function withoutOurs(headers: Fields): Fields {
  const kept = Object.entries(headers).flatMap(([name, value]) => {
    if (!isOurs(name, value)) return [[name, value] as const];
    if (name.toLowerCase() !== 'set-cookie' || typeof value === 'string') return [];
    return [[name, value.filter((one) => !isOwnCookie(one))] as const];
  });
  return Object.fromEntries(kept);
}
