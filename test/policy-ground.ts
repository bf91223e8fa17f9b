/** Policies in front of a handler on a real socket, over a real catalogue: what callers and back ends see of them. */
import { request, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { assemble, type Caller, type Exchange, type Policy, type Reply } from '../core/exchange.ts';
import { createLog } from '../core/log.ts';
import { createFront } from '../server/front.ts';
import { edgeOf } from '../server/gateway/faults.ts';
import { MountTable } from '../server/mount-table.ts';

/** What the handler at the end was given. */
export interface Seen {
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly rawHeaders: readonly string[];
  /** Through `stream()`, as a back end over HTTP takes it. */
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Sent in chunks, without a length. */
  readonly chunked?: boolean;
}

export interface PolicyGround {
  readonly seen: Seen[];
  /** The log as it was written. */
  log(): string;
  ask(path: string, asked?: Asked): Promise<Answer>;
  end(): Promise<void>;
}

export interface PolicyGroundOptions {
  readonly policies: readonly Policy[];
  readonly answer?: (exchange: Exchange) => Reply | Promise<Reply>;
  readonly caller?: Caller;
  /** How refusals are rendered; `problem` when absent. */
  readonly faults?: string;
}

export async function policyGround(options: PolicyGroundOptions): Promise<PolicyGround> {
  const { policies, answer = () => ({ status: 200, body: 'fine' }), caller } = options;
  const seen: Seen[] = [];
  let written = '';
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written += chunk.toString();
      done();
    },
  });
  const handler = assemble(
    [edgeOf(options.faults ?? 'problem'), withCaller(caller), ...policies],
    async (exchange) => {
      const { path, rawQuery, headers, rawHeaders } = exchange;
      const body = await exchange.body.stream().toArray();
      const text = Buffer.concat(body.map((chunk) => Buffer.from(chunk as Buffer))).toString(); // streams of bytes
      seen.push({ path, query: rawQuery, headers, rawHeaders, body: text });
      return answer(exchange);
    },
  );
  const log = createLog('info', sink);
  const front = createFront({
    tables: [new MountTable([{ environment: 'sandbox', base: '/hello', api: 'hello', handler }])],
    environment: 'sandbox',
    toEnvironment: () => undefined,
    log,
    pages: (_request, response) => response.writeHead(404).end(),
  });
  await new Promise<void>((resolve) => front.server.listen(0, '127.0.0.1', resolve));
  const { port } = front.server.address() as AddressInfo; // it listens on a port
  return {
    seen,
    log() {
      log.flush();
      return written;
    },
    ask: (path, asked = {}) => ask(port, path, asked),
    end: () => front.drain(100),
  };
}

function withCaller(caller: Caller | undefined): Policy {
  return (next) => (exchange) => {
    if (!caller) return next(exchange);
    exchange.facts.caller = caller;
    return next(exchange.with({ caller }));
  };
}

function ask(port: number, path: string, asked: Asked): Promise<Answer> {
  const { method = asked.body === undefined ? 'GET' : 'POST', headers = {}, body } = asked;
  return new Promise((resolve, reject) => {
    const length =
      body === undefined || asked.chunked === true
        ? {}
        : { 'content-length': String(Buffer.byteLength(body)) };
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        path: `/hello${path}`,
        method,
        headers: { ...length, ...headers },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.once('error', reject);
        incoming.once('end', () => {
          const bytes = Buffer.concat(chunks);
          resolve({
            ...{ status: incoming.statusCode ?? 0, headers: incoming.headers },
            ...{ bytes, text: bytes.toString() },
          });
        });
      },
    );
    outgoing.once('error', reject);
    if (body !== undefined) outgoing.write(body);
    outgoing.end();
  });
}
