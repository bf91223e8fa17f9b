/**
 * Starts the server on which the MongoDB store is judged: mongo-java-server behind a launcher of ours (test/mongo-server),
 * which `test/mongo-server/build` must have fetched and compiled. Owns the child process; never part of the product.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export interface MongoServer {
  /** Where a database of this name is. */
  readonly url: (database: string) => string;
  readonly pid: number;
  readonly port: number;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
}

const built = join(import.meta.dirname, '..', 'var', 'test', 'mongo-server');

/** Why there is no server to test against; undefined when there is one. */
export function whyNoMongo(): string | undefined {
  if (!existsSync(join(built, 'classes', 'Launcher.class')))
    return 'the MongoDB store is not tested: run test/mongo-server/build first (it needs Java and Maven)';
  if (spawnSync('java', ['-version']).status !== 0)
    return 'the MongoDB store is not tested: there is no java';
  return undefined;
}

/**
 * Starts a server.
 * @param file keeps the data, over a kill too; without it they are in memory.
 * @param port 0 for any.
 */
export async function startMongo(file?: string, port = 0): Promise<MongoServer> {
  const classes = [join(built, 'classes'), join(built, 'lib', '*')].join(':');
  const options = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', classes];
  const child = spawn('java', [...options, 'Launcher', String(port), ...(file === undefined ? [] : [file])], { stdio: ['pipe', 'pipe', 'ignore'] }); // prettier-ignore
  const listening = await firstLine(child);
  const found = Number(/^listening (\d+)/.exec(listening)?.[1]);
  const gone = new Promise<void>((resolve) => child.once('exit', () => { resolve(); })); // prettier-ignore
  return {
    url: (database) => `mongodb://127.0.0.1:${found}/${database}`,
    pid: child.pid ?? 0,
    port: found,
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function firstLine({ stdout }: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    stdout?.once('data', (some: Buffer) => {
      resolve(some.toString());
    });
    stdout?.once('end', () => {
      reject(new Error('the test server did not start'));
    });
  });
}
