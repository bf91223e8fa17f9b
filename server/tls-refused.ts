/**
 * Which certificate a handshake was refused for, where the socket ends before anybody can ask it. Owns that one look; it
 * lets nobody in and refuses nobody.
 */
import type { X509Certificate } from 'node:crypto';
import type { Server, TLSSocket } from 'node:tls';
import type { ClientCertificate } from '../core/exchange.ts';
import { toClientCertificate } from './tls-certificate.ts';

/**
 * Node ends the socket of a certificate that is not trusted before its server hears of it. While keys are made the socket is
 * there, and shows the certificate once it is asked just before that end. The keys themselves are not looked at.
 * @returns what a socket showed that is refused for this reason
 */
export function watchRefused(
  server: Server,
): (socket: TLSSocket, reason: string) => ClientCertificate | undefined {
  const shown = new WeakMap<TLSSocket, X509Certificate | undefined>();
  server.on('keylog', (_line, socket) => {
    if (shown.has(socket)) return; // several keys are made in one handshake
    shown.set(socket, undefined);
    socket.prependOnceListener('secure', () => {
      shown.set(socket, socket.getPeerX509Certificate());
    });
  });
  return (socket, reason) => {
    const x509 = shown.get(socket);
    try {
      return x509 && toClientCertificate(x509, reason);
    } catch {
      return undefined; // one that nobody can read is told of by the reason alone
    }
  };
}
