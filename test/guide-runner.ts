/** The command line as a process that stays: each connection brings the arguments of one command, and gets what it printed. */
import { createServer } from 'node:net';
import { gatehouse, toldOf } from '../scripts/gatehouse/program.ts';

interface Ran {
  readonly out: string;
  readonly err: string;
  readonly code: number;
}

async function run(args: readonly string[]): Promise<Ran> {
  const printed = { out: '', err: '' };
  const into = (name: 'out' | 'err') => (chunk: string | Uint8Array) => {
    printed[name] += chunk.toString();
    return true;
  };
  process.stdout.write = into('out');
  process.stderr.write = into('err');
  process.exitCode = 0;
  try {
    await gatehouse().parseAsync(args, { from: 'user' });
  } catch (error) {
    printed.err += `${toldOf(error)}\n`;
    process.exitCode = 1;
  }
  return { ...printed, code: exitCode() };
}

function exitCode(): number {
  return Number(process.exitCode ?? 0);
}

let last: Promise<unknown> = Promise.resolve();

const server = createServer((socket) => {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
    if (!text.endsWith('\n')) return;
    const args = JSON.parse(text) as string[]; // the shim of guide-shell.ts sends a list of texts
    last = last.then(async () => socket.end(JSON.stringify(await run(args))));
  });
});
server.listen(process.argv[2], () => process.send?.('listening'));
