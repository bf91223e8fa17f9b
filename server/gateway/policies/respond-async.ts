/**
 * `respond-async`: a call with `Prefer: respond-async` is answered 202 with the address where its answer is to be fetched
 * (RFC 7240 4.1), and goes on by itself. Owns what is kept of it, who may fetch, and its limits; the documents are
 * respond-async-tasks.ts's. Its other half, which answers at that address, stands in front of `validate`.
 */
import { Readable } from 'node:stream';
import type { Call, Caller, Exchange, Handler, Reply, Sent } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import { buffered } from '../changed-call.ts';
import type { PolicyKind, PolicySite } from '../policy.ts';
import { asksTask, taskPath } from './respond-async-path.ts';
import type { KeptProblem, KeptReply, Outcome, Task, Tasks } from './respond-async-tasks.ts';

export interface RespondAsyncConfig {
  readonly keep: number;
  readonly longest: number;
  readonly body: number;
  readonly answer: number;
  readonly running: number;
}

/** Of the demographics service, which never has it: its Api, and the service behind it. */
const pds = { api: 'personal-demographics', service: 'pds' };

export const respondAsync: PolicyKind<RespondAsyncConfig> = {
  phase: 'transform-request',
  summary:
    'Answers a call with `Prefer: respond-async` with 202 and a Location at once, and does the work afterwards. A GET there is answered 202 while it runs, then as the call itself would have been, as often as asked, for as long as `keep` says; to the same caller alone. A call that runs when the server stops is told as interrupted (503): whether it took effect is not known. What is refused before (token, scope, limit, validation) is refused at once. Not for PDS.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      keep: {
        ...seconds(10, 604_800, 3_600),
        description: 'Seconds that the answer is kept from the call on.',
      },
      longest: { ...seconds(1, 86_400, 600), description: 'Seconds that the work may take.' },
      body: { ...seconds(0, 8_388_608, 1_048_576), description: 'Bytes of the request body.' },
      answer: {
        ...seconds(0, 4_194_304, 1_048_576),
        description: 'Bytes of the answer’s body; a longer one is told as 502.',
      },
      running: {
        ...seconds(1, 1_000, 10),
        description:
          'Calls of one caller that may run at a time in one process; further ones are refused with 429.',
      },
    },
  },
  check(_config, { api, definition: { backend } }) {
    const isPds =
      api.id === pds.api || (backend.kind === 'service' && backend.service === pds.service);
    return isPds ? ['PDS answers when it is asked, never later'] : [];
  },
  create: (config, site) => deferring(tasksOf(site), config, site),
  other: { phase: 'validate', create: (_config, site) => answering(tasksOf(site), site) },
};

function tasksOf({ services }: PolicySite): Tasks {
  if (services.tasks) return services.tasks;
  throw new Problem('invalid', 'Nothing is kept here that could be answered later');
}

function seconds(minimum: number, maximum: number, standard: number) {
  return { type: 'integer', minimum, maximum, default: standard };
}

function deferring(
  tasks: Tasks,
  config: RespondAsyncConfig,
  { proxy, definition, services: { clock } }: PolicySite,
) {
  const running = new Map<string, number>();
  const left = (caller: string) => {
    const many = (running.get(caller) ?? 1) - 1;
    if (many === 0) running.delete(caller);
    else running.set(caller, many);
  };
  return (next: Handler): Handler =>
    async (exchange) => {
      if (!isWanted(exchange)) return next(exchange);
      const caller = keyOf(exchange.caller);
      const many = running.get(caller) ?? 0;
      if (many >= config.running) throw tooMany(config.running);
      running.set(caller, many + 1);
      let work: Promise<Worked> | undefined;
      try {
        const given = await buffered(exchange, config.body);
        const created = clock.now();
        const until = created + Math.max(config.keep, config.longest) * 1_000;
        const task = await tasks.begin({ proxy, caller, created, until });
        work = run(next, given.exchange, config);
        exchange.facts.late = work.then(({ reply }) => reply);
        exchange.facts.late.catch(() => undefined); // told where it is fetched
        void keep(tasks, task, work, exchange).finally(() => {
          left(caller);
        });
        return accepted(task, at(exchange, definition.base, task));
      } finally {
        if (!work) left(caller);
      }
    };
}

function tooMany(most: number): Problem {
  return new Problem('throttled', `At most ${most} calls of one caller may run at a time`, {
    code: 'TOO_MANY_RUNNING',
    headers: { 'retry-after': '5' },
  });
}

/** Whether the caller prefers it (RFC 7240): names of preferences in any case, apart by commas. */
function isWanted({ rawHeaders }: Exchange): boolean {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.toLowerCase() === 'prefer' && preference.test(rawHeaders[i + 1] ?? ''))
      return true;
  return false;
}

const preference = /(?:^|,)[ \t]*respond-async[ \t]*(?:[;,]|$)/i;

interface Worked {
  readonly reply: Reply;
  readonly kept: KeptReply;
}

