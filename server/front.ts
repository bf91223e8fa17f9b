/**
 * Where node:http meets Handler: makes the Exchange, finds the API by environment and longest base path, sends the Reply.
 * What no API claims goes on to the pages. Owns the limits of HTTP itself (headers, waiting bodies, malformed framing).
 * The plain server and those on TLS (listeners.ts) serve alike; what a certificate is worth is handed in.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { Server as NetServer, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { TLSSocket, type TlsOptions } from 'node:tls';
import {
  Exchange,
  type Connection,
  type Facts,
  type Handler,
  type Reply,
  type Sent,
} from '../core/exchange.ts';
import type { Logging } from '../core/log.ts';
import { Problem } from '../core/problem.ts';
import { callerAddress } from './forwarded.ts';
import type { Mount, MountTable } from './mount-table.ts';
import { findPlace, type Naming } from './front-place.ts';
import { endHandshake } from './plain-on-tls.ts';
import { safeId, ServedCall } from './served-call.ts';

export interface FrontOptions extends Naming {
  /** Which API answers an address: the first of these that claims it. */
  readonly tables: readonly Pick<MountTable, 'find'>[];
  /** Told of each call to an API, after its answer. */
  readonly observer?: Observer;
  readonly log: Logging;
  /** Proxies whose X-Forwarded-For is believed; none when absent. */
  readonly trustedProxies?: ReadonlySet<string>;
  /** What answers an address that belongs to no API. */
  readonly pages: (request: IncomingMessage, response: ServerResponse) => void;
  /** How long callers are waited for; the defaults are those of the service. */
  readonly timeouts?: Partial<Timeouts>;
  /** Called before each call is looked at: takes in what other processes have written. Must not throw. */
  readonly freshen?: (() => void) | undefined;
  /** What is made of certificates; without it there is no server on TLS. */
  readonly certified?: Certified | undefined;
  /** A connection as this server itself tells of it, where it calls for somebody; the same for all others. */
  readonly relayed?: (request: IncomingMessage, connection: Connection) => Connection;
}

/** Who judges client certificates. */
export interface Certified {
  /** What a socket that has ended its handshake tells; asked once per connection. */
  readonly connection: (socket: TLSSocket) => Connection;
  /** A connection as a listed proxy tells of it that ended TLS in front of us; the same where it may not or does not. */
  readonly proxied: (request: IncomingMessage, connection: Connection) => Connection;
  /**
   * Why a call of a secure connection may not be answered; undefined: it may. Asked at each call, before anything else.
   * `environment` is absent where the address names no API.
   */
  readonly refusal: (connection: Connection, environment?: string) => Problem | undefined;
  /** Answers with the refusal as callers of this API read it. */
  readonly refuse: (refusal: Problem, mount: Mount) => Handler;
}

/** Hears of calls to APIs; whatever it does, it must not take long nor throw. */
export interface Observer {
  began(mount: Mount): void;
  ended(call: EndedCall, mount: Mount): void;
}

/** A call that has been answered or abandoned. */
export interface EndedCall {
  readonly method: string;
  readonly headers: ServedCall['headers'];
  readonly facts: Facts;
  readonly sent: Sent;
  readonly milliseconds: number;
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
  /** Another server for the same calls, on TLS, that does not listen yet; it ends with the front. */
  overTls(options: TlsOptions): TlsServer;
  /**
   * Stops accepting, lets running calls finish, and closes what is left after `patience` milliseconds. A connection without
   * a call is left open for `linger` milliseconds (default 0): the next one may be on its way, and is answered.
   */
  drain(patience: number, linger?: number): Promise<void>;
}

const standard: Timeouts = { headers: 10_000, body: 30_000, linger: 3_000, still: 120_000 };
/** So much of a refused body is read away. */
const lingerLimit = 128 * 1024 * 1024;
/** An unread body up to this size is read away so that the connection can be used again. */
const drainLimit = 64 * 1024;

