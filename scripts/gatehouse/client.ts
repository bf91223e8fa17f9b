/**
 * A client of the management API: signs in with the key of a credential file, and calls. Owns the sign-in and what to say
 * when it does not work; what is called, the commands know.
 */
import { createPrivateKey, randomUUID, sign, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { Problem, type ProblemKind } from '../../core/problem.ts';
import { parseCredential, type Credential } from '../../server/catalogue/people.ts';
import { readSecretFile } from '../../server/key-files.ts';

export interface ManagementClient {
  /**
   * Calls `GET /apps` and the like below the management API.
   * @throws Problem with a sentence for the terminal: the server's own, or what to do when it cannot be reached.
   */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** The body of an answer that is no JSON, such as a long export, as it comes. @throws Problem as `call` */
  download(path: string): Promise<ReadableStream<Uint8Array>>;
}

export interface CallOptions {
  /** Sent as JSON. */
  readonly body?: object;
  /** A body of another kind, such as an OpenAPI document, in place of `body`. */
  readonly document?: { readonly text: string; readonly type: string };
  /** The ETag that a change rests on. */
  readonly ifMatch?: string;
  /** How long an answer is waited for, in milliseconds; 30 seconds when absent. */
  readonly patience?: number;
}

export interface Answer {
  readonly status: number;
  readonly etag: string;
  /** The JSON body; an empty object when there was none. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** A refusal of the server, with everything that it found wrong where it tells that. */
export class Refusal extends Problem {
  readonly faults: readonly Fault[];

  constructor(kind: ProblemKind, message: string, faults: readonly Fault[]) {
    super(kind, message);
    this.faults = faults;
  }
}

export interface Fault {
  /** A JSON pointer into what was sent; empty for the whole. */
  readonly at: string;
  readonly message: string;
}

export interface ClientOptions {
  readonly dataDir: string;
  /** The file of the credential; absent: the one that the first start has made. */
  readonly credential?: string;
  /** Where the server is now, if not where the file says: `http://localhost:9000`. */
  readonly url?: string;
}

/** Where a credential of this server signs in, and manages. @throws Problem as `openClient` */
export function addressesOf(
  options: ClientOptions,
): Pick<Credential, 'tokenUrl' | 'managementUrl'> {
  const { tokenUrl, managementUrl } = atServer(readCredentialFile(fileOf(options)), options.url);
  return { tokenUrl, managementUrl };
}

function fileOf({ credential, dataDir }: ClientOptions): string {
  return credential ?? join(dataDir, 'administrator.json');
}

/** @throws Problem for a credential file that is missing, open to others or unreadable. */
export function openClient(options: ClientOptions): ManagementClient {
  const written = readCredentialFile(fileOf(options));
  const credential = atServer(written, options.url);
  let token: Promise<string> | undefined;
  const reach = async (method: string, path: string, call: CallOptions): Promise<Response> => {
    token ??= signIn(credential, audiencesAt(credential.tokenUrl, written.tokenUrl));
    const headers: Record<string, string> = {
      authorization: `Bearer ${await token}`,
      'x-request-id': randomUUID(),
    };
    const sent = bodyOf(call);
    if (sent) headers['content-type'] = sent.type;
    if (call.ifMatch !== undefined) headers['if-match'] = call.ifMatch;
    const init = { method, headers, ...(sent ? { body: sent.text } : {}) };
    const response = await send(credential.managementUrl + path, init, call.patience);
    if (!response.ok) throw refused(response.status, await jsonOf(response));
    return response;
  };
  return {
    async call(method, path, call = {}) {
      const response = await reach(method, path, call);
      const body = await jsonOf(response);
      return { status: response.status, etag: response.headers.get('etag') ?? '', body };
    },
    async download(path) {
      const { body } = await reach('GET', path, { patience: longPatience });
      if (body === null) throw new Problem('upstream', 'The server answered without a body');
      return body;
    },
  };
}

function bodyOf({ body, document }: CallOptions): CallOptions['document'] {
  return document ?? (body && { text: JSON.stringify(body), type: 'application/json' });
}

function readCredentialFile(file: string): Credential {
  const text = readSecretFile(file);
  if (text === undefined)
    throw new Problem(
      'not-found',
      `There is no credential file ${file}. The first start of the server makes it: run npm start, or name another by --credential`,
    );
  return parseCredential(text);
}

/** The credential with its addresses at the server that was named. */
function atServer(credential: Credential, url: string | undefined): Credential {
  if (url === undefined) return credential;
  if (!URL.canParse(url)) throw new Problem('invalid', `--url is "${url}" but must be an address`);
  const { origin } = new URL(url);
  const moved = (address: string) => origin + new URL(address).pathname;
  return {
    ...credential,
    tokenUrl: moved(credential.tokenUrl),
    managementUrl: moved(credential.managementUrl),
  };
}

/**
 * What assertions may name as their audience. A server on this machine may be known by another address, which the file
 * has; no other machine is given an assertion that is good elsewhere.
 */
function audiencesAt(reached: string, written: string): readonly string[] {
  const here = ['localhost', '127.0.0.1', '[::1]'].includes(new URL(reached).hostname);
  return here && written !== reached ? [written, reached] : [reached];
}

/** An access token for a signed assertion (RFC 7523 2.2), for the first audience that is accepted. */
async function signIn(credential: Credential, audiences: readonly string[]): Promise<string> {
  let told = '';
  for (const audience of audiences) {
    const response = await prove(credential, audience);
    const body = await jsonOf(response);
    const token = textIn(body, 'access_token');
    if (response.ok && token !== '') return token;
    const detail = textIn(body, 'error_description') || textIn(body, 'detail');
    told = detail || `status ${response.status}`;
  }
  throw new Problem(
    'unauthenticated',
    `The server did not accept the credential ${credential.clientId}: ${told}. If it is of another installation, name the right file by --credential`,
  );
}

function prove(credential: Credential, audience: string): Promise<Response> {
  const addressed = { ...credential, tokenUrl: audience };
  return send(credential.tokenUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertionOf(addressed, Math.floor(Date.now() / 1000), randomUUID()),
    }).toString(),
  });
}

