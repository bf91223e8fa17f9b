/**
 * The relay of Try it over a socket to the gateway, in this process or another of the installation: the call is made from here as anybody makes it, so that it
 * passes the same front, policies, limits and audit. Owns the wire, and the sealed field by which the front knows whose
 * call it is; where it may go to is judged by the table of mounts.
 */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Problem } from '../core/problem.ts';
import type { Environment } from './catalogue/environments.ts';
import { publicName } from './catalogue/environments.ts';
import type { MountTable } from './mount-table.ts';
import {
  checkCall,
  mostRead,
  type Relay,
  type RelayAnswer,
  type RelayCall,
} from './portal/relay.ts';
import type { RelayedCalls } from './relayed-calls.ts';

export interface RelayOptions {
  /** What is served, in the order of the front. */
  readonly tables: readonly Pick<MountTable, 'find'>[];
  /** Those Proxies alone may be called. */
  readonly proxies: Pick<MountTable, 'find'>;
  /** Where the gateway is reached from here, without a path: `http://127.0.0.1:9000`, or https of another machine. */
  readonly gateway: () => string;
  /** The same with a client certificate; undefined where nobody listens. */
  readonly mutual: (environment: Environment) => MutualPlace | undefined;
  readonly relayed: RelayedCalls;
  /** Milliseconds until the last byte. */
  readonly patience?: number;
}

export interface MutualPlace {
  readonly host: string;
  readonly port: number;
  /** The name it proves, and whom to believe. */
  readonly name: string;
  readonly authorities: readonly string[];
}

export function createRelay(options: RelayOptions): Relay {
  return async (call) => {
    checkCall(call);
    const path = `${call.base}${call.path}`;
    mustLeadThere(options, call, path.split('?', 1)[0] ?? '');
    const sent = `/env/${publicName(call.environment)}${path}`;
    return exchange(options, call, sent);
  };
}

/** A longer base may claim a path that somebody filled in. @throws Problem `not-found` */
function mustLeadThere({ tables, proxies }: RelayOptions, call: RelayCall, path: string): void {
  const { environment, api, base } = call;
  const wanted = proxies.find(environment, path);
  const [first] = tables.flatMap((table) => table.find(environment, path) ?? []);
  if (wanted && first === wanted && wanted.api === api && wanted.base === base) return;
  throw new Problem('not-found', 'The address does not lead to this operation', { code: 'RELAY' });
}

function exchange(options: RelayOptions, call: RelayCall, path: string): Promise<RelayAnswer> {
  const began = performance.now();
  const body = call.body === undefined ? undefined : Buffer.from(call.body);
  const fields = [
    ...call.headers.flatMap(([name, value]) => [name, value]),
    ...options.relayed.field({ address: call.caller, method: call.method, path }),
    ...(body === undefined ? [] : ['Content-Length', String(body.length)]),
  ];
  const signal = AbortSignal.timeout(options.patience ?? 30_000);
  const plain: RequestOptions = {
    ...{ method: call.method, path, agent: false, signal, maxHeaderSize: 64 * 1024 },
  };
  return new Promise((resolve, reject) => {
    const outgoing = call.identity
      ? httpsRequest({ ...plain, ...mutualOptions(options, call, fields) })
      : requestTo(options.gateway())({ ...plain, ...plainOptions(options, fields) });
    outgoing.on('response', (response) => {
      read(response, began).then(resolve, (error: unknown) => {
        reject(noAnswer(error));
      });
    });
    outgoing.on('error', (error) => {
      reject(noAnswer(error));
    });
    outgoing.end(body);
  });
}

function plainOptions({ gateway }: RelayOptions, fields: readonly string[]): RequestOptions {
  const { hostname, port, host } = new URL(gateway());
  return { host: hostname.replace(/^\[|\]$/g, ''), port, headers: ['Host', host, ...fields] };
}

/** Another machine may show a certificate, which must be one that this machine believes. */
function requestTo(gateway: string): typeof httpRequest {
  return gateway.startsWith('https:') ? httpsRequest : httpRequest;
}

function mutualOptions(
  { mutual }: RelayOptions,
  { environment, identity }: RelayCall,
  fields: readonly string[],
) {
  const place = mutual(environment);
  if (!place) throw new Problem('unavailable', 'Nothing listens for client certificates here');
  return {
    ...{ host: place.host, port: place.port, servername: place.name },
    headers: ['Host', `${place.name}:${place.port}`, ...fields],
    ca: [...place.authorities],
    ...{ cert: identity?.certificate, key: identity?.privateKey },
  };
}

async function read(response: IncomingMessage, began: number): Promise<RelayAnswer> {
  const chunks: Buffer[] = [];
  let length = 0;
  let cut = false;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    // without an encoding set, a message gives Buffers
    chunks.push(chunk.subarray(0, mostRead - length));
    length += chunk.length;
    cut = length > mostRead;
    if (cut) break; // leaving the loop destroys the message
  }
  const { rawHeaders, statusCode = 0, statusMessage = '' } = response;
  const headers = rawHeaders.flatMap((name, i) =>
    i % 2 === 0 ? [[name, rawHeaders[i + 1] ?? ''] as const] : [],
  );
  const milliseconds = Math.round((performance.now() - began) * 10) / 10;
  const body = Buffer.concat(chunks);
  return { status: statusCode, reason: statusMessage, headers, body, cut, milliseconds };
}

/** What the wire says, in words; an error's own text may name places. */
function noAnswer(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { code = '', name } = error as Error & { code?: string }; // what node:http and streams reject with
  const late = name === 'TimeoutError' || name === 'AbortError' || code === 'ABORT_ERR';
  return new Problem(
    'upstream',
    late
      ? 'No answer came within 30 seconds'
      : 'The connection was ended without an answer, as some scenarios ask for',
    { cause: error },
  );
}
