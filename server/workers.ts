/**
 * The serving processes of `--workers N`: starts them, puts another in the place of one that dies, exchanges them one by
 * one without a refused call, and ends them. Owns how many there are and their names; what they do is not its affair.
 */
import cluster, { type Worker } from 'node:cluster';
import type { Log } from '../core/log.ts';
import { Problem } from '../core/problem.ts';
import { createChannel, type Channel } from './workers-channel.ts';
import { closeForgotten } from './workers-handover.ts';

/** One serving process. */
export interface Member {
  /** `worker-1`, … : the chain of the audit it writes. No two that are alive have the same. */
  readonly name: string;
  readonly channel: Channel;
}

export interface CrewOptions {
  readonly size: number;
  /** The program each of them runs, and its arguments. */
  readonly script: string;
  readonly parameters: readonly string[];
  /**
   * Called for each before it can say anything. What it gives is called when the process is gone; the name is free again
   * when that has resolved.
   */
  readonly join: (member: Member) => () => Promise<void>;
  readonly log: Log;
}

export interface Crew {
  /** Starts all; resolves when each serves. @throws Problem: why the first that could not start could not */
  start(): Promise<void>;
  /** Exchanges each for a fresh one, which serves before the old one stops. @throws Problem when a fresh one cannot start */
  exchange(): Promise<void>;
  /** Lets all finish what they do, and resolves when they are gone. */
  stop(): Promise<void>;
}

interface Hand extends Member {
  readonly worker: Worker;
  /** Resolves when it serves. */
  readonly ready: Promise<void>;
  /** Resolves when the process is gone. */
  readonly gone: Promise<void>;
  readonly since: number;
  leaving: boolean;
  serves: boolean;
}

/** Milliseconds. */
const startPatience = 60_000;
const leavePatience = 9_000;
/** Who dies before this has not served well; the more in a row, the longer until the next. */
const wellServed = 10_000;
const longestPause = 30_000;

export function createCrew({ size, script, parameters, join, log }: CrewOptions): Crew {
  const hands = new Set<Hand>();
  const names = new Set<string>();
  const pauses = new Set<NodeJS.Timeout>();
  /** What is still done for processes that are gone. */
  const leavings = new Set<Promise<void>>();
  let stopping = false;
  let started = false;
  let badEnds = 0;
  let exchanging: Promise<void> = Promise.resolve();
  // JSON: half the cost of the other form for messages of this size (measured with limits).
  cluster.setupPrimary({ exec: script, args: [...parameters], serialization: 'json' });

  const freeName = () => {
    let number = 1;
    while (names.has(`worker-${number}`)) number++;
    return `worker-${number}`;
  };
  const add = (): Hand => {
    const name = freeName();
    names.add(name);
    const worker = cluster.fork();
    const channel = createChannel((message) => {
      // One that has just died is told nothing, and its end is heard below.
      if (worker.isConnected()) worker.send(message as object, () => undefined); // what a channel sends
    });
    const left = join({ name, channel });
    worker.on('message', (message: unknown) => {
      channel.receive(message);
    });
    worker.on('error', () => undefined); // a pipe that broke: `exit` follows
    const gone = new Promise<void>((resolve) => {
      worker.once('exit', () => {
        resolve();
      });
    });
    const ready = new Promise<void>((resolve, reject) => {
      channel.answer('ready', () => {
        hand.serves = true;
        resolve();
      });
      channel.answer('failed', (why) => {
        reject(new Problem('unavailable', String(why)));
      });
      void gone.then(() => {
        reject(new Problem('unavailable', `The serving process ${name} ended while it started`));
      });
    });
    ready.catch(() => undefined); // whoever started it waits for it or does not
    const since = performance.now();
    const hand: Hand = {
      ...{ name, channel, worker, ready, gone, since },
      leaving: false,
      serves: false,
    };
    hands.add(hand);
    void gone.then(() => {
      channel.close();
      hands.delete(hand);
      const settling = left().finally(() => {
        names.delete(name);
        leavings.delete(settling);
      });
      leavings.add(settling);
      ended(hand);
    });
    return hand;
  };
  const ended = (hand: Hand) => {
    if (hand.leaving || stopping) return;
    closeForgotten();
    const { exitCode, signalCode, pid } = hand.worker.process;
    const about = { name: hand.name, pid, exitCode, signal: signalCode };
    log.log('error', 'a serving process has ended and is replaced', about);
    if (!started) return;
    badEnds = performance.now() - hand.since > wellServed ? 1 : badEnds + 1;
    const pause = badEnds < 2 ? 0 : Math.min(longestPause, 250 * 2 ** (badEnds - 2));
    const timer = setTimeout(() => {
      pauses.delete(timer);
      // An exchange may have brought enough meanwhile.
      if (!stopping && staying() < size) add();
    }, pause);
    pauses.add(timer);
  };
  const staying = () => [...hands].filter(({ leaving }) => !leaving).length;
  const dismiss = async (hand: Hand) => {
    hand.leaving = true;
    if (hand.serves) hand.channel.tell('leave', true);
    else hand.worker.process.kill('SIGKILL'); // it has not served anybody yet
    const last = setTimeout(() => {
      log.log('error', 'a serving process did not end and is killed', { name: hand.name });
      hand.worker.process.kill('SIGKILL');
    }, leavePatience);
    await hand.gone;
    clearTimeout(last);
  };
  const exchangeOne = async (old: Hand) => {
    if (stopping || old.leaving) return;
    const fresh = add();
    try {
      await inTime(fresh.ready);
    } catch (error) {
      await dismiss(fresh);
      throw error;
    }
    await dismiss(old);
  };

  return {
    async start() {
      const first = Array.from({ length: size }, add);
      try {
        await Promise.all(first.map(({ ready }) => inTime(ready)));
      } catch (error) {
        stopping = true;
        await Promise.all([...hands].map(dismiss));
        throw error;
      }
      started = true;
      // One may have died between its start and now.
      while (!stopping && staying() < size) add();
    },
    exchange() {
      const next = exchanging
        .catch(() => undefined)
        .then(async () => {
          for (const old of [...hands]) await exchangeOne(old);
        });
      exchanging = next;
      return next;
    },
    async stop() {
      stopping = true;
      for (const timer of pauses) clearTimeout(timer);
      await Promise.all([...hands].map(dismiss));
      await Promise.allSettled(leavings);
    },
  };
}

async function inTime(ready: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Problem('unavailable', 'A serving process takes too long to start'));
    }, startPatience);
  });
  try {
    await Promise.race([ready, late]);
  } finally {
    clearTimeout(timer);
  }
}
