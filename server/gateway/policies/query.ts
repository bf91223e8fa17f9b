/**
 * `query`: changes parameters of the query on its way to the back end. What is not named stays as it was sent, byte for byte
 * and in its order.
 */
import type { Exchange } from '../../../core/exchange.ts';
import { changed } from '../changed-call.ts';
import type { PolicyKind, PolicySite } from '../policy.ts';
import { editSchemas, reader, type Value } from './values.ts';

export interface QueryConfig {
  readonly rename: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
  readonly set: Readonly<Record<string, Value>>;
  readonly add: Readonly<Record<string, Value>>;
}

const names = { type: 'string', minLength: 1, maxLength: 100 };

export const query: PolicyKind<QueryConfig> = {
  phase: 'transform-request',
  summary:
    'Renames, removes, sets and adds query parameters of the request, in this order. A value is a text or a fact of the call. A fact that is required and not there is refused with 400.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      ...editSchemas('parameter', 'do not go on', names),
    },
  },
  create: (config, site) => {
    const change = changeOf(config, site);
    return (next) => (exchange) => {
      const rawQuery = change(exchange);
      return next(rawQuery === exchange.rawQuery ? exchange : changed(exchange, { rawQuery }));
    };
  },
};

function changeOf(
  { rename, remove, set, add }: QueryConfig,
  site: PolicySite,
): (exchange: Exchange) => string {
  const readers = (values: Readonly<Record<string, Value>>) =>
    Object.entries(values).map(([name, value]) => ({ name, read: reader(value, site) }));
  const [setting, adding] = [readers(set), readers(add)];
  const newNames = new Map(Object.entries(rename));
  const gone = new Set(remove);
  return (exchange) => {
    const made = setting.map(({ name, read }) => [name, read(exchange)] as const);
    const replaced = new Set(made.flatMap(([name, value]) => (value === undefined ? [] : [name])));
    const parts: string[] = [];
    for (const part of exchange.rawQuery === '' ? [] : exchange.rawQuery.split('&')) {
      const sent = nameOf(part);
      const to = newNames.get(sent);
      const name = to ?? sent;
      if (gone.has(name) || replaced.has(name)) continue;
      const mark = part.indexOf('=');
      parts.push(
        to === undefined ? part : `${encodeURIComponent(to)}${mark < 0 ? '' : part.slice(mark)}`,
      );
    }
    for (const [name, value] of made) put(parts, name, value);
    for (const { name, read } of adding) put(parts, name, read(exchange));
    return parts.join('&');
  };
}

/** The name of a parameter as every reader of forms takes it; one that cannot be decoded is taken as sent. */
function nameOf(part: string): string {
  const mark = part.indexOf('=');
  const name = mark < 0 ? part : part.slice(0, mark);
  if (!/[%+]/.test(name)) return name;
  try {
    return decodeURIComponent(name.replaceAll('+', ' '));
  } catch {
    return name;
  }
}

function put(parts: string[], name: string, value: string | undefined): void {
  if (value !== undefined)
    parts.push(
      `${encodeURIComponent(name)}=${encodeURIComponent(value.replace(/\p{Cs}/gu, '\uFFFD'))}`,
    );
}
