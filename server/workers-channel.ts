/**
 * Questions, answers and news between two processes of this installation: what arises in one turn travels in one message.
 * Owns the pairing of answers with questions, and how a Problem travels; what is asked is its users' affair.
 */
import { Problem, type ProblemKind } from '../core/problem.ts';

export interface Channel {
  /** Asks the other side. @throws Problem: what it was refused for, or `unavailable` when the other side is gone */
  ask(topic: string, question: unknown): Promise<unknown>;
  /** Tells the other side something that needs no answer. */
  tell(topic: string, news: unknown): void;
  /** Says how questions of a topic are answered; at once where `fn` gives no promise. */
  answer(topic: string, fn: (question: unknown) => unknown): void;
  /** Says who hears news of a topic; several may. */
  hear(topic: string, fn: (news: unknown) => void): void;
  /** Takes a message of the other side. What is no message of a channel is passed over. */
  receive(message: unknown): void;
  /** The other side is gone: all who wait are told. */
  close(): void;
  readonly closed: boolean;
}

/** One thing said. A question: its number and topic; an answer: the number of its question. */
type Said =
  | readonly ['ask', number, string, unknown]
  | readonly ['answer', number, unknown]
  | readonly ['refusal', number, Refusal]
  | readonly ['tell', string, unknown];

interface Refusal {
  readonly kind: ProblemKind;
  readonly message: string;
  readonly code?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (problem: Problem) => void;
}

/** @param send puts a message on its way; called once a turn. */
export function createChannel(send: (message: unknown) => void): Channel {
  const answers = new Map<string, (question: unknown) => unknown>();
  const hearers = new Map<string, ((news: unknown) => void)[]>();
  const waiting = new Map<number, Waiting>();
  let unsent: Said[] = [];
  let planned = false;
  let asked = 0;
  let closed = false;

  const flush = () => {
    planned = false;
    if (unsent.length === 0 || closed) return;
    const all = unsent;
    unsent = [];
    send({ gatehouse: all });
  };
  const say = (one: Said) => {
    unsent.push(one);
    if (planned) return;
    planned = true;
    setImmediate(flush);
  };
  const refuse = (number: number, error: unknown) => {
    const { kind, message, code, headers } = Problem.from(error);
    say(['refusal', number, { kind, message, code, headers }]);
  };
  const reply = (number: number, topic: string, question: unknown) => {
    try {
      const fn = answers.get(topic);
      if (!fn) throw new Problem('internal', `Nobody answers to ${topic}`);
      const given = fn(question);
      if (given instanceof Promise)
        given.then(
          (answer: unknown) => {
            say(['answer', number, answer]);
          },
          (error: unknown) => {
            refuse(number, error);
          },
        );
      else say(['answer', number, given]);
    } catch (error) {
      refuse(number, error);
    }
  };
  const take = (said: Said) => {
    if (said[0] === 'ask') reply(said[1], said[2], said[3]);
    else if (said[0] === 'tell') for (const fn of hearers.get(said[1]) ?? []) fn(said[2]);
    else {
      const who = waiting.get(said[1]);
      waiting.delete(said[1]);
      if (said[0] === 'answer') who?.resolve(said[2]);
      else who?.reject(toProblem(said[2]));
    }
  };

  return {
    ask(topic, question) {
      if (closed) return Promise.reject(gone());
      const number = ++asked;
      say(['ask', number, topic, question]);
      return new Promise((resolve, reject) => {
        waiting.set(number, { resolve, reject });
      });
    },
    tell(topic, news) {
      if (!closed) say(['tell', topic, news]);
    },
    answer(topic, fn) {
      answers.set(topic, fn);
    },
    hear(topic, fn) {
      hearers.set(topic, [...(hearers.get(topic) ?? []), fn]);
    },
    receive(message) {
      if (!isMessage(message)) return;
      for (const said of message.gatehouse) take(said);
      flush(); // answers that are there already need not wait for the end of the turn
    },
    close() {
      closed = true;
      for (const { reject } of waiting.values()) reject(gone());
      waiting.clear();
      unsent = [];
    },
    get closed() {
      return closed;
    },
  };
}

/** Only this program is at the other end of the pipe, so what has the form of a message is one. */
function isMessage(message: unknown): message is { readonly gatehouse: readonly Said[] } {
  return typeof message === 'object' && message !== null && 'gatehouse' in message;
}

function gone(): Problem {
  return new Problem('unavailable', 'The server is restarting', {
    headers: { 'retry-after': '1' },
  });
}

function toProblem({ kind, message, code, headers }: Refusal): Problem {
  return new Problem(kind, message, {
    ...(code === undefined ? {} : { code }),
    ...(headers === undefined ? {} : { headers }),
  });
}
