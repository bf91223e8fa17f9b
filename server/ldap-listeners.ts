/**
 * The ports of the directory's LDAP face, plain and on TLS. Owns opening and closing them; what is said on them is
 * spine/sds/ldap-server.ts, which view and which audit it stands on is ldap-listeners-parts.ts.
 */
import { createServer } from 'node:net';
import {
  createServer as createTlsServer,
  type Server as TlsServer,
  type TLSSocket,
} from 'node:tls';
import type { Connection } from '../core/exchange.ts';
import { createLdapServer, listenerOptions, type LdapOptions } from '../spine/sds/ldap-server.ts';
import { listenOn } from './listening.ts';
import { tlsOptions, type ServerIdentity, type Trust } from './tls-material.ts';

/** What LDAPS shows and whom it believes. */
export interface LdapTls {
  readonly identity: ServerIdentity;
  readonly trust: Trust;
  /** What a socket tells; its certificate counts when it has no fault. */
  readonly connection: (socket: TLSSocket) => Connection;
}

export interface LdapListenersOptions extends LdapOptions {
  /** 0 takes any free one. */
  readonly ldapPort: number;
  readonly ldapsPort: number;
  /** Empty: every address of this machine. */
  readonly listenAddress: string;
  /** Without it LDAPS is not opened. */
  readonly tls?: LdapTls;
}

export interface LdapListeners {
  /** Opens the ports and gives them. @throws Problem `unavailable` that names the variable of a port that is taken */
  listen(): Promise<OpenLdapPorts>;
  /** Takes these from the next handshake on; open connections stay. */
  renew(identity: ServerIdentity, trust: Trust): void;
  /** Ends every connection made with this certificate. */
  end(thumbprint: string): void;
  /** Connections that are open. */
  readonly open: number;
  /** Stops accepting, lets running requests be answered, and closes what is left after so many milliseconds. */
  drain(patience: number): Promise<void>;
}

/** Absent where it is not open. */
export interface OpenLdapPorts {
  readonly ldap: number;
  readonly ldaps?: number;
}

export function createLdapListeners(options: LdapListenersOptions): LdapListeners {
  const { ldapPort, ldapsPort, listenAddress, tls } = options;
  const server = createLdapServer(options);
  const plain = createServer(listenerOptions);
  server.serve(plain);
  const secure = tls && tlsServer(tls);
  if (secure) server.serve(secure, (socket) => tls.connection(socket as TLSSocket)); // a TLS server has no others
  return {
    async listen() {
      const place = { listenAddress };
      const ldap = await listenOn(plain, { ...place, variable: 'LDAP_PORT', port: ldapPort });
      if (!secure) return { ldap };
      try {
        const ldaps = await listenOn(secure, { ...place, variable: 'LDAPS_PORT', port: ldapsPort });
        return { ldap, ldaps };
      } catch (error) {
        plain.close();
        throw error;
      }
    },
    renew(identity, trust) {
      secure?.setSecureContext(tlsOptions('LDAPS_PORT', identity, trust, false));
    },
    end(thumbprint) {
      server.end(thumbprint);
    },
    get open() {
      return server.open;
    },
    async drain(patience) {
      const closed = [plain, secure].map(
        (one) =>
          new Promise<void>((resolve) => {
            if (!one?.listening) resolve();
            else
              one.close(() => {
                resolve();
              });
          }),
      );
      await server.drain(patience);
      await Promise.all(closed);
    },
  };
}

/** Whoever is not trusted may come in: the bind says why it counts for nothing. */
function tlsServer({ identity, trust }: LdapTls): TlsServer {
  const server = createTlsServer({
    ...tlsOptions('LDAPS_PORT', identity, trust, false),
    ...listenerOptions,
  });
  server.on('tlsClientError', (_error, socket) => {
    socket.destroy();
  });
  return server;
}