/** A signed client assertion that is good for a minute. @param now seconds since the epoch */
export function assertionOf(credential: Credential, now: number, jti: string): string {
  const key = keyOf(credential);
  const { alg, hash } = algorithmOf(key);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const { clientId, tokenUrl, kid } = credential;
  const claims = { iss: clientId, sub: clientId, aud: tokenUrl, jti, iat: now, exp: now + 60 };
  const signed = `${part({ alg, typ: 'JWT', kid })}.${part(claims)}`;
  // An ECDSA signature in a JWS is the two numbers, not DER (RFC 7518 3.4).
  const signature = sign(hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

function keyOf({ privateKey }: Credential): KeyObject {
  try {
    return createPrivateKey(privateKey);
  } catch {
    throw new Problem('invalid', 'The credential file holds no private key that can be read');
  }
}

function algorithmOf(key: KeyObject): { alg: string; hash: string } {
  const { namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') return { alg: 'RS512', hash: 'sha512' };
  if (key.asymmetricKeyType === 'ec' && namedCurve === 'secp384r1')
    return { alg: 'ES384', hash: 'sha384' };
  throw new Problem('invalid', 'The key of the credential must be RSA or EC P-384');
}

/** How long an answer is waited for, in milliseconds. */
const patience = 30_000;
/** For what takes its time: long exports and imports. */
export const longPatience = 10 * 60_000;

async function send(url: string, init: RequestInit, wait = patience): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(wait) });
  } catch (cause) {
    const { origin } = new URL(url);
    throw new Problem(
      'unavailable',
      `No server answers at ${origin}. Start it with npm start, or say where it is by --url`,
      { cause },
    );
  }
}

async function jsonOf(response: Response): Promise<Readonly<Record<string, unknown>>> {
  const text = await response.text();
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // told below: whatever this is, it is not our server's answer
  }
  throw new Problem(
    'upstream',
    `${new URL(response.url).origin} does not answer as Gatehouse does (status ${response.status}). Say where the server is by --url`,
  );
}

/** A member as text; empty when it is absent or anything else. */
export function textIn(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name];
  return typeof value === 'string' ? value : '';
}

const kinds: Readonly<Record<number, ProblemKind>> = {
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  412: 'precondition-failed',
  413: 'too-large',
  422: 'unprocessable',
  503: 'unavailable',
};

function refused(status: number, body: Readonly<Record<string, unknown>>): Refusal {
  const detail = textIn(body, 'detail') || `The server answered ${status}`;
  return new Refusal(kinds[status] ?? 'invalid', detail, faultsIn(body.errors));
}

/** What the server found wrong, one by one. */
export function faultsIn(errors: unknown): readonly Fault[] {
  if (!Array.isArray(errors)) return [];
  return errors
    .filter((one): one is object => typeof one === 'object' && one !== null)
    .map((one) => ({ at: textIn({ ...one }, 'at'), message: textIn({ ...one }, 'message') }));
}
