/**
 * The header fields of a back end's answer as they go on to the caller: spelling, order and repetition kept, without the
 * fields of the connection (RFC 9110 7.6.1), and with addresses of the back end made addresses of the Proxy.
 */
import type { Addressed } from '../../../core/exchange.ts';

/** Where a Proxy is for its callers, and where its back end is. */
export interface Bases {
  /** `/hello-world`, without what names an environment. */
  readonly public: string;
  /** `https://host:port` of the back end. */
  readonly origin: string;
  /** Its base path without a trailing slash; may be empty. */
  readonly path: string;
}

export type AnswerHeaders = Readonly<Record<string, string | readonly string[]>>;

/**
 * @param raw name, value, name, value … as they came, in latin1.
 * @param framed whether the length is told by whoever sends the answer on, so that Content-Length is left out.
 */
export function answerHeaders(
  raw: readonly string[],
  framed: boolean,
  bases: Bases,
  addressed: Addressed,
): AnswerHeaders {
  // A field may be called `constructor` or `__proto__`; without such, an object of the usual kind is copied faster.
  const headers = (hasOddName(raw) ? Object.create(null) : {}) as Fields; // nothing is in it yet
  const named = namedByConnection(raw);
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const plain = name.toLowerCase();
    if (ofConnection.has(plain) || named?.has(plain) || (framed && plain === 'content-length'))
      continue;
    let value = raw[i + 1] ?? '';
    if (plain === 'location' || plain === 'content-location')
      value = publicAddress(value, bases, addressed);
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else headers[name] = typeof before === 'string' ? [before, value] : [...before, value];
  }
  return headers;
}

type Fields = Record<string, string | readonly string[]>;

function hasOddName(raw: readonly string[]): boolean {
  for (let i = 0; i < raw.length; i += 2) if ((raw[i] ?? '') in Object.prototype) return true;
  return false;
}

/**
 * An address of the back end's own as a path below the Proxy, which the caller resolves against the address it called
 * (RFC 9110 10.2.2): so host and environment stay those it used. Any other address, and all relative ones, as they are.
 */
function publicAddress(value: string, bases: Bases, addressed: Addressed): string {
  const [start = '', scheme = '', authority = ''] = /^(https?:)?\/\/([^/?#]*)/i.exec(value) ?? [];
  if (start === '' && !value.startsWith('/')) return value;
  if (start !== '') {
    const told = `${scheme === '' ? new URL(bases.origin).protocol : scheme}//${authority}`;
    if (!URL.canParse(told) || new URL(told).origin !== bases.origin) return value;
  }
  const rest = value.slice(start.length);
  if (!rest.startsWith(bases.path)) return value;
  const below = rest.slice(bases.path.length);
  if (below !== '' && !/^[/?#]/.test(below)) return value;
  return `${addressed.path}${bases.public}${below}`;
}

/** The value of a field, by its name in small letters; the first of several. */
export function fieldOf(raw: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < raw.length; i += 2)
    if (raw[i]?.length === name.length && raw[i]?.toLowerCase() === name) return raw[i + 1];
  return undefined;
}

function namedByConnection(raw: readonly string[]): ReadonlySet<string> | undefined {
  let named: Set<string> | undefined;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    if (raw[i]?.length !== 10 || (raw[i] ?? '').toLowerCase() !== 'connection') continue;
    const value = raw[i + 1] ?? '';
    if (value === 'keep-alive' || value === 'close') continue;
    named ??= new Set();
    for (const name of value.split(',')) named.add(name.trim().toLowerCase());
  }
  return named;
}

const ofConnection: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
