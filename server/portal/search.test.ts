import assert from 'node:assert/strict';
import type { Api } from '../catalogue/apis.ts';
import type { CatalogueEntry } from './catalogue-entries.ts';
import type { OpenApiDocument } from '../catalogue/openapi/document.ts';
import { createSearch, type Search } from './search.ts';

const api = (id: string, title: string, description = ''): Api => ({
  ...{ id, title, description, owner: 'X26', contact: 'a@example.org', created: 0 },
  ...{ technology: 'fhir', sensitive: false, status: 'live' },
});

const entry = (about: Api, more: Partial<CatalogueEntry> = {}): CatalogueEntry => ({
  ...{ api: about, summary: about.description, places: [], environments: [], access: [] },
  ...{ hosting: 'listed', standards: [], documented: 'openapi' },
  ...more,
});

const demographics: OpenApiDocument = {
  openapi: '3.0.3',
  info: { title: 'D', version: '1' },
  tags: [{ name: 'tracing' }],
  paths: {
    '/Patient': {
      get: {
        operationId: 'searchPatients',
        summary: 'Find people',
        parameters: [{ name: 'address-postalcode', in: 'query', schema: {} }],
        responses: {
          200: {
            content: {
              'application/fhir+json': {
                example: {
                  resourceType: 'Bundle',
                  meta: { profile: ['https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient'] },
                },
              },
            },
          },
        },
      },
    },
  },
};

describe('the search of the catalogue', () => {
  let search: Search;
  before(async () => {
    search = createSearch();
    const pds = entry(api('demographics', 'Personal Demographics Service', 'Records of patients.'));
    await search.put('demographics', { entry: pds, document: demographics });
    const spine = entry(api('spine', 'Spine messaging', 'Messages.'), {
      documented: 'messages',
      messages: {
        ...{ standards: [], introduction: 'Envelopes.', examples: [] },
        interactions: [
          {
            ...{ id: 'QUPA_IN000008UK02', name: 'QUPA_IN000008UK02', title: 'Retrieval' },
            ...{ group: 'urn:nhs:names:services:pdsquery', pattern: 'sync', facts: [] },
            ...{ fields: [], examples: [] },
          },
        ],
      },
    });
    await search.put('spine', { entry: spine, document: undefined });
    await search.putGuides([
      { path: '/guides/limits', title: 'Rate limits', text: 'Throttling, 429.' },
    ]);
  });

  const first = (text: string) => search.find(text)[0]?.href;

  it('R091 finds by name, description, tag, operation, parameter, resource, with letters wrong', () => {
    for (const text of [
      'Personal Demographics',
      'demografics',
      'Personl Demographic',
      'records',
      'tracing',
      'bundle',
      'UKCore-Patient',
      'tracng',
    ])
      assert.equal(first(text), '/catalogue/demographics', text);
    for (const text of [
      'searchPatients',
      'find people',
      'GET /Patient',
      'postalcode',
      'address-postalcode',
      'postlcode',
      'adress postalcode',
    ])
      assert.equal(first(text), '/catalogue/demographics/operations/searchPatients', text);
    for (const text of ['QUPA_IN000008UK02', 'qupa_in000008', 'retrieval', 'pdsquery'])
      assert.equal(first(text), '/catalogue/spine/interactions/QUPA_IN000008UK02', text);
    assert.equal(first('rate limit'), '/guides/limits');
  });

  it('knows words that mean the same, and both spellings', () => {
    assert.equal(first('pds'), '/catalogue/demographics');
    assert.equal(first('throttled'), '/guides/limits');
    assert.equal(first('personalise') ?? 'none', first('personalize') ?? 'none');
  });

  it('needs every word, and suggests where there is nothing', () => {
    assert.deepEqual(search.find('demographics retrieval xyzzy'), []);
    assert.deepEqual(search.find(''), []);
    assert.deepEqual(search.find('   &&& --- '), []);
    assert.match(search.suggest('demographcis servise') ?? '', /demographics/);
  });

  it('takes what is hostile as words', () => {
    for (const text of [
      'x'.repeat(100_000),
      '(.*)+$',
      '__proto__',
      'constructor',
      '\0',
      '"; drop',
      'a '.repeat(5_000),
    ])
      assert.ok(Array.isArray(search.find(text)));
  });

  it('forgets what is taken out, and holds what was changed', async () => {
    await search.put('temporary', {
      entry: entry(api('temporary', 'Zebra crossing')),
      document: undefined,
    });
    assert.equal(first('zebra'), '/catalogue/temporary');
    await search.put('temporary', {
      entry: entry(api('temporary', 'Giraffe crossing')),
      document: undefined,
    });
    assert.deepEqual(search.find('zebra'), []);
    assert.equal(first('giraffe'), '/catalogue/temporary');
    await search.put('temporary', undefined);
    assert.deepEqual(search.find('giraffe'), []);
  });
});
