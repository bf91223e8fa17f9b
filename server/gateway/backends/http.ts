/**
 * The back end behind an address: sends a call on and its answer back, unchanged but for what RFC 9110 7.6 takes away,
 * what identity-headers.ts decides, and addresses of the back end's own. Owns the order of steps, repeats, and what is
 * told of failures; the wire is target-call.ts's, when to stop asking breaker.ts's.
 */
import { Readable } from 'node:stream';
import type { Exchange, Facts, Reply } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import type { HttpBackend } from '../../catalogue/proxies.ts';
import type { Backend, BackendSite } from '../backend.ts';
import { answerHeaders, type Bases } from './answer-headers.ts';
import { createBreaker } from './breaker.ts';
import { credentialsOf } from './credentials.ts';
import { createFieldsDoor } from './identity-headers.ts';
import { identityFacts } from './identity-facts.ts';
import type { TlsMaterial } from './pools.ts';
import { probeOf } from './probe.ts';
import { bodyOf, Upload } from './request-body.ts';
import { createRunningCalls } from './running-calls.ts';
import { CallerGone, TargetCall, type Answer } from './target-call.ts';
import { createConnections } from './connections.ts';
import { targetPath } from './target-path.ts';
import { targetFaults } from './target-rules.ts';
import { viaOf } from './via.ts';
import type { WireRequest } from './wire/wire.ts';
import { isDeadConnection, isOfBackEnd, problemOf } from './wire-faults.ts';

const standardTimeout = 10_000;
const standardConnections = 64;
/** Calls that run or wait for one connection's turn, for each connection; more are refused at once. */
const mostForEach = 32;

/** What is otherwise with a back end that the Spine Directory names, or that a service of this process calls. */
export interface Directed {
  /** What connections are made with; the same object while it stays the same. Absent: what the definition says. */
  readonly tls?: () => TlsMaterial;
  /** Whose name its certificate must bear; absent: that of its address. */
  readonly serverName?: string;
  /** Fields that go on although back ends do not get them, and fields that do not although they would; lower case. */
  readonly passing: readonly string[];
  readonly withheld: readonly string[];
}

