import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { answerJudge, r4Faults } from '../test/r4-schema.ts';
import {
  definitions,
  loadOpenApi,
  operations,
  parametersOf,
  resolve,
  responseOf,
  responseSchema,
  sameOperations,
  type Example,
  type Media,
  type Operation,
  type Ref,
} from './openapi.ts';
import * as errors from './pds/errors.ts';
import { toOutcome } from './pds/outcomes.ts';

const file = fileURLToPath(new URL('pds/openapi.json', import.meta.url));
const doc = loadOpenApi(file);

/** Every value below, with its address in the document. */
function* everything(value: unknown, at = '#'): Generator<[string, unknown]> {
  yield [at, value];
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) yield* everything(member, `${at}/${name}`);
}

interface Place {
  readonly where: string;
  readonly media: Media;
}

/** Each media type of a body or an answer, with a name for messages. */
function mediaOf(operation: Operation): Place[] {
  const { operationId, object } = operation;
  const bodies = Object.entries(object.requestBody?.content ?? {}).map(([type, media]) => ({
    where: `${operationId} ${type}`,
    media,
  }));
  const answers = Object.keys(object.responses).flatMap((status) =>
    Object.entries(responseOf(doc, operation, Number(status))?.content ?? {}).map(
      ([type, media]) => ({ where: `${operationId} ${status} ${type}`, media }),
    ),
  );
  return [...bodies, ...answers];
}

function examplesOf({ media }: Place): [string, unknown][] {
  return Object.entries(media.examples ?? {}).map(([name, example]) => [
    name,
    (resolve(doc, example) as Example).value, // every reference under examples leads to an example: proved below
  ]);
}

/** One of every kind of refusal, with the values that the examples show. */
const published = [
  errors.invalidResourceId(),
  errors.unsupportedService(),
  errors.unsupportedRequest('/HelloWorld'),
  errors.missingHeader('X-Request-ID'),
  errors.missingValue('address/0/period'),
  errors.invalidHeader('1234', 'X-Request-ID'),
  errors.invalidField('20101022', 'birthdate'),
  errors.invalidSearchData(
    'No searches were performed as the search criteria did not meet the minimum requirements',
  ),
  errors.additionalProperties(['year']),
  errors.invalidUpdate('No patches found'),
  errors.invalidCreate('email format is invalid'),
  errors.unsupportedValue('other', 'gender'),
  errors.tooFewValues('entry'),
  errors.tooManyValues(['Ada', 'Bea', 'Cleo', 'Dora', 'Enid', 'Fay'], 'name/0/given'),
  errors.birthDeathInconsistent(),
  errors.accessDenied('Invalid Access Token'),
  errors.patientForbidden(),
  errors.coverageForbidden('GET', 'worker'),
  errors.methodForbidden('update', 'app'),
  errors.methodForbidden('create', 'app'),
  errors.manyResultsForbidden('app'),
  errors.forbiddenUpdate("source not permitted to remove 'birthDate'"),
  errors.notFound(),
  errors.invalidated(),
  errors.versionMismatch(),
  errors.preconditionFailed(),
  errors.tooLarge('The body is longer than 1048576 bytes'),
  errors.tooManyRequests(
    'Your application, example-app, has exceeded its quota of 5 requests every 1 second(s) and is being rate limited. Please see: https://digital.nhs.uk/developer/guides-and-documentation/reference-guide#rate-limits for more details.',
  ),
  errors.unknownError('60E0B220-8136-4CA5-AE46-1D97EF59D068'),
  errors.serviceUnavailable(),
  errors.tooManyMatches(),
  errors.singleMatch('9000000009'),
  errors.multipleMatches(),
];

const all = operations(doc);
const places = all.flatMap(mediaOf);
const examples = Object.entries(doc.components.examples ?? {}) as [string, Example][]; // each has a value: proved below

