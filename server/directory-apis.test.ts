/** The directory's HTTP faces as they are shipped: their documents, and where their own policies may stand. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Schemas } from '../core/schema.ts';
import {
  absolute,
  definitions,
  loadOpenApi,
  operations,
  resolve,
  responseOf,
  sameOperations,
  type Example,
  type OpenApi,
} from '../fhir/openapi.ts';
import { sdsFhirPaths } from '../spine/sds/fhir-api.ts';
import { badToken, illegalParameter, otherAccept, otherMethod } from '../spine/sds/fhir-errors.ts';
import { sdsOutcome } from '../spine/sds/fhir-outcomes.ts';
import { backEndSite } from '../test/back-end-ground.ts';
import { environments } from './catalogue/environments.ts';
import { judgeForPublishing } from './catalogue/openapi/judge.ts';
import { asDocument } from './catalogue/openapi/document.ts';
import { directoryDownloads, shippedDirectory } from './directory-apis.ts';
import { sdsKinds } from './sds-proxies.ts';

const downloads = directoryDownloads('.');

/** Each example of an answer with what its schema finds wrong. */
function* exampleFaults(doc: OpenApi): Generator<[string, unknown]> {
  const schemas = new Schemas([definitions(doc)]);
  for (const operation of operations(doc))
    for (const status of Object.keys(operation.object.responses)) {
      const content = responseOf(doc, operation, Number(status))?.content ?? {};
      for (const { schema, examples = {} } of Object.values(content)) {
        const judge = schemas.faults(absolute(schema) ?? {});
        for (const [name, example] of Object.entries(examples)) {
          const { value } = resolve(doc, example) as Example; // the judgement before proves that it leads to one
          yield [`${operation.operationId} ${status} ${name}`, judge(value)];
        }
      }
    }
}

describe('the APIs of the directory', () => {
  for (const [path, file] of Object.entries(downloads)) {
    it(`have in ${path} a document fit for publishing`, () => {
      const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
      const document = asDocument(parsed) ?? assert.fail();
      const { fit, score, reasons } = judgeForPublishing(document);
      assert.ok(fit, JSON.stringify(reasons));
      assert.ok(score >= 90);
    });

    it(`show in ${path} examples that are as described`, () => {
      const found = [...exampleFaults(loadOpenApi(file))];
      assert.ok(found.length > 5);
      assert.deepEqual(
        found.filter(([, faults]) => String(faults) !== ''),
        [],
      );
    });
  }

  it('describe each operation of SDS FHIR, and its refusals as they are', () => {
    const doc = loadOpenApi(downloads['/specifications/spine-directory.json'] ?? '');
    assert.deepEqual(sameOperations(doc, sdsFhirPaths), []);
    const { examples = {} } = doc.components;
    for (const [name, problem] of [
      ['BadToken', badToken('organization', 'https://fhir.nhs.uk/Id/ods-organization-code')],
      ['IllegalParameter', illegalParameter('_count')],
      ['NotImplemented', otherMethod()],
      ['AcceptType', otherAccept()],
    ] as const) {
      const { value } = examples[name] as Example; // as the examples are proved to be above
      assert.deepEqual(value, sdsOutcome(problem, (value as { id: string }).id), name);
    }
  });

  it('stand in sandbox and integration, with somebody asked or all let in by decision', () => {
    const shipped = shippedDirectory('.');
    assert.deepEqual(
      shipped.map(({ api }) => api.id),
      ['spine-directory', 'ods-fhir', 'ods-ord'],
    );
    for (const { proxies } of shipped)
      assert.deepEqual(
        proxies.map(({ environment }) => environment),
        ['sandbox', 'uat'],
      );
  });

  it('let in whoever calls SDS FHIR in the sandbox and nowhere else', () => {
    const { api, definition } = backEndSite({ kind: 'http', url: 'http://127.0.0.1:1' });
    const allowed = environments.filter(
      (environment) =>
        sdsKinds['sds-open-lane']?.check?.({}, { api, environment, definition }).length === 0,
    );
    assert.deepEqual(allowed, ['sandbox']);
  });
});
