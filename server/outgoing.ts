/**
 * The only door for calls to addresses that came from a user: key sets, log-out notices. What is called, how long, how
 * much is read and how often is limited here. Owns the limits; which addresses may be called is in outgoing-address.ts,
 * the wire in outgoing-call.ts. Keeps no answer: caching is the business of whoever asks.
 */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../core/clock.ts';
import { checkedAddresses, checkUrl, resolveByDns, type Resolve } from './outgoing-address.ts';
import { readBody, send, type Call } from './outgoing-call.ts';
import { OutgoingFault } from './outgoing-fault.ts';

export interface Fetched {
  /** Always 200. */
  readonly status: number;
  /** The media type without parameters, small letters. */
  readonly type: string;
  /** The header as sent; empty when there was none. */
  readonly cacheControl: string;
  /** At most 64 KB. Calls that ask at the same time share it: do not change it. */
  readonly body: Buffer;
}

export interface Outgoing {
  /**
   * GETs a JSON document. One fetch of a URL runs at a time and its result is shared; a failure is remembered for 30 s;
   * ten a minute for each `who`, which is a client id. @throws OutgoingFault
   */
  getJson(url: string, who: string): Promise<Fetched>;
  /**
   * POSTs a form and gives the status of the answer, whose body is not read. Ten a minute for each `who`, counted apart
   * from its GETs. @throws OutgoingFault
   */
  postForm(url: string, form: string, who: string): Promise<number>;
}

export interface OutgoingOptions {
  /** A development setting: allows http, loopback and any port. */
  readonly allowLocal: boolean;
  readonly clock: Clock;
  /** Asked once a call. The DNS when absent. */
  readonly resolve?: Resolve;
  /** Ports that may be called, beside 443 and 8443. */
  readonly ports?: readonly number[];
  /** Authorities to trust beside the well-known ones, PEM. */
  readonly ca?: string;
  /** How long a call may take in all, in milliseconds; default 5,000. */
  readonly deadline?: number;
}

const largestBody = 64 * 1024;
const failureKept = 30_000;
const mostFailures = 1000;

export function createOutgoing(options: OutgoingOptions): Outgoing {
  const { allowLocal, clock, resolve = resolveByDns, deadline = 5000 } = options;
  const rules = { allowLocal, ports: [443, 8443, ...(options.ports ?? [])] };
  const running = new Map<string, Promise<Fetched>>();
  const failures = new Map<string, { readonly until: number; readonly fault: unknown }>();
  const gets = createBudget(clock);
  const posts = createBudget(clock);

  /** Sends within the deadline, which the reading of the answer by `read` shares. */
  const call = <T>(
    given: Pick<Call, 'method' | 'url' | 'headers' | 'body'>,
    read: (response: IncomingMessage) => Promise<T>,
  ): Promise<T> =>
    within(deadline, async (signal) => {
      const addresses = await checkedAddresses(given.url, rules, resolve);
      signal.throwIfAborted();
      const trust = options.ca === undefined ? {} : { ca: options.ca };
      const response = await send({ ...given, ...trust, addresses, signal });
      try {
        refuseRedirect(response);
        return await read(response);
      } finally {
        response.destroy();
      }
    });

  const fetchJson = async (url: URL): Promise<Fetched> => {
    try {
      const headers = { accept: 'application/json', 'accept-encoding': 'identity' };
      return await call({ method: 'GET', url, headers }, readJson);
    } catch (fault) {
      forgetOldest(failures, mostFailures);
      failures.set(url.href, { until: clock.now() + failureKept, fault });
      throw fault;
    } finally {
      running.delete(url.href);
    }
  };

  return {
    async getJson(text, who) {
      const url = checkUrl(text, rules);
      const failure = failures.get(url.href);
      if (failure && clock.now() < failure.until) throw failure.fault;
      failures.delete(url.href);
      let fetching = running.get(url.href);
      if (!fetching) {
        gets.spend(who);
        running.set(url.href, (fetching = fetchJson(url)));
      }
      return fetching;
    },
    async postForm(text, form, who) {
      const url = checkUrl(text, rules);
      posts.spend(who);
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      return call({ method: 'POST', url, headers, body: form }, (response) =>
        Promise.resolve(response.statusCode ?? 0),
      );
    },
  };
}

/** A deadline for all of the work together, however slowly its parts go on. */
async function within<T>(
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new OutgoingFault('timeout', `The host was not done within ${milliseconds} ms`));
      controller.abort();
    }, milliseconds);
  });
  try {
    return await Promise.race([work(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

function refuseRedirect({ statusCode = 0 }: IncomingMessage): void {
  if (statusCode >= 300 && statusCode < 400)
    throw new OutgoingFault(
      'redirect',
      `The host answered ${statusCode}: redirects are not followed`,
    );
}

/** The head is judged before anything of the body is read. */
async function readJson(response: IncomingMessage): Promise<Fetched> {
  const { statusCode: status = 0, headers } = response;
  if (status !== 200)
    throw new OutgoingFault('status', `The host answered ${status}; 200 is needed`);
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity')
    throw new OutgoingFault(
      'encoding',
      'The answer is compressed; it was asked for as it is (accept-encoding: identity)',
    );
  const type = mediaTypeOf(headers['content-type'] ?? '');
  if (!jsonType.test(type))
    throw new OutgoingFault('type', `The answer is ${type || 'untyped'}; JSON is needed`);
  const body = await readBody(response, largestBody);
  return { status, type, cacheControl: headers['cache-control'] ?? '', body };
}

const jsonType = /^application\/([a-z0-9.-]+\+)?json$/;

/** Without parameters, and only if it looks like one: it is shown to the owner. */
function mediaTypeOf(header: string): string {
  const type = (header.slice(0, 200).split(';')[0] ?? '').trim().toLowerCase();
  return /^[a-z0-9.+-]{1,60}\/[a-z0-9.+-]{1,60}$/.test(type) ? type : '';
}

const mostCalls = 10;
const minute = 60_000;
const mostCallers = 10_000;

/** Ten a minute for each caller, in a sliding window. */
function createBudget(clock: Clock): { spend(who: string): void } {
  const spent = new Map<string, readonly number[]>();
  return {
    spend(who) {
      const now = clock.now();
      const recent = (spent.get(who) ?? []).filter((time) => now - time < minute);
      if (recent.length >= mostCalls)
        throw new OutgoingFault(
          'throttled',
          `More than ${mostCalls} calls in a minute for one client`,
        );
      spent.delete(who);
      forgetOldest(spent, mostCallers);
      spent.set(who, [...recent, now]);
    },
  };
}

function forgetOldest(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size < most) return;
    map.delete(key);
  }
}
