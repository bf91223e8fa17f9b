/**
 * Calls to identity providers, which the operator names: within a time, no redirects, a bounded answer. What this server
 * itself plays is reached on its own port, whatever its public address is.
 */
import type { ProviderFetch } from './auth/relying-party.ts';

const patience = 10_000;
const mostBytes = 1024 * 1024;

/**
 * @param publicUrl addresses that begin so are this server's.
 * @param own where this server is reached from its own machine: `http://127.0.0.1:9000`.
 */
export function callProvider(publicUrl: () => string, own: () => string): ProviderFetch {
  return async (url, init) => {
    const root = publicUrl();
    const isOwn = url === root || url.startsWith(`${root}/`);
    const { body, headers, method } = init;
    const response = await fetch(isOwn ? own() + url.slice(root.length) : url, {
      method,
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(patience),
      // what the library sends is a form or nothing
      ...(body === undefined || body === null ? {} : { body: body as string | URLSearchParams }),
    });
    const answer = await readWhole(response);
    const { status, headers: answered } = response;
    return new Response(answer.length === 0 ? null : answer, { status, headers: answered });
  };
}

/** Where a server that listens on this address and port is reached from its own machine. */
export function ownAddress(listenAddress: string, port: number): string {
  const any = ['', '0.0.0.0', '::'].includes(listenAddress);
  const host = any
    ? '127.0.0.1'
    : listenAddress.includes(':')
      ? `[${listenAddress}]`
      : listenAddress;
  return `http://${host}:${port}`;
}

/** The bytes of an answer. Rejects above 1 MiB. */
async function readWhole({ body }: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    const bytes = chunk as Uint8Array; // the body of a fetch is of bytes
    length += bytes.length;
    if (length > mostBytes) throw new TypeError('the answer of the provider is too large');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** JSON of a provider. Rejects for another status. */
export async function readProvider(call: ProviderFetch, url: string): Promise<unknown> {
  const response = await call(url, {
    method: 'GET',
    headers: { accept: 'application/json' },
    redirect: 'manual',
    body: undefined,
  });
  if (response.status !== 200) throw new Error(`the provider answered ${response.status}`);
  return await response.json();
}
