/**
 * Which store an installation runs on: the embedded one in its folder, or MongoDB where several machines serve together.
 * Either way the folder is one server's alone, since the audit and the keys lie in it.
 */
import { join, resolve } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { Problem } from '../core/problem.ts';
import type { Changes } from '../core/store.ts';
import type { Config } from './config.ts';
import { randomKey } from './key-files.ts';
import { integrationWorkspace } from './pds-proxies.ts';
import { shareKeys } from './shared-keys.ts';
import { openEmbeddedStore, type EmbeddedStore } from './store/embedded.ts';
import { lockFolder, othersGone } from './store/folder.ts';
import { openMongoStore, type MongoStore } from './store/mongo.ts';
import type { ServedStore } from './store/served.ts';
import { sharedWorkspace } from './workspaces.ts';

export interface OpenedStore {
  readonly store: ServedStore;
  /** The same, where it is the embedded one. */
  readonly embedded?: EmbeddedStore;
  /** The changes that this machine has made: its audit must account for them. */
  readonly ownChanges: Changes;
}

/** Records that the shared workspace may change: all that a bench or a team together will, and still a bound. */
const sharedLimit = 200_000;
const limits = { [sharedWorkspace]: sharedLimit, [integrationWorkspace]: sharedLimit };

/** Opens it for the process that has the folder. @throws Problem `unavailable` as the stores do, for a second server, and for keys that are not the other machines' */
export async function openStore(config: Config, clock: Clock, log: Log): Promise<OpenedStore> {
  const dir = resolve(config.dataDir);
  if (config.mongoUrl === '') {
    const embedded = await toldByRole(config, () =>
      openEmbeddedStore({ dir, syncDelay: config.storeSyncDelay, limits, log }),
    );
    return { store: embedded, embedded, ownChanges: embedded.changes };
  }
  const unlock = lockFolder(dir);
  try {
    await othersGone(dir);
    const store = await openMongo(config, log);
    const stopSharing = await shareKeys(store, config, clock, log).catch(async (error: unknown) => {
      await store.close();
      throw error;
    });
    const close = async () => {
      stopSharing();
      await store.close();
      unlock();
    };
    return { store: { ...store, close }, ownChanges: store.ownChanges };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** MongoDB as any process of this machine opens it. */
export function openMongo({ mongoUrl, dataDir }: Config, log: Log): Promise<MongoStore> {
  // Two servers on one host are two machines, each with an audit of its own.
  const machine = randomKey(join(resolve(dataDir), 'keys', 'machine.key')).toString('hex', 0, 8);
  return openMongoStore({ url: mongoUrl, log, limits, machine });
}

/** Two roles over one folder are refused by name. */
async function toldByRole(
  { role, dataDir }: Config,
  open: () => Promise<EmbeddedStore>,
): Promise<EmbeddedStore> {
  try {
    return await open();
  } catch (error) {
    if (role === 'all' || !(error instanceof Problem) || !error.message.includes(' in use by '))
      throw error;
    throw new Problem(
      'unavailable',
      `ROLE is ${role}, but DATA_DIR "${dataDir}" is in use by another process: the embedded store is for one server. Run ROLE all there, or give both MONGO_URL and a folder each.`,
      { cause: error },
    );
  }
}
