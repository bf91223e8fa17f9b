/**
 * More calls than a server can answer, from a process of its own: so many a second whatever comes back, over many
 * connections with one call each at a time. Plain sockets, because a client that parses everything is slower than the server.
 * Prints one line of JSON: milliseconds of each call taken and of each turned away.
 */
import { connect, type Socket } from 'node:net';

const [url = '', path = '', wanted = '0', duration = '0', connections = '0', fields = ''] =
  process.argv.slice(2);
const { hostname, port } = new URL(url);
const request = Buffer.from(`GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\n${fields}\r\n`);
const taken: number[] = [];
const refused: number[] = [];
const free: Line[] = [];
let [held, untold, broken] = [0, 0, 0];

interface Line {
  readonly socket: Socket;
  began: number;
  left: number;
}

/** One connection; an answer is read by its first bytes and its length. */
function open(): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, resolve);
    const line: Line = { socket, began: 0, left: 0 };
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      if (line.left === 0) line.left = readHead(line, chunk);
      line.left -= chunk.length;
      if (line.left > 0) return;
      line.left = 0;
      free.push(line);
    });
    socket.on('error', () => broken++);
    free.push(line);
  });
}

/** Notes how long it took; gives the bytes of the whole answer. */
function readHead(line: Line, chunk: Buffer): number {
  const milliseconds = performance.now() - line.began;
  const head = chunk.toString('latin1', 0, Math.max(0, chunk.indexOf('\r\n\r\n')));
  (head.startsWith('200', 9) ? taken : refused).push(milliseconds);
  if (!head.startsWith('200', 9) && !/\r\nretry-after: \d/i.test(head)) untold++;
  return head.length + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
}

for (let i = 0; i < Number(connections); i += 50)
  await Promise.all(Array.from({ length: 50 }, open));
const began = performance.now();
let sent = 0;
const timer = setInterval(() => {
  const now = performance.now();
  const due = ((now - began) / 1000) * Number(wanted) - sent - held;
  for (let i = 0; i < due; i++) {
    const line = free.shift();
    if (!line) {
      held++;
      continue;
    }
    sent++;
    line.began = performance.now();
    line.socket.write(request);
  }
  if (now - began < Number(duration) * 1000) return;
  clearInterval(timer);
  const told = { sent, held, untold, broken, seconds: (now - began) / 1000, taken, refused };
  process.stdout.write(JSON.stringify(told), () => process.exit(0));
}, 2);
