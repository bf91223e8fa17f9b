/**
 * Watches the Apis: probes every Proxy, takes its traffic into account, and keeps what it finds. Runs in the process that
 * observes for the installation. Owns the rounds; states are status-machine.ts's, the documents status-record.ts's.
 */
import type { Collection, Store } from '../../core/store.ts';
import { afterResult, judge, unchecked, type Traffic } from './status-machine.ts';
import {
  currentId,
  dayId,
  statusCollection,
  type FoundStatus,
  type StatusDocument,
} from './status-record.ts';

/** A Proxy that runs, as it can be probed. */
export interface Instance {
  /** `production.hello-world`. */
  readonly proxy: string;
  readonly api: string;
  readonly environment: string;
  /** 0: none could be put in service. */
  readonly revision: number;
  /** The back end's name in metrics: a host, or the kind of what answers. */
  readonly target: string;
  /** Whether the platform answers for it. Never rejects. */
  readonly ping: () => Promise<boolean>;
  /** Whether its back end says that it is well; absent where nothing can be asked. Never rejects. */
  readonly health?: () => Promise<boolean>;
  readonly circuit?: 'closed' | 'open' | 'half-open';
}

export interface StatusWatch {
  /** Pings every Proxy, judges all, and keeps what has changed; to be called each 15 s. */
  pings(): Promise<void>;
  /** Asks every back end; to be called each 60 s. */
  healths(): Promise<void>;
  /** By Proxy. */
  found(): ReadonlyMap<string, FoundStatus>;
}

export interface StatusWatchOptions {
  readonly store: Store;
  readonly now: () => number;
  readonly instances: () => readonly Instance[];
  /** The calls of an Api in the last five minutes. */
  readonly traffic: (api: string, environment: string) => Traffic;
}

/** Probes at a time. */
const atOnce = 20;
/** What has not changed is written so often. Milliseconds. */
const saveEvery = 60_000;

export function createStatusWatch(options: StatusWatchOptions): StatusWatch {
  const { store, now, instances } = options;
  const collection = store.open(statusCollection);
  const found = new Map<string, FoundStatus>();
  const counted = new Map<string, Map<string, [number, number]>>();
  let loaded = false;
  let saved = 0;
  /** Goes on from what another process found. */
  const load = async () => {
    if (loaded) return;
    const stored = await collection.get(currentId);
    for (const [proxy, one] of Object.entries(stored?.value.current ?? {})) found.set(proxy, one);
    loaded = true;
  };
  const probe = async (instance: Instance) => {
    const passed = instance.revision > 0 && (await instance.ping());
    const before = found.get(instance.proxy);
    const after = judged(options, instance, before, passed);
    found.set(instance.proxy, after);
    addProbe(counted, dayId(now()), instance.proxy, passed && after.health?.up !== false);
    return after.state !== before?.state;
  };
  return {
    found: () => found,
    async pings() {
      await load();
      const running = instances();
      dropGone(found, running);
      const changes = await eachOf(running, probe);
      if (!changes.includes(true) && now() - saved < saveEvery) return;
      await save(collection, found, counted, now());
      saved = now();
    },
    async healths() {
      await load();
      await eachOf(instances(), async (instance) => {
        const passed = await instance.health?.();
        const known = found.get(instance.proxy);
        if (passed === undefined || !known) return;
        const health = afterResult(known.health ?? unchecked, passed);
        found.set(instance.proxy, { ...known, health });
      });
    },
  };
}

function judged(
  { now, traffic }: StatusWatchOptions,
  instance: Instance,
  before: FoundStatus | undefined,
  passed: boolean,
): FoundStatus {
  const { api, environment, revision, target, circuit } = instance;
  const ping = afterResult(before?.ping ?? unchecked, passed);
  const health = instance.health ? (before?.health ?? unchecked) : undefined;
  const signs = {
    ...{ ping, traffic: traffic(api, environment) },
    ...(health ? { health } : {}),
    ...(circuit ? { circuit } : {}),
  };
  const state = judge(signs);
  return {
    ...{ api, environment, revision, target, state, ping, checked: now() },
    since: before?.state === state ? before.since : now(),
    ...(health ? { health } : {}),
  };
}

function addProbe(
  counted: Map<string, Map<string, [number, number]>>,
  day: string,
  proxy: string,
  passed: boolean,
): void {
  let proxies = counted.get(day);
  if (!proxies) counted.set(day, (proxies = new Map<string, [number, number]>()));
  const [good, all] = proxies.get(proxy) ?? [0, 0];
  proxies.set(proxy, [good + (passed ? 1 : 0), all + 1]);
}

function dropGone(found: Map<string, FoundStatus>, running: readonly Instance[]): void {
  const there = new Set(running.map(({ proxy }) => proxy));
  for (const proxy of found.keys()) if (!there.has(proxy)) found.delete(proxy);
}

/** Adds what was counted to the days, and puts down how all are. */
async function save(
  collection: Collection<StatusDocument>,
  found: ReadonlyMap<string, FoundStatus>,
  counted: Map<string, Map<string, [number, number]>>,
  now: number,
): Promise<void> {
  for (const [id, proxies] of [...counted]) {
    const stored = await collection.get(id);
    const day: Record<string, readonly [number, number]> = { ...stored?.value.day };
    for (const [proxy, [good, all]] of proxies) {
      const [before, of] = day[proxy] ?? [0, 0];
      day[proxy] = [before + good, of + all];
    }
    await collection.put(id, { checked: now, day }, { expected: stored?.version ?? 0 });
    counted.delete(id);
  }
  const stored = await collection.get(currentId);
  const value = { checked: now, current: Object.fromEntries(found) };
  await collection.put(currentId, value, { expected: stored?.version ?? 0 });
}

/** Does this for all, some at a time. */
async function eachOf<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let i = 0; i < all.length; i += atOnce)
    results.push(...(await Promise.all(all.slice(i, i + atOnce).map(work))));
  return results;
}
