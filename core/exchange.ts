/**
 * The two function types that carry the platform: Handler and Policy, and what passes between them.
 * Plain objects, neither Express's nor WHATWG's (docs/decisions: Handler and Policy).
 */
import type { Readable } from 'node:stream';
import type { Log } from './log.ts';
import { Problem } from './problem.ts';

/** The body of a request: read as a stream once, or as bytes, which may be asked for again. */
export interface Body {
  /** The bytes as they arrive. May be taken once, and not after `bytes`. */
  stream(): Readable;
  /** All bytes. A body longer than `limit` bytes throws `too-large`. */
  bytes(limit: number): Promise<Buffer>;
}

/** What is known of the connection; taken from the socket, once per connection. */
export interface Connection {
  readonly address: string;
  readonly secure: boolean;
}

/** Who calls, as found out by a policy. Facts about rights, not about protocol. */
export interface Caller {
  /** The application: its id, and the name it is told in messages. */
  readonly appId: string;
  readonly appName: string;
  /** How it may act: for a healthcare worker, on its own, with privilege, or for a patient. */
  readonly mode: AccessMode;
  readonly scopes: readonly string[];
  /** The person behind the call, where there is one: a national user id or an NHS number. */
  readonly userId?: string;
  /** The patient who signed in, in mode `patient`. */
  readonly nhsNumber?: string;
  /** The role the person acts in (job role profile id) and why the record is opened. */
  readonly role?: string;
  readonly purpose?: string;
  /** Rights given to this application by agreement: `coverage`, `return-empty-address-lines`, … */
  readonly grants: ReadonlySet<string>;
}

export type AccessMode = 'worker' | 'app' | 'privileged' | 'patient';

/**
 * What the parts learn about a call while it runs. The one mutable thing on an Exchange,
 * shared by all its copies, so that an outer policy (audit, access line) sees what an inner one found.
 */
export interface Facts {
  /** The operation that answered, such as `GET /Patient/:id`. */
  route?: string;
  app?: string;
  /** Everything audit says of the caller. */
  caller?: Caller;
  /** The NHS numbers of all people whose record was touched or shown. */
  people: string[];
  /** The store's commit number that this answer rests on, when it wrote. */
  commit?: number;
  /** The protocol's own error code, when the call was refused. */
  code?: string;
}

/** One call to an API. */
export interface Exchange {
  readonly method: string;
  /** As sent: undecoded, without the query, relative to the API's base once that has matched. */
  readonly path: string;
  /** Parsed at first use. */
  readonly query: URLSearchParams;
  /** The query as sent, without its question mark. */
  readonly rawQuery: string;
  /** Lower-case names; a repeated field is joined as node:http does. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Name, value, name, value … as sent. */
  readonly rawHeaders: readonly string[];
  readonly body: Body;
  readonly peer: Connection;
  /** sandbox, development, sit, uat or production. */
  readonly environment: string;
  /** The copy-on-write view of the data that this call sees; empty for the base data set. */
  readonly workspace: string;
  /** Aborted when the caller has gone or the deadline has passed. */
  readonly signal: AbortSignal;
  /** Made at first use, bound to the request's ids. */
  readonly log: Log;
  /** Filled by the route that matched; decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Filled by the policy that found out who is calling. */
  readonly caller?: Caller;
  readonly facts: Facts;
  /** Runs when the answer has been sent or abandoned: frees leases, counts bytes. */
  onEnd(fn: (sent: { status: number; bytes: number; complete: boolean }) => void): void;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer | Readable;
  /** Drop the connection instead of answering (a rehearsed fault). */
  readonly hangUp?: boolean;
}

/** Answers an exchange. Every API and every backend is a handler. */
export type Handler = (exchange: Exchange) => Promise<Reply>;

/** Stands in front of a handler: may refuse, change what goes in, or change what comes out. */
export type Policy = (next: Handler) => Handler;

/** Puts policies in front of a handler; the first in the list is the outermost. */
export function assemble(policies: readonly Policy[], handler: Handler): Handler {
  return policies.reduceRight((next, policy) => policy(next), handler);
}

/**
 * A copy of an exchange with some fields replaced. Getters made at first use (`query`, `log`, `signal`)
 * stay lazy: the copy asks the original.
 */
export function withFields(exchange: Exchange, fields: Partial<Exchange>): Exchange {
  return Object.setPrototypeOf(fields, exchange) as Exchange;
}

/** The policy that turns whatever is thrown behind it into a reply in one protocol's terms, and logs it once. */
export function problemsAs(render: (problem: Problem, exchange: Exchange) => Reply): Policy {
  return (next) => async (exchange) => {
    try {
      return await next(exchange);
    } catch (error) {
      const problem = Problem.from(error);
      // What the caller did wrong is told by the access line; only what is wrong with us is an event.
      if (problem.level !== 'info')
        exchange.log.log(problem.level, problem.message, {
          kind: problem.kind,
          cause: causeOf(problem),
        });
      exchange.facts.code ??= problem.code ?? problem.kind;
      return render(problem, exchange);
    }
  };
}

/** A stack trace names files and lines, never values; the message of a foreign error might hold patient data. */
function causeOf({ cause }: Problem): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  const frames = (cause.stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at '));
  return [cause.name, ...frames.slice(0, 8)].join('\n');
}
