/**
 * Fetches the data that an event names, to be delivered along. Publishers give the addresses and subscribers read the answers,
 * so nothing is lent to either: the platform's certificate is not shown, and the networks of back ends are not reached but
 * at the platform's own address. Owns the limits of the call and what its answer counts as; whether and how often it is made
 * is spine/events'.
 */
import type { FetchData, FetchResult } from '../spine/events/mns/forms.ts';
import { toEnvironment, type Environment } from './catalogue/environments.ts';
import type { PlatformCertificate, TargetRules } from './gateway/backend.ts';
import { checkedAddresses, checkUrl, resolveByDns, type Resolve } from './outgoing-address.ts';
import { readBody, send } from './outgoing-call.ts';
import { OutgoingFault, type OutgoingReason } from './outgoing-fault.ts';

export interface FetchOptions {
  readonly targets: TargetRules;
  /** The platform's own address, which may lie in a network of `targets`. */
  readonly own: () => string;
  /** What the platform trusts in an environment. */
  readonly identity: (environment: Environment) => Promise<PlatformCertificate | undefined>;
  /** The DNS when absent. */
  readonly resolve?: Resolve;
}

const mostBytes = 1024 * 1024;
/** Milliseconds for the whole call. */
const patience = 15_000;

export function createFetchData(options: FetchOptions): FetchData {
  return async (name, text, headers, signal) => {
    try {
      return await fetched(options, name, text, headers, signal);
    } catch (error) {
      const isFinal = error instanceof OutgoingFault && finals.has(error.reason);
      return { kind: isFinal ? 'refused' : 'later' };
    }
  };
}

/** Nothing that passes: the address may not be called, or its answer is none that could be delivered. */
const finals: ReadonlySet<OutgoingReason> = new Set<OutgoingReason>([
  ...(['url', 'scheme', 'user-info', 'port', 'address', 'too-large'] as const),
]);

async function fetched(
  { targets, own, identity, resolve = resolveByDns }: FetchOptions,
  name: string,
  text: string,
  headers: Readonly<Record<string, string>>,
  ended: AbortSignal,
): Promise<FetchResult> {
  const { allowLocal } = targets;
  const rules = { allowLocal, ports: [443, 8443] };
  const url = checkUrl(text, rules);
  const networks = url.origin === new URL(own()).origin ? targets.networks : [];
  const addresses = await checkedAddresses(url, { ...rules, networks }, resolve);
  const environment = toEnvironment(name);
  const known = environment && url.protocol === 'https:' ? await identity(environment) : {};
  const signal = AbortSignal.any([ended, AbortSignal.timeout(patience)]);
  signal.throwIfAborted();
  const response = await send({
    ...{ method: 'GET', url, addresses, signal },
    headers: { accept: 'application/fhir+json, application/json', ...lower(headers) },
    ...(known?.authorities === undefined ? {} : { ca: known.authorities }),
  });
  const { statusCode: status = 0 } = response;
  const mediaType = (response.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
  const body = await readBody(response, mostBytes);
  if (status === 200 && /^application\/([a-z0-9.-]+\+)?json$/i.test(mediaType)) {
    const resource = parsed(body);
    return resource === undefined ? { kind: 'refused' } : { kind: 'data', mediaType, resource };
  }
  const isPassing = status >= 500 || status === 408 || status === 425 || status === 429;
  return { kind: isPassing ? 'later' : 'refused' };
}

function lower(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}

/** Undefined for what is no JSON object. */
function parsed(body: Buffer): object | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
