// Installs and builds what is missing or stale, then starts the server (or, with `test` or `bench`, those).
// Plain JavaScript without dependencies, because it runs before there are any.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const sources = ['core', 'fhir', 'spine', 'certs', 'server', 'scripts'];
const stamp = join(root, 'dist', '.built');

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Gatehouse needs Node 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

/** Installs the dependencies when the lock file is newer than what is installed. */
export function install() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && modified(installed) >= modified(join(root, 'package-lock.json')))
    return;
  console.error('Installing dependencies (npm ci) …');
  run(process.platform === 'win32' ? 'npm.cmd' : 'npm', [
    'ci',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
  const now = new Date();
  if (existsSync(installed)) utimesSync(installed, now, now);
}

/** Compiles when a source is newer than the last build. */
export function build() {
  if (existsSync(stamp) && modified(stamp) >= newest()) return;
  console.error('Building …');
  run(process.execPath, [
    join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    'tsconfig.build.json',
  ]);
  writeFileSync(stamp, '');
}

function newest() {
  let latest = Math.max(
    modified(join(root, 'tsconfig.json')),
    modified(join(root, 'tsconfig.build.json')),
  );
  for (const folder of sources.filter((name) => existsSync(join(root, name))))
    for (const name of readdirSync(join(root, folder), { recursive: true }))
      if (/\.ts$/.test(String(name)) && !/\.test\.ts$/.test(String(name)))
        latest = Math.max(latest, modified(join(root, folder, String(name))));
  return latest;
}

function modified(file) {
  return existsSync(file) ? statSync(file).mtimeMs : 0;
}

function run(command, parameters) {
  const { status } = spawnSync(command, parameters, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32' && command.endsWith('.cmd'),
  });
  if (status !== 0) {
    console.error(`${command} ${parameters[0] ?? ''} failed; the lines above say why.`);
    process.exit(status ?? 1);
  }
}

/** Runs a program in a child process and ends with its exit code. */
function hand(parameters) {
  const child = spawn(process.execPath, parameters, { cwd: root, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  install();
  const [, , what, ...rest] = process.argv;
  if (what === 'test') hand([join(root, 'node_modules', 'mocha', 'bin', 'mocha.js'), ...rest]);
  else {
    build();
    if (what === 'bench') hand(['--import', 'tsx', join(root, 'bench', 'main.ts'), ...rest]);
    else await import(pathToFileURL(join(root, 'dist', 'server', 'main.js')).href);
  }
}
