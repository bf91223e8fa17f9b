/**
 * Limits that count once for all processes of an installation: those that serve ask the primary, which counts. Owns what
 * happens while it does not answer: each counts by itself.
 */
import { Problem } from '../core/problem.ts';
import type { LimitAsk, Limits, LimitState, Taken } from './gateway/limits.ts';
import type { Channel } from './workers-channel.ts';

/** A question that is answered within this is never counted here instead. Milliseconds. */
const patience = 1_000;
/** Leases of one process that are remembered; beyond that the oldest ends by its own time. */
const mostLeases = 100_000;

/**
 * The limits as a serving process asks for them.
 * @param own counts while the primary does not answer within a second; what it gave then is given back to it
 */
export function ipcLimits(channel: Channel, own: Limits): Limits {
  const leases = new WeakMap<readonly LimitAsk[], number>();
  const short = shortener();
  let numbers = 0;
  let silentUntil = 0;

  const asked = async <T>(ask: () => Promise<unknown>, otherwise: () => T | Promise<T>) => {
    // While it is silent nobody waits; one question in a second finds out whether it is back.
    const now = performance.now();
    if (now < silentUntil) return otherwise();
    const answer = ask();
    const got = await within(answer);
    if (got !== undefined) return got as T; // serveLimits answers with exactly that
    silentUntil = performance.now() + patience;
    return otherwise();
  };
  return {
    take(asks) {
      if (asks.length === 0) return { refused: -1, states: [] };
      const number = asks.some(({ rule }) => rule.kind === 'concurrency') ? ++numbers : 0;
      if (number > 0) leases.set(asks, number);
      return asked<Taken>(
        async () => toTaken(await channel.ask('limits.take', [number, short(asks)])),
        () => {
          if (number > 0) {
            leases.delete(asks);
            channel.tell('limits.release', number); // should it have been counted there after all
          }
          return own.take(asks);
        },
      );
    },
    release(asks) {
      const number = leases.get(asks);
      if (number === undefined) own.release(asks);
      else channel.tell('limits.release', number);
      leases.delete(asks);
    },
    look(asks) {
      return asked<readonly LimitState[]>(
        () => channel.ask('limits.look', short(asks)),
        () => own.look(asks),
      );
    },
  };
}

/** A limit as it travels: by its number, with what it is the first time. */
type Short = number | readonly [number, LimitAsk];

/** So many limits have a number; then all begin anew. */
const mostShort = 50_000;

/** Most questions name limits that were named before: their rules need not be sent again. */
function shortener(): (asks: readonly LimitAsk[]) => readonly Short[] {
  const known = new Map<string, { readonly number: number; readonly rule: LimitAsk['rule'] }>();
  let numbers = 0;
  const shorten = (ask: LimitAsk): Short => {
    const before = known.get(ask.key);
    if (before?.rule === ask.rule) return before.number;
    if (known.size >= mostShort) {
      known.clear();
      numbers = 0;
    }
    const number = before !== undefined && known.has(ask.key) ? before.number : ++numbers;
    known.set(ask.key, { number, rule: ask.rule });
    return [number, ask];
  };
  return (asks) => asks.map(shorten);
}

/** The other end of it: what is named anew takes the place of what had the number. */
function lengthener(): (said: readonly Short[]) => readonly LimitAsk[] {
  const known = new Map<number, LimitAsk>();
  const lengthen = (one: Short): LimitAsk => {
    if (typeof one !== 'number') {
      known.set(one[0], one[1]);
      return one[1];
    }
    const ask = known.get(one);
    if (!ask) throw new Problem('internal', 'A limit without a name');
    return ask;
  };
  return (said) => said.map(lengthen);
}

/** An answer as it travels: who refused, then for each limit what remains and when there is more. */
function toNumbers({ refused, states }: Taken): readonly number[] {
  const numbers = [refused];
  for (const { remaining, reset } of states) numbers.push(remaining, reset);
  return numbers;
}

function toTaken(answer: unknown): Taken {
  const [refused = -1, ...rest] = answer as readonly number[]; // serveLimits answers with toNumbers
  const states: LimitState[] = [];
  for (let i = 0; i < rest.length; i += 2)
    states.push({ remaining: rest[i] ?? 0, reset: rest[i + 1] ?? 0 });
  return { refused, states };
}

/** An answer; undefined when it does not come in time, or the other side is gone. */
async function within(answer: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, patience, undefined);
  });
  try {
    return await Promise.race([answer.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Counts for one serving process; gives the function to call when that process is gone, which gives back all its leases.
 */
export function serveLimits(channel: Channel, limits: Limits): () => void {
  const leases = new Map<number, readonly LimitAsk[]>();
  const release = (number: number) => {
    const asks = leases.get(number);
    leases.delete(number);
    if (asks) limits.release(asks);
  };
  const keep = (number: number, asks: readonly LimitAsk[], { refused }: Taken) => {
    if (number === 0 || refused >= 0) return;
    leases.set(number, asks);
    const [oldest = 0] = leases.keys();
    if (leases.size > mostLeases) leases.delete(oldest);
  };
  const whole = lengthener();
  channel.answer('limits.take', (question) => {
    const [number, said] = question as readonly [number, readonly Short[]]; // ipcLimits asks exactly that
    const asks = whole(said);
    const taken = limits.take(asks);
    const done = (one: Taken) => {
      keep(number, asks, one);
      return toNumbers(one);
    };
    return taken instanceof Promise ? taken.then(done) : done(taken);
  });
  channel.answer('limits.look', (question) => limits.look(whole(question as readonly Short[])));
  channel.hear('limits.release', (number) => {
    release(number as number); // as above
  });
  return () => {
    for (const number of [...leases.keys()]) release(number);
  };
}
