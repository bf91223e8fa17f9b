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
  /** The workspace the call was put into. */
  workspace?: string;
  /** Everything audit says of the caller. */
  caller?: Caller;
  /** The NHS numbers of all people whose record was touched or shown. */
  people: string[];
  /** The store's commit number that this answer rests on, when it wrote. */
  commit?: number;
  /** The protocol's own error code, when the call was refused. */
  code?: string;
  /** The work of a call that was answered before it was done, and goes on: audit hears of its end too. */
  late?: Promise<Reply>;
}

/** What stays the same for one call however many policies look at it; dear fields are made at first use. */
export interface Call {
  readonly method: string;
  /** Lower-case names; a repeated field is joined as node:http does. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Name, value, name, value … as sent. */
  readonly rawHeaders: readonly string[];
  /** The query as sent, without its question mark. */
  readonly rawQuery: string;
  readonly query: URLSearchParams;
  readonly body: Body;
  readonly peer: Connection;
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal;
  /** Bound to the request's ids. */
  readonly log: Log;
  readonly facts: Facts;
  /** Runs when the answer has been sent or abandoned: frees leases, counts bytes. */
  onEnd(fn: (sent: Sent) => void): void;
}

export interface Sent {
  readonly status: number;
  readonly bytes: number;
  readonly complete: boolean;
}

/** What a policy may replace on its way in. */
export interface Place {
  /** As sent: undecoded, without the query, relative to the API's base once that has matched. */
  readonly path: string;
  /** sandbox, development, sit, uat or production. */
  readonly environment: string;
  /** The copy-on-write view of the data that this call sees; empty for the base data set. */
  readonly workspace: string;
  /** Filled by the route that matched; decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Filled by the policy that found out who is calling. */
  readonly caller: Caller | undefined;
}

/**
 * One call to an API. Immutable but for `facts`; `with` makes a copy.
 * A class, so that copies share one shape and cost a few words (measured: spreading or chaining prototypes costs
 * more than the rest of the front).
 */
export class Exchange implements Call, Place {
  readonly call: Call;
  readonly path: string;
  readonly environment: string;
  readonly workspace: string;
  readonly params: Readonly<Record<string, string>>;
  readonly caller: Caller | undefined;

  constructor(call: Call, place: Place) {
    this.call = call;
    this.path = place.path;
    this.environment = place.environment;
    this.workspace = place.workspace;
    this.params = place.params;
    this.caller = place.caller;
  }

  with(place: Partial<Place>): Exchange {
    return new Exchange(this.call, {
      path: place.path ?? this.path,
      environment: place.environment ?? this.environment,
      workspace: place.workspace ?? this.workspace,
      params: place.params ?? this.params,
      caller: place.caller ?? this.caller,
    });
  }

  get method() {
    return this.call.method;
  }
  get headers() {
    return this.call.headers;
  }
  get rawHeaders() {
    return this.call.rawHeaders;
  }
  get rawQuery() {
    return this.call.rawQuery;
  }
  get query() {
    return this.call.query;
  }
  get body() {
    return this.call.body;
  }
  get peer() {
    return this.call.peer;
  }
  get signal() {
    return this.call.signal;
  }
  get log() {
    return this.call.log;
  }
  get facts() {
    return this.call.facts;
  }
  onEnd(fn: (sent: Sent) => void): void {
    this.call.onEnd(fn);
  }
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
  const frames = (cause.stack ?? '')
    .split('\n')
    .filter((line) => line.trimStart().startsWith('at '));
  return [cause.name, ...frames.slice(0, 8)].join('\n');
}
