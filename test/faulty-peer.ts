/**
 * A back end that misbehaves on wish: the first segment of the path below `/base` says how. A real server on a real
 * socket, since what is tested is what the wire does. Owns no assertion.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

export interface FaultyPeer {
  readonly port: number;
  /** `http://127.0.0.1:<port>/base` */
  readonly url: string;
  /** The heads of all requests that came, in order. */
  readonly heads: string[];
  /** Connections that are open now, that were ever made, and that have ended. */
  readonly open: () => number;
  readonly made: () => number;
  readonly ended: () => number;
  /** Bytes written by endless answers. */
  readonly written: () => number;
  /** Drops all connections as a process that ends does, and listens on the same port again. */
  restart(): Promise<void>;
  /** Drops all connections and listens no more. */
  stop(): Promise<void>;
}

/** What it does on a connection once a request's head is there: writes what it likes, or nothing. */
type Fault = (socket: Socket, head: string) => void;

const ok = (body: string, more = '') =>
  `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`;
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const chunkedHead = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
const block = Buffer.alloc(64 * 1024, 'x');

const faults: Readonly<Record<string, Fault>> = {
  ok: (socket) => socket.write(ok('fine')),
  /** The answer holds what the request's tag said, in a body that is gathered or, with `/long`, streamed. */
  tagged: (socket, head) => {
    const tag = /\r\nx-tag: (\S+)/i.exec(head)?.[1] ?? '';
    const text = head.includes('/long ') ? `${tag};`.repeat(15_000) : tag;
    const answer = () => socket.write(ok(text, `x-tag: ${tag}\r\n`));
    if (head.includes('/late ')) setTimeout(answer, 5);
    else answer();
  },
  silent: () => undefined,
  drip: (socket) => {
    socket.write(chunkedHead);
    dripping(socket, chunk('x'), 60);
  },
  'drip-short': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n');
    dripping(socket, 'x', 60);
  },
  'drip-head': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    dripping(socket, 'x-a: b\r\n', 60);
  },
  stops: (socket) => socket.write(`${chunkedHead}${chunk('begun')}`),
  'stops-short': (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nbegun'),
  'stops-long': (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\nbegun'),
  resets: (socket) => {
    socket.write(`${chunkedHead}${chunk('begun')}`, () =>
      setTimeout(() => socket.resetAndDestroy(), 20),
    );
  },
  'ends-chunked': (socket) => socket.end(`${chunkedHead}${chunk('begun')}`),
  'ends-short': (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nbegun'),
  'ends-long': (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\nbegun'),
  'closes-unanswered': (socket) => socket.end(),
  'resets-unanswered': (socket) => socket.resetAndDestroy(),
  garbage: (socket) => socket.write('\x16\x03\x01 this is no HTTP\r\n\r\n'),
  'http-0.9': (socket) => socket.end('<html>hello</html>'),
  'both-lengths': (socket) =>
    socket.write(
      `HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n${chunk('hello')}0\r\n\r\n`,
    ),
  'two-lengths': (socket) =>
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!'),
  'bad-length': (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5x\r\n\r\nhello'),
  'bad-chunk': (socket) => socket.write(`${chunkedHead}zz\r\nhello\r\n0\r\n\r\n`),
  nul: (socket) => socket.write('HTTP/1.1 200 OK\r\nx-a: a\0b\r\ncontent-length: 2\r\n\r\nok'),
  control: (socket) =>
    socket.write('HTTP/1.1 200 OK\r\nx-a: a\x01b\r\ncontent-length: 2\r\n\r\nok'),
  'no-status': (socket) => socket.write('HTTP/1.1 007 Bond\r\ncontent-length: 2\r\n\r\nok'),
  'status-999': (socket) => socket.write('HTTP/1.1 999 Odd\r\ncontent-length: 2\r\n\r\nok'),
  'huge-field': (socket) =>
    socket.write(`HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(200_000)}\r\ncontent-length: 2\r\n\r\nok`),
  'many-fields': (socket) =>
    socket.write(`HTTP/1.1 200 OK\r\n${'x-a: b\r\n'.repeat(20_000)}content-length: 2\r\n\r\nok`),
  switches: (socket) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
  two: (socket) => socket.write(`${ok('first')}${ok('second')}`),
  hints: (socket) => socket.write(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${ok('fine')}`),
  trailers: (socket) =>
    socket.write(
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-t\r\n\r\n${chunk('fine')}0\r\nx-t: 1\r\n\r\n`,
    ),
  'http-1.0': (socket) =>
    socket.end('HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\nuntil the end'),
  status: (socket, head) => {
    const status = /\/status\/(\d+)/.exec(head)?.[1] ?? '200';
    const bodyless = status === '204' || status === '304';
    socket.write(
      `HTTP/1.1 ${status} X\r\n${bodyless ? 'etag: "1"\r\n\r\n' : 'content-length: 4\r\n\r\ntext'}`,
    );
  },
};

function dripping(socket: Socket, text: string, every: number): void {
  const timer = setInterval(() => socket.write(text), every);
  socket.once('close', () => {
    clearInterval(timer);
  });
}

export async function startFaultyPeer(): Promise<FaultyPeer> {
  const sockets = new Set<Socket>();
  const heads: string[] = [];
  let made = 0;
  let written = 0;

  const endless: Fault = (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n');
    const more = () => {
      while (!socket.destroyed) {
        written += block.length;
        if (!socket.write(block)) break;
      }
    };
    socket.on('drain', more);
    more();
  };
  const all: Readonly<Record<string, Fault>> = { ...faults, endless };

  const accept = (socket: Socket) => {
    made++;
    sockets.add(socket);
    let waiting = '';
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    socket.on('data', (bytes: Buffer) => {
      waiting += bytes.toString('latin1');
      // Bodies are not told apart: those sent here never hold an empty line.
      for (let end = waiting.indexOf('\r\n\r\n'); end >= 0; end = waiting.indexOf('\r\n\r\n')) {
        const head = waiting.slice(0, end + 2);
        waiting = waiting.slice(end + 4);
        if (!/^[A-Z]+ \/\S* HTTP\/1\.1\r\n/.test(head)) continue;
        heads.push(head);
        const name = /^\S+ \/base\/([a-z0-9.-]+)/.exec(head)?.[1] ?? 'ok';
        all[name]?.(socket, head);
      }
    });
  };
  const listen = async (port: number) => {
    const server = createServer(accept).listen(port, '127.0.0.1');
    await once(server, 'listening');
    return server;
  };
  const end = async (server: Server) => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };

  let server: Server | undefined = await listen(0);
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    port,
    url: `http://127.0.0.1:${port}/base`,
    heads,
    open: () => sockets.size,
    made: () => made,
    ended: () => made - sockets.size,
    written: () => written,
    async restart() {
      if (server) await end(server);
      server = await listen(port);
    },
    async stop() {
      if (server) await end(server);
      server = undefined;
    },
  };
}
