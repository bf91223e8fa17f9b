/**
 * How the front knows a call that the hub made for somebody: a field sealed with the installation's own key, which names the
 * address of who asked. Nobody else can make one, and it is good for this call alone. Owns the field.
 */
import type { IncomingMessage } from 'node:http';
import type { Connection } from '../core/exchange.ts';
import type { Sealer } from './auth/sealing.ts';

/** Out of what back ends see by identity-headers.ts. */
const name = 'x-gatehouse-relayed';
const place = 'relayed call';
/** Milliseconds for which it is good. */
const good = 60_000;

export interface Relayed {
  readonly address: string;
  readonly method: string;
  /** As it stands in the request. */
  readonly path: string;
}

export interface RelayedCalls {
  /** Name and value. */
  field(call: Relayed): readonly [string, string];
  /** The connection with the address of who asked; as it is when nobody did. */
  connection(request: IncomingMessage, connection: Connection): Connection;
}

export function relayedCalls(sealer: Sealer, now: () => number): RelayedCalls {
  return {
    field: (call) => [name, sealer.seal(JSON.stringify([now(), call]), place)],
    connection(request, connection) {
      const sealed = request.headers[name];
      if (typeof sealed !== 'string') return connection;
      const text = sealer.open(sealed, place);
      if (text === undefined) return connection;
      const [at, { address, method, path }] = JSON.parse(text) as [number, Relayed]; // sealed by us alone
      const mine = method === request.method && path === request.url && Math.abs(now() - at) < good;
      return mine ? { ...connection, address, proxied: true, relayed: true } : connection;
    },
  };
}
