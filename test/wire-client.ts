/** A caller over node:http that keeps one connection, or opens one for each call, and tells a call that failed on the wire. */
import { Agent, request, type IncomingHttpHeaders } from 'node:http';

export interface WireAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface WireInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A call that failed on the wire. */
export class WireFault extends Error {
  readonly code: string;
  /** Whether its connection had served a call before; a new one may never have been accepted by a server that ends. */
  readonly reused: boolean;

  constructor(code: string, reused: boolean) {
    super(code);
    this.code = code;
    this.reused = reused;
  }
}

/** @param agent one that keeps its connection; none: a connection for this call alone */
export function wireCall(url: string, init: WireInit = {}, agent?: Agent): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      {
        method: init.method ?? 'GET',
        agent: agent ?? false,
        headers: { 'x-request-id': crypto.randomUUID(), ...init.headers },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode = 0, headers } = response;
          resolve({ status: statusCode, headers, text: Buffer.concat(chunks).toString() });
        });
      },
    );
    call.on('error', (error) => {
      reject(new WireFault(wireCode(error), call.reusedSocket));
    });
    call.end(init.body);
  });
}

/** An agent with one connection, which it keeps. */
export function keptConnection(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1 });
}

/** The system's code of a call that failed on the wire: ECONNREFUSED when nobody listened. */
export function wireCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
