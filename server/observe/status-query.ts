/** How the Apis are, as it is asked for, from what the watching process has kept. Owns the form of the answer. */
import type { Store } from '../../core/store.ts';
import type { StatusQuery } from '../catalogue/deployment-hooks.ts';
import type { ApiState } from './status-machine.ts';
import {
  availabilityOf,
  currentId,
  part,
  readDays,
  statusCollection,
  type Availability,
  type FoundStatus,
} from './status-record.ts';

export interface StatusAnswer {
  readonly items: readonly ShownStatus[];
}

export interface ShownStatus {
  readonly proxy: string;
  readonly api: string;
  readonly environment: string;
  readonly state: ApiState;
  /** ISO times. */
  readonly since: string;
  readonly checked: string;
  readonly revision: number;
  /** Absent where nothing guards the back end. */
  readonly circuit?: string;
  /** This month's; absent until something was probed. */
  readonly availability?: Availability;
  /** The days that were probed of the last 90, oldest first. */
  readonly history: readonly { readonly day: string; readonly availability: number }[];
}

export interface StatusQueryOptions {
  readonly store: Store;
  readonly now: () => number;
  /** The circuit of a Proxy's back end in this process. */
  readonly circuitOf: (proxy: string) => string | undefined;
}

/** When nothing has been found out for so long, nothing is known. Milliseconds. */
const stale = 5 * 60_000;

/** Answers questions. */
export function statusQuery(
  options: StatusQueryOptions,
): (query: StatusQuery) => Promise<StatusAnswer> {
  return async ({ api, environment }) => {
    const { store, now } = options;
    const stored = await store.open(statusCollection).get(currentId);
    const wanted = Object.entries(stored?.value.current ?? {}).filter(
      ([, one]) =>
        (api === undefined || one.api === api) &&
        (environment === undefined || one.environment === environment),
    );
    const days = await readDays(store, now(), 90);
    const items = wanted
      .map(([proxy, one]) => shown(proxy, one, days, options))
      .sort((a, b) => a.api.localeCompare(b.api) || a.environment.localeCompare(b.environment));
    return { items };
  };
}

function shown(
  proxy: string,
  found: FoundStatus,
  days: Awaited<ReturnType<typeof readDays>>,
  { now, circuitOf }: StatusQueryOptions,
): ShownStatus {
  const { api, environment, revision, state, since, checked } = found;
  const availability = availabilityOf(days, proxy, iso(now()).slice(0, 7));
  const circuit = circuitOf(proxy);
  return {
    ...{ proxy, api, environment, revision, since: iso(since), checked: iso(checked) },
    state: now() - checked > stale ? 'unknown' : state,
    ...(circuit === undefined ? {} : { circuit }),
    ...(availability ? { availability } : {}),
    history: days.flatMap(({ day, probes }) => {
      const [passed, all] = probes[proxy] ?? [0, 0];
      return all === 0 ? [] : [{ day, availability: part(passed, all) }];
    }),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
