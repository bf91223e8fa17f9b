/**
 * `nhs-number`: checks an NHS number in a request before anything is asked with it: ten digits, check digit, and, where
 * wanted, that it has been traced and that it is the signed-in patient's own. Refusals name the place and rule, never the number.
 */
import type { Exchange } from '../../../core/exchange.ts';
import { JsonFault } from '../../../core/json.ts';
import { Problem } from '../../../core/problem.ts';
import { isNhsNumber, nhsNumberSystem } from '../../../fhir/identifiers.ts';
import { buffered } from '../changed-call.ts';
import { nodesAt, pointerSchema } from '../json-edits.ts';
import { parseJsonText, scalarText, type JsonNode } from '../json-text.ts';
import type { JsonSchema, PolicyKind } from '../policy.ts';
import { tokenPattern } from './values.ts';

/** One place of a request. */
type Place =
  | { readonly path: string }
  | { readonly query: string }
  | { readonly header: string }
  | { readonly body: string };

export interface NhsNumberConfig {
  readonly in: Place;
  readonly required: boolean;
  readonly traced?: { readonly in: Place; readonly values: readonly string[] };
  readonly ofPatient: boolean;
  readonly limit: number;
}

const placeSchema: JsonSchema = {
  type: 'object',
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
  properties: {
    path: {
      type: 'string',
      maxLength: 500,
      pattern: '^(/([^/{}*]+|\\*|\\{nhsNumber\\}))+$',
      description:
        'A path below the base with `{nhsNumber}` as one segment; `*` stands for any segment: `/Patient/{nhsNumber}`. It may go on behind it',
    },
    query: {
      type: 'string',
      minLength: 1,
      maxLength: 100,
      description: 'A parameter; `system|number` of FHIR is understood',
    },
    header: { type: 'string', pattern: tokenPattern, description: 'A header field' },
    body: {
      ...pointerSchema,
      description: 'A JSON Pointer into a JSON body; `*` stands for every item of a list',
    },
  },
};

export const nhsNumber: PolicyKind<NhsNumberConfig> = {
  phase: 'validate',
  summary:
    'Checks an NHS number in path, query, header or JSON body: ten digits and the check digit, and if wanted that its trace status says traced and that it is the signed-in patient’s own. Refused with 400 (403 for another patient’s number); the answer names place and rule, not the number.',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['in'],
    properties: {
      in: { ...placeSchema, description: 'Where the number stands' },
      required: {
        type: 'boolean',
        description: 'Refuse requests that have none there; a path that does not fit has none',
        default: false,
      },
      traced: {
        type: 'object',
        additionalProperties: false,
        required: ['in'],
        description: 'Where the trace status of the number stands, and which ones will do',
        properties: {
          in: placeSchema,
          values: {
            type: 'array',
            minItems: 1,
            items: { type: 'string', maxLength: 100 },
            description:
              'NHS Data Dictionary NHS NUMBER STATUS INDICATOR CODE, or the code of FHIR',
            default: ['01', 'number-present-and-verified'],
          },
        },
      },
      ofPatient: {
        type: 'boolean',
        description: 'Whether a patient who has signed in may only name the own number',
        default: false,
      },
      limit: {
        type: 'integer',
        minimum: 1,
        maximum: 16 * 1024 * 1024,
        description: 'Bytes of a body that is looked into; a longer one is refused with 413',
        default: 1024 * 1024,
      },
    },
  },
  create: (config) => {
    const readsBody = 'body' in config.in || (config.traced && 'body' in config.traced.in) === true;
    return (next) => async (sent) => {
      const { exchange, body } = readsBody
        ? await withJson(sent, config.limit)
        : { exchange: sent, body: undefined };
      judge(config, exchange, body);
      return next(exchange);
    };
  },
  check: ({ in: place }) =>
    'path' in place && place.path.split('{nhsNumber}').length !== 2
      ? ['the path must hold {nhsNumber} once']
      : [],
};

