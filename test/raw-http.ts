/** Requests as bytes on a connection of their own, so that a test can send what no well-behaved client would. */
import { connect } from 'node:net';

export interface RawAnswer {
  /** The status of the first answer; 0 when the connection was closed without one. */
  readonly status: number;
  /** How many answers came. */
  readonly answers: number;
  readonly head: string;
  /** The body of the first answer. */
  readonly body: string;
  /** Whether the other side closed the connection. False: it was still open when the patience ran out. */
  readonly closed: boolean;
}

export interface RawRequest {
  readonly method?: string;
  /** As it goes on the wire, in latin1. */
  readonly path: string;
  /** Name and value, in latin1; `host` and `connection: close` are added. */
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Buffer;
  /** Sends the body in pieces without saying how long it is. */
  readonly chunked?: boolean;
}

/** Sends bytes and gives what comes back until the connection is closed or `patience` milliseconds have passed. */
export function sendBytes(
  port: number,
  bytes: string | Buffer | readonly Buffer[],
  patience = 10_000,
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const got: Buffer[] = [];
    const socket = connect(port, '127.0.0.1');
    const end = (closed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(toAnswer(Buffer.concat(got), closed));
    };
    const timer = setTimeout(() => {
      end(false);
    }, patience);
    socket.on('data', (chunk: Buffer) => got.push(chunk));
    socket.once('end', () => {
      end(true);
    });
    socket.once('close', () => {
      end(true);
    });
    socket.on('error', () => undefined); // a reset closes it, which is told by `close`
    if (typeof bytes === 'string') socket.write(bytes, 'latin1');
    else if (Buffer.isBuffer(bytes)) socket.write(bytes);
    else for (const piece of bytes) socket.write(piece);
  });
}

/** Sends a request that is framed well, whatever it holds. */
export function sendRaw(port: number, request: RawRequest, patience?: number): Promise<RawAnswer> {
  const { method = 'GET', path, headers = [], chunked = false } = request;
  const body = Buffer.from(request.body ?? '');
  const framing: [string, string][] =
    request.body === undefined
      ? []
      : chunked
        ? [['transfer-encoding', 'chunked']]
        : [['content-length', String(body.length)]];
  const lines = [['host', 'localhost'], ['connection', 'close'], ...framing, ...headers].map(
    ([name = '', value = '']) => `${name}: ${value}\r\n`,
  );
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
  return sendBytes(port, [head, ...(chunked ? inChunks(body) : [body])], patience);
}

function inChunks(body: Buffer): Buffer[] {
  const size = 64 * 1024;
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size);
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return [...pieces, Buffer.from('0\r\n\r\n')];
}

function toAnswer(bytes: Buffer, closed: boolean): RawAnswer {
  // What node adds of its own accord before an answer is no answer.
  const text = bytes.toString('latin1').replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
  const end = text.indexOf('\r\n\r\n');
  const head = end < 0 ? text : text.slice(0, end);
  const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? Number.MAX_SAFE_INTEGER);
  return {
    status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1] ?? 0),
    answers: text.match(/HTTP\/1\.1 \d{3} /g)?.length ?? 0,
    head,
    body: Buffer.from(end < 0 ? '' : text.slice(end + 4, end + 4 + length), 'latin1').toString(),
    closed,
  };
}
