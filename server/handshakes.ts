/**
 * The diary of refused handshakes: when, from where, why, and of which certificate where that is known, so that whoever
 * cannot connect can see why. Owns what is remembered and for how long; what is refused, the listeners decide.
 */
import type { Log } from '../core/log.ts';
import type { CollectionOf, Store } from '../core/store.ts';
import { Problem } from '../core/problem.ts';
import { alone, type Peers } from './process-role.ts';

/** One refused handshake, or the first refused call of a connection that was let in to be told why. */
export interface RefusedHandshake {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly address: string;
  /** `TLS_PORT`, `TLS_PORT_PRODUCTION` …: the listener. */
  readonly listener: string;
  /** OpenSSL's word or one of ours (tls-reasons.ts). */
  readonly reason: string;
  /** Where the certificate was seen: the names it speaks for, its serial (lower-case hex) and thumbprint. */
  readonly names?: readonly string[];
  readonly serial?: string;
  readonly thumbprint?: string;
}

export interface Handshakes {
  /** Remembers and logs one; never throws, and costs no write of its own. */
  refused(handshake: RefusedHandshake): void;
  /** The newest first, at most `limit` (default 100): all, or those of a name or an address. */
  recent(query?: HandshakeQuery): Promise<readonly RefusedHandshake[]>;
  /** Writes what waits, and stops. */
  close(): Promise<void>;
}

export interface HandshakeQuery {
  /** Any case. */
  readonly fqdn?: string;
  readonly address?: string;
  readonly limit?: number;
}

/** What is kept: pages of a ring, each written whole once in a while; the number of pages is fixed. */
interface Page {
  readonly handshakes: readonly RefusedHandshake[];
}

export const handshakeCollection: CollectionOf<Page> = {
  name: 'certs.handshakes',
  keys: () => ({ all: [['all']] }),
};

/** So many are remembered by a process, and kept by all of them. */
const mostHeld = 1000;
const pages = 16;
const mostInPage = 200;
/** What a process tells another of at most; both have the rest in the store. */
const mostTold = 200;
const topic = 'handshakes';
/** Milliseconds between writes. */
const pause = 2_000;
/** Lines a minute; a flood of handshakes must not become a flood of lines. */
const mostLines = 120;

export function openHandshakes(
  store: Store,
  log: Log,
  now: () => number,
  peers: Pick<Peers, 'gather' | 'answer'> = alone(),
): Handshakes {
  const collection = store.open(handshakeCollection);
  const held: RefusedHandshake[] = [];
  let waiting: RefusedHandshake[] = [];
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  const lines = createLines(log, now);

  const write = async () => {
    const batch = waiting.splice(0, mostInPage);
    waiting = [];
    if (batch.length === 0) return;
    const number = (await store.counters.add('certs.handshakes')) % pages;
    const id = String(number).padStart(2, '0');
    const before = await collection.get(id);
    await collection.put(id, { handshakes: batch }, { expected: before?.version ?? 0 });
  };
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(write).catch((error: unknown) => {
      log.log('warn', 'refused handshakes could not be kept', { kind: Problem.from(error).kind });
    });
    return writing;
  };
  peers.answer(topic, () => held.slice(-mostTold));
  return {
    refused(handshake) {
      held.push(handshake);
      if (held.length > mostHeld) held.splice(0, held.length - mostHeld);
      if (waiting.length < mostInPage) waiting.push(handshake);
      timer ??= setTimeout(() => void flush(), pause).unref();
      lines(handshake);
    },
    async recent({ fqdn, address, limit = 100 } = {}) {
      const name = fqdn?.toLowerCase();
      const { items } = await collection.find({ index: 'all', equals: ['all'], limit: pages });
      const told = await peers.gather(topic, true);
      const others = told.flatMap((one) => one as readonly RefusedHandshake[]); // the answer below, of another process
      const fresh = [...held, ...others].toReversed();
      const known = new Set(fresh.map(keyOf));
      return [...fresh, ...items.flatMap(({ value }) => value.handshakes).filter(unless(known))]
        .filter(
          (one) =>
            (name === undefined || one.names?.some((other) => other.toLowerCase() === name)) &&
            (address === undefined || one.address === address),
        )
        .sort((one, other) => other.at - one.at)
        .slice(0, limit);
    },
    close: flush,
  };
}

/** Two of one process in the same millisecond from the same place for the same reason tell nothing more. */
function keyOf({ at, address, reason, serial = '' }: RefusedHandshake): string {
  return `${at} ${address} ${reason} ${serial}`;
}

function unless(known: ReadonlySet<string>): (handshake: RefusedHandshake) => boolean {
  return (handshake) => !known.has(keyOf(handshake));
}

/** One line each, up to a number a minute; then how many there were. */
function createLines(log: Log, now: () => number): (handshake: RefusedHandshake) => void {
  let minute = 0;
  let written = 0;
  let left = 0;
  return ({ address, listener, reason, names, serial }) => {
    const current = Math.floor(now() / 60_000);
    if (current !== minute) {
      if (left > 0) log.log('warn', 'more handshakes were refused than there are lines', { left });
      [minute, written, left] = [current, 0, 0];
    }
    if (++written > mostLines) {
      left++;
      return;
    }
    log.log('info', 'a handshake was refused', { address, listener, reason, names, serial });
  };
}