export function createFront(options: FrontOptions): Front {
  const { tables, observer } = options;
  const find = (environment: string, path: string): Mount | undefined => {
    for (const table of tables) {
      const mount = table.find(environment, path);
      if (mount) return mount;
    }
    return undefined;
  };
  const timeouts = { ...standard, ...options.timeouts };
  const peers = new WeakMap<Socket, Peer>();
  const trusted = options.trustedProxies ?? new Set<string>();
  const { certified, relayed = (_request, connection) => connection } = options;
  let draining = false;

  const limits = {
    requestTimeout: 0, // it counts the whole body; ours watches its progress
    headersTimeout: timeouts.headers,
    connectionsCheckingInterval: Math.min(1000, timeouts.headers / 2), // else looked at each 30 s
    keepAliveTimeout: 65_000,
    noDelay: true,
  };
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const peer = peerOf(request, peers, certified);
    peer.answer = response;
    options.freshen?.();
    if (draining) response.setHeader('connection', 'close');
    // A request of another version, or of none, is read differently by whoever is behind us.
    const known = request.httpVersion === '1.1' || request.httpVersion === '1.0';
    if (!known || namesTwoHosts(request.rawHeaders)) {
      response.writeHead(400, { connection: 'close', 'content-length': 0 }).end();
      return;
    }
    const place = findPlace(request, options);
    const mount = place && find(place.environment, place.path);
    const turned = mount?.turnAway?.();
    if (mount && turned && turnedAway(request, response, mount, turned, observer)) return;
    const told =
      trusted.size === 0
        ? peer.connection
        : behindProxy(peer.connection, request, trusted, certified);
    const connection = relayed(request, told);
    const refusal = connection.secure
      ? certified?.refusal(connection, mount?.environment)
      : undefined;
    if (!mount) {
      if (refusal) refusePlainly(refusal, response);
      else options.pages(request, response);
      return;
    }
    const served = new ServedCall(request, connection, place.query, options.log, timeouts.body);
    const exchange = new Exchange(served, {
      path: place.path.slice(mount.base.length),
      environment: place.environment,
      addressed: place.addressed,
      workspace: '',
      params: {},
      caller: undefined,
    });
    observer?.began(mount);
    const failed = (error: unknown) => {
      // An API has an error edge of its own; what gets past it is a fault of ours.
      options.log.log('error', 'a handler let an error through', {
        api: mount.api,
        kind: Problem.from(error).kind,
      });
      if (response.headersSent) {
        response.destroy();
        const sent = { status: 500, bytes: 0, complete: false };
        served.end(sent); // frees what the call holds
        const { method, headers, facts } = served;
        observer?.ended({ method, headers, facts, sent, milliseconds: 0 }, mount);
      } else send({ status: 500 }, served, response, mount, options, timeouts);
    };
    const handler = (refusal && certified?.refuse(refusal, mount)) ?? mount.handler;
    handler(exchange).then((reply) => {
      // Also for a call that came before: its caller would send the next one to a server that has gone.
      if (draining) response.shouldKeepAlive = false;
      try {
        send(reply, served, response, mount, options, timeouts);
      } catch (error) {
        failed(error);
      }
    }, failed);
  };
  const equip = <S extends Server | TlsServer>(server: S): S => {
    server.maxHeadersCount = 0; // beyond a number node drops fields without a word; all of them are 16 KB at most
    server.timeout = timeouts.still;
    server.on('clientError', (error: Error, socket: Socket) => {
      refuseFraming(error, socket, peers.get(socket)?.answer);
    });
    server.on('connect', (_request: IncomingMessage, socket: Socket) => {
      socket.end(
        'HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
      );
    });
    // No listener for `upgrade`: a wish for another protocol (Java's client sends one) is passed over (RFC 9110 7.8).
    return server;
  };
  const server = equip(createServer(limits, answer));
  const onTls: TlsServer[] = [];

  return {
    server,
    overTls(tls) {
      if (!certified) throw new Error('nobody judges the certificates of this server');
      const made = equip(createTlsServer({ ...tls, ...limits }, answer));
      // Not HTTP's own, which would answer a handshake that failed as if it were a request.
      made.removeAllListeners('tlsClientError');
      made.on('tlsClientError', endHandshake);
      onTls.push(made);
      return made;
    },
    async drain(patience, linger = 0) {
      draining = true;
      const all = [server, ...onTls.filter((one) => one.listening)];
      await Promise.all(all.map((one) => drained(one, patience, linger)));
    },
  };
}

/** Resolves when a server has neither its port nor a connection any more. */
function drained(server: Server | TlsServer, patience: number, linger: number): Promise<void> {
  return new Promise((resolve) => {
    const last = setTimeout(() => {
      server.closeAllConnections();
    }, patience);
    const idle = setTimeout(() => {
      server.closeIdleConnections();
    }, linger);
    // Not HTTP's own close: that cuts off connections without a call at once.
    NetServer.prototype.close.call(server, () => {
      clearTimeout(last);
      clearTimeout(idle);
      resolve();
    });
    if (linger === 0) server.closeIdleConnections();
  });
}

/** A refusal at an address that no API claims. */
function refusePlainly({ status, message }: Problem, response: ServerResponse): void {
  response.writeHead(status, { connection: 'close', 'content-type': 'text/plain' });
  response.end(`${message}\n`);
}

/** What is known of a connection, and its newest answer, begun or not. */
interface Peer {
  readonly connection: Connection;
  answer?: ServerResponse;
}

function peerOf(
  { socket }: IncomingMessage,
  peers: WeakMap<Socket, Peer>,
  certified: Certified | undefined,
): Peer {
  const known = peers.get(socket);
  if (known) return known;
  const connection =
    certified && socket instanceof TLSSocket
      ? certified.connection(socket)
      : { address: socket.remoteAddress ?? '', secure: false };
  const peer: Peer = { connection };
  peers.set(socket, peer);
  return peer;
}

