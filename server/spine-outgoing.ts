/**
 * Posts messages to endpoints of the directory: over TLS with the platform's certificate, to a server whose certificate
 * bears the name that the directory has. Owns the wire and its limits; which addresses an environment may reach are the
 * gateway's rules (target-rules.ts), what an answer means is spine/mhs's.
 */
import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { checkServerIdentity } from 'node:tls';
import { Problem } from '../core/problem.ts';
import type { ShownCertificate } from '../spine/mhs/kept-message.ts';
import type { Post, Posted, Posting } from '../spine/mhs/sending.ts';
import { toEnvironment, type Environment } from './catalogue/environments.ts';
import type { PlatformCertificate, TargetRules } from './gateway/backend.ts';
import { addressJudge, guardedLookup, targetFaults } from './gateway/backends/target-rules.ts';
import type { StoredSecret } from './stored-secrets.ts';

export interface SpineOutgoingOptions {
  readonly targets: TargetRules;
  /** What the platform shows and trusts in an environment. */
  readonly identity: (environment: Environment) => Promise<PlatformCertificate | undefined>;
  /** What else may be shown in its place. */
  readonly secret: StoredSecret;
}

const largestAnswer = 1024 * 1024;

/** @returns what posts; what is streamed has a connection of its own */
export function spineOutgoing({ targets, identity, secret }: SpineOutgoingOptions): Post {
  const pools = agents();
  return async (posting) => {
    const environment = toEnvironment(posting.environment);
    if (!environment) throw new Problem('upstream', 'there is no such environment');
    const [fault] = targetFaults({ kind: 'http', url: posting.url }, environment, targets);
    if (fault !== undefined)
      throw new Problem('upstream', `the endpoint may not be called: ${fault}`);
    const url = new URL(posting.url);
    const secure = url.protocol === 'https:';
    const own = secure ? await identity(environment) : undefined;
    const shown =
      secure && posting.shown ? await named(secret, environment, posting.shown, own) : own;
    return send(pools, posting, url, {
      lookup: guardedLookup(addressJudge(environment, targets, secure)),
      ...(secure ? tlsOf(posting.fqdn, shown) : {}),
    });
  };
}

/** @throws Problem when a secret that is named is not there: another certificate would be refused, or believed to be another's */
async function named(
  secret: StoredSecret,
  environment: Environment,
  { api, secret: name, authorities: trusted }: ShownCertificate,
  own: PlatformCertificate | undefined,
): Promise<PlatformCertificate> {
  const [identity, authorities] = await Promise.all([
    secret(environment, api, name),
    trusted === undefined ? own?.authorities : secret(environment, api, trusted),
  ]);
  if (identity === undefined || (trusted !== undefined && authorities === undefined))
    throw new Problem('upstream', 'a secret for the certificate to show is missing');
  return { identity, ...(authorities === undefined ? {} : { authorities }) };
}

/** Names of endpoints are often IP numbers: the name asked for and checked is the directory's. */
function tlsOf(fqdn: string, shown: PlatformCertificate | undefined): object {
  const name = /^(?:[a-z]+:\/\/)?([^/:?#\s]*)/i.exec(fqdn.trim())?.[1] ?? '';
  return {
    ...(name === '' ? {} : { servername: name }),
    ...(name === ''
      ? {}
      : {
          checkServerIdentity: (
            _host: string,
            certificate: Parameters<typeof checkServerIdentity>[1],
          ) => checkServerIdentity(name, certificate),
        }),
    ...(shown?.identity === undefined ? {} : { cert: shown.identity, key: shown.identity }),
    ...(shown?.authorities === undefined ? {} : { ca: shown.authorities }),
  };
}

/** Connections of requests that are in memory. A name has its own by host, name in the certificate, and what is shown. */
const kept = { keepAlive: true, maxSockets: 64, maxFreeSockets: 16, maxTotalSockets: 512 };

function agents() {
  return { http: new HttpAgent(kept), https: new HttpsAgent(kept) };
}

/** One post; a kept connection that has ended meanwhile gives way to a new one, once. */
async function send(
  pools: ReturnType<typeof agents>,
  posting: Posting,
  url: URL,
  more: RequestOptions,
): Promise<Posted> {
  try {
    return await sendOnce(pools, posting, url, more);
  } catch (error) {
    if (error instanceof EndedMeanwhile) return sendOnce(undefined, posting, url, more);
    throw error;
  }
}

/** The other side had closed a kept connection before it read a byte. */
class EndedMeanwhile extends Error {}

function sendOnce(
  pools: ReturnType<typeof agents> | undefined,
  posting: Posting,
  url: URL,
  more: RequestOptions,
): Promise<Posted> {
  const { headers, size, body, signal } = posting;
  const secure = url.protocol === 'https:';
  const pool = Buffer.isBuffer(body) && pools ? pools[secure ? 'https' : 'http'] : undefined;
  const options: RequestOptions = {
    ...{ method: 'POST', agent: pool ?? false, maxHeaderSize: 16 * 1024, signal, ...more },
    headers: {
      ...headers,
      'content-length': String(size),
      ...(pool ? {} : { connection: 'close' }),
    },
  };
  return new Promise((resolve, reject) => {
    const outgoing = secure ? httpsRequest(url, options) : httpRequest(url, options);
    const fail = (error: unknown) => {
      const ended = outgoing.reusedSocket && !signal.aborted && isReset(error);
      reject(ended ? new EndedMeanwhile() : unreachable(error));
    };
    outgoing.on('error', fail);
    outgoing.on('response', (response) => {
      read(response).then(resolve, (error: unknown) => {
        reject(unreachable(error));
      });
    });
    if (Buffer.isBuffer(body)) {
      outgoing.end(body);
      return;
    }
    const source = Readable.from(body, { objectMode: false });
    source.on('error', (error) => {
      outgoing.destroy();
      fail(error);
    });
    source.pipe(outgoing);
  });
}

function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNRESET';
}

async function read(response: IncomingMessage): Promise<Posted> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    // without an encoding set, a message gives Buffers
    length += chunk.length;
    if (length > largestAnswer) throw new Problem('upstream', 'the answer is too long');
    chunks.push(chunk);
  }
  const { statusCode: status = 0, headers } = response;
  return {
    status,
    contentType: headers['content-type'] ?? '',
    body: Buffer.concat(chunks, length),
    ...(headers['retry-after'] === undefined ? {} : { retryAfter: headers['retry-after'] }),
  };
}

/** Why, by its code: the text of the error itself may name the address. */
function unreachable(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const told = /^[A-Z0-9_]{1,60}$/.test(code) ? code : 'unknown';
  return new Problem('upstream', `no answer from the endpoint: ${told}`, { cause: error });
}
