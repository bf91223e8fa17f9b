/**
 * `headers`: changes fields of the request on its way to the back end. Owns which fields may not be touched: those of the
 * connection, and those by which the gateway itself tells back ends who calls (backends/identity-headers.ts).
 */
import type { Exchange } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import { createFieldsDoor } from '../backends/identity-headers.ts';
import { changed } from '../changed-call.ts';
import type { PolicyKind, PolicySite } from '../policy.ts';
import {
  missing,
  provesCaller,
  reader,
  sourceSchema,
  tokenPattern,
  editSchemas,
  type Value,
} from './values.ts';

export interface HeadersConfig {
  readonly rename: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
  readonly set: Readonly<Record<string, Value>>;
  readonly add: Readonly<Record<string, Value>>;
  readonly require: readonly string[];
}

const names = { type: 'string', pattern: tokenPattern };

export const headers: PolicyKind<HeadersConfig> = {
  phase: 'transform-request',
  summary:
    'Renames, removes, sets and adds header fields of the request, in this order. A value is a text or a fact of the call, such as an attribute of the app. A fact that is required and not there is refused with 400.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      ...editSchemas('field', 'do not go on', names),
      require: {
        type: 'array',
        description:
          'Facts without which the call is refused with 400, sent or not: `app.asid` for a back end that needs NHSD-ASID',
        items: sourceSchema,
        default: [],
      },
    },
  },
  create: (config, site) => {
    const change = changeOf(config, site);
    return (next) => (exchange) => next(changed(exchange, { rawHeaders: change(exchange) }));
  },
  check: ({ rename, set, add, remove }) => [
    ...[...Object.values(rename), ...Object.keys(set), ...Object.keys(add)]
      .filter((name) => !mayBeSent(name))
      .map((name) => `${name} is set by the gateway alone, or never handed on`),
    ...[...Object.keys(rename), ...remove]
      .filter((name) => framing.has(name.toLowerCase()))
      .map((name) => `${name} belongs to the connection and cannot be changed`),
    ...Object.keys(rename)
      .filter(provesCaller)
      .map((name) => `${name} proves who calls, and is handed on under no name`),
  ],
};

/** What could go into a field: visible characters and blanks between them (RFC 9110 5.5). */
export function isFieldValue(text: string): boolean {
  return text.length <= 8000 && /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text);
}

/** Fields of the connection and of the body's form: only the gateway knows their truth. */
const framing: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'content-encoding',
  'host',
  'transfer-encoding',
  'trailer',
  'te',
  'upgrade',
  'expect',
]);

/** A field that the back end would not get, because its name is one of identity, is a mistake to be told at once. */
function mayBeSent(name: string): boolean {
  const [sent, value] = createFieldsDoor()([name, 'x'], { trustedProxy: false }, nobody);
  return sent === name && value === 'x' && !framing.has(name.toLowerCase());
}

const nobody = { caller: undefined, requestId: '', correlationId: '', messageId: '' };

function changeOf(
  { rename, remove, set, add, require }: HeadersConfig,
  site: PolicySite,
): (exchange: Exchange) => readonly string[] {
  const needed = require.map((from) => ({ from, read: reader({ from }, site) }));
  const readers = (values: Readonly<Record<string, Value>>) =>
    Object.entries(values).map(([name, value]) => ({ name, read: reader(value, site) }));
  const [setting, adding] = [readers(set), readers(add)];
  const newNames = new Map(Object.entries(rename).map(([from, to]) => [from.toLowerCase(), to]));
  const gone = new Set(remove.map((name) => name.toLowerCase()));
  return (exchange) => {
    for (const { from, read } of needed) if (read(exchange) === undefined) throw missing(from);
    const fields = setting.map(({ name, read }) => [name, read(exchange)] as const);
    const replaced = new Set(
      fields.flatMap(([name, value]) => (value === undefined ? [] : [name.toLowerCase()])),
    );
    const out: string[] = [];
    const { rawHeaders } = exchange;
    const ofConnection = namedByConnection(exchange);
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const sent = rawHeaders[i] ?? '';
      const name = newNames.get(sent.toLowerCase()) ?? sent;
      const plain = name.toLowerCase();
      if (ofConnection?.has(sent.toLowerCase())) continue;
      if (!gone.has(plain) && !replaced.has(plain)) out.push(name, rawHeaders[i + 1] ?? '');
    }
    for (const [name, value] of fields) put(out, name, value);
    for (const { name, read } of adding) put(out, name, read(exchange));
    return out;
  };
}

/**
 * Connection, and what it names (RFC 9110 7.6.1), are taken out before anything is put in: else a caller could name what is
 * put in here, and the back end would not get it.
 */
function namedByConnection({ headers }: Exchange): ReadonlySet<string> | undefined {
  const { connection } = headers;
  if (connection === undefined || connection === 'keep-alive' || connection === 'close')
    return undefined;
  const names = connection.split(',').map((name) => name.trim().toLowerCase());
  return new Set(['connection', ...names.filter((name) => !framing.has(name))]);
}

function put(out: string[], name: string, value: string | undefined): void {
  if (value === undefined) return;
  if (!isFieldValue(value))
    throw new Problem('invalid', `The value for ${name} holds what no header field may hold`, {
      code: 'INVALID_VALUE',
    });
  out.push(name, value);
}
