/** One platform keeps the records; another shows them as its own PDS, over real sockets. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Client } from 'fhir-kit-client';
import { showRecords } from './pds-remote-ground.ts';
import { pdsSuite } from './pds-suite.ts';
import { entriesOf } from './signed-in-ground.ts';
import { call, startTestPlatform, type TestPlatform } from './start-platform.ts';

const jane = '9000000009';

describe('PDS over another PDS', () => {
  let keeping: TestPlatform;
  let showing: TestPlatform;
  let base: string;
  before(async function () {
    this.timeout(120_000);
    keeping = await startTestPlatform();
    showing = await startTestPlatform();
    const asked = () => keeping.logged().includes('GET /Patient/:id');
    base = await showRecords(showing, { kind: 'remote', url: keeping.base }, { asked });
  });
  after(async () => {
    await showing.end();
    await keeping.end();
  });

  pdsSuite({ base: () => base });

  it('answers byte for byte as the other does, refusals too', async () => {
    const paths = [
      `/Patient/${jane}`,
      '/Patient/9732019735',
      '/Patient/9111231130',
      '/Patient/9990003343',
      `/Patient/${jane}/RelatedPerson`,
      `/Coverage?subscriber:identifier=${jane}`,
      '/Patient?family=Sm*&birthdate=ge2010-10-22&birthdate=le2010-10-22&gender=female',
      '/Patient?family=YOUDS&birthdate=1970-01-24&_max-results=1',
      '/Patient?family=Blogs&given=Joe&birthdate=1955-11-05&_fuzzy-match=true&_history=true',
    ];
    for (const path of paths) {
      const headers = { 'x-request-id': randomUUID() };
      const [here, there] = [
        await call(base + path, { headers }),
        await call(keeping.base + path, { headers }),
      ];
      assert.equal(here.status, there.status, path);
      assert.equal(timeless(here.text).replaceAll(base, keeping.base), timeless(there.text), path);
      for (const name of ['content-type', 'etag', 'cache-control', 'x-request-id'])
        assert.equal(here.headers.get(name), there.headers.get(name), `${name} of ${path}`);
      assert.ok(!here.text.includes(new URL(keeping.url).host), 'no address of the other side');
    }
  });

  it('tells why somebody was found, where the other side can', async () => {
    const path = '/Patient?family=Sm*&birthdate=2010-10-22&gender=female';
    const headers = { 'x-gatehouse-explain': 'true' };
    const [here, there] = [
      await call(base + path, { headers }),
      await call(keeping.base + path, { headers }),
    ];
    assert.ok(there.text.includes('why-it-matched'));
    assert.equal(timeless(here.text).replaceAll(base, keeping.base), timeless(there.text));
  });

  it('enters whom it showed into the audit of each side, under one request id', async () => {
    for (const [path, people] of [
      [`/Patient/${jane}`, [jane]],
      ['/Patient/5900053636', ['5900053636', '9732019395']],
      ['/Patient?family=YOUDS&birthdate=1970-01-24', 4],
    ] as const) {
      const id = randomUUID();
      await call(base + path, { headers: { 'x-request-id': id } });
      for (const platform of [showing, keeping]) {
        const [entry, ...more] = await entriesOf(platform, id);
        assert.deepEqual(more, []);
        const seen = new Set(entry?.people);
        if (typeof people === 'number') assert.equal(seen.size, people);
        else for (const number of people) assert.ok(seen.has(number), `${number} by ${path}`);
      }
    }
  });

  it('serves a stock FHIR client', async () => {
    const client = new Client({ baseUrl: base });
    const options = () => ({ headers: { 'x-request-id': randomUUID() } });
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the test names the members it expects
    const loose = (value: unknown): any => value;
    const resourceType = 'Patient';
    const read = loose(await client.read({ resourceType, id: jane, options: options() }));
    assert.equal(read.name[0].family, 'Smith');
    const searchParams = { family: 'Smith', gender: 'female', birthdate: 'eq2010-10-22' };
    const found = loose(await client.search({ resourceType, searchParams, options: options() }));
    assert.deepEqual([found.total, found.entry[0].resource.id], [1, jane]);
    const missing = client.read({ resourceType, id: '9111231130', options: options() });
    const { response } = loose(await missing.catch((reason: unknown) => reason));
    assert.equal(response.status, 404);
    assert.equal(response.data.issue[0].details.coding[0].code, 'RESOURCE_NOT_FOUND');
  });
});

/** A searchset says when it was made. */
function timeless(text: string): string {
  return text.replace(/"timestamp":"[^"]*"/, '');
}