/** Does the work without the caller, who may go. */
async function run(
  next: Handler,
  given: Exchange,
  { longest, answer }: RespondAsyncConfig,
): Promise<Worked> {
  const left: ((sent: Sent) => void)[] = [];
  const call = new LaterCall(given.call, AbortSignal.timeout(longest * 1_000), left);
  let sent: Sent = { status: 0, bytes: 0, complete: false };
  try {
    const reply = await next(given.withCall(call));
    if (reply.hangUp) throw new Problem('upstream', 'The call was cut off');
    const body = await bytesOf(reply, answer);
    sent = { status: reply.status, bytes: body.length, complete: true };
    const kept = { status: reply.status, headers: fieldsOf(reply), body: body.toString('base64') };
    return { reply, kept };
  } finally {
    for (const end of left) end(sent);
  }
}

async function bytesOf({ body = '' }: Reply, most: number): Promise<Buffer> {
  if (!(body instanceof Readable)) {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body);
    if (bytes.length > most) throw tooLong(most);
    return bytes;
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    // a stream of bytes gives Buffers
    length += chunk.length;
    if (length > most) throw tooLong(most);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function tooLong(most: number): Problem {
  return new Problem('upstream', `The answer is longer than the ${most} bytes that are kept`, {
    code: 'ANSWER_TOO_LONG',
  });
}

const ofTheConnection: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'upgrade', 'trailer'],
]);

function fieldsOf({ headers = {} }: Reply): KeptReply['headers'] {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !ofTheConnection.has(name.toLowerCase())),
  );
}

/** Keeps what it came to. */
async function keep(
  tasks: Tasks,
  { id }: Task,
  work: Promise<Worked>,
  { facts, log }: Exchange,
): Promise<void> {
  let outcome: Outcome;
  try {
    const { kept } = await work;
    outcome = { state: 'done', reply: kept, people: [...facts.people] };
  } catch (error) {
    const problem = Problem.from(error);
    if (problem.level === 'error') log.log('error', problem.message, { kind: problem.kind });
    outcome = { state: 'refused', problem: problemOf(problem), people: [...facts.people] };
  }
  await tasks.end(id, outcome).catch((error: unknown) => {
    log.log('error', 'an answer could not be kept', { kind: Problem.from(error).kind });
  });
}

function problemOf({ kind, message, code, row, headers }: Problem): KeptProblem {
  return {
    ...{ kind, message },
    ...(code === undefined ? {} : { code }),
    ...(row === undefined ? {} : { status: row.status }),
    ...(headers === undefined ? {} : { headers }),
  };
}

function at({ addressed }: Exchange, base: string, { id }: Pick<Task, 'id'>): string {
  return `${addressed.path}${base === '/' ? '' : base}${taskPath}${id}`;
}

function accepted({ id }: Task, location: string): Reply {
  return {
    status: 202,
    headers: {
      ...{ 'content-type': 'application/json', 'cache-control': 'no-store', 'retry-after': '1' },
      ...{ location, 'content-location': location, 'preference-applied': 'respond-async' },
    },
    body: JSON.stringify({ id, status: 'accepted', href: location }),
  };
}

/** Answers at the address of a task. */
function answering(tasks: Tasks, { proxy, definition }: PolicySite) {
  return (next: Handler): Handler =>
    async (exchange) => {
      const id = asksTask(exchange);
      if (id === undefined) return next(exchange);
      exchange.facts.route = `GET ${taskPath}:id`;
      const task = await tasks.get(id);
      if (task?.proxy !== proxy || task.caller !== keyOf(exchange.caller))
        throw new Problem('not-found', 'There is no such call, or its answer is no longer kept');
      const { outcome } = task;
      if (!outcome) return accepted(task, at(exchange, definition.base, task));
      if (outcome.state === 'interrupted')
        throw new Problem(
          'unavailable',
          'The server stopped while the call ran. Whether it took effect is not known; repeat it if that is safe',
          { code: 'ASYNC_INTERRUPTED' },
        );
      exchange.facts.people.push(...outcome.people);
      if (outcome.state === 'refused') throw thrown(outcome.problem);
      const { status, headers, body } = outcome.reply;
      return { status, headers, body: Buffer.from(body, 'base64') };
    };
}

function thrown({ kind, message, code, status, headers }: KeptProblem): Problem {
  return new Problem(kind, message, {
    ...(code === undefined ? {} : { code }),
    ...(status === undefined ? {} : { row: { status } }),
    ...(headers === undefined ? {} : { headers }),
  });
}

/** Another app, and another user of the same app, are somebody else. */
function keyOf(caller: Caller | undefined): string {
  const { appId = '', userId = '', nhsNumber = '' } = caller ?? {};
  return JSON.stringify([appId, userId, nhsNumber]);
}

/** The call as it goes on when it has been answered: with an end of its own. */
class LaterCall implements Call {
  readonly #base: Call;
  readonly signal: AbortSignal;
  readonly #left: ((sent: Sent) => void)[];

  constructor(base: Call, signal: AbortSignal, left: ((sent: Sent) => void)[]) {
    this.#base = base;
    this.signal = signal;
    this.#left = left;
  }
  get method() {
    return this.#base.method;
  }
  get headers() {
    return this.#base.headers;
  }
  get rawHeaders() {
    return this.#base.rawHeaders;
  }
  get rawQuery() {
    return this.#base.rawQuery;
  }
  get query() {
    return this.#base.query;
  }
  get body() {
    return this.#base.body;
  }
  get peer() {
    return this.#base.peer;
  }
  get log() {
    return this.#base.log;
  }
  get facts() {
    return this.#base.facts;
  }
  onEnd(fn: (sent: Sent) => void) {
    this.#left.push(fn);
  }
}
