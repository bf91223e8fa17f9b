/**
 * The primary of `--workers N`: it has the folder, the one writer, the counters, the timers and what is made at first start,
 * and serves nobody. Joins these with the processes that serve.
 */
import { createServer, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { systemClock, type Clock } from '../core/clock.ts';
import { createLog, type Logging } from '../core/log.ts';
import { Problem } from '../core/problem.ts';
import { settleDead } from './audit/chains.ts';
import { createSigningKeys } from './auth/signing-keys.ts';
import type { Config } from './config.ts';
import { journalOptions, openData, type MainData } from './data.ts';
import type { Limits } from './gateway/limits.ts';
import { openLimits } from './kept-limits.ts';
import { newRsaKey, readSecretFile, writeSecretFile } from './key-files.ts';
import { startPlatform } from './platform.ts';
import { serveLimits } from './workers-limits.ts';
import { createPeerHub, type PeerHub } from './workers-peers.ts';
import { serveWrites, tellCommits, type StoreFile } from './workers-store.ts';
import { createCrew, type Member } from './workers.ts';

/** What a serving process is told at its start. */
export interface Orders {
  readonly config: Config;
  /** The chain of the audit it writes. */
  readonly chain: string;
  /** The embedded store; absent where it opens MongoDB for itself. */
  readonly store?: StoreFile;
}

export interface Primary {
  welcome(): readonly string[];
  /** Exchanges all serving processes, one after the other. */
  exchange(): Promise<void>;
  /** Lets running calls finish, then closes everything. */
  stop(): Promise<void>;
}

export interface PrimaryOptions {
  readonly say: (line: string) => void;
  /** The program that the serving processes run, and its arguments. */
  readonly script: string;
  readonly parameters: readonly string[];
}

/** @throws Problem as startPlatform does; nothing runs any more then. */
export async function startPrimary(
  given: Config,
  root: string,
  { say, script, parameters }: PrimaryOptions,
): Promise<Primary> {
  const clock = systemClock;
  const log = createLog(given.logLevel);
  // All must know the port before the first of them has it.
  const config = given.port === 0 ? { ...given, port: await freePort(given.listenAddress) } : given;
  const data = await openData(config, clock, log, say);
  const hub = createPeerHub();
  const platform = await startPlatform(config, root, {
    ...{ say, log, clock },
    part: 'keeping',
    data,
    peers: hub.own,
  });
  const kept = await openLimits(config, data.store, clock, log);
  const tending = await tendSigningKeys(config, clock, log);
  const crew = createCrew({
    ...{ size: config.workers, script, parameters, log },
    join: (member) => joined(member, { config, clock, log, data, hub, limits: kept.limits }),
  });
  const stop = async () => {
    clearInterval(tending);
    await crew.stop();
    await kept.close();
    await platform.stop();
  };
  try {
    await crew.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { welcome: () => platform.welcome(), exchange: () => crew.exchange(), stop };
}

interface Shared {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logging;
  readonly data: MainData;
  readonly hub: PeerHub;
  readonly limits: Limits;
}

/** Serves a process what there is once; gives what is done when it is gone. */
function joined(member: Member, shared: Shared): () => Promise<void> {
  const { channel, name: chain } = member;
  const { config, data, hub, limits } = shared;
  const { embedded } = data;
  const ends = [hub.join(channel), serveLimits(channel, limits)];
  const leave = () => {
    for (const end of ends) end();
  };
  if (embedded === undefined) {
    channel.answer('start', (): Orders => ({ config, chain }));
    // What it owes to the audit is found at the next start.
    return () => {
      leave();
      return Promise.resolve();
    };
  }
  const { file, opening } = embedded;
  channel.answer('start', (): Orders => ({ config, chain, store: { file, opening } }));
  const writes = serveWrites(channel, embedded);
  ends.push(tellCommits(channel, embedded));
  return async () => {
    leave();
    await settle(member, await writes.commits(), shared);
  };
}

/** Makes what signing keys are due before any serving process needs them: two of them might make two. */
async function tendSigningKeys(
  { dataDir }: Config,
  clock: Clock,
  log: Logging,
): Promise<NodeJS.Timeout> {
  const keys = createSigningKeys({
    dir: join(resolve(dataDir), 'keys', 'signing'),
    files: { readSecretFile, writeSecretFile, newRsaKey: () => newRsaKey() },
    now: () => clock.now(),
  });
  await keys.published();
  const tend = () => {
    keys.published().catch((error: unknown) => {
      log.log('error', 'signing keys could not be tended', { kind: Problem.from(error).kind });
    });
  };
  return setInterval(tend, 10 * 60_000).unref();
}

/** What a process wrote and could not enter into the audit before it died is entered by this one. Never rejects. */
async function settle(
  { name }: Member,
  commits: readonly number[],
  { config, clock, log, data }: Shared,
): Promise<void> {
  try {
    const { journal, store } = data;
    const chain = { ...journalOptions(config, clock, log), chain: name };
    const entered = await settleDead(chain, commits, journal, store.changes);
    if (entered > 0)
      log.log('warn', 'writes without an entry in the audit were entered as recovered', {
        name,
        entered,
      });
  } catch (error) {
    // The next start finds them again.
    log.log('error', 'the audit of a process that ended could not be settled', {
      name,
      reason: Problem.from(error).message,
    });
  }
}

/** A port that nobody listens on. */
function freePort(listenAddress: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (cause) => {
      reject(new Problem('unavailable', `The server cannot listen: ${cause.message}.`, { cause }));
    });
    server.listen({ port: 0, ...(listenAddress === '' ? {} : { host: listenAddress }) }, () => {
      const { port } = server.address() as AddressInfo; // a server on a port has no pipe's name
      server.close(() => {
        resolve(port);
      });
    });
  });
}