/** One connection of a proxy brings the calls of many. */
function behindProxy(
  connection: Connection,
  request: IncomingMessage,
  trusted: ReadonlySet<string>,
  certified: Certified | undefined,
): Connection {
  const field = request.headers['x-forwarded-for'];
  const told = Array.isArray(field) ? field.join() : field;
  const address = callerAddress(connection.address, told, trusted);
  const proxied = certified ? certified.proxied(request, connection) : connection;
  return { ...proxied, address, proxied: address !== connection.address };
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
  { log, observer }: Pick<FrontOptions, 'log' | 'observer'>,
  timeouts: Timeouts,
): void {
  const done = (bytes: number, complete: boolean) => {
    const sent = { status: reply.status, bytes, complete };
    const milliseconds = Math.round((performance.now() - call.started) * 1000) / 1000;
    call.end(sent);
    logAccess(call, sent, milliseconds, mount, log);
    if (observer) {
      const { method, headers, facts } = call;
      observer.ended({ method, headers, facts, sent, milliseconds }, mount);
    }
  };
  const { body } = reply;
  if (reply.hangUp || response.destroyed) {
    response.destroy();
    done(0, false);
    return;
  }
  // A HEAD without a body may tell the length that a GET would have (RFC 9110 9.3.2).
  const told =
    call.method === 'HEAD' && body === undefined && reply.headers?.['content-length'] !== undefined;
  const fields = fieldsOf(reply, !told && !(body instanceof Readable));
  const unread = hasBodyToCome(call);
  if (unread) fields.push('connection', 'close');
  if (body instanceof Readable) {
    response.writeHead(reply.status, fields);
    pipe(body, response, done);
    return;
  }
  const length = body === undefined ? 0 : Buffer.byteLength(body);
  // RFC 9110 8.6
  if (!told && reply.status !== 204 && reply.status !== 304)
    fields.push('content-length', String(length));
  response.writeHead(reply.status, fields);
  if (unread) endAfterBody(call.request, response, body, timeouts.linger);
  // One text is one write with the head; bytes would be a second.
  else if (Buffer.isBuffer(body) && length <= longestText)
    response.end(body.toString('latin1'), 'latin1');
  else response.end(body);
  done(length, true);
}

const nothing: ServedCall['headers'] = {};
const turnedFacts: Facts = { people: [], limit: 'overload', code: 'OVERLOADED', proxy: '' };

/**
 * Turns a call away with an answer that is ready, at the least cost: that is all that helps where there is too much to
 * do. It is counted and has no access line of its own. A call with a body goes the usual way, which reads the body.
 */
function turnedAway(
  { method = 'GET', headers }: IncomingMessage,
  response: ServerResponse,
  mount: Mount,
  reply: Reply,
  observer: Observer | undefined,
): boolean {
  const { body, status } = reply;
  if ((method !== 'GET' && method !== 'HEAD') || body instanceof Readable) return false;
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined)
    return false;
  const bytes = body === undefined ? 0 : Buffer.byteLength(body);
  const fields = fieldsOf(reply, true);
  fields.push('content-length', String(bytes));
  response.writeHead(status, fields);
  response.end(body);
  const sent = { status, bytes, complete: true };
  observer?.began(mount);
  observer?.ended({ method, headers: nothing, facts: turnedFacts, sent, milliseconds: 0 }, mount);
  return true;
}

/**
 * Name, value, name, value …, the form that node writes with the least work.
 * @param counted whether the length is told by us, whatever the reply says.
 */
function fieldsOf({ headers }: Reply, counted: boolean): string[] {
  const fields: string[] = [];
  for (const name in headers) {
    if (counted && name.length === 14 && name.toLowerCase() === 'content-length') continue;
    const value = headers[name];
    if (typeof value === 'string') fields.push(name, value);
    else for (const one of value ?? []) fields.push(name, one);
  }
  return fields;
}

/** Bytes of a body that are written together with the head. */
const longestText = 32 * 1024;

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
  if (body.destroyed) response.destroy(); // it broke before it could be told: nobody would end the answer
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

function logAccess(
  call: ServedCall,
  sent: Sent,
  milliseconds: number,
  mount: Mount,
  log: Logging,
): void {
  const { facts, headers } = call;
  log.access({
    requestId: facts.requestId ?? safeId(headers['x-request-id']),
    correlationId: safeId(headers['x-correlation-id']),
    api: mount.api,
    environment: mount.environment,
    // The route's pattern, never the path: an NHS number stands in it.
    route: facts.route ?? call.method,
    app: facts.caller?.appId ?? '',
    status: sent.status,
    code: facts.code ?? '',
    bytes: sent.bytes,
    milliseconds,
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