describe('the OpenAPI document of PDS', () => {
  it('has references that all lead somewhere, and to the right kind of thing', () => {
    for (const [at, value] of everything(doc)) {
      if (typeof value !== 'object' || value === null || !('$ref' in value)) continue;
      const { $ref } = value as Ref; // has the member, as just seen
      assert.equal(typeof resolve(doc, value), 'object', at);
      const kind = $ref.split('/')[2];
      assert.deepEqual(Object.keys(value), ['$ref'], `${at} has members beside its reference`);
      if (/\/(schema|items|oneOf\/\d+|properties\/[^/]+)$/.test(at))
        assert.equal(kind, 'schemas', at);
      if (/\/parameters\/\d+$/.test(at)) assert.equal(kind, 'parameters', at);
      if (/\/examples\/[^/]+$/.test(at)) assert.equal(kind, 'examples', at);
      if (/\/headers\/[^/]+$/.test(at)) assert.equal(kind, 'headers', at);
      if (/\/responses\/\d+$/.test(at)) assert.equal(kind, 'responses', at);
    }
  });

  it('uses every component it has', () => {
    const used = new Set<string>();
    for (const [at, value] of everything(doc))
      if (at.endsWith('/$ref') && typeof value === 'string') used.add(value);
    const components = Object.entries(doc.components)
      .filter(([kind]) => kind !== 'securitySchemes')
      .flatMap(([kind, named]) => Object.keys(named).map((name) => `#/components/${kind}/${name}`));
    assert.deepEqual(
      components.filter((one) => !used.has(one)),
      [],
    );
  });

  it('names each operation once and describes it', () => {
    const ids = all.map(({ operationId }) => operationId);
    assert.equal(new Set(ids).size, ids.length);
    for (const { operationId, object } of all) {
      assert.match(operationId, /^[a-z][A-Za-z]+$/);
      assert.ok(object.summary && object.description, operationId);
    }
  });

  it('describes the operations of the national API and what the platform adds', () => {
    assert.deepEqual(all.map(({ operationId }) => operationId).sort(), [
      'capabilities',
      'createPatient',
      'getCoverage',
      'getPatient',
      'listRelatedPersons',
      'ping',
      'processBirthDetails',
      'replaceCoverage',
      'searchPatients',
      'status',
      'updatePatient',
    ]);
  });

  it('declares each parameter of a path, once, and every parameter with name, place, schema and description', () => {
    for (const one of all) {
      const parameters = parametersOf(doc, one);
      const names = parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
      assert.equal(new Set(names).size, names.length, one.operationId);
      const inPath = parameters.filter((parameter) => parameter.in === 'path');
      const placeholders = [...one.path.matchAll(/:([^/]+)/g)].map(([, name]) => name);
      assert.deepEqual(
        inPath.map(({ name }) => name),
        placeholders,
        one.operationId,
      );
      for (const parameter of parameters) {
        assert.ok(['path', 'query', 'header'].includes(parameter.in), parameter.name);
        assert.ok(parameter.description && typeof parameter.schema === 'object', parameter.name);
        if (parameter.in === 'path') assert.equal(parameter.required, true);
      }
    }
  });

  it('says what each operation answers when all is well and when it refuses', () => {
    for (const one of all) {
      const statuses = Object.keys(one.object.responses);
      assert.ok(
        statuses.every((status) => /^[2-5]\d\d$/.test(status)),
        one.operationId,
      );
      assert.ok(
        statuses.some((status) => status.startsWith('2')),
        one.operationId,
      );
      assert.ok(
        statuses.some((status) => status.startsWith('4')),
        one.operationId,
      );
      for (const status of statuses) {
        const response = responseOf(doc, one, Number(status));
        assert.ok(response?.description, `${one.operationId} ${status}`);
        assert.ok(
          responseSchema(doc, one.operationId, Number(status)),
          `${one.operationId} ${status}`,
        );
      }
    }
  });

  it('marks every header of ours as a sandbox addition', () => {
    const ours = all
      .flatMap((one) => parametersOf(doc, one))
      .filter(({ name }) => name.startsWith('X-Gatehouse-'));
    assert.equal(new Set(ours.map(({ name }) => name)).size, 4);
    for (const header of ours)
      assert.equal((header as { 'x-gatehouse-sandbox'?: boolean })['x-gatehouse-sandbox'], true); // an extension the type leaves out
  });

  it('is written in the dialect of OpenAPI 3.0, which lacks these words of JSON Schema', () => {
    const foreign = [
      'const',
      '$id',
      '$defs',
      'definitions',
      'if',
      'patternProperties',
      'prefixItems',
    ];
    for (const [at, value] of everything(doc.components.schemas)) {
      if (typeof value !== 'object' || value === null || at.endsWith('/properties')) continue;
      for (const word of foreign) assert.ok(!(word in value), `${at} has ${word}`);
      if ('type' in value && !at.endsWith('/properties')) {
        assert.ok(!Array.isArray(value.type), `${at} has a list of types`);
        if (value.type === 'array') assert.ok('items' in value, `${at} has no items`);
      }
    }
  });

  it('compiles each of its schemas', function () {
    this.timeout(20_000);
    for (const name of Object.keys(doc.components.schemas ?? {}))
      assert.doesNotThrow(() => answerJudge(doc, { $ref: `#/components/schemas/${name}` }), name);
  });

  it('requires only members that it describes', () => {
    for (const [at, value] of everything(definitions(doc))) {
      if (typeof value !== 'object' || value === null) continue;
      const { required, properties } = value as { required?: unknown; properties?: object }; // looked at below
      if (!Array.isArray(required) || at.endsWith('/properties')) continue;
      for (const name of required)
        if (properties)
          assert.ok(Object.hasOwn(properties, String(name)), `${at} requires ${String(name)}`);
    }
  });

  it('has examples that are as its schemas say', function () {
    this.timeout(20_000);
    assert.ok(examples.every(([, example]) => typeof example.summary === 'string'));
    let checked = 0;
    for (const place of places) {
      const judge = answerJudge(doc, place.media.schema ?? {});
      for (const [name, value] of examplesOf(place)) {
        assert.deepEqual(judge(value), [], `${place.where} ${name}`);
        checked++;
      }
    }
    assert.ok(checked > 100, `only ${checked} examples`);
  });

  it('has examples of resources that are valid FHIR R4', function () {
    this.timeout(20_000);
    // Bodies to be sent may lack what R4 wants only by being incomplete: these examples are complete.
    for (const [name, { value }] of examples)
      if (typeof value === 'object' && value !== null && 'resourceType' in value)
        assert.deepEqual(r4Faults(value), [], name);
  });

  it('has an example of each error that the API sends, worded as it is sent', () => {
    const shown = examples.map(([, { value }]) => JSON.stringify(value));
    for (const problem of published) {
      const outcome = JSON.stringify(toOutcome(problem.row as errors.PdsRow)); // every builder of errors.ts gives one
      assert.ok(shown.includes(outcome), outcome);
    }
    const codes = new Set(published.map(({ code }) => code));
    assert.equal(codes.size, 27);
  });
});

describe('sameOperations', () => {
  const routeKeys = all.map(({ method, path }) => `${method} ${path}`);

  it('finds no difference between a document and its own routes', () => {
    assert.deepEqual(sameOperations(doc, routeKeys), []);
    assert.ok(routeKeys.includes('GET /Patient/:id'));
    assert.ok(routeKeys.includes('POST /Patient/$process-birth-details'));
  });

  it('names an operation without a handler and a handler without an operation', () => {
    const keys = [...routeKeys.filter((key) => key !== 'GET /Coverage'), 'DELETE /Patient/:id'];
    assert.deepEqual(sameOperations(doc, keys), [
      'GET /Coverage has no handler',
      'DELETE /Patient/:id is not described',
    ]);
  });
});
