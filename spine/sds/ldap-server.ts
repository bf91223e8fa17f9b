/**
 * The LDAP face of the directory (RFC 4511) on any listener, plain or TLS. Owns the connections of one environment: how
 * many there may be, the watch over slow ones, and the drain. The ports are opened in server/ldap-listeners.ts.
 */
import { Server, type Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { ClientCertificate, Connection } from '../../core/exchange.ts';
import type { Problem } from '../../core/problem.ts';
import type { Directory } from './directory.ts';
import { noticeOf } from './ldap-answer.ts';
import { serveConnection, type ConnectionLimits, type LdapConnection } from './ldap-connection.ts';
import type { Client, LdapAccess } from './ldap-operation.ts';
import { createSession, type EndedRequest } from './ldap-session.ts';
import { createWrites } from './ldap-writes.ts';

/** Limits of the face; times in milliseconds. */
export interface LdapLimits extends ConnectionLimits {
  /** Connections at a time. */
  readonly connections: number;
  /** Entries in one answer, or in one page. */
  readonly size: number;
  /** What a search may take. */
  readonly time: number;
}

export interface LdapOptions {
  readonly directory: Directory;
  /** The view of the data that is served; '' is the base. */
  readonly view: string;
  /** Whether entries may be added, changed and removed; false when absent. */
  readonly writable?: boolean;
  /** Whether the directory may be read without a client certificate. */
  readonly anonymous: boolean;
  /**
   * Why the holder of a certificate that the socket trusts may not read at this moment, in a sentence; undefined when it
   * may. Asked again and again, so it must be quick. Anyone with a trusted one may when absent.
   */
  readonly barred?: (certificate: ClientCertificate) => string | undefined;
  readonly vendorVersion: string;
  readonly limits?: Partial<LdapLimits>;
  /** Enters what was done into the audit; nothing is answered before it resolves. */
  readonly enter: (access: LdapAccess) => Promise<void>;
  /** The limit of requests by address: seconds to wait, or undefined to go on. No limit when absent. */
  readonly take?: (address: string) => number | undefined | Promise<number | undefined>;
  /** Called before each request: takes in what other processes have written. A Problem it throws is the answer. */
  readonly before?: () => void;
  /** Hears of each request after its answer. */
  readonly ended?: (request: EndedRequest) => void;
  /** Hears of faults of ours, which the caller is told nothing of. */
  readonly failed?: (problem: Problem) => void;
}

export interface LdapServer {
  /**
   * Serves what a listener accepts; several listeners may be served.
   * @param peer who is at the other end, as the socket says; its address alone when absent.
   */
  serve(listener: Server, peer?: (socket: Socket) => Connection): void;
  /** Connections that are open. */
  readonly open: number;
  /** Ends every connection made with this certificate. */
  end(thumbprint: string): void;
  /** Ends connections when what runs on them is answered, the rest after `patience` milliseconds. Close listeners first. */
  drain(patience: number): Promise<void>;
}

const standardLimits: LdapLimits = {
  connections: 10_000,
  inFlight: 16,
  size: 1_000,
  time: 10_000,
  message: 10_000,
  idle: 600_000,
  unread: 30_000,
};

/** Half-open, so that who ends its half after asking is still answered. */
export const listenerOptions = { allowHalfOpen: true, noDelay: true } as const;

export function createLdapServer(options: LdapOptions): LdapServer {
  const limits = { ...standardLimits, ...options.limits };
  const failed = options.failed ?? (() => undefined);
  const context = contextOf(options, limits, failed);
  const connections = new Map<LdapConnection, Client>();
  let emptied: (() => void) | undefined;
  let draining = false;

  const accept = (socket: Socket, peer: Connection) => {
    if (draining || connections.size >= limits.connections) {
      turnAway(socket, draining);
      return;
    }
    const client = clientOf(peer);
    const session = createSession(context, client);
    const connection = serveConnection(socket, session, limits, failed);
    connections.set(connection, client);
    socket.once('close', () => {
      connections.delete(connection);
      if (connections.size === 0) emptied?.();
    });
  };
  const every = Math.max(
    20,
    Math.min(1000, limits.message / 4, limits.idle / 4, limits.unread / 4),
  );
  const watch = setInterval(() => {
    const now = performance.now();
    for (const connection of connections.keys()) connection.check(now);
  }, every).unref();

  return {
    serve(listener, peer = plainPeer) {
      const event = listener instanceof TlsServer ? 'secureConnection' : 'connection';
      listener.on(event, (socket: Socket) => {
        accept(socket, peer(socket));
      });
    },
    get open() {
      return connections.size;
    },
    end(thumbprint) {
      for (const [connection, { certificate }] of connections)
        if (certificate?.thumbprint === thumbprint) connection.destroy();
    },
    async drain(patience) {
      draining = true;
      for (const connection of connections.keys())
        connection.leave('unavailable', 'The server stops');
      await within(patience, (done) => {
        emptied = done;
        if (connections.size === 0) done();
      });
      for (const connection of connections.keys()) connection.destroy();
      clearInterval(watch);
    },
  };
}

function contextOf(
  options: LdapOptions,
  limits: LdapLimits,
  failed: (problem: Problem) => void,
): Parameters<typeof createSession>[0] {
  const directory = options.directory.in(options.view);
  const nothing = () => undefined;
  return {
    directory,
    writes: createWrites(directory),
    writable: options.writable ?? false,
    anonymous: options.anonymous,
    vendorVersion: options.vendorVersion,
    enter: options.enter,
    sizeLimit: limits.size,
    timeLimit: limits.time,
    barred: options.barred ?? nothing,
    take: options.take ?? nothing,
    before: options.before ?? nothing,
    ended: options.ended ?? nothing,
    failed,
  };
}

function plainPeer(socket: Socket): Connection {
  return { address: socket.remoteAddress ?? '', secure: false };
}

/** A certificate counts when the socket trusts it. */
function clientOf({ address, secure, certificate }: Connection): Client {
  if (certificate === undefined) return { address, secure };
  const { fault } = certificate;
  return fault === undefined
    ? { address, secure, certificate }
    : { address, secure, refused: `The client certificate is not accepted: ${fault}` };
}

function turnAway(socket: Socket, draining: boolean): void {
  socket.on('error', () => undefined);
  socket.end(
    draining
      ? noticeOf('unavailable', 'The server stops')
      : noticeOf('busy', 'There are too many connections'),
  );
  socket.resume();
  setTimeout(() => {
    socket.destroy();
  }, 1_000).unref();
}

/** Resolves when `wait` says so, or after so many milliseconds. */
function within(milliseconds: number, wait: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const last = setTimeout(resolve, milliseconds);
    wait(() => {
      clearTimeout(last);
      resolve();
    });
  });
}
