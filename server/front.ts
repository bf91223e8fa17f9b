/**
 * Where node:http meets Handler: makes the Exchange, finds the API by environment and longest base path, sends the Reply.
 * What no API claims goes on to the pages. Owns the limits of HTTP itself (headers, waiting bodies, malformed framing).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import {
  Exchange,
  type Body,
  type Call,
  type Connection,
  type Facts,
  type Handler,
  type Reply,
  type Sent,
} from '../core/exchange.ts';
import type { Log, Logging } from '../core/log.ts';
import { Problem } from '../core/problem.ts';

/** An API as it is served in one environment. */
export interface Mount {
  readonly environment: string;
  /** Without a trailing slash: `/personal-demographics/FHIR/R4`. */
  readonly base: string;
  /** The name the access line gives it. */
  readonly api: string;
  readonly handler: Handler;
}

export interface FrontOptions {
  readonly mounts: readonly Mount[];
  /** The environment of an address that names none. */
  readonly environment: string;
  readonly environments: readonly string[];
  readonly log: Logging;
  /** What answers an address that belongs to no API. */
  readonly pages: (request: IncomingMessage, response: ServerResponse) => void;
}

export interface Front {
  readonly server: Server;
  /** Stops accepting, lets running calls finish, and closes what is left after `patience` milliseconds. */
  drain(patience: number): Promise<void>;
}

/** A body that makes no progress for so long is given up. */
const bodyPatience = 30_000;
/** An unread body up to this size is read away so that the connection can be used again. */
const drainLimit = 64 * 1024;

