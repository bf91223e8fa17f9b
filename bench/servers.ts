/** Starts and stops the processes that a measurement needs, and reads what they cost. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Running {
  readonly pid: number;
  readonly url: string;
  /** Milliseconds from spawn to ready. */
  readonly startedIn: number;
  stop(): Promise<void>;
}

const root = join(import.meta.dirname, '..');

/** Gatehouse as it is shipped: the compiled server in a process of its own. */
export async function startGatehouse(
  dataDir: string,
  settings: Record<string, string> = {},
): Promise<Running> {
  const port = 19_000 + Math.floor(Math.random() * 900);
  const began = performance.now();
  const child = spawn(process.execPath, ['dist/server/main.js'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...baseEnvironment(), PORT: String(port), DATA_DIR: dataDir, ...settings },
  });
  await saw(child, child.stderr, /Gatehouse is ready/);
  return running(child, `http://127.0.0.1:${port}`, performance.now() - began);
}

/** Bare node:http answering each path with the bytes recorded in a file. */
export async function startBare(recorded: string): Promise<Running> {
  const began = performance.now();
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', join(root, 'bench', 'bare.ts'), recorded],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const line = await saw(child, child.stdout, /^\d+$/m);
  return running(child, `http://127.0.0.1:${line}`, performance.now() - began);
}

/** Runs a `gatehouse` command to its end. */
export async function gatehouse(...parameters: string[]): Promise<void> {
  const child = spawn(process.execPath, ['dist/scripts/gatehouse/main.js', ...parameters], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const code = await new Promise((done) => child.once('exit', done));
  if (code !== 0) throw new Error(`gatehouse ${parameters.join(' ')} failed`);
}

/** Seconds of processor time the process and its threads have used (Linux only; elsewhere 0). */
export function cpuSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

/** Memory in MiB: all that is resident, and the part that is not file pages. */
export function memory(pid: number): { resident: number; anonymous: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const read = (name: string) =>
      Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
    return { resident: read('VmRSS'), anonymous: read('RssAnon') };
  } catch {
    return { resident: 0, anonymous: 0 };
  }
}

/** Asks for each path once and keeps the answers for the bare server. */
export async function record(
  url: string,
  paths: readonly string[],
  init: RequestInit,
  file: string,
): Promise<void> {
  const answers: Record<string, object> = {};
  for (const path of paths) {
    const response = await fetch(url + path, init);
    const headers = Object.fromEntries(
      [...response.headers].filter(
        ([name]) => !['date', 'connection', 'keep-alive', 'content-length'].includes(name),
      ),
    );
    answers[path] = { status: response.status, headers, body: await response.text() };
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}`);
  }
  writeFileSync(file, JSON.stringify(answers));
}

function baseEnvironment(): Record<string, string> {
  return { PATH: '/usr/bin:/bin', LOG_LEVEL: 'info' };
}

function saw(
  child: ChildProcess,
  stream: NodeJS.ReadableStream | null,
  wanted: RegExp,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen = '';
    stream?.on('data', (chunk: Buffer) => {
      seen = (seen + chunk.toString()).slice(-20_000);
      const found = wanted.exec(seen);
      if (found) resolve(found[0]);
    });
    child.once('exit', (code) => {
      reject(new Error(`the process ended with ${String(code)}: ${seen}`));
    });
  });
}

function running(child: ChildProcess, url: string, startedIn: number): Running {
  const ended = new Promise<void>((done) =>
    child.once('exit', () => {
      done();
    }),
  );
  return {
    pid: child.pid ?? 0,
    url,
    startedIn,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
