/**
 * A serving process of `--workers N`: it opens what it needs as the primary tells it, serves until it is told to leave, and
 * ends at once when the primary has died.
 */
import { resolve } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { createLog, type Log } from '../core/log.ts';
import { Problem } from '../core/problem.ts';
import { openJournal } from './audit/journal.ts';
import { journalOptions } from './data.ts';
import { openMongo } from './opened-store.ts';
import { startPlatform, type Platform } from './platform.ts';
import type { OpenedData } from './process-role.ts';
import { joinFolder } from './store/folder.ts';
import { createChannel, type Channel } from './workers-channel.ts';
import { peersOver } from './workers-peers.ts';
import type { Orders } from './workers-primary.ts';
import { openStoreOver, type StoreFile } from './workers-store.ts';

/** The pipe to the primary, and the end of this process. */
export interface Pipe {
  send(message: unknown): void;
  /** Says who gets what comes. */
  receive(fn: (message: unknown) => void): void;
  exit(code: number): never;
}

/** Connections without a call are left open for this long, since the next call may be on its way. Milliseconds. */
const linger = 1_000;

/** Serves; gives the function that ends that when the running calls have been answered. @throws as startPlatform does */
export async function serve(
  root: string,
  pipe: Pipe,
  say: (line: string) => void,
): Promise<() => Promise<void>> {
  const channel = createChannel((message) => {
    pipe.send(message);
  });
  pipe.receive((message) => {
    channel.receive(message);
  });
  const orders = (await channel.ask('start', true)) as Orders; // the primary answers with that
  try {
    const platform = await open(root, channel, orders, say, pipe);
    await channel.ask('ready', platform.port);
    const leave = async () => {
      await platform.stop(linger);
    };
    channel.hear('leave', () => {
      void leave().finally(() => pipe.exit(0));
    });
    return leave;
  } catch (error) {
    await channel.ask('failed', Problem.from(error).message);
    throw error;
  }
}

async function open(
  root: string,
  channel: Channel,
  { config, chain, store: file }: Orders,
  say: (line: string) => void,
  pipe: Pipe,
): Promise<Platform> {
  const clock = systemClock;
  const log = createLog(config.logLevel);
  const leaveFolder = joinFolder(resolve(config.dataDir));
  const opened = file
    ? openFile(channel, file, log, () => {
        say('A serving process has missed changes that are no longer kept: it starts anew.');
        pipe.exit(1);
      })
    : { store: await openMongo(config, log) };
  const journal = await openJournal({ ...journalOptions(config, clock, log), chain });
  for (const line of journal.recovered) say(`Audit: ${line}`);
  const platform = await startPlatform(config, root, {
    ...{ say, log, clock },
    part: 'serving',
    data: { ...opened, journal },
    peers: peersOver(channel),
  });
  return {
    ...platform,
    async stop(given) {
      await platform.stop(given);
      leaveFolder();
    },
  };
}

/** The embedded store as the primary has it. */
function openFile(
  channel: Channel,
  file: StoreFile,
  log: Log,
  lost: () => void,
): Pick<OpenedData, 'store' | 'freshen'> {
  const store = openStoreOver(channel, file, log, lost);
  return {
    store,
    freshen: () => {
      store.freshen();
    },
  };
}
