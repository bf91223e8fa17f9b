/**
 * One request of node:http as a Call: its fields, its body with a limit and a patience, its log. Owns nothing of routes
 * or answers; those are in front.ts.
 */
import type { IncomingMessage } from 'node:http';
import type { Body, Call, Connection, Facts, Sent } from '../core/exchange.ts';
import type { Log } from '../core/log.ts';
import { Problem } from '../core/problem.ts';

/** Fewer bytes in `Timeouts.body` are no progress: a byte a second would hold a connection for days. */
const progress = 1024;

/** One call as node:http brought it. What costs something is made when first asked for. */
export class ServedCall implements Call {
  readonly method: string;
  readonly rawQuery: string;
  readonly peer: Connection;
  readonly facts: Facts = { people: [] };
  readonly started = performance.now();
  readonly request: IncomingMessage;
  readonly #parent: Log;
  readonly #bodyPatience: number;
  #query: URLSearchParams | undefined;
  #log: Log | undefined;
  #body: RequestBody | undefined;
  #abort: AbortController | undefined;
  #endings: ((sent: Sent) => void)[] | undefined;

  constructor(
    request: IncomingMessage,
    peer: Connection,
    rawQuery: string,
    log: Log,
    bodyPatience: number,
  ) {
    this.request = request;
    this.method = request.method ?? 'GET';
    this.rawQuery = rawQuery;
    this.peer = peer;
    this.#parent = log;
    this.#bodyPatience = bodyPatience;
  }

  get headers() {
    // set-cookie alone is a list, and it is no request field
    return this.request.headers as Readonly<Record<string, string | undefined>>;
  }
  get rawHeaders() {
    return this.request.rawHeaders;
  }
  get query() {
    return (this.#query ??= new URLSearchParams(this.rawQuery));
  }
  get body(): Body {
    return (this.#body ??= new RequestBody(this.request, this.#bodyPatience));
  }
  /** Whether somebody asked for the body. */
  get bodyTaken() {
    return this.#body?.taken ?? false;
  }
  get log() {
    return (this.#log ??= this.#parent.child({
      requestId: safeId(this.headers['x-request-id']),
      correlationId: safeId(this.headers['x-correlation-id']),
    }));
  }
  get signal() {
    if (!this.#abort) {
      const abort = new AbortController();
      this.#abort = abort;
      const gone = () => {
        abort.abort();
      };
      if (this.request.socket.destroyed) gone(); // it has been told already
      this.request.socket.once('close', gone);
      // The connection may outlive the call by many others.
      this.onEnd(() => this.request.socket.off('close', gone));
    }
    return this.#abort.signal;
  }
  onEnd(fn: (sent: Sent) => void) {
    (this.#endings ??= []).push(fn);
  }
  end(sent: Sent) {
    for (const fn of this.#endings ?? []) fn(sent);
  }
}

class RequestBody implements Body {
  taken = false;
  readonly #request: IncomingMessage;
  readonly #patience: number;
  #bytes: Promise<Buffer> | undefined;

  constructor(request: IncomingMessage, patience: number) {
    this.#request = request;
    this.#patience = patience;
  }

  stream() {
    this.taken = true;
    return this.#request;
  }

  bytes(limit: number) {
    this.taken = true;
    return (this.#bytes ??= collect(this.#request, limit, this.#patience));
  }
}

function collect(request: IncomingMessage, limit: number, patience: number): Promise<Buffer> {
  const tooLarge = () => new Problem('too-large', `The body may have at most ${limit} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let due = progress;
    const fail = (problem: Problem) => {
      clearTimeout(waiting);
      request.off('data', take);
      reject(problem);
    };
    const waiting = setTimeout(() => {
      fail(new Problem('too-slow', `The body made no progress for ${patience / 1000} seconds`));
    }, patience);
    const take = (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) {
        fail(tooLarge());
        return;
      }
      chunks.push(chunk);
      if (length < due) return;
      due = length + progress;
      waiting.refresh();
    };
    request.on('data', take);
    request.once('end', () => {
      clearTimeout(waiting);
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, length));
    });
    request.once('close', () => {
      clearTimeout(waiting);
      if (!request.complete) reject(new Problem('invalid', 'The body was cut short'));
    });
  });
}

/** Ids are the caller's free text: only what looks like an id is logged, since anything else might be a person. */
export function safeId(id: string | undefined): string {
  return id !== undefined && /^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/.test(id)
    ? id
    : '';
}
