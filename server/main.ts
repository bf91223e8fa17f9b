/** The server program: reads the environment, starts, says what runs where, stops on SIGTERM. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { existsSync } from 'node:fs';
import { Problem } from '../core/problem.ts';
import { loadConfig } from './config.ts';
import { startPlatform, type Platform } from './platform.ts';

/** The folder with package.json: data files are read from there, whether this runs from sources or from dist/. */
const here = dirname(fileURLToPath(import.meta.url));
const root = existsSync(join(here, '..', 'package.json'))
  ? join(here, '..')
  : join(here, '..', '..');

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const platform = await startPlatform(config, root, { say });
  stopOnSignal(platform);
  for (const line of platform.welcome()) say(line);
}

function stopOnSignal(platform: Platform): void {
  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    say(`${signal}: finishing the calls that run …`);
    platform.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        say(`Stopped with an error: ${Problem.from(error).message}`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => {
    stop('SIGTERM');
  });
  process.on('SIGINT', () => {
    stop('SIGINT');
  });
}

/** A fault nobody caught leaves the process in an unknown state: it ends, and what was acknowledged is on disk. */
function endOnFault(error: unknown): void {
  // The message of a foreign error might quote a patient; the frames of its stack name files and lines only.
  const frames = (error instanceof Error ? (error.stack ?? '') : '')
    .split('\n')
    .filter((line) => line.trimStart().startsWith('at '));
  say(['Gatehouse ends after a fault of its own:', ...frames.slice(0, 12)].join('\n'));
  process.exit(1);
}

process.on('uncaughtException', endOnFault);
process.on('unhandledRejection', endOnFault);

main().catch((error: unknown) => {
  const problem = Problem.from(error);
  say(
    problem.kind === 'internal' && problem.cause instanceof Error
      ? `Gatehouse cannot start: ${problem.cause.stack ?? problem.cause.message}`
      : `Gatehouse cannot start.\n${problem.message}`,
  );
  process.exit(1);
});