export function createFront(options: FrontOptions): Front {
  // Longest base first, so that the first fit is the right one.
  const mounts = [...options.mounts].sort((a, b) => b.base.length - a.base.length);
  const peers = new WeakMap<Socket, Connection>();
  let draining = false;

  const server = createServer(
    { requestTimeout: 0, headersTimeout: 10_000, keepAliveTimeout: 65_000, noDelay: true },
    (request, response) => {
      if (draining) response.setHeader('connection', 'close');
      const place = findPlace(request, options);
      const mount =
        place &&
        mounts.find((m) => m.environment === place.environment && isBelow(place.path, m.base));
      if (!mount) {
        options.pages(request, response);
        return;
      }
      const served = new ServedCall(request, peerOf(request, peers), place.query, options.log);
      const exchange = new Exchange(served, {
        path: place.path.slice(mount.base.length),
        environment: place.environment,
        workspace: '',
        params: {},
        caller: undefined,
      });
      mount.handler(exchange).then(
        (reply) => {
          send(reply, served, response, mount, options.log);
        },
        (error: unknown) => {
          // An API has an error edge of its own; what gets past it is a fault of ours.
          options.log.log('error', 'a handler let an error through', {
            api: mount.api,
            kind: Problem.from(error).kind,
          });
          send({ status: 500 }, served, response, mount, options.log);
        },
      );
    },
  );

  server.on('clientError', refuseFraming);
  server.on('connect', (_request, socket: Socket) => {
    socket.end('HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  });
  server.on('upgrade', (_request, socket: Socket) => {
    socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  });

  return {
    server,
    drain: (patience) =>
      new Promise((resolve) => {
        draining = true;
        const last = setTimeout(() => {
          server.closeAllConnections();
        }, patience);
        server.close(() => {
          clearTimeout(last);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

/** Which environment and path a request names; undefined when its target is no path. */
function findPlace(
  request: IncomingMessage,
  { environment, environments }: FrontOptions,
): { environment: string; path: string; query: string } | undefined {
  const target = toOriginForm(request.url ?? '');
  if (target === undefined) return undefined;
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark + 1);
  if (path.startsWith('/env/')) {
    const end = path.indexOf('/', 5);
    const name = end < 0 ? path.slice(5) : path.slice(5, end);
    return { environment: name, path: end < 0 ? '/' : path.slice(end), query };
  }
  const host = request.headers.host ?? '';
  const dot = host.indexOf('.');
  const prefix = dot < 0 ? '' : host.slice(0, dot);
  return { environment: environments.includes(prefix) ? prefix : environment, path, query };
}

/** `GET http://host/path` names the same as `GET /path` (RFC 9112 3.2.2). A fragment never belongs in a request. */
function toOriginForm(url: string): string | undefined {
  if (url.startsWith('/')) {
    const hash = url.indexOf('#');
    return hash < 0 ? url : url.slice(0, hash);
  }
  const absolute = /^https?:\/\/[^/?#]*([^#]*)/i.exec(url);
  if (!absolute) return undefined;
  const rest = absolute[1] ?? '';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function isBelow(path: string, base: string): boolean {
  return path.startsWith(base) && (path.length === base.length || path[base.length] === '/');
}

function peerOf(request: IncomingMessage, peers: WeakMap<Socket, Connection>): Connection {
  const known = peers.get(request.socket);
  if (known) return known;
  const peer = { address: request.socket.remoteAddress ?? '', secure: false };
  peers.set(request.socket, peer);
  return peer;
}

/** One call as node:http brought it. What costs something is made when first asked for. */
class ServedCall implements Call {
  readonly method: string;
  readonly rawQuery: string;
  readonly peer: Connection;
  readonly facts: Facts = { people: [] };
  readonly started = performance.now();
  readonly request: IncomingMessage;
  readonly #parent: Log;
  #query: URLSearchParams | undefined;
  #log: Log | undefined;
  #body: RequestBody | undefined;
  #abort: AbortController | undefined;
  #endings: ((sent: Sent) => void)[] | undefined;

  constructor(request: IncomingMessage, peer: Connection, rawQuery: string, log: Log) {
    this.request = request;
    this.method = request.method ?? 'GET';
    this.rawQuery = rawQuery;
    this.peer = peer;
    this.#parent = log;
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
    return (this.#body ??= new RequestBody(this.request));
  }
  /** Whether somebody asked for the body. */
  get bodyTaken() {
    return this.#body?.taken ?? false;
  }
  get log() {
    return (this.#log ??= this.#parent.child({
      requestId: this.headers['x-request-id'] ?? '',
      correlationId: this.headers['x-correlation-id'] ?? '',
    }));
  }
  get signal() {
    if (!this.#abort) {
      const abort = new AbortController();
      this.#abort = abort;
      this.request.socket.once('close', () => {
        abort.abort();
      });
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
  #bytes: Promise<Buffer> | undefined;

  constructor(request: IncomingMessage) {
    this.#request = request;
  }

  stream() {
    this.taken = true;
    return this.#request;
  }

  bytes(limit: number) {
    this.taken = true;
    return (this.#bytes ??= collect(this.#request, limit));
  }
}

function collect(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = () =>
    new Problem('too-large', `The body may have at most ${limit} bytes`, {
      headers: { connection: 'close' },
    });
  if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const fail = (problem: Problem) => {
      clearTimeout(waiting);
      request.off('data', take);
      request.resume();
      reject(problem);
    };
    const waiting = setTimeout(() => {
      fail(
        new Problem('too-slow', `The body made no progress for ${bodyPatience / 1000} seconds`, {
          headers: { connection: 'close' },
        }),
      );
    }, bodyPatience);
    const take = (chunk: Buffer) => {
      waiting.refresh();
      length += chunk.length;
      if (length > limit) fail(tooLarge());
      else chunks.push(chunk);
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

function send(
  reply: Reply,
  call: ServedCall,
  response: ServerResponse,
  mount: Mount,
  log: Logging,
): void {
  const done = (bytes: number, complete: boolean) => {
    const sent = { status: reply.status, bytes, complete };
    call.end(sent);
    logAccess(call, sent, mount, log);
  };
  const { body } = reply;
  if (reply.hangUp || response.destroyed) {
    response.destroy();
    done(0, false);
    return;
  }
  const headers: Record<string, string | readonly string[] | number> = { ...reply.headers };
  if (isUnreadAndLong(call)) headers.connection = 'close';
  if (body instanceof Readable) {
    response.writeHead(reply.status, headers as Record<string, string>); // node takes lists and numbers too
    pipe(body, response, done);
    return;
  }
  const length = body === undefined ? 0 : Buffer.byteLength(body);
  headers['content-length'] = length;
  response.writeHead(reply.status, headers as Record<string, string>);
  response.end(body);
  done(length, true);
}

/** A streamed answer: its source is destroyed when the caller leaves, and a source that fails cuts the answer visibly. */
function pipe(
  body: Readable,
  response: ServerResponse,
  done: (bytes: number, complete: boolean) => void,
): void {
  let bytes = 0;
  body.on('data', (chunk: Buffer | string) => {
    bytes += Buffer.byteLength(chunk);
  });
  body.once('error', () => response.destroy());
  response.once('close', () => {
    body.destroy();
    done(bytes, response.writableFinished);
  });
  body.pipe(response);
}

function isUnreadAndLong(call: ServedCall): boolean {
  const { headers, complete } = call.request;
  if (complete || call.bodyTaken) return false;
  return (
    headers['transfer-encoding'] !== undefined ||
    Number(headers['content-length'] ?? 0) > drainLimit
  );
}

function logAccess(call: ServedCall, sent: Sent, mount: Mount, log: Logging): void {
  const { facts, headers } = call;
  log.access({
    requestId: safeId(headers['x-request-id']),
    correlationId: safeId(headers['x-correlation-id']),
    api: mount.api,
    environment: mount.environment,
    // The route's pattern, never the path: an NHS number stands in it.
    route: facts.route ?? call.method,
    app: facts.caller?.appId ?? '',
    status: sent.status,
    code: facts.code ?? '',
    bytes: sent.bytes,
    milliseconds: Math.round((performance.now() - call.started) * 1000) / 1000,
    complete: sent.complete,
  });
}

/** Ids are the caller's free text: only what looks like an id is logged, since anything else might be a person. */
function safeId(id: string | undefined): string {
  return id !== undefined && /^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/.test(id)
    ? id
    : '';
}

/** Malformed framing: said plainly, and the connection closed, for what follows on it cannot be trusted. */
function refuseFraming(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || socket.destroyed) {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