/** Makes it for one Proxy. Never throws: a definition that may not be called answers every call with 503. */
export function httpBackend(
  definition: HttpBackend,
  site: BackendSite,
  directed?: Directed,
): Backend {
  const faults = targetFaults(definition, site.environment, site.services.targets);
  if (faults.length > 0) return refusing(faults, definition, site);

  const { timeout = standardTimeout, connections = standardConnections } = definition;
  const { clock, log, isTrustedProxy } = site.services;
  const url = new URL(definition.url);
  const bases: Bases = {
    public: site.definition.base,
    origin: url.origin,
    path: url.pathname.replace(/\/$/, ''),
  };
  const proof = credentialsOf(definition, site);
  const credentials = directed?.tls ? { ...proof, tls: directed.tls } : proof;
  const serverName = directed?.serverName;
  const pools = createConnections(url, { timeout, connections, serverName }, credentials, site);
  // Who wants a token of ours is a gateway, as the national one is, and we are an app to it; so are other organisations'.
  const fieldsOf = createFieldsDoor(
    [...credentials.names, ...(directed?.withheld ?? [])],
    definition.security?.kind === 'oauth' || directed !== undefined,
    directed?.passing,
  );
  const running = createRunningCalls(timeout);
  const breaker = createBreaker(clock, (circuit) => {
    const level = circuit === 'open' ? 'warn' : 'info';
    log.log(level, 'the circuit of a back end changed', { proxy: site.proxy, circuit });
  });
  const streamEnded = (error: Error | undefined) => {
    if (!error) return;
    const problem = problemOf(error);
    if (isOfBackEnd(problem)) breaker.failed();
    // The head has gone out: this line is all that tells of it beside the broken answer.
    log.log('warn', 'an answer was cut', { proxy: site.proxy, why: problem.message });
  };

  const requestOf = (exchange: Exchange, body: Buffer | Upload | undefined): WireRequest => {
    const { address, proxied } = exchange.peer;
    const trustedProxy = proxied ?? isTrustedProxy(address);
    const headers = fieldsOf(exchange.rawHeaders, { trustedProxy }, identityFacts(exchange, site));
    headers.push('via', viaOf(exchange));
    const length = exchange.headers['content-length'];
    return {
      ...{ method: exchange.method, path: targetPath(bases.path, exchange), headers, body },
      ...(body instanceof Upload && length !== undefined ? { length: Number(length) } : {}),
    };
  };

  /** Sends it until there is an answer or a failure that a repeat cannot mend. */
  const send = async (
    exchange: Exchange,
    started: number,
    told: NonNullable<Facts['target']>,
  ): Promise<Answer> => {
    const pending = bodyOf(exchange);
    const body = pending instanceof Promise ? await pending : pending;
    const sentAt = pending === body ? started : performance.now();
    const request = requestOf(exchange, body);
    const own = request.headers.length;
    const upload = body instanceof Upload ? body : undefined;
    const terms = { method: exchange.method, timeout, upload, running, ended: streamEnded };
    let renewed = false;
    for (;;) {
      const asked = credentials.fields();
      const proof = asked instanceof Promise ? await asked : asked;
      request.headers.length = own;
      request.headers.push(...proof);
      const wire = pools.current(); // throws before there is a call to leave behind
      const call = new TargetCall({ ...terms, started: sentAt, gone: () => exchange.signal });
      wire.send(request, call, told.retries > 0);
      try {
        const answer = await call.answer;
        if (answer.status !== 401 || upload || renewed || !credentials.refused(proof))
          return answer;
        renewed = true;
        if (answer.body instanceof Readable) answer.body.destroy();
      } catch (error) {
        if (told.retries > 0 || !mayRepeat(call, request, error)) throw error;
      }
      told.retries++;
    }
  };

  const handler = async (exchange: Exchange): Promise<Reply> => {
    if (running.size >= connections * mostForEach) throw notNow(1000);
    const wait = breaker.enter();
    if (wait > 0) throw notNow(wait);
    const started = performance.now();
    const told = (exchange.facts.target = { milliseconds: 0, status: 0, retries: 0 });
    try {
      const answer = await send(exchange, started, told);
      told.status = answer.status;
      if (answer.status >= 502 && answer.status <= 504) breaker.failed();
      else breaker.succeeded();
      const { body } = answer;
      // The reply may be put aside for a refusal, when the audit cannot be written: then nobody reads it.
      if (body instanceof Readable) exchange.onEnd(() => body.destroy());
      return replyOf(answer, exchange, bases);
    } catch (error) {
      if (error instanceof CallerGone) {
        breaker.abandoned();
        return { status: 499, hangUp: true }; // nobody is there to read it; the access line tells it apart
      }
      const problem = problemOf(error);
      if (isOfBackEnd(problem)) breaker.failed();
      else breaker.abandoned();
      throw problem;
    } finally {
      told.milliseconds = performance.now() - started;
    }
  };

  return {
    handler,
    ...probeOf(definition, bases, credentials, pools),
    condition: () => ({ circuit: breaker.circuit }),
    close: async () => {
      await Promise.all([pools.close(), credentials.close()]);
    },
  };
}

function notNow(milliseconds: number): Problem {
  return new Problem('unavailable', 'The back end takes no calls at the moment', {
    headers: { 'retry-after': String(Math.ceil(milliseconds / 1000)) },
  });
}

/** Methods that change nothing (RFC 9110 9.2.1): a repeat is never seen. DELETE and PUT would be, by their answer. */
const safe: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** What was never sent may be sent again; what was sent, only without a body, and when not a word came back. */
function mayRepeat(call: TargetCall, { method, body }: WireRequest, error: unknown): boolean {
  if (error instanceof Problem || error instanceof CallerGone || body instanceof Upload)
    return false;
  if (!call.sent) return problemOf(error).kind === 'upstream';
  return body === undefined && safe.has(method) && !call.headed && isDeadConnection(error);
}

function replyOf({ status, raw, body }: Answer, exchange: Exchange, bases: Bases): Reply {
  const bodyless = exchange.method === 'HEAD' || status === 204 || status === 304;
  const framed = !bodyless && Buffer.isBuffer(body);
  return {
    status,
    headers: answerHeaders(raw, framed, bases, exchange.addressed),
    // A stream, so that the length told is the back end's and not that of nothing.
    body: bodyless ? new NoBody() : body,
  };
}

class NoBody extends Readable {
  override _read() {
    this.push(null);
  }
}

/** What stands in for a back end that may not be called. */
function refusing(faults: readonly string[], { url }: HttpBackend, site: BackendSite): Backend {
  site.services.log.log('error', 'a back end may not be called', { proxy: site.proxy, faults });
  return {
    handler: () =>
      Promise.reject(new Problem('unavailable', 'The back end may not be called where it is')),
    probe: () =>
      Promise.resolve({
        status: 'fail',
        timeout: true,
        responseCode: null,
        outcome: faults.join('; '),
        url: URL.canParse(url) ? new URL(url).origin : '',
      }),
    close: () => Promise.resolve(),
  };
}
