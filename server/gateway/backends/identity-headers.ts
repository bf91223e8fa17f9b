/**
 * What a back end reached over HTTP is told of the caller: what callers wrote about themselves is taken out, what the
 * gateway found out is put in. The one place of both rules; services in this process read `caller` and `peer` instead.
 * Trailer fields are never handed on: whoever sends a request takes its fields from here and from nowhere else.
 */
import type { Caller } from '../../../core/exchange.ts';

export interface StripOptions {
  /** Whether the peer is a listed proxy, whose account of who was in front of it counts. */
  readonly trustedProxy: boolean;
}

/** Makes the fields of one request as name, value, name, value … */
export type FieldsDoor = (
  rawHeaders: readonly string[],
  options: StripOptions,
  facts: IdentityFacts,
) => string[];

/**
 * The door of one back end: everything it gets is the caller's fields without what we decide, in their order and
 * spelling, then ours. Names are judged once and remembered, for they are the same in call after call.
 * @param own further names that callers may not set, in any spelling: the one that carries the back end's key.
 * @param publicIds whether it is a gateway itself: then both ids stay under the names that callers of a gateway use, too.
 * @param passing names (lower case) that go on although others' back ends do not get them: a token that is meant for this one.
 */
export function createFieldsDoor(
  own: readonly string[] = [],
  publicIds = false,
  passing: readonly string[] = [],
): FieldsDoor {
  const ours = new Set(own.map(plainName));
  const judged = new Map<string, Fate>();
  const fateOf = (name: string): Fate => {
    let fate = judged.get(name);
    if (fate === undefined) {
      const plain = plainName(name);
      fate = ours.has(plain) ? 'out' : fateOfPlain(plain);
      if (publicIds && ids.has(name.toLowerCase())) fate = 'stays';
      if (passing.includes(name.toLowerCase())) fate = 'stays';
      if (judged.size < mostJudged && name.length <= longestJudged) judged.set(name, fate);
    }
    return fate;
  };
  return (rawHeaders, { trustedProxy }, facts) => {
    const fields: string[] = [];
    const named = namedByConnection(rawHeaders);
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] ?? '';
      const fate = fateOf(name);
      if (fate === 'out' || (fate === 'proxied' && !trustedProxy)) continue;
      if (named?.has(plainName(name))) continue;
      const value = rawHeaders[i + 1] ?? '';
      if (fate !== 'cookies') fields.push(name, value);
      else addCookies(fields, name, value);
    }
    addIdentity(fields, facts);
    return fields;
  };
}

/** `proxied`: stays when a listed proxy sent it. `cookies`: stays without ours. */
type Fate = 'stays' | 'proxied' | 'cookies' | 'out';

/** Those of this platform's own pages, which share the host with all Apis, would let a back end act as their user. */
function addCookies(fields: string[], name: string, value: string): void {
  const others = value.split(';').filter((pair) => !ownCookie.test(pair));
  if (others.length > 0) fields.push(name, others.join(';').trimStart());
}

const ownCookie = /^\s{0,100}(?:__Host-)?gatehouse-/i;

/** Callers choose the names: what is remembered of them has an end. */
const mostJudged = 500;
const longestJudged = 100;

function fateOfPlain(plain: string): Fate {
  if (ofConnection.has(plain) || exact.has(plain)) return 'out';
  if (starts.some((start) => plain.startsWith(start))) return 'out';
  if (plain === 'cookie') return 'cookies';
  return plain.startsWith('x-forwarded-') ? 'proxied' : 'stays';
}

/** Facts about a call that back ends are told. */
export interface IdentityFacts {
  readonly caller: Caller | undefined;
  /** ODS code of the organisation that answers for the app. */
  readonly organisation?: string | undefined;
  /** What the caller told of its end user's organisation, once it has been read and checked. */
  readonly endUserOrganisation?: string | undefined;
  readonly clientId?: string | undefined;
  readonly partyKey?: string | undefined;
  readonly requestId: string;
  readonly correlationId: string;
  /** The gateway's own id of the call. */
  readonly messageId: string;
  /** Settings of the app for PDS. */
  readonly customAttributes?: string | undefined;
  /** For calls to a system of the Spine Directory. */
  readonly spine?: SpineFacts | undefined;
}

/** The fields of the Spine Secure Proxy, which a system of the directory is called with. */
export interface SpineFacts {
  /** The caller's id of the chain of calls. */
  readonly traceId: string;
  /** ASIDs of sender and receiver. */
  readonly from: string;
  readonly to: string;
  readonly interaction: string;
}

