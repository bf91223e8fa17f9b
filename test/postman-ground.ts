/** An endpoint that takes pushes, as a recipient runs one, and the steps of a push, for tests. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { textIn, type ManagementClient } from '../scripts/gatehouse/client.ts';

/** What an endpoint was sent. */
export interface Pushed {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Answers one, or does not. */
export type Treat = (pushed: Pushed, response: ServerResponse) => void;

export interface Endpoint {
  readonly url: string;
  /** All that came but challenges. */
  readonly pushed: readonly Pushed[];
  /** How all are treated from now on; taken with 200 at first. */
  treat: Treat;
  close(): Promise<void>;
}

const take: Treat = (_pushed, response) => {
  response.end();
};

/** Gives challenges back; anything else is up to `treat`. */
export async function startEndpoint(tls?: ServerOptions): Promise<Endpoint> {
  const pushed: Pushed[] = [];
  const listener: Parameters<typeof createServer>[1] = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const { url: path = '', headers } = request;
      if (headers['x-challenge'] === 'echo') {
        response.end(path.startsWith('/deaf') ? 'what?' : body);
        return;
      }
      const one = { path, headers, body };
      pushed.push(one);
      endpoint.treat(one, response);
    });
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on a port
  const endpoint: Endpoint = {
    url: `${tls ? 'https' : 'http'}://localhost:${port}`,
    pushed,
    treat: take,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return endpoint;
}

/** Answers with a status. */
export function answering(status: number, headers: Record<string, string> = {}, body = ''): Treat {
  return (_pushed, response) => {
    response.writeHead(status, headers).end(body);
  };
}

/** Makes a subscription and has it verified. */
export async function subscribe(
  manage: ManagementClient,
  wish: { readonly mailbox: string; readonly url: string } & Readonly<Record<string, unknown>>,
): Promise<{ readonly id: string; readonly secret: string }> {
  const body = { environment: 'sandbox', ...wish };
  const made = (await manage.call('POST', '/push-subscriptions', { body })).body;
  const id = textIn(made, 'id');
  await manage.call('POST', `/push-subscriptions/${id}/verify`);
  return { id, secret: textIn(made, 'secret') };
}

/** Waits until something is so. @throws Error that names it when the time is over */
export async function until<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  what = 'what was waited for',
  patience = 20_000,
): Promise<T> {
  const end = Date.now() + patience;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > end) throw new Error(`${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What is known of the only push of a message. */
export async function pushOf(
  manage: ManagementClient,
  subscription: string,
  messageId: string,
): Promise<Readonly<Record<string, unknown>>> {
  const id = encodeURIComponent(`push|sandbox|${messageId}|${subscription}`);
  return (await manage.call('GET', `/pushes/${id}`)).body;
}
