/**
 * Calls that a service of this process makes to a back end reached over HTTP, on behalf of whoever called the service. They
 * go the way of all calls to back ends (http.ts): target rules, credentials, breaker, deadline, identity headers. Owns making
 * a call of what is to be sent, and gathering the answer within a limit and a deadline.
 */
import { Readable } from 'node:stream';
import {
  Exchange,
  plainAddress,
  type Body,
  type Call,
  type Caller,
  type Facts,
  type Reply,
} from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import type { HttpBackend } from '../../catalogue/proxies.ts';
import type { Backend, BackendSite } from '../backend.ts';
import { httpBackend } from './http.ts';
import { problemOf } from './wire-faults.ts';

export interface OwnCall {
  readonly method: string;
  /** Path and query below the address of the back end. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Whose call it is; what is found out about the back end is noted in `facts`. */
  readonly caller: Caller;
  readonly facts: Facts;
  /** Aborted when the answer is of no use any more. */
  readonly gone?: AbortSignal | undefined;
}

export interface OwnAnswer {
  readonly status: number;
  /** Lower-case names; of repeated fields the first. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface OwnCalls extends Pick<Backend, 'condition'> {
  /** @throws Problem `timeout`, `upstream`, `unavailable`; `too-slow` when the caller has gone */
  send(call: OwnCall): Promise<OwnAnswer>;
  close(): Promise<void>;
}

/** @param limit bytes that an answer may have */
export function openOwnCalls(definition: HttpBackend, site: BackendSite, limit: number): OwnCalls {
  // The other side is called as any client calls it: under its own names for the ids.
  const backend = httpBackend(definition, site, { passing: [], withheld: [] });
  const { timeout = 10_000 } = definition;
  return {
    async send(call) {
      const reply = await backend.handler(exchangeOf(call, site));
      if (reply.hangUp) throw new Problem('too-slow', 'The caller has gone');
      return {
        status: reply.status,
        headers: fieldsOf(reply),
        body: await gather(reply, limit, timeout),
      };
    },
    ...(backend.condition ? { condition: backend.condition } : {}),
    close: () => backend.close(),
  };
}

function exchangeOf(own: OwnCall, { services, environment }: BackendSite): Exchange {
  const { method, caller, facts } = own;
  const [path = '', rawQuery = ''] = own.path.split('?', 2);
  const body = Buffer.from(own.body ?? '');
  const headers: Record<string, string> = { ...own.headers };
  if (own.body !== undefined) headers['content-length'] = String(body.length);
  const call: Call = {
    ...{ method, headers, rawQuery, facts },
    rawHeaders: Object.entries(own.headers).flat(),
    query: new URLSearchParams(rawQuery),
    body: bytesBody(body),
    peer: { address: '', secure: true, proxied: false },
    signal: own.gone ?? new AbortController().signal,
    log: services.log,
    onEnd: () => undefined, // the answer is read to its end here, or destroyed
  };
  const place = { path, environment, addressed: plainAddress, workspace: '', params: {}, caller };
  return new Exchange(call, place);
}

function bytesBody(bytes: Buffer): Body {
  return {
    stream: () => Readable.from(bytes.length === 0 ? [] : [bytes], { objectMode: false }),
    bytes: () => Promise.resolve(bytes),
  };
}

function fieldsOf({ headers = {} }: Reply): Readonly<Record<string, string>> {
  const fields = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    const first = typeof value === 'string' ? value : value[0];
    if (first !== undefined) fields.set(name.toLowerCase(), first);
  }
  return Object.fromEntries(fields);
}

/** A streamed answer may go on for as long as something comes: this ends it when all of it is not there in time. */
async function gather({ body }: Reply, limit: number, timeout: number): Promise<Buffer> {
  if (!(body instanceof Readable)) {
    const bytes = Buffer.from(body ?? '');
    if (bytes.length > limit) throw tooLong();
    return bytes;
  }
  const late = setTimeout(() => {
    body.destroy(new Problem('timeout', 'The back end did not answer in time'));
  }, timeout);
  try {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of body) {
      chunks.push(chunk as Buffer); // what the wire brings are bytes
      length += (chunk as Buffer).length;
      if (length > limit) throw tooLong();
    }
    return Buffer.concat(chunks, length);
  } catch (error) {
    throw problemOf(error);
  } finally {
    clearTimeout(late);
    body.destroy();
  }
}

function tooLong(): Problem {
  return new Problem('upstream', 'The answer of the back end is longer than it may be');
}
