/**
 * `traffic-log`: one line to the log for each call, of listed facts, fields and parameters. Bodies are never in it; secrets and
 * patients' identifiers cannot be listed, and what looks like one is taken out. For finding faults, not for audit.
 */
import type { Exchange, Sent } from '../../../core/exchange.ts';
import { messageIdOf } from '../message-id.ts';
import type { PolicyKind, PolicySite } from '../policy.ts';
import { isPersonalParameter, isSecretField, redacted } from '../redact.ts';
import { fieldOf } from '../transform.ts';
import { tokenPattern } from './values.ts';

export interface TrafficLogConfig {
  readonly facts: readonly Fact[];
  readonly requestHeaders: readonly string[];
  readonly responseHeaders: readonly string[];
  readonly query: readonly string[];
  readonly failuresOnly: boolean;
}

type Fact = keyof typeof factsOf;

interface Told {
  readonly exchange: Exchange;
  readonly site: PolicySite;
  readonly sent: Sent;
  readonly milliseconds: number;
}

/** What a line can tell. The path is the route's, because the one that was called may hold an NHS number. */
const factsOf = {
  method: ({ exchange }: Told) => exchange.method,
  route: ({ exchange }: Told) => exchange.facts.route,
  app: ({ exchange }: Told) => exchange.facts.caller?.appId,
  product: ({ exchange }: Told) => exchange.facts.product,
  subscription: ({ exchange }: Told) => exchange.facts.subscription,
  mode: ({ exchange }: Told) => exchange.facts.caller?.mode,
  workspace: ({ exchange }: Told) => exchange.facts.workspace,
  revision: ({ exchange }: Told) => exchange.facts.revision,
  code: ({ exchange }: Told) => exchange.facts.code,
  limit: ({ exchange }: Told) => exchange.facts.limit,
  target: ({ exchange }: Told) => exchange.facts.target,
  messageId: ({ exchange, site }: Told) => messageIdOf(exchange, () => site.services.clock.newId()),
  bytes: ({ sent }: Told) => sent.bytes,
  complete: ({ sent }: Told) => sent.complete,
  milliseconds: ({ milliseconds }: Told) => milliseconds,
} as const;

const factNames = Object.keys(factsOf) as readonly Fact[]; // a constant: it has no other keys

const fields = { type: 'string', pattern: tokenPattern };

export const trafficLog: PolicyKind<TrafficLogConfig> = {
  phase: 'respond',
  summary:
    'Writes a line to the log for each call, after its answer, of what is listed and nothing else. Secrets and patients’ identifiers cannot be listed; what looks like one in a value is taken out. Nothing is refused.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      facts: {
        type: 'array',
        description: 'What is told of each call besides Proxy and status',
        items: { enum: factNames },
        uniqueItems: true,
        default: ['method', 'route', 'app', 'code', 'bytes', 'milliseconds', 'messageId'],
      },
      requestHeaders: {
        type: 'array',
        description: 'Header fields of the request whose values are told',
        items: fields,
        default: [],
      },
      responseHeaders: {
        type: 'array',
        description: 'Header fields of the answer whose values are told',
        items: fields,
        default: [],
      },
      query: {
        type: 'array',
        description: 'Query parameters whose values are told',
        items: { type: 'string', minLength: 1, maxLength: 100 },
        default: [],
      },
      failuresOnly: {
        type: 'boolean',
        description: 'Only calls answered with 400 or more, or cut',
        default: false,
      },
    },
  },
  create: (config, site) => (next) => async (exchange) => {
    const began = performance.now();
    let answered: Readonly<Record<string, string>> = {};
    exchange.onEnd((sent) => {
      const milliseconds = Math.round(performance.now() - began);
      write(config, { exchange, site, sent, milliseconds }, answered);
    });
    const reply = await next(exchange);
    answered = picked(config.responseHeaders, (name) => fieldOf(reply, name.toLowerCase()));
    return reply;
  },
  check: ({ requestHeaders, responseHeaders, query }) => [
    ...[...requestHeaders, ...responseHeaders]
      .filter(isSecretField)
      .map((name) => `the header ${name} may hold a secret or an identifier and is never logged`),
    ...query
      .filter(isPersonalParameter)
      .map((name) => `the parameter ${name} may tell of a person and is never logged`),
  ],
};

function write(
  { facts, requestHeaders, query, failuresOnly }: TrafficLogConfig,
  told: Told,
  response: Readonly<Record<string, string>>,
): void {
  const { exchange, site, sent } = told;
  if (failuresOnly && sent.status < 400 && sent.complete) return;
  const line: Record<string, unknown> = { proxy: site.proxy, status: sent.status };
  for (const fact of facts) {
    const value = factsOf[fact](told);
    if (value !== undefined) line[fact] = value;
  }
  const request = picked(requestHeaders, (name) => exchange.headers[name.toLowerCase()]);
  const parameters = picked(query, (name) => exchange.query.get(name) ?? undefined);
  if (Object.keys(request).length > 0) line.request = request;
  if (Object.keys(response).length > 0) line.response = response;
  if (Object.keys(parameters).length > 0) line.query = parameters;
  exchange.log.log('info', 'traffic', line);
}

/** The values that are there, as they may be logged. A name that slipped past the check is passed over. */
function picked(
  names: readonly string[],
  valueOf: (name: string) => string | undefined,
): Readonly<Record<string, string>> {
  const found = names.flatMap((name) => {
    const value = isSecretField(name) || isPersonalParameter(name) ? undefined : valueOf(name);
    return value === undefined ? [] : [[name, redacted(value)] as const];
  });
  return Object.fromEntries(found);
}
