/** Opens the port of a server, and says by the name of its variable why it cannot. */
import type { AddressInfo, Server } from 'node:net';
import { Problem } from '../core/problem.ts';

export interface Place {
  /** The variable that the port comes from. */
  readonly variable: string;
  readonly port: number;
  /** Empty: every address of this machine. */
  readonly listenAddress: string;
}

/** Resolves with the port that was opened. @throws Problem `unavailable` */
export function listenOn(
  server: Server,
  { variable, port, listenAddress }: Place,
): Promise<number> {
  return new Promise((done, fail) => {
    server.once('error', (cause: Error & { code?: string }) => {
      const sentence =
        cause.code === 'EADDRINUSE'
          ? `${variable} ${port} is taken by another process. Stop that one, or start with another ${variable}.`
          : `The server cannot listen on ${variable} ${port}: ${cause.code ?? cause.message}.`;
      fail(new Problem('unavailable', sentence, { cause }));
    });
    server.listen({ port, ...(listenAddress === '' ? {} : { host: listenAddress }) }, () => {
      done((server.address() as AddressInfo).port); // a server on a port has no pipe's name
    });
  });
}
