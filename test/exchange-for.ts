/** An Exchange for tests of handlers and policies that need no socket. */
import { Readable } from 'node:stream';
import { Exchange, plainAddress, type Call, type Place } from '../core/exchange.ts';
import type { Log } from '../core/log.ts';

const silent: Log = { log: () => undefined, child: () => silent };

export function exchangeFor(
  fields: Partial<Omit<Call, 'body'>> & Partial<Place> & { body?: string } = {},
): Exchange {
  const { path = '/', environment = 'sandbox', workspace = '', params = {}, caller } = fields;
  const { addressed = plainAddress } = fields;
  const bytes = Buffer.from(fields.body ?? '');
  const rawQuery = fields.rawQuery ?? '';
  const call: Call = {
    method: 'GET',
    headers: {},
    rawHeaders: [],
    query: new URLSearchParams(rawQuery),
    peer: { address: '127.0.0.1', secure: false },
    signal: new AbortController().signal,
    log: silent,
    facts: { people: [] },
    onEnd: () => undefined,
    ...fields,
    rawQuery,
    body: { stream: () => Readable.from([bytes]), bytes: () => Promise.resolve(bytes) },
  };
  return new Exchange(call, { path, environment, addressed, workspace, params, caller });
}
