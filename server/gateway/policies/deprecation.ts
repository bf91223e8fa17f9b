/**
 * `deprecation`: says on every answer, refusals included, that an API is going to end, when, and where to go instead
 * (RFC 9745, RFC 8594, RFC 5829). Owns the fields; who marks a Proxy as deprecated is administration.
 */
import { Problem } from '../../../core/problem.ts';
import type { PolicyKind } from '../policy.ts';
import { fieldOf, withReplyFields } from '../transform.ts';

export interface DeprecationConfig {
  /** Milliseconds since the epoch, or a date. */
  readonly since: number | string;
  readonly sunset?: number | string;
  readonly successor?: string;
  readonly link?: string;
}

const moment = (description: string) => ({
  anyOf: [
    { type: 'integer', minimum: 0, maximum: 8.64e15 },
    { type: 'string', format: 'date' },
    { type: 'string', format: 'date-time' },
  ],
  description: `${description}: a date, a date and time, or milliseconds since 1970`,
});

const address = (description: string) => ({
  type: 'string',
  maxLength: 1000,
  pattern: '^(https?://|/)[!#-;=?-\\[\\]_a-z~]*$',
  description,
});

export const deprecation: PolicyKind<DeprecationConfig> = {
  phase: 'respond',
  summary:
    'Puts Deprecation, Sunset and Link on every answer of an API that is going to end, refusals included. Nothing is refused.',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['since'],
    properties: {
      since: moment('From when the API is deprecated; may lie ahead'),
      sunset: moment('From when it may no longer answer'),
      successor: address('Address of what replaces it'),
      link: address('Address of a page that explains it'),
    },
  },
  create: (config) => {
    const { link, ...fields } = deprecationFields(config);
    return (next) => async (exchange) => {
      try {
        const reply = await next(exchange);
        const links = [fieldOf(reply, 'link'), link].filter((one) => one !== undefined);
        return {
          ...reply,
          headers: withReplyFields(
            reply,
            [],
            links.length === 0 ? fields : { ...fields, link: links.join(', ') },
          ),
        };
      } catch (error) {
        throw marked(Problem.from(error), link === undefined ? fields : { ...fields, link });
      }
    };
  },
  check: ({ since, sunset }) =>
    sunset !== undefined && time(sunset) < time(since)
      ? ['sunset must not lie before since (RFC 9745 4)']
      : [],
};

export interface DeprecationFields extends Readonly<Record<string, string>> {
  readonly deprecation: string;
}

/** The fields, in lower case: `deprecation`, `sunset`, `link` where there is something to say. */
function deprecationFields(config: DeprecationConfig): DeprecationFields {
  const { since, sunset, successor, link } = config;
  const links = [
    ...(successor === undefined ? [] : [`<${successor}>; rel="successor-version"`]),
    ...(link === undefined ? [] : [`<${link}>; rel="deprecation"; type="text/html"`]),
  ];
  return {
    deprecation: `@${Math.floor(time(since) / 1000)}`,
    ...(sunset === undefined ? {} : { sunset: new Date(time(sunset)).toUTCString() }),
    ...(links.length === 0 ? {} : { link: links.join(', ') }),
  };
}

function time(moment: number | string): number {
  return typeof moment === 'number' ? moment : Date.parse(moment);
}

/** The same refusal with more fields; its own win. */
function marked(problem: Problem, fields: Readonly<Record<string, string>>): Problem {
  const { kind, message, code, row, cause, headers } = problem;
  return new Problem(kind, message, {
    ...(code === undefined ? {} : { code }),
    ...(row === undefined ? {} : { row }),
    ...(cause === undefined ? {} : { cause }),
    headers: { ...fields, ...headers },
  });
}
