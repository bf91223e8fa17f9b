/**
 * Where node:http meets Handler: makes the Exchange, finds the API by environment and longest base path, sends the Reply.
 * What no API claims goes on to the pages. Owns the limits of HTTP itself (headers, waiting bodies, malformed framing).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import {
  Exchange,
  type Connection,
  type Handler,
  type Reply,
  type Sent,
} from '../core/exchange.ts';
import type { Logging } from '../core/log.ts';
import { Problem } from '../core/problem.ts';
import { safeId, ServedCall } from './served-call.ts';

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
  /** How long callers are waited for; the defaults are those of the service. */
  readonly timeouts?: Partial<Timeouts>;
}

/** Milliseconds. */
export interface Timeouts {
  /** All header fields of a request must have come. */
  readonly headers: number;
  /** A body must get on by `progress` bytes, or end. */
  readonly body: number;
  /** The rest of a body that was refused is read away, so that its sender sees the answer. */
  readonly linger: number;
  /** A connection on which nothing moves in either direction. */
  readonly still: number;
}

export interface Front {
  readonly server: Server;
  /** Stops accepting, lets running calls finish, and closes what is left after `patience` milliseconds. */
  drain(patience: number): Promise<void>;
}

const standard: Timeouts = { headers: 10_000, body: 30_000, linger: 3_000, still: 120_000 };
/** So much of a refused body is read away. */
const lingerLimit = 128 * 1024 * 1024;
/** An unread body up to this size is read away so that the connection can be used again. */
const drainLimit = 64 * 1024;

export function createFront(options: FrontOptions): Front {
  // Longest base first, so that the first fit is the right one.
  const mounts = [...options.mounts].sort((a, b) => b.base.length - a.base.length);
  const timeouts = { ...standard, ...options.timeouts };
  const peers = new WeakMap<Socket, Peer>();
  let draining = false;

  const server = createServer(
    {
      requestTimeout: 0, // it counts the whole body; ours watches its progress
      headersTimeout: timeouts.headers,
      connectionsCheckingInterval: Math.min(1000, timeouts.headers / 2), // else looked at each 30 s
      keepAliveTimeout: 65_000,
      noDelay: true,
    },
    (request, response) => {
      const peer = peerOf(request, peers);
      peer.answer = response;
      if (draining) response.setHeader('connection', 'close');
      if (namesTwoHosts(request.rawHeaders)) {
        response.writeHead(400, { connection: 'close', 'content-length': 0 }).end();
        return;
      }
      const place = findPlace(request, options);
      const mount =
        place &&
        mounts.find((m) => m.environment === place.environment && isBelow(place.path, m.base));
      if (!mount) {
        options.pages(request, response);
        return;
      }
      const served = new ServedCall(
        request,
        peer.connection,
        place.query,
        options.log,
        timeouts.body,
      );
      const exchange = new Exchange(served, {
        path: place.path.slice(mount.base.length),
        environment: place.environment,
        workspace: '',
        params: {},
        caller: undefined,
      });
      const failed = (error: unknown) => {
        // An API has an error edge of its own; what gets past it is a fault of ours.
        options.log.log('error', 'a handler let an error through', {
          api: mount.api,
          kind: Problem.from(error).kind,
        });
        if (response.headersSent) response.destroy();
        else send({ status: 500 }, served, response, mount, options.log, timeouts);
      };
      mount.handler(exchange).then((reply) => {
        // Also for a call that came before: its caller would send the next one to a server that has gone.
        if (draining) response.shouldKeepAlive = false;
        try {
          send(reply, served, response, mount, options.log, timeouts);
        } catch (error) {
          failed(error);
        }
      }, failed);
    },
  );

  server.timeout = timeouts.still;
  server.on('clientError', (error, socket: Socket) => {
    refuseFraming(error, socket, peers.get(socket)?.answer);
  });
  server.on('connect', (_request, socket: Socket) => {
    socket.end('HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  });
  // No listener for `upgrade`: a wish for another protocol (Java's client sends one) is passed over (RFC 9110 7.8).

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

/** What is known of a connection, and its newest answer, begun or not. */
interface Peer {
  readonly connection: Connection;
  answer?: ServerResponse;
}

function peerOf(request: IncomingMessage, peers: WeakMap<Socket, Peer>): Peer {
  const known = peers.get(request.socket);
  if (known) return known;
  const connection = { address: request.socket.remoteAddress ?? '', secure: false };
  const peer: Peer = { connection };
  peers.set(request.socket, peer);
  return peer;
}

/** Node keeps the first of two; whoever stands in front of us may have looked at the second (RFC 9112 3.2). */
function namesTwoHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  return hosts > 1;
}

function send(
  reply: Reply,
  call: ServedCall,
  response: ServerResponse,
  mount: Mount,
  log: Logging,
  timeouts: Timeouts,
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
  const unread = hasBodyToCome(call);
  if (unread) headers.connection = 'close';
  if (body instanceof Readable) {
    response.writeHead(reply.status, headers as Record<string, string>); // node takes lists and numbers too
    pipe(body, response, done);
    return;
  }
  const length = body === undefined ? 0 : Buffer.byteLength(body);
  headers['content-length'] = length;
  response.writeHead(reply.status, headers as Record<string, string>);
  if (unread) endAfterBody(call.request, response, body, timeouts.linger);
  else response.end(body);
  done(length, true);
}

/**
 * Answers at once, but closes only when the rest of the body has been read away: closing over bytes not read resets the
 * connection, and the sender would never see why it was refused.
 */
function endAfterBody(
  request: IncomingMessage,
  response: ServerResponse,
  body: string | Buffer | undefined,
  patience: number,
): void {
  if (body !== undefined && body.length > 0) response.write(body);
  else response.flushHeaders();
  let length = 0;
  const end = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, patience);
  request.once('end', end).once('close', end);
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > lingerLimit) end();
  });
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

/** Whether more of the body may come than is read away for the sake of the connection. */
function hasBodyToCome({ request, bodyTaken }: ServedCall): boolean {
  const { headers, complete } = request;
  if (complete) return false;
  return (
    bodyTaken ||
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

/**
 * Malformed framing: said plainly, and the connection closed, for what follows on it cannot be trusted. An answer that
 * is still due to an earlier, sound request goes out first: a 400 in its place would be taken for it.
 */
function refuseFraming(
  error: Error & { code?: string },
  socket: Socket,
  due: ServerResponse | undefined,
): void {
  if (!socket.writable || socket.destroyed) {
    socket.destroy();
    return;
  }
  if (due && !due.writableFinished && (due.req.complete || due.headersSent)) {
    due.once('close', () => {
      socket.destroySoon();
    });
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  // The other side may never close its half.
  setTimeout(() => {
    socket.destroy();
  }, 1000).unref();
}
