/**
 * How the processes of one machine talk with each other: through the primary, which passes on. Both ends of it: what a
 * serving process is given, and what the primary does for each of them.
 */
import type { Peers } from './process-role.ts';
import type { Channel } from './workers-channel.ts';
import { ipcLimits } from './workers-limits.ts';

/** Who does not answer within this is left out. Milliseconds. */
const patience = 1_000;
/** A turn ends by itself after this, should its process hang. Milliseconds. */
const longestTurn = 10_000;

/** The peers of a serving process. */
export function peersOver(channel: Channel): Peers {
  const hearers = new Map<string, ((news: unknown) => void)[]>();
  const answers = new Map<string, (question: unknown) => unknown>();
  channel.hear('peers', (said) => {
    const [topic, news] = said as Named; // the hub passes on what `tell` below sends
    for (const fn of hearers.get(topic) ?? []) fn(news);
  });
  channel.answer('peers', (said) => {
    const [topic, question] = said as Named; // as above, from `gather`
    return answers.get(topic)?.(question);
  });
  return {
    tell(topic, news) {
      channel.tell('peers', [topic, news]);
    },
    hear(topic, fn) {
      hearers.set(topic, [...(hearers.get(topic) ?? []), fn]);
    },
    gather: (topic, question) =>
      // the hub answers with a list; without it there is nobody to ask
      channel.ask('peers', [topic, question]).catch(() => []) as Promise<readonly unknown[]>,
    answer(topic, fn) {
      answers.set(topic, fn);
    },
    async inTurn(name, work) {
      const turn = await channel.ask('turn', name);
      try {
        return await work();
      } finally {
        channel.tell('turn.end', turn);
      }
    },
    limits: (own) => ipcLimits(channel, own),
  };
}

type Named = readonly [topic: string, said: unknown];

export interface PeerHub {
  /** The primary's own part among them. */
  readonly own: Peers;
  /** Takes a process in; gives the function to call when it is gone. */
  join(channel: Channel): () => void;
}

/** The middle, in the primary. */
export function createPeerHub(): PeerHub {
  const members = new Set<Channel>();
  const hearers = new Map<string, ((news: unknown) => void)[]>();
  const answers = new Map<string, (question: unknown) => unknown>();
  const queues = createQueues();

  const tellAll = (from: Channel | undefined, said: Named) => {
    for (const member of members) if (member !== from) member.tell('peers', said);
  };
  const hearHere = ([topic, news]: Named) => {
    for (const fn of hearers.get(topic) ?? []) fn(news);
  };
  const askAll = async (from: Channel | undefined, said: Named) => {
    const asked = [...members]
      .filter((member) => member !== from)
      .map((member) => withinPatience(member.ask('peers', said)));
    if (from !== undefined && answers.has(said[0]))
      asked.push(withinPatience(Promise.resolve(answers.get(said[0])?.(said[1]))));
    return (await Promise.all(asked)).filter((answer) => answer !== undefined && answer !== null);
  };
  return {
    own: {
      tell(topic, news) {
        tellAll(undefined, [topic, news]);
      },
      hear(topic, fn) {
        hearers.set(topic, [...(hearers.get(topic) ?? []), fn]);
      },
      gather: (topic, question) => askAll(undefined, [topic, question]),
      answer(topic, fn) {
        answers.set(topic, fn);
      },
      async inTurn(name, work) {
        const end = await queues.enter(name);
        try {
          return await work();
        } finally {
          end();
        }
      },
      limits: (limits) => limits,
    },
    join(channel) {
      members.add(channel);
      const turns = new Map<number, () => void>();
      let numbers = 0;
      channel.hear('peers', (said) => {
        tellAll(channel, said as Named); // peersOver sends nothing else under this name
        hearHere(said as Named);
      });
      channel.answer('peers', (said) => askAll(channel, said as Named));
      channel.answer('turn', async (name) => {
        const end = await queues.enter(String(name));
        const number = ++numbers;
        turns.set(number, end);
        if (!members.has(channel)) end();
        return number;
      });
      channel.hear('turn.end', (number) => {
        turns.get(number as number)?.(); // the number that was answered above
        turns.delete(number as number);
      });
      return () => {
        members.delete(channel);
        for (const end of turns.values()) end();
      };
    },
  };
}

async function withinPatience(answer: Promise<unknown>): Promise<unknown> {
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

/** Who waits for which turn. */
function createQueues(): { enter(name: string): Promise<() => void> } {
  const last = new Map<string, Promise<void>>();
  return {
    async enter(name) {
      const before = last.get(name);
      let end: () => void = () => undefined;
      const mine = new Promise<void>((resolve) => {
        end = resolve;
      });
      last.set(name, mine);
      void mine.then(() => {
        if (last.get(name) === mine) last.delete(name);
      });
      await before;
      const timer = setTimeout(end, longestTurn).unref();
      return () => {
        clearTimeout(timer);
        end();
      };
    },
  };
}
