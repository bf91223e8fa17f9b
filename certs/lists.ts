/**
 * The revocation lists of all environments: remade at each revocation and every 12 hours, followed when another process
 * makes one, and an alarm while one has less than 6 hours left. Owns the times; one list is kept-list.ts's.
 */
import type { Clock } from '../core/clock.ts';
import type { Store } from '../core/store.ts';
import type { Authority } from './authority.ts';
import type { OwnAuthority } from './own-authority.ts';
import { EntrySet } from './entry-set.ts';
import { keepList, listCollection, type KeptList, type RevocationList } from './kept-list.ts';
import type { Known } from './known.ts';
import { outsideLists, withoutList, type OutsideCrl } from './outside-lists.ts';

export type WhichList = 'root' | 'issuing';

export interface Lists {
  /** Undefined where an outside authority issues. */
  of(environment: string, which: WhichList): RevocationList | undefined;
  /** What OpenSSL wants (`crl` of node:tls): one PEM list of each of our authorities, then those of outside authorities. */
  pems(environment: string): readonly string[];
  /** Whether an outside authority's list names a certificate. @param issuer as people read it @param serial lower-case hex */
  isListedOutside(environment: string, issuer: string, serial: string): boolean;
  /** The list of an outside authority. @param issuer as people read it */
  outside(environment: string, issuer: string): OutsideCrl | undefined;
  /** Calls back after a list or the trust of an environment has changed; gives what stops it. */
  onChange(fn: (environment: string) => void): () => void;
  /** Makes what is due, reads the folders `trusted` again, warns. Runs by itself every 30 s. Never rejects. */
  look(): Promise<void>;
  /** Resolves when what has been revoked so far is on its list. @throws Problem of the store */
  settled(): Promise<void>;
  close(): void;
}

export interface ListsOptions {
  readonly store: Pick<Store, 'open' | 'changes' | 'counters'>;
  readonly authority: Authority;
  readonly known: Known;
  readonly clock: Clock;
  /** Hears a sentence at most once an hour: a list soon ends, has ended, is missing or is not good. */
  readonly alarm: (sentence: string) => void;
}

const hour = 60 * 60_000;
const alarmBefore = 6 * hour;
const lookEvery = 30_000;
/** A process that did not revoke leaves the list to the one that did for so long. Milliseconds. */
const othersTurn = 2_000;

/** Brings all lists up to date before it resolves. @throws Problem of the store */
export async function openLists(options: ListsOptions): Promise<Lists> {
  const { authority, known, clock } = options;
  const told = new Set<(environment: string) => void>();
  const tell = (environment: string) => {
    for (const fn of told) fn(environment);
  };
  const alarm = hourly(options);
  const own = ownLists(options, tell, alarm);
  const outside = new Map<string, ReadonlyMap<string, OutsideCrl>>();

  const readOutside = async (environment: string) => {
    const { trust } = authority.of(environment);
    const isChanged = await trust.reload();
    const before = outside.get(environment);
    const lists = before && !isChanged ? before : await outsideLists(trust, before, alarm);
    outside.set(environment, lists);
    for (const issuer of withoutList(trust, lists))
      alarm(
        `There is no revocation list of ${issuer} in ${environment}: all its certificates are refused`,
      );
    for (const { issuer, nextUpdate } of lists.values()) warn(issuer, nextUpdate);
    if (isChanged) tell(environment);
  };
  const warn = (name: string, nextUpdate: number) => {
    const left = nextUpdate - clock.now();
    if (left <= 0)
      alarm(`The revocation list of ${name} has ended: all its certificates are refused`);
    else if (left < alarmBefore) alarm(`The revocation list of ${name} ends in less than 6 hours`);
  };
  const look = async () => {
    known.forget();
    for (const [id, list] of own) {
      await list.bring().catch(() => undefined); // a store that is away is told by the age of what is in force
      warn(id, list.current()?.nextUpdate ?? 0);
    }
    for (const environment of authority.environments) await readOutside(environment);
  };

  await Promise.all([...own.values()].map((list) => list.bring()));
  for (const environment of authority.environments) await readOutside(environment);
  const stops = [follow(options, own), remakeAtRevocations(known, own), every(lookEvery, look)];
  return {
    look,
    of: (environment, which) => own.get(`${environment}/${which}`)?.current(),
    pems: (environment) => [
      ...(['issuing', 'root'] as const).flatMap(
        (which) => own.get(`${environment}/${which}`)?.current()?.pem ?? [],
      ),
      ...[...(outside.get(environment)?.values() ?? [])].map(({ pem }) => pem),
    ],
    isListedOutside: (environment, issuer, serial) =>
      outside.get(environment)?.get(issuer)?.serials.has(serial) === true,
    outside: (environment, issuer) => outside.get(environment)?.get(issuer),
    onChange: (fn) => {
      told.add(fn);
      return () => told.delete(fn);
    },
    async settled() {
      await Promise.all([...own.values()].map((list) => list.bring()));
    },
    close() {
      for (const stop of stops) stop();
    },
  };
}

/** By `<environment>/<which>`. */
function ownLists(
  { authority, known, store, clock }: ListsOptions,
  tell: (environment: string) => void,
  alarm: (sentence: string) => void,
): Map<string, KeptList> {
  const lists = new Map<string, KeptList>();
  const kept = store.open(listCollection);
  for (const environment of authority.environments) {
    const { own } = authority.of(environment);
    if (!own) continue;
    const keep = (which: WhichList, signer: OwnAuthority, entries: EntrySet) => {
      const id = `${environment}/${which}`;
      const changed = () => {
        tell(environment);
      };
      const parts = { id, signer, entries, kept, clock, alarm, changed };
      lists.set(id, keepList({ ...parts, counters: store.counters }));
    };
    keep('root', own.root, new EntrySet());
    keep('issuing', own.issuing, known.revocations(environment));
  }
  return lists;
}

/** Takes what other processes make. */
function follow({ store }: ListsOptions, own: ReadonlyMap<string, KeptList>): () => void {
  const refresh = (id: string) =>
    void own
      .get(id)
      ?.refresh()
      .catch(() => undefined); // looked at again in 30 s
  return store.changes.listen((changes) => {
    for (const { collection, workspace, id } of changes)
      if (collection === listCollection.name) refresh(id);
      else if (collection === '' && workspace === '') for (const one of own.keys()) refresh(one);
  });
}

function remakeAtRevocations(known: Known, own: ReadonlyMap<string, KeptList>): () => void {
  const waiting = new Set<NodeJS.Timeout>();
  const bring = (environment: string) =>
    void own
      .get(`${environment}/issuing`)
      ?.bring()
      .catch(() => undefined); // looked at again in 30 s
  const stop = known.onChange(({ after: { environment, revoked }, before, here }) => {
    if (!before && !revoked) return;
    if (here) {
      bring(environment);
      return;
    }
    const timer = setTimeout(() => {
      waiting.delete(timer);
      bring(environment);
    }, othersTurn).unref();
    waiting.add(timer);
  });
  return () => {
    stop();
    for (const timer of waiting) clearTimeout(timer);
  };
}

/** The same sentence once an hour. */
function hourly({ alarm, clock }: ListsOptions): (sentence: string) => void {
  const last = new Map<string, number>();
  return (sentence) => {
    const now = clock.now();
    if (now - (last.get(sentence) ?? -Infinity) < hour) return;
    last.set(sentence, now);
    alarm(sentence);
  };
}

function every(milliseconds: number, work: () => Promise<void>): () => void {
  const timer = setInterval(() => void work(), milliseconds).unref();
  return () => {
    clearInterval(timer);
  };
}
