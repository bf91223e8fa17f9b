/**
 * A call whose fields, query or body a policy has changed: what stands behind the policy sees the change, what stands in
 * front of it (audit, access line) the call as it came. Owns no rule of what may be changed.
 */
import { Readable } from 'node:stream';
import type { Body, Call, Exchange, Sent } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';

export interface CallChanges {
  /** Name, value, name, value …: all of them. */
  readonly rawHeaders?: readonly string[];
  /** The whole query, without its question mark. */
  readonly rawQuery?: string;
  /** The whole body; Content-Length is set to its length. */
  readonly body?: Buffer;
  /** Another way to read the same body: its fields stay as they are. */
  readonly reading?: Body;
}

/** A copy of the exchange with these changes. */
export function changed(exchange: Exchange, changes: CallChanges): Exchange {
  return exchange.withCall(new ChangedCall(exchange.call, changes));
}

/** All bytes of the body, and an exchange that can still hand them on: a body that was read has no stream any more. */
export async function buffered(
  exchange: Exchange,
  limit: number,
): Promise<{ readonly bytes: Buffer; readonly exchange: Exchange }> {
  if (!hasBody(exchange)) return { bytes: nothing, exchange };
  const bytes = await exchange.body.bytes(limit);
  return { bytes, exchange: changed(exchange, { body: bytes }) };
}

/** Whether a request says that it has a body (RFC 9112 6). */
export function hasBody({ headers }: Exchange): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/** Fields without those of these names (lower case), and with one field of each name and value given, at the end. */
export function withFields(
  rawHeaders: readonly string[],
  without: readonly string[],
  fields: readonly (readonly [string, string])[] = [],
): readonly string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (!without.includes(name.toLowerCase())) kept.push(name, rawHeaders[i + 1] ?? '');
  }
  for (const [name, value] of fields) kept.push(name, value);
  return kept;
}

const nothing = Buffer.alloc(0);

class ChangedCall implements Call {
  readonly method: string;
  readonly rawHeaders: readonly string[];
  readonly rawQuery: string;
  readonly body: Body;
  readonly #base: Call;
  #headers: Readonly<Record<string, string | undefined>> | undefined;
  #query: URLSearchParams | undefined;

  constructor(base: Call, { rawHeaders = base.rawHeaders, rawQuery, body, reading }: CallChanges) {
    this.method = base.method;
    this.rawQuery = rawQuery ?? base.rawQuery;
    this.rawHeaders = body === undefined ? rawHeaders : withLength(rawHeaders, body.length);
    this.body = body === undefined ? (reading ?? base.body) : new BytesBody(body);
    this.#base = base;
    if (this.rawHeaders === base.rawHeaders) this.#headers = base.headers;
    if (this.rawQuery === base.rawQuery) this.#query = base.query;
  }

  get headers() {
    return (this.#headers ??= joined(this.rawHeaders));
  }
  get query() {
    return (this.#query ??= new URLSearchParams(this.rawQuery));
  }
  get peer() {
    return this.#base.peer;
  }
  get signal() {
    return this.#base.signal;
  }
  get log() {
    return this.#base.log;
  }
  get facts() {
    return this.#base.facts;
  }
  onEnd(fn: (sent: Sent) => void) {
    this.#base.onEnd(fn);
  }
}

/** Bytes at hand: they may be asked for in either way, as often as wanted. */
class BytesBody implements Body {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  stream() {
    return Readable.from(this.#bytes.length === 0 ? [] : [this.#bytes], { objectMode: false });
  }

  bytes(limit: number) {
    return this.#bytes.length <= limit
      ? Promise.resolve(this.#bytes)
      : Promise.reject(new Problem('too-large', `The body may have at most ${limit} bytes`));
  }
}

function withLength(rawHeaders: readonly string[], length: number): readonly string[] {
  return withFields(
    rawHeaders,
    ['content-length', 'transfer-encoding'],
    [['Content-Length', String(length)]],
  );
}

/** Fields of which the first counts, as in node:http. */
const single: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'content-length',
  'content-type',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'user-agent',
]);

function joined(rawHeaders: readonly string[]): Readonly<Record<string, string | undefined>> {
  const headers = new Map<string, string>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    const value = rawHeaders[i + 1] ?? '';
    const before = headers.get(name);
    if (before === undefined) headers.set(name, value);
    else if (!single.has(name))
      headers.set(name, `${before}${name === 'cookie' ? '; ' : ', '}${value}`);
  }
  return Object.fromEntries(headers);
}
