/**
 * The request of Try it as it is sent, and as it is shown: the same text with what is secret left out, and a command that
 * sends it from a terminal. Pure. Owns these two; what may be sent is relay.ts's.
 */
import type { Environment } from '../catalogue/environments.ts';
import type { Fields } from './relay.ts';

/** A request without what proves the caller. */
export interface TryRequest {
  readonly environment: Environment;
  readonly api: string;
  readonly base: string;
  readonly method: string;
  /** Below the base, with the query. */
  readonly path: string;
  readonly headers: Fields;
  readonly body?: string;
  /** The absolute address as anybody else calls it. */
  readonly url: string;
}

/** What proves the caller, as it is shown: which key, and whether there is a token or a certificate. */
export interface Proof {
  /** Beginning and end of the subscription key. */
  readonly keyHint?: string;
  readonly token: boolean;
  readonly certificate: boolean;
}

/** The same as it is sent. */
export interface Secrets {
  readonly subscriptionKey?: string;
  readonly token?: string;
}

export const keyField = 'Ocp-Apim-Subscription-Key';

/** All fields as they are sent. */
export function provenFields({ headers }: TryRequest, { subscriptionKey, token }: Secrets): Fields {
  return [
    ...headers,
    ...(subscriptionKey === undefined ? [] : [[keyField, subscriptionKey] as const]),
    ...(token === undefined ? [] : [['Authorization', `Bearer ${token}`] as const]),
  ];
}

function shownFields({ headers }: TryRequest, { keyHint, token }: Proof): Fields {
  return [
    ...headers,
    ...(keyHint === undefined ? [] : [[keyField, keyHint] as const]),
    ...(token ? [['Authorization', 'Bearer (kept by the server)'] as const] : []),
  ];
}

/** The request as HTTP writes it. */
export function requestText(request: TryRequest, proof: Proof): string {
  const { host, pathname, search } = new URL(request.url);
  const lines = [
    `${request.method} ${pathname}${search} HTTP/1.1`,
    `Host: ${host}`,
    ...shownFields(request, proof).map(([name, value]) => `${name}: ${value}`),
  ];
  return [...lines, '', request.body ?? ''].join('\n').trimEnd();
}

/** The same for a shell, with secrets as variables. */
export function commandText(request: TryRequest, proof: Proof): string {
  const { method, url, headers, body } = request;
  const parts = [
    `curl ${method === 'GET' ? '' : method === 'HEAD' ? '--head ' : `-X ${method} `}${quoted(url)}`,
    ...headers.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(proof.keyHint === undefined ? [] : [`-H "${keyField}: $SUBSCRIPTION_KEY"`]),
    ...(proof.token ? ['-H "Authorization: Bearer $TOKEN"'] : []),
    ...(proof.certificate ? ['--cert client.pem --key client.key'] : []),
    ...(body === undefined ? [] : [`--data-binary ${quoted(body)}`]),
  ];
  return parts.join(' \\\n  ');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
