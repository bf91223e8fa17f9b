/**
 * One server on TLS with what lives as long as its connections: who is connected with which certificate, so that the end
 * of a certificate ends them; the diary of those who were refused; and its renewal without a dropped connection.
 */
import type { Server as TlsServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { ClientCertificate, Connection } from '../core/exchange.ts';
import type { Front } from './front.ts';
import type { Handshakes } from './handshakes.ts';
import { listenOn } from './listening.ts';
import { tlsOptions, type ServerIdentity, type Trust } from './tls-material.ts';
import { watchRefused } from './tls-refused.ts';

export interface TlsListenerOptions {
  readonly front: Front;
  /** The variable that its port comes from, which is its name too. */
  readonly name: string;
  readonly port: number;
  readonly listenAddress: string;
  /** Refuse in the handshake; else let in, to be told why (certificate-gate.ts). */
  readonly strict: boolean;
  readonly identity: ServerIdentity;
  readonly trust: Trust;
  /** What a socket tells; the same object for the same socket (createConnections). */
  readonly connection: (socket: TLSSocket) => Connection;
  /** The first fault of a certificate at this moment, as certificate-gate.ts tells it; undefined where nobody knows. */
  readonly fault: (certificate: ClientCertificate | undefined) => string | undefined;
  readonly handshakes: Handshakes;
  readonly now: () => number;
}

export interface TlsListener {
  readonly name: string;
  readonly server: TlsServer;
  /** Resolves with its port. @throws Problem that names the variable */
  listen(): Promise<number>;
  /** Takes these from the next handshake on; connections that are open stay. @throws what is wrong with them; it keeps what it had */
  renew(identity: ServerIdentity, trust: Trust): void;
  /** Ends every connection made with this certificate. */
  end(thumbprint: string): void;
}

/** A listener has no more connections than this: each holds some 50 KB. */
const mostConnections = 20_000;

export function createTlsListener(options: TlsListenerOptions): TlsListener {
  const { front, name, strict, handshakes, connection, fault, now } = options;
  const server = front.overTls(tlsOptions(name, options.identity, options.trust, strict));
  const live = new Map<string, Set<TLSSocket>>();
  server.maxConnections = mostConnections;
  const refused = (address: string, reason: string, certificate?: ClientCertificate) => {
    handshakes.refused({
      ...{ at: now(), address, listener: name, reason },
      ...(certificate && {
        names: [...new Set([...certificate.commonNames, ...certificate.dnsNames])].slice(0, 10),
        serial: certificate.serial,
        thumbprint: certificate.thumbprint,
      }),
    });
  };
  const shown = strict ? watchRefused(server) : undefined;
  server.on('tlsClientError', (error, socket) => {
    const reason = reasonOf(error, socket);
    const certificate = shown?.(socket, reason);
    refused(socket.remoteAddress ?? '', certificate?.fault ?? reason, certificate);
  });
  // Before HTTP takes the socket.
  server.prependListener('secureConnection', (socket) => {
    const { address, certificate } = connection(socket);
    const reason = fault(certificate);
    if (reason !== undefined) refused(address, reason, certificate);
    if (strict && (!certificate || certificate.fault !== undefined)) {
      socket.destroy(); // what OpenSSL does not look at
      return;
    }
    if (certificate) remember(live, certificate.thumbprint, socket);
  });
  return {
    name,
    server,
    listen: () => listenOn(server, { ...options, variable: name }),
    renew(identity, trust) {
      server.setSecureContext(tlsOptions(name, identity, trust, strict));
    },
    end(thumbprint) {
      for (const socket of live.get(thumbprint) ?? []) socket.destroy();
    },
  };
}

function remember(live: Map<string, Set<TLSSocket>>, thumbprint: string, socket: TLSSocket): void {
  let sockets = live.get(thumbprint);
  if (!sockets) live.set(thumbprint, (sockets = new Set()));
  const mine = sockets.add(socket);
  socket.once('close', () => {
    mine.delete(socket);
    if (mine.size === 0 && live.get(thumbprint) === mine) live.delete(thumbprint);
  });
}

/** Why a handshake failed: the word for the certificate where that was it, else OpenSSL's or node's code. */
function reasonOf(error: Error & { readonly code?: string }, socket: TLSSocket): string {
  // The types say Error; it is a text, or null.
  const authorisation = socket.authorizationError as unknown;
  if (typeof authorisation === 'string') return authorisation;
  return error.code ?? 'HANDSHAKE_FAILED';
}
