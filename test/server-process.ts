/** The server as a process of its own, for tests that start, stop and kill it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { root } from './start-platform.ts';

export interface ServerProcess {
  readonly child: ChildProcess;
  /** All it has said on standard error so far. */
  said(): string;
  /** Resolves with the address once it is ready; rejects with what it said when it ends before. */
  ready: Promise<string>;
  /** Resolves with the exit code, or null when it was killed. */
  exit: Promise<number | null>;
}

export function startServerProcess(environment: Record<string, string>): ServerProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', 'server/main.ts'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    // eslint-disable-next-line no-restricted-syntax -- a child needs the path of this machine's programs
    env: { PATH: process.env.PATH ?? '', LOG_LEVEL: 'error', ...environment },
  });
  let said = '';
  const exit = once(child, 'exit').then(([code]) => code as number | null);
  const ready = new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const found = /Gatehouse is ready on (\S+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    exit.then(
      () => {
        reject(new Error(said));
      },
      () => undefined,
    );
  });
  ready.catch(() => undefined); // whoever waits for `exit` alone does not want it
  return { child, said: () => said, ready, exit };
}
