/**
 * The port by which the hub calls Proxies of this platform for somebody, and what such a call may be. A call names a Proxy and
 * a path below it, never an address. Owns these rules; the wire is server/hub-try-relay.ts's.
 */
import { Problem } from '../../core/problem.ts';
import type { Environment } from '../catalogue/environments.ts';

export interface RelayCall {
  readonly environment: Environment;
  readonly api: string;
  /** The base of the Proxy, as its definition has it. */
  readonly base: string;
  readonly method: string;
  /** Below the base, percent-encoded, with the query. */
  readonly path: string;
  readonly headers: Fields;
  readonly body?: string;
  /** The address of who asked for it: limits and audit count that one. */
  readonly caller: string;
  /** What the connection is proved with; PEM. */
  readonly identity?: { readonly certificate: string; readonly privateKey: string };
}

export type Fields = readonly (readonly [name: string, value: string])[];

export interface RelayAnswer {
  readonly status: number;
  readonly reason: string;
  readonly headers: Fields;
  readonly body: Buffer;
  /** Whether there was more than is given. */
  readonly cut: boolean;
  /** From sending to the last byte. */
  readonly milliseconds: number;
}

/** @throws Problem `upstream` when no answer came, `not-found` when the path leads to another Proxy, and what checkCall throws */
export type Relay = (call: RelayCall) => Promise<RelayAnswer>;

/** Bytes of a body that is sent, and of an answer that is read. */
export const mostSent = 64 * 1024;
export const mostRead = 512 * 1024;

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const mostFields = 60;

/** What belongs to the connection, names where to, or says of a caller what only proxies may (RFC 9110 7.6.1). */
const refused = new Set([
  ...['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect'],
  ...['host', 'content-length', 'cookie', 'set-cookie', 'forwarded', 'via', 'x-real-ip'],
  ...[
    'x-client-cert',
    'x-original-url',
    'x-rewrite-url',
    'x-http-method-override',
    'http2-settings',
  ],
]);
const refusedStarts = [
  'proxy-',
  'x-forwarded-',
  'sec-',
  'x-gatehouse-relayed',
  'x-gatehouse-proxy',
];

/** Whether a field may be sent for somebody. */
export function mayBeSent(name: string): boolean {
  const plain = name.toLowerCase();
  return (
    /^[a-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(plain) &&
    !refused.has(plain) &&
    !refusedStarts.some((start) => plain.startsWith(start))
  );
}

/** Visible ASCII and blanks: nothing that could begin another field. */
export function isFieldValue(text: string): boolean {
  return text.length <= 8192 && /^[\x20-\x7e]*$/.test(text);
}

/** A path below a base: encoded, without a fragment, and without segments that lead out of it in any reading. */
export function isPathBelow(path: string): boolean {
  if (path.length > 4000 || !/^(\/[\x21-\x7e]*|\?[\x21-\x7e]*|)$/.test(path)) return false;
  if (/[#\\"<>^`{|}]/.test(path)) return false;
  const [plain = ''] = path.split('?', 1);
  return (
    !plain.split('/').some((part) => /^(\.|%2e){1,2}$/i.test(part)) && !/%(00|0a|0d)/i.test(path)
  );
}

/** @throws Problem `invalid` for a call that is none to be made for somebody */
export function checkCall(call: RelayCall): void {
  const { method, path, headers, body } = call;
  const fault = !methods.includes(method)
    ? 'The method cannot be sent from here'
    : !isPathBelow(path)
      ? 'The address holds characters or segments that lead elsewhere'
      : headers.length > mostFields
        ? 'There are too many fields'
        : headers.some(([name, value]) => !mayBeSent(name) || !isFieldValue(value))
          ? 'A field cannot be sent from here'
          : Buffer.byteLength(body ?? '') > mostSent
            ? `The body may have at most ${mostSent / 1024} KB`
            : call.environment === 'production'
              ? 'Nothing is sent to production from here'
              : undefined;
  if (fault !== undefined) throw new Problem('invalid', fault, { code: 'RELAY' });
}
