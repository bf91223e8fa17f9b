/** The rules of publishing about bodies: every answer is described, has a schema and an example, and the example fits it. */
import {
  below,
  isObject,
  objectOf,
  resolve,
  type ApiOperation,
  type JsonObject,
  type OpenApiDocument,
} from './document.ts';
import { schemaChecks, type SchemaChecks } from './schema-checks.ts';
import { says, verdict, type Verdict } from './verdict.ts';

interface Looking {
  readonly document: OpenApiDocument;
  /** By direction: what is readOnly need not be sent. */
  readonly sent: SchemaChecks;
  readonly answered: SchemaChecks;
}

export function contentVerdicts(
  document: OpenApiDocument,
  operations: readonly ApiOperation[],
): readonly Verdict[] {
  const looking: Looking = {
    document,
    sent: schemaChecks(document, 'request'),
    answered: schemaChecks(document, 'response'),
  };
  return operations.flatMap((operation) => [
    ...ofRequest(looking, operation),
    ...ofParameters(looking, operation),
    ...Object.keys(objectOf(operation.object.responses)).flatMap((status) =>
      ofResponse(looking, operation, status),
    ),
  ]);
}

function ofRequest(looking: Looking, { object, pointer }: ApiOperation): readonly Verdict[] {
  const body = resolve(looking.document, object.requestBody);
  if (object.requestBody === undefined) return [];
  return ofContent(looking, objectOf(body), looking.sent, below(pointer, 'requestBody'));
}

function ofParameters(
  { document, sent }: Looking,
  { parameters, pointer }: ApiOperation,
): readonly Verdict[] {
  return parameters.flatMap((one) => {
    const at = below(pointer, `parameters (${String(one.name)})`);
    return examplesIn(document, one).map((value) => fits(sent, one.schema, value, at));
  });
}

function ofResponse(
  looking: Looking,
  { object, pointer }: ApiOperation,
  status: string,
): readonly Verdict[] {
  const at = below(below(pointer, 'responses'), status);
  const response = resolve(looking.document, objectOf(object.responses)[status]);
  const found = objectOf(response);
  const described = verdict(
    says(found.description),
    'response-description',
    at,
    'describe the answer',
  );
  return [described, ...ofContent(looking, found, looking.answered, at)];
}

/** Of a body: a schema and an example for each media type. An answer without a body has neither. */
function ofContent(
  { document }: Looking,
  holder: JsonObject,
  checks: SchemaChecks,
  at: string,
): readonly Verdict[] {
  return Object.entries(objectOf(holder.content)).flatMap(([type, one]) => {
    const media = objectOf(resolve(document, one));
    const place = below(below(at, 'content'), type);
    const examples = examplesIn(document, media);
    const isJson = /[/+]json\b/i.test(type);
    const schema = resolve(document, media.schema);
    return [
      verdict(
        isObject(schema) || schema === true,
        'content-schema',
        place,
        'give the body a schema',
      ),
      verdict(
        examples.length > 0 || hasExample(document, schema),
        'content-example',
        place,
        'give an example of the body',
      ),
      ...(isJson ? examples.map((value) => fits(checks, media.schema, value, place)) : []),
    ];
  });
}

function hasExample(document: OpenApiDocument, schema: unknown): boolean {
  const { example, examples, items } = objectOf(schema);
  if (example !== undefined || examples !== undefined) return true;
  return items !== undefined && objectOf(resolve(document, items)).example !== undefined;
}

function examplesIn(
  document: OpenApiDocument,
  { example, examples }: JsonObject,
): readonly unknown[] {
  const named = Object.values(objectOf(examples))
    .map((one) => objectOf(resolve(document, one)))
    .filter((one) => 'value' in one)
    .map(({ value }) => value);
  return example === undefined ? named : [example, ...named];
}

function fits(checks: SchemaChecks, schema: unknown, value: unknown, at: string): Verdict {
  const [fault] = checks.check(schema)(value);
  const where = fault && fault.path.length > 0 ? ` at ${fault.path.join('/')}` : '';
  const message = fault ? `an example does not fit its schema${where}: ${fault.message}` : '';
  return verdict(fault === undefined, 'examples-fit', at, message, true);
}
