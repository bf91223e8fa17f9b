/**
 * Calls endpoints that registered for pushes: over TLS with the platform's certificate, to addresses that were judged and to
 * no others, without following anything. Owns the wire and its limits; what an answer means is spine/postman's.
 */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { Problem } from '../core/problem.ts';
import type { PushResult } from '../spine/postman/outcomes.ts';
import type { Push, Pushing } from '../spine/postman/sending.ts';
import { toEnvironment, type Environment } from './catalogue/environments.ts';
import type { PlatformCertificate, TargetRules } from './gateway/backend.ts';
import { checkedAddresses, checkUrl, resolveByDns, type Resolve } from './outgoing-address.ts';
import { send } from './outgoing-call.ts';
import { OutgoingFault, type OutgoingReason } from './outgoing-fault.ts';

export interface PostmanOutgoingOptions {
  /** Whether this machine may be called and without TLS, and which networks beside public addresses. */
  readonly targets: TargetRules;
  /** What the platform shows and trusts in an environment. */
  readonly identity: (environment: Environment) => Promise<PlatformCertificate | undefined>;
  /** The DNS when absent. */
  readonly resolve?: Resolve;
}

export interface PostmanOutgoing {
  /** @throws Problem `invalid` for an address of a wrong form */
  check(url: string): void;
  readonly push: Push;
}

/** Bytes of an answer that are read and kept. */
const excerptSize = 2_048;
/** Milliseconds for the first of the answer's body, once its head is there. */
const excerptPatience = 5_000;

export function createPostmanOutgoing(options: PostmanOutgoingOptions): PostmanOutgoing {
  const { targets, identity, resolve = resolveByDns } = options;
  const { allowLocal, networks } = targets;
  const rules = { allowLocal, networks, ports: [443, 8443] };
  const call = async (pushing: Pushing): Promise<PushResult> => {
    const url = checkUrl(pushing.url, rules);
    const addresses = await checkedAddresses(url, rules, resolve);
    const environment = toEnvironment(pushing.environment);
    const shown = environment && url.protocol === 'https:' ? await identity(environment) : {};
    pushing.signal.throwIfAborted();
    const stream = Readable.from(pushing.body(), { objectMode: false });
    const response = await send({
      ...{ method: 'POST', url, addresses, headers: pushing.headers, signal: pushing.signal },
      body: { size: pushing.size, stream },
      ...(shown?.authorities === undefined ? {} : { ca: shown.authorities }),
      ...(shown?.identity === undefined ? {} : { identity: shown.identity }),
    });
    const { statusCode: status = 0, headers } = response;
    const retryAfter = headers['retry-after'];
    return {
      ...{ kind: 'answer', status, excerpt: await excerptOf(response) },
      ...(retryAfter === undefined ? {} : { retryAfter }),
    };
  };
  return {
    check(url) {
      try {
        checkUrl(url, rules);
      } catch (error) {
        if (error instanceof OutgoingFault) throw new Problem('invalid', error.message);
        throw error;
      }
    },
    push: (pushing) =>
      call(pushing).catch((error: unknown) => {
        if (error instanceof OutgoingFault)
          return { kind: 'fault', fault: kindOf(error), reason: error.message };
        if (pushing.signal.aborted)
          return { kind: 'fault', fault: 'passing', reason: 'there was no answer in time' };
        throw error;
      }),
  };
}

const mending: ReadonlySet<OutgoingReason> = new Set([
  ...(['url', 'scheme', 'user-info', 'port', 'address'] as const),
]);

/** What a person must mend: an address that may not be called, a certificate that is not trusted. */
function kindOf({ reason, code }: OutgoingFault): 'passing' | 'trust' {
  if (mending.has(reason)) return 'trust';
  const isCertificate = /^(?:ERR_TLS_CERT|CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO|CRL_)/.test(code);
  return reason === 'tls' && isCertificate ? 'trust' : 'passing';
}

/** The first of the body, as far as it comes; then the connection ends, whatever else the endpoint would say. */
async function excerptOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  const timer = setTimeout(() => response.destroy(), excerptPatience);
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      // without an encoding set, a message gives Buffers
      chunks.push(chunk);
      length += chunk.length;
      if (length >= excerptSize) break;
    }
  } catch {
    // The status is there, and says what came of it.
  } finally {
    clearTimeout(timer);
    response.destroy();
  }
  return Buffer.concat(chunks).subarray(0, excerptSize).toString('utf8');
}
