/**
 * Runs the `sh` blocks of a guide in one bash, in order, and what `# ->` lines expect of their output. `npx gatehouse` is
 * answered by one process that stays (guide-runner.ts), since starting one for each command takes most of the time; a
 * command that reads its standard input gets a process of its own.
 */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './start-platform.ts';

/** Runs TypeScript, wherever a process stands. */
const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** Commands up to the next `# ->` lines, and those lines. */
export interface Step {
  /** Of the guide, from 1. */
  readonly line: number;
  readonly commands: string;
  readonly expected: readonly string[];
}

/** The steps of all `sh` blocks of a text in Markdown. */
export function stepsOf(markdown: string): readonly Step[] {
  const steps: Step[] = [];
  let inside = false;
  let commands: string[] = [];
  let expected: string[] = [];
  const end = (line: number) => {
    if (commands.length > 0)
      steps.push({
        line: line - commands.length - expected.length,
        commands: commands.join('\n'),
        expected,
      });
    [commands, expected] = [[], []];
  };
  markdown.split('\n').forEach((text, i) => {
    if (text.startsWith('```')) {
      if (inside) end(i + 1);
      inside = text === '```sh';
    } else if (inside && text.startsWith('# -> ')) expected.push(text.slice(5));
    else if (inside) {
      if (expected.length > 0) end(i + 1);
      commands.push(text);
    }
  });
  return steps;
}

/** What of the expected is not in an output; `…` stands for anything on the line, and blanks for any number of them. */
export function missing({ expected }: Step, output: string): readonly string[] {
  return expected.filter((text) => {
    const pattern = text
      .split('…')
      .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replace(/ +/g, ' +'))
      .join('[^\\n]*');
    return !new RegExp(pattern).test(output);
  });
}

export interface GuideShell {
  /** What each step has printed, on both outputs, in their order. */
  run(steps: readonly Step[]): Promise<readonly string[]>;
  end(): Promise<void>;
}

/** @param folder where the commands run; it is empty and somebody else's to remove */
export async function openGuideShell(
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<GuideShell> {
  const socket = join(folder, 'runner.sock');
  const bin = join(folder, 'bin');
  // eslint-disable-next-line no-restricted-syntax -- the shell finds its programs by it
  const path = `${bin}:${process.env.PATH ?? ''}`;
  const env = { ...environment, PATH: path };
  const runner = fork(new URL('./guide-runner.ts', import.meta.url), [socket], {
    ...{ cwd: folder, env },
    execArgv: ['--import', loader],
  });
  await once(runner, 'message');
  mkdirSync(bin);
  writeFileSync(join(bin, 'npx'), shim(socket));
  chmodSync(join(bin, 'npx'), 0o755);
  return {
    run: (steps) => runSteps(steps, folder, env),
    end: () => ended(runner),
  };
}

async function ended(runner: ChildProcess): Promise<void> {
  if (runner.exitCode !== null) return;
  runner.kill();
  await once(runner, 'exit');
}

/** What stands for `npx`: hands its arguments on; of what is not `gatehouse` it knows nothing. */
function shim(socket: string): string {
  const program = JSON.stringify(join(root, 'scripts', 'gatehouse', 'main.ts'));
  const tsx = JSON.stringify(loader);
  return `#!/usr/bin/env node
const [name, ...args] = process.argv.slice(2);
if (name !== 'gatehouse') throw new Error('The guide may call gatehouse only');
if (args[0] === 'secret' && !args.includes('--file')) {
  const done = require('child_process').spawnSync(process.execPath, ['--import', ${tsx}, ${program}, ...args], { stdio: 'inherit' });
  process.exitCode = done.status;
} else {
  const socket = require('net').connect(${JSON.stringify(socket)}, () => socket.write(JSON.stringify(args) + '\\n'));
  let text = '';
  socket.on('data', (chunk) => (text += chunk)).on('end', () => {
    const { out, err, code } = JSON.parse(text);
    process.stdout.write(out);
    process.stderr.write(err);
    process.exitCode = code;
  });
}
`;
}

const mark = '=== end of step ===';

async function runSteps(
  steps: readonly Step[],
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const script = steps.map(({ commands }) => `${commands}\necho\necho '${mark}'\n`).join('');
  const bash = spawn('bash', ['-c', `exec 2>&1\n${script}`], {
    ...{ cwd: folder, env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  bash.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await once(bash, 'close');
  return output.split(mark).slice(0, steps.length);
}
