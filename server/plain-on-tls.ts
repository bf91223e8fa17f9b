/**
 * A handshake that failed: the connection ends, and whoever spoke plain HTTP to a port of TLS is told in the only words it
 * understands. Owns that answer; the diary of handshakes is tls-listener.ts's.
 */
import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

const told = 'This port speaks TLS: call it with https:// in place of http://.\n';
const answer = [
  'HTTP/1.1 400 Bad Request',
  'connection: close',
  'content-type: text/plain',
  `content-length: ${told.length}`,
  '',
  told,
].join('\r\n');

/** Milliseconds for which the answer is waited with. */
const patience = 1000;

export function endHandshake(error: Error & { readonly code?: string }, socket: TLSSocket): void {
  const plain = error.code === 'ERR_SSL_HTTP_REQUEST' ? beneath(socket) : undefined;
  socket.destroy();
  if (!plain?.writable) return;
  plain.setTimeout(patience, () => plain.destroy());
  plain.end(answer);
}

/** The TCP socket, which node has no public name for; without it nobody is told. */
function beneath(socket: TLSSocket): Socket | undefined {
  const parent: unknown = Reflect.get(socket, '_parent');
  return parent instanceof Socket ? parent : undefined;
}