/** The fields that the gateway sets, each once; a fact that is not there sets none. */
function addIdentity(fields: string[], facts: IdentityFacts): void {
  const { caller, requestId, correlationId, messageId } = facts;
  const worker = caller?.mode === 'worker' ? caller : undefined;
  const patient = caller?.mode === 'patient' ? caller : undefined;
  const user = worker ?? patient;
  const role = worker?.signIn?.roles?.find(({ id }) => id === worker.role);
  const number = patient?.nhsNumber;
  add(fields, 'NHSD-Identity-UUID', user?.userId);
  add(fields, 'NHSD-Identity-IdP', user?.signIn?.issuer);
  add(fields, 'NHSD-Session-URID', worker?.role);
  add(fields, 'NHSD-Session-JobRole', role?.code);
  add(fields, 'NHSD-Organization-UUID', role?.odsCode);
  add(fields, 'NHSD-NHSLogin-User', number === undefined ? undefined : `P9:${number}`);
  add(fields, 'NHSD-ASID', caller?.asid ?? facts.spine?.from);
  add(fields, 'NHSD-Party-Key', facts.partyKey);
  add(fields, 'NHSD-Request-ID', requestId);
  add(fields, 'NHSD-Correlation-ID', `${requestId}.${correlationId}.${messageId}`);
  add(fields, 'NHSE-PDS-Custom-Attributes', facts.customAttributes);
  add(fields, 'NHSE-PDS-Privileged-Access', caller?.mode === 'privileged' ? 'true' : undefined);
  add(fields, 'NHSD-Access-Mode', caller?.mode);
  add(fields, 'NHSD-Client-Id', facts.clientId);
  add(fields, 'NHSD-Organisation-ODS', facts.organisation);
  add(fields, 'NHSD-End-User-Organisation-ODS', facts.endUserOrganisation);
  if (facts.spine) addSpine(fields, facts.spine);
}

function addSpine(fields: string[], { traceId, from, to, interaction }: SpineFacts): void {
  add(fields, 'Ssp-TraceID', traceId);
  add(fields, 'Ssp-From', from);
  add(fields, 'Ssp-To', to);
  add(fields, 'Ssp-InteractionID', interaction);
}

/** A value that could split a field is left out. */
function add(fields: string[], name: string, value: string | undefined): void {
  if (value !== undefined && fieldValue.test(value)) fields.push(name, value);
}

/** Lower case, and a hyphen for each mark: many back ends cannot tell these apart (CGI and what descends from it). */
function plainName(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '-');
}

/** What `Connection` names (RFC 9110 7.6.1); undefined when that is nothing but how long the connection lives. */
function namedByConnection(rawHeaders: readonly string[]): ReadonlySet<string> | undefined {
  let named: Set<string> | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.trim().toLowerCase() !== 'connection') continue;
    const value = rawHeaders[i + 1] ?? '';
    if (value === 'keep-alive' || value === 'close') continue;
    named ??= new Set();
    for (const name of value.split(',')) named.add(plainName(name));
  }
  return named;
}

/** Callers may send two of these (the role and the end user's organisation): they are read before, and set anew. */
const starts = ['nhsd-', 'nhse-', 'ssp-', 'x-client-', 'x-ssl-', 'ssl-client-'];

const ids: ReadonlySet<string> = new Set(['x-request-id', 'x-correlation-id']);

const exact: ReadonlySet<string> = new Set([
  // Who was in front: from a listed proxy one way of telling it is enough.
  'x-real-ip',
  'forwarded',
  'via',
  // The path as a proxy in front had it: some back ends serve that one in place of the one that was judged.
  'x-original-url',
  'x-rewrite-url',
  // Mirrored to the caller; the back end gets them as NHSD-Request-ID and NHSD-Correlation-ID.
  ...ids,
  // What proves the caller, or a proxy in front, to the gateway would let a back end act as it.
  'x-gatehouse-proxy-secret',
  'x-gatehouse-relayed',
  'authorization',
  'apikey',
  'ocp-apim-subscription-key',
  'proxy-authorization',
]);

/** RFC 9110 7.6.1, and what framing the gateway makes itself. */
const ofConnection: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'content-length',
  'expect',
  'http2-settings',
]);

/** Visible characters and blanks (RFC 9110 5.5). */
const fieldValue = /^[\x20-\x7e]+$/;
