/**
 * The server program: reads environment and arguments, starts, says what runs where, stops on SIGTERM. With `--workers N`
 * this is the primary, or one of the processes that serve beside it.
 */
import cluster from 'node:cluster';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { existsSync } from 'node:fs';
import { Problem } from '../core/problem.ts';
import { readArguments, usage } from './arguments.ts';
import { loadConfig, type Config } from './config.ts';
import { startPlatform } from './platform.ts';
import { startPrimary } from './workers-primary.ts';
import { serve } from './workers-serving.ts';

/** The folder with package.json: data files are read from there, whether this runs from sources or from dist/. */
const here = dirname(fileURLToPath(import.meta.url));
const root = existsSync(join(here, '..', 'package.json'))
  ? join(here, '..')
  : join(here, '..', '..');

/** Connections without a call are left open for this long at the end: the next call may be on its way. Milliseconds. */
const linger = 500;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

// Records, audit and keys are this user's alone, whatever the folder they lie in allows.
process.umask(0o077);

async function main(): Promise<void> {
  const parameters = process.argv.slice(2);
  const { help, variables } = readArguments(parameters);
  if (help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const config = loadConfig({ ...process.env, ...variables });
  if (config.workers > 1) await leadWorkers(config, parameters);
  else {
    const platform = await startPlatform(config, root, { say });
    stopOnSignals(['SIGTERM', 'SIGINT'], () => platform.stop(linger));
    for (const line of platform.welcome()) say(line);
  }
}

async function leadWorkers(config: Config, parameters: readonly string[]): Promise<void> {
  const script = fileURLToPath(import.meta.url);
  const primary = await startPrimary(config, root, { say, script, parameters });
  stopOnSignals(['SIGTERM', 'SIGINT'], () => primary.stop());
  process.on('SIGHUP', () => {
    say('SIGHUP: exchanging the serving processes one by one …');
    primary.exchange().then(
      () => {
        say('All serving processes are fresh.');
      },
      (error: unknown) => {
        say(`The exchange was given up: ${Problem.from(error).message}`);
      },
    );
  });
  for (const line of primary.welcome()) say(line);
}

/** One of the processes that serve: the primary tells it everything. */
async function serveForPrimary(): Promise<void> {
  // The terminal sends these to all; the primary says what is to be done.
  for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => undefined);
  // node:cluster ends a process whose primary is gone; this makes it an end with an error.
  process.once('disconnect', () => process.exit(1));
  const leave = await serve(
    root,
    {
      send: (message) => {
        process.send?.(message, undefined, undefined, () => undefined);
      },
      receive: (fn) => process.on('message', fn),
      exit: (code) => process.exit(code),
    },
    say,
  );
  stopOnSignals(['SIGTERM'], leave);
}

function stopOnSignals(signals: readonly string[], end: () => Promise<void>): void {
  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    if (cluster.isPrimary) say(`${signal}: finishing the calls that run …`);
    end().then(
      () => process.exit(0),
      (error: unknown) => {
        say(`Stopped with an error: ${Problem.from(error).message}`);
        process.exit(1);
      },
    );
  };
  for (const signal of signals)
    process.on(signal, () => {
      stop(signal);
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

(cluster.isWorker ? serveForPrimary() : main()).catch((error: unknown) => {
  const problem = Problem.from(error);
  // What a serving process could not do, the primary has been told and says.
  if (cluster.isPrimary)
    say(
      problem.kind === 'internal' && problem.cause instanceof Error
        ? `Gatehouse cannot start: ${problem.cause.stack ?? problem.cause.message}`
        : `Gatehouse cannot start.\n${problem.message}`,
    );
  process.exit(1);
});
