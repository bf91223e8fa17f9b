/** Starts and stops the processes that a measurement needs, and reads what they cost. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
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
export function startBare(recorded: string): Promise<Running> {
  return startScript('bare.ts', recorded);
}

/** A small server that issues tokens, with the key and names in a file. */
export function startTokens(
  script: 'bare-tokens.ts' | 'express-tokens.ts',
  facts: string,
): Promise<Running> {
  return startScript(script, facts);
}

/** The directory of a data folder over LDAP. */
export function startLdap(dataDir: string): Promise<Running> {
  return startScript('ldap-server.ts', dataDir);
}

/** Bare node:https as a file says. */
export function startBareTls(file: string): Promise<Running> {
  return startScript('bare-tls.ts', file);
}

/** A back end that answers 4 KB to every call. */
export function startOrigin(): Promise<Running> {
  return startScript('origin.ts', '');
}

/** node:http and undici passing every call on to an origin. */
export function startBareProxy(origin: string): Promise<Running> {
  return startScript('bare-proxy.ts', origin);
}

/** nginx with one worker passing every call on; undefined where there is no nginx. */
export async function startNginx(origin: string, dir: string): Promise<Running | undefined> {
  if (spawnSync('nginx', ['-v']).status !== 0) return undefined;
  const port = 18_000 + Math.floor(Math.random() * 900);
  const file = join(dir, 'nginx.conf');
  writeFileSync(file, nginxConfiguration(port, new URL(origin).host, dir));
  const began = performance.now();
  const child = spawn('nginx', ['-c', file, '-p', dir], { stdio: 'inherit' });
  for (let tries = 0; tries < 100; tries++) {
    const up = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
    if (up) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const worker = execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' });
  return {
    ...running(child, `http://127.0.0.1:${port}`, performance.now() - began),
    pid: Number(worker),
  };
}

function nginxConfiguration(port: number, origin: string, dir: string): string {
  return `worker_processes 1; daemon off; error_log stderr crit; pid ${dir}/nginx.pid;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path ${dir}/t1; proxy_temp_path ${dir}/t2; fastcgi_temp_path ${dir}/t3;
  uwsgi_temp_path ${dir}/t4; scgi_temp_path ${dir}/t5;
  upstream origin { server ${origin}; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`;
}

async function startScript(name: string, file: string): Promise<Running> {
  const began = performance.now();
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'bench', name), file], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
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
  // Several servers may run side by side, and none of their other ports is measured.
  const ports = { LDAP_PORT: '0', LDAPS_PORT: '0', TLS_PORT: '0', TLS_PORT_PRODUCTION: '0' };
  return { PATH: '/usr/bin:/bin', LOG_LEVEL: 'info', ...ports };
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
