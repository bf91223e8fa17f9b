/** `response-headers`: changes header fields of the answer on its way to the caller. */
import type { Exchange, Reply } from '../../../core/exchange.ts';
import type { PolicyKind, PolicySite } from '../policy.ts';
import { isFieldValue } from './headers.ts';
import { editSchemas, reader, tokenPattern, type Value } from './values.ts';

export interface ResponseHeadersConfig {
  readonly rename: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
  readonly set: Readonly<Record<string, Value>>;
  readonly add: Readonly<Record<string, Value>>;
}

const names = { type: 'string', pattern: tokenPattern };

export const responseHeaders: PolicyKind<ResponseHeadersConfig> = {
  phase: 'transform-response',
  summary:
    'Renames, removes, sets and adds header fields of the answer, in this order. A value is a text or a fact of the call; without the fact the field is left out. Refusals of the gateway are not touched.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      ...editSchemas('field', 'callers do not get', names),
    },
  },
  create: (config, site) => {
    const change = changeOf(config, site);
    return (next) => async (exchange) => {
      const reply = await next(exchange);
      return { ...reply, headers: change(reply, exchange) };
    };
  },
  check: ({ rename, remove, set, add }) =>
    [...Object.entries(rename).flat(), ...remove, ...Object.keys(set), ...Object.keys(add)]
      .filter((name) => framing.has(name.toLowerCase()))
      .map((name) => `${name} belongs to the connection and cannot be changed`),
};

const framing: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'content-encoding',
  'transfer-encoding',
  'trailer',
  'upgrade',
]);

function changeOf(
  { rename, remove, set, add }: ResponseHeadersConfig,
  site: PolicySite,
): (reply: Reply, exchange: Exchange) => NonNullable<Reply['headers']> {
  const readers = (values: Readonly<Record<string, Value>>) =>
    Object.entries(values).map(([name, value]) => ({ name, read: reader(lenient(value), site) }));
  const [setting, adding] = [readers(set), readers(add)];
  const newNames = new Map(Object.entries(rename).map(([from, to]) => [from.toLowerCase(), to]));
  const gone = new Set(remove.map((name) => name.toLowerCase()));
  return ({ headers = {} }, exchange) => {
    const fields = new Fields();
    for (const [sent, value] of Object.entries(headers)) {
      const name = newNames.get(sent.toLowerCase()) ?? sent;
      if (!gone.has(name.toLowerCase())) fields.add(name, value);
    }
    for (const { name, read } of setting) fields.set(name, usable(read(exchange)));
    for (const { name, read } of adding) {
      const value = usable(read(exchange));
      if (value !== undefined) fields.add(name, value);
    }
    return fields.all();
  };
}

/** An answer that is there is not refused for want of a fact. */
function lenient(value: Value): Value {
  return typeof value === 'string' ? value : { ...value, required: false };
}

/** The answer is there and the caller shall have it: a value that no field can hold is left out. */
function usable(value: string | undefined): string | undefined {
  return value !== undefined && isFieldValue(value) ? value : undefined;
}

/** Fields whose names are the same in any spelling. */
class Fields {
  readonly #fields = new Map<string, { name: string; value: string | readonly string[] }>();

  set(name: string, value: string | undefined): void {
    if (value !== undefined) this.#fields.set(name.toLowerCase(), { name, value });
  }

  add(name: string, value: string | readonly string[]): void {
    const before = this.#fields.get(name.toLowerCase());
    if (!before) this.#fields.set(name.toLowerCase(), { name, value });
    else before.value = [before.value, value].flat();
  }

  all(): Record<string, string | readonly string[]> {
    return Object.fromEntries([...this.#fields.values()].map(({ name, value }) => [name, value]));
  }
}
