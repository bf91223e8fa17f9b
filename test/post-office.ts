/** Stands between a system and its service in tests: keeps what passes, and passes it on, or answers, as it is told. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Letter {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Receipt {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export class PostOffice {
  readonly letters: Letter[] = [];
  /** What a letter is answered with; undefined: nothing, as long as the sender waits. */
  treat: (letter: Letter) => Promise<Receipt | undefined> | Receipt | undefined;
  readonly #server: Server;

  constructor(treat: PostOffice['treat']) {
    this.treat = treat;
    this.#server = createServer((request, response) => {
      void (async () => {
        const letter = await letterOf(request);
        this.letters.push(letter);
        const receipt = await this.treat(letter);
        if (!receipt) return;
        response.writeHead(receipt.status, { 'content-type': receipt.type }).end(receipt.body);
      })().catch(() => response.destroy());
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function letterOf(request: IncomingMessage): Promise<Letter> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const { 'content-type': type = '', soapaction = '' } = request.headers;
  const headers = { 'content-type': type, soapaction: String(soapaction) };
  return { path: request.url ?? '', headers, body: Buffer.concat(chunks) };
}

/** Hands a letter to an address. */
export async function handOn(url: string, { headers, body }: Letter): Promise<Receipt> {
  const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) });
  const text = await response.text();
  return { status: response.status, type: response.headers.get('content-type') ?? '', body: text };
}