function judge(config: NhsNumberConfig, exchange: Exchange, body: JsonNode | undefined): void {
  const where = wordsOf(config.in);
  const values = valuesAt(config.in, exchange, body);
  if (values.length === 0) {
    if (config.required)
      throw new Problem('invalid', `An NHS number is needed in ${where}`, {
        code: 'MISSING_VALUE',
      });
    return;
  }
  for (const value of values) {
    const number = withoutSystem(value);
    if (number?.length !== 10 || !/^\d{10}$/.test(number))
      throw refuse(`The NHS number in ${where} must be ten digits`);
    if (!isNhsNumber(number))
      throw refuse(`The NHS number in ${where} has a check digit that does not fit`);
    checkPatient(config, exchange, number);
  }
  checkTrace(config, exchange, body);
}

function checkPatient(
  { ofPatient, in: place }: NhsNumberConfig,
  { caller }: Exchange,
  number: string,
): void {
  if (!ofPatient || caller?.mode !== 'patient' || caller.nhsNumber === number) return;
  throw new Problem(
    'forbidden',
    `The NHS number in ${wordsOf(place)} must be that of the patient who has signed in`,
    { code: 'ACCESS_DENIED' },
  );
}

function checkTrace({ traced }: NhsNumberConfig, exchange: Exchange, body?: JsonNode): void {
  if (!traced) return;
  const found = valuesAt(traced.in, exchange, body);
  if (found.length === 0 || !found.every((one) => traced.values.includes(one)))
    throw refuse(
      `The NHS number must have been traced: ${wordsOf(traced.in)} must be ${traced.values.join(' or ')}`,
    );
}

function refuse(message: string): Problem {
  return new Problem('invalid', message, { code: 'INVALID_VALUE' });
}

function valuesAt(
  place: Place,
  { path, query, headers }: Exchange,
  body: JsonNode | undefined,
): readonly string[] {
  if ('path' in place) return inPath(place.path, path);
  if ('query' in place) return query.getAll(place.query);
  if ('header' in place) {
    const value = headers[place.header.toLowerCase()];
    return value === undefined ? [] : [value];
  }
  if (body === undefined) return [];
  return nodesAt(body, place.body).map((node) => scalarText(node) ?? '');
}

/** The segment at the place of `{nhsNumber}`, when the segments before it fit. */
function inPath(template: string, path: string): readonly string[] {
  const segments = path.split('/');
  const parts = template.split('/');
  for (let i = 0; i < parts.length; i++) {
    const segment = segments[i];
    if (segment === undefined) return [];
    const part = parts[i];
    if (part !== '{nhsNumber}' && part !== '*' && part !== segment) return [];
  }
  const segment = segments[parts.indexOf('{nhsNumber}')] ?? '';
  return segment === '' ? [] : [decoded(segment)];
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Of `system|number` the number, when the system is that of NHS numbers. */
function withoutSystem(value: string): string | undefined {
  const bar = value.indexOf('|');
  if (bar < 0) return value;
  return value.slice(0, bar) === nhsNumberSystem ? value.slice(bar + 1) : undefined;
}

async function withJson(
  sent: Exchange,
  limit: number,
): Promise<{ readonly exchange: Exchange; readonly body: JsonNode | undefined }> {
  const type = sent.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type !== 'application/json' && !type.endsWith('+json'))
    return { exchange: sent, body: undefined };
  if (!['', 'identity'].includes((sent.headers['content-encoding'] ?? '').toLowerCase()))
    throw new Problem('unsupported', 'A compressed body cannot be checked here', {
      headers: { 'accept-encoding': 'identity' },
    });
  const { bytes, exchange } = await buffered(sent, limit);
  if (bytes.length === 0) return { exchange, body: undefined };
  try {
    return { exchange, body: parseJsonText(bytes) };
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw new Problem('invalid', `The body is not JSON that can be taken (${error.kind})`);
  }
}

function wordsOf(place: Place): string {
  if ('path' in place) return 'the path';
  if ('query' in place) return `the query parameter ${place.query}`;
  return 'header' in place ? `the header ${place.header}` : `the body at ${place.body}`;
}
