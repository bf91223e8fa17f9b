/**
 * Mock: a back end that answers from the examples of the OpenAPI document, else from its schemas. The same call gets the
 * same answer, whatever id it names. Which answer, a caller may choose: `X-Gatehouse-Example: name`, and a status by
 * `X-Gatehouse-Status: 404` or `Prefer: code=404`. Every answer says what it is in `X-Gatehouse-Mock`.
 */
import type { Exchange, Reply } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import {
  asDocument,
  objectOf,
  type ApiOperation,
  type OpenApiDocument,
} from '../../catalogue/openapi/document.ts';
import type { Backend, BackendSite } from '../backend.ts';
import {
  acceptable,
  answersOf,
  answerWith,
  examplesOf,
  headersOf,
  type Answer,
  type Example,
} from '../openapi-answers.ts';
import { findOperation } from '../openapi-checks.ts';
import { matcherOf } from '../openapi-match.ts';

/** Answers of one operation kept ready, by what was asked; beyond these they are made anew. */
const mostKept = 8;

/** @throws Problem `invalid` when the site has no OpenAPI document. */
export function mockBackend({ specification }: Pick<BackendSite, 'specification'>): Backend {
  const document = asDocument(specification);
  if (!document) throw new Problem('invalid', 'A mock needs an OpenAPI document');
  const matcher = matcherOf(document);
  const kept = new Map<ApiOperation, Map<string, Reply>>();
  // eslint-disable-next-line @typescript-eslint/require-await -- what is thrown must reject
  const handler = async (exchange: Exchange): Promise<Reply> => {
    const found = findOperation(matcher, exchange);
    if (!found) return optionsReply;
    let replies = kept.get(found.operation);
    if (!replies) kept.set(found.operation, (replies = new Map<string, Reply>()));
    const asked = askedFor(exchange);
    const key = JSON.stringify([asked, exchange.headers.accept]);
    const ready =
      replies.get(key) ?? answer(document, found.operation, asked, exchange.headers.accept);
    if (replies.size < mostKept) replies.set(key, ready);
    // Of a HEAD the front sends the head only, with the length.
    return ready;
  };
  return { handler, condition: () => ({ circuit: 'closed' }), close: () => Promise.resolve() };
}

const optionsReply: Reply = { status: 204, headers: { 'x-gatehouse-mock': 'options' } };

interface Asked {
  readonly status: number | undefined;
  readonly example: string | undefined;
}

function askedFor({ headers }: Exchange): Asked {
  const prefer = (headers.prefer ?? '').slice(0, 500);
  const code = headers['x-gatehouse-status'] ?? /(?:^|[,;\s])code="?(\w+)/.exec(prefer)?.[1];
  if (code !== undefined && !/^[2-5]\d\d$/.test(code))
    throw new Problem('invalid', 'The status asked for must be a number from 200 to 599');
  return {
    status: code === undefined ? undefined : Number(code),
    example: headers['x-gatehouse-example'],
  };
}

function answer(
  document: OpenApiDocument,
  operation: ApiOperation,
  asked: Asked,
  accept: string | undefined,
): Reply {
  const answers = answersOf(document, operation);
  const chosen = byExample(document, answers, asked);
  if (!chosen) return { status: 200, headers: { 'x-gatehouse-mock': 'undescribed' } };
  const content = objectOf(chosen.object.content);
  const headers = headersOf(document, chosen.object);
  const types = Object.keys(content);
  if (types.length === 0)
    return { status: chosen.status, headers: { ...headers, 'x-gatehouse-mock': 'no-content' } };
  // A refusal is told in whatever form there is.
  const type = acceptable(types, accept) ?? (chosen.status >= 400 ? types[0] : undefined);
  if (type === undefined)
    throw new Problem('not-acceptable', `This can be had as: ${types.join(', ')}`);
  const example = pick(examplesOf(document, content[type]), asked.example);
  return {
    status: chosen.status,
    headers: {
      ...headers,
      'content-type': contentType(type),
      'x-gatehouse-mock': encodeURIComponent(example.name),
    },
    body: bodyOf(type, example.value),
  };
}

/** The answer with the status asked for, the one that has the example asked for, or the usual one. */
function byExample(
  document: OpenApiDocument,
  answers: readonly Answer[],
  { status, example }: Asked,
): Answer | undefined {
  if (status !== undefined) {
    const found = answerWith(answers, status);
    if (found) return found;
    throw new Problem(
      'invalid',
      `No such status is described here; there are: ${listed(answers.map(({ key }) => key))}`,
    );
  }
  if (example === undefined) return answers[0];
  const names = (one: Answer) =>
    Object.values(objectOf(one.object.content)).flatMap((media) =>
      examplesOf(document, media).map(({ name }) => name),
    );
  const found = answers.find((one) => names(one).includes(example));
  if (found) return found;
  throw new Problem(
    'invalid',
    `No example of that name is described here; there are: ${listed(answers.flatMap(names))}`,
  );
}

function pick(examples: readonly Example[], name: string | undefined): Example {
  const found = name === undefined ? examples[0] : examples.find((one) => one.name === name);
  if (found) return found;
  throw new Problem(
    'invalid',
    `No example of that name is described here; there are: ${listed(examples.map((one) => one.name))}`,
  );
}

function listed(names: readonly string[]): string {
  return [...new Set(names)].slice(0, 50).join(', ') || 'none';
}

function bodyOf(type: string, value: unknown): Buffer {
  const isJson = /[/+]json\b/i.test(type);
  return Buffer.from(typeof value === 'string' && !isJson ? value : JSON.stringify(value ?? null));
}

/** A range in the document, such as `text/*`, is no type to send; what is no type at all could break the head. */
function contentType(type: string): string {
  return /^[\w!#$&^.+-]{1,100}\/[\w!#$&^.+-]{1,100}(\s*;[\x20-\x7e]{0,200})?$/.test(type)
    ? type
    : 'application/json';
}
