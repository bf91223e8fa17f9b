/**
 * The two function types that carry the platform: Handler and Policy, and what passes between them.
 * Plain objects, neither Express's nor WHATWG's (docs/decisions: Handler and Policy).
 */
import type { Readable } from 'node:stream';
import type { Log } from './log.ts';
import { Problem } from './problem.ts';
import type { Trace } from './trace.ts';

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
  /** Whether a listed proxy stands between, which told the address. */
  readonly proxied?: boolean;
  /** Whether this server itself calls for somebody, whose address it told. */
  readonly relayed?: boolean;
  /** What the caller proved its name with, on a listener that asks for it; trusted only when it has no `fault`. */
  readonly certificate?: ClientCertificate;
}

/** A client certificate as the socket gave it. */
export interface ClientCertificate {
  /** SHA-256 of the DER form, base64url (RFC 8705 `x5t#S256`). */
  readonly thumbprint: string;
  /** All CNs of the subject; more than one is refused. */
  readonly commonNames: readonly string[];
  readonly dnsNames: readonly string[];
  /** Lower-case hex. */
  readonly serial: string;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
  /** Why it is not trusted, in OpenSSL's word (`CERT_REVOKED`, `CERT_HAS_EXPIRED`, …). */
  readonly fault?: string;
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
  /** The accredited system id of the application; absent when it has none. */
  readonly asid?: string;
  /** How the person was signed in; absent for an application on its own. */
  readonly signIn?: SignIn;
  /** The SMART grant, for a token of the SMART face. */
  readonly smart?: SmartGrant;
  /** Rights given to this application by agreement: `coverage`, `return-empty-address-lines`, … */
  readonly grants: ReadonlySet<string>;
}

/** What an identity provider vouched for. */
export interface SignIn {
  /** `nhs-cis2`, `nhs-login`, or `apim-mock-…` for a simulated one. */
  readonly provider: string;
  /** The issuer of the id_token. */
  readonly issuer: string;
  /** `aal1`-`aal3` or `p0`, `p5`, `p9`. */
  readonly level: string;
  /** All roles of a healthcare worker, none included; absent when nobody told. */
  readonly roles?: readonly UserRole[];
  /** The role picked at sign-in, which binds the token to it. */
  readonly selectedRole?: string;
}

/** One role of a healthcare worker (national RBAC). */
export interface UserRole {
  /** The role profile id, digits: what NHSD-Session-URID carries. */
  readonly id: string;
  /** `S….:G….:R….`. */
  readonly code: string;
  readonly name: string;
  readonly odsCode: string;
}

/** What a SMART token allows (SMART App Launch 2.2). */
export interface SmartGrant {
  /** Granted scopes in their v2 spelling: `patient/Patient.rs`. */
  readonly scopes: readonly string[];
  /** The patient in context, an NHS number; absent when there is none. */
  readonly patient?: string;
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
  /** The request id that was made for a call that bore none. */
  requestId?: string;
  /** The Proxy and its revision that served the call: `sandbox.hello-world`, 3. */
  proxy?: string;
  revision?: number;
  /** The subscription and Product that let it in. */
  subscription?: string;
  product?: string;
  /** The same with its app, for policies: by whose subscription it goes on. */
  entitlement?: Entitlement;
  /** The gateway's own id of the call, once one was made. */
  messageId?: string;
  /** The name of the limit that refused it. */
  limit?: string;
  /** The phase of the gateway in which it was refused. */
  phase?: string;
  /** What the back end took: milliseconds to its answer's head, its status (0: none came), and repeats. */
  target?: { milliseconds: number; status: number; retries: number };
  /** Takes the steps of the call, where somebody keeps them. */
  trace?: Trace;
  /** The work of a call that was answered before it was done, and goes on: audit hears of its end too. */
  late?: Promise<Reply>;
}

/** By which subscription an app calls. */
export interface Entitlement {
  readonly subscriptionId: string;
  readonly productId: string;
  readonly appId: string;
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

/** What stood in front of host and path to name an environment: `int.` or `/env/int`; empty where nothing did. */
export interface Addressed {
  readonly host: string;
  readonly path: string;
}

/** An address that names no environment. */
export const plainAddress: Addressed = { host: '', path: '' };

/** What a policy may replace on its way in. */
export interface Place {
  /** As sent: undecoded, without the query, relative to the API's base once that has matched. */
  readonly path: string;
  /** sandbox, development, sit, uat or production. */
  readonly environment: string;
  /** How the environment was named: by a host prefix, by a path prefix, or not at all. */
  readonly addressed: Addressed;
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
  readonly addressed: Addressed;
  readonly workspace: string;
  readonly params: Readonly<Record<string, string>>;
  readonly caller: Caller | undefined;

  constructor(call: Call, place: Place) {
    this.call = call;
    this.path = place.path;
    this.environment = place.environment;
    this.addressed = place.addressed;
    this.workspace = place.workspace;
    this.params = place.params;
    this.caller = place.caller;
  }

  with(place: Partial<Place>): Exchange {
    return new Exchange(this.call, {
      path: place.path ?? this.path,
      environment: place.environment ?? this.environment,
      addressed: place.addressed ?? this.addressed,
      workspace: place.workspace ?? this.workspace,
      params: place.params ?? this.params,
      caller: place.caller ?? this.caller,
    });
  }

  /** The same place with another request behind it: what a policy made of fields, query or body. Facts stay shared. */
  withCall(call: Call): Exchange {
    return new Exchange(call, this);
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
